import { ReferenceImage } from './image/ReferenceImage.tsx';
import { Invite } from './people/Invite.tsx';
import { Join, Nowhere } from './people/Join.tsx';
import { People } from './people/People.tsx';
import { LeaveOut } from './prompts/LeaveOut.tsx';
import { PromptField } from './prompts/PromptField.tsx';
import { Strip } from './past/Strip.tsx';
import { useStudio } from './session/store.ts';
import { Banner, Ended } from './shell/Banner.tsx';
import { Download } from './shell/Download.tsx';
import { Tabs } from './shell/Tabs.tsx';
import { Toasts } from './shell/Toasts.tsx';
import { Wordmark } from './shell/Wordmark.tsx';
import { ToolBar } from './stage/ToolBar.tsx';
import { Transport } from './stage/Transport.tsx';
import { LookBar } from './takes/LookBar.tsx';
import { useLooking } from './takes/looking.ts';
import { Panes } from './takes/Panes.tsx';

export function App() {
  const page = useStudio((s) => s.page);
  const refused = useStudio((s) => s.status.phase === 'ended' && s.welcome === null);
  if (refused) return <Ended />;
  switch (page.name) {
    case 'nowhere': return <Nowhere />;
    case 'join': return <Join known={page.known} />;
    case 'studio': return <Studio />;
  }
}

/** What to give on the left, the clip in the middle, who gave what on the right. */
function Studio() {
  const looking = useLooking((s) => s.subject !== null);
  return (
    <div className="studio">
      <header className="top">
        <Wordmark />
        <Banner />
        <Download />
        <Invite />
      </header>
      <aside className="panel give" aria-label="Instructions">
        <PromptField kind="content" title="What is visible" example="a red balloon over the sea" />
        <PromptField kind="motion" title="How it moves" example="moving to the right" />
        <LeaveOut />
        <ReferenceImage />
      </aside>
      <main className="middle">
        {looking ? <LookBar /> : <ToolBar />}
        <Panes />
        <Transport />
        <Strip />
      </main>
      <aside className="panel side" aria-label="People, history, comments and settings">
        <People />
        <Tabs />
      </aside>
      <Toasts />
    </div>
  );
}
