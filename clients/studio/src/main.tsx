import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';

import { App } from './App.tsx';
import { start } from './session/open.ts';
import { listenForShortcuts } from './shell/shortcuts.ts';
import { ignoreStrayDrops } from './shell/strayDrops.ts';
import './styles/base.css';
import './styles/controls.css';
import './styles/layout.css';
import './styles/stage.css';
import './styles/instructions.css';
import './styles/cards.css';
import './styles/panels.css';
import './styles/people.css';
import './styles/field.css';
import './styles/side.css';
import './styles/settings.css';
import './styles/takes.css';
import './styles/past.css';
import { followWalk } from './past/past.ts';
import { followLooks } from './takes/looking.ts';

followLooks();
followWalk();
start();
listenForShortcuts();
ignoreStrayDrops();

const root = document.getElementById('root');
if (root) {
  createRoot(root).render(
    <StrictMode>
      <App />
    </StrictMode>,
  );
}
