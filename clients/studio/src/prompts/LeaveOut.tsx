import { useState } from 'react';

import { useStudio } from '../session/store.ts';
import { Icon } from '../shell/Icon.tsx';
import { PromptField } from './PromptField.tsx';
import { usePromptText } from './shared.ts';

/** The negative prompt: folded away until somebody wants it, or anybody has written in it. */
export function LeaveOut() {
  const prompt = useStudio((s) => s.prompts?.negative ?? null);
  const written = usePromptText(prompt) !== '';
  const [wanted, setWanted] = useState(false);
  if (written || wanted) {
    return <PromptField kind="negative" title="Leave out" example="boats" focused={wanted} />;
  }
  return (
    <section className="panel-section leave-out">
      <button
        type="button" className="button wide" data-testid="leave-out"
        title="Say what should not be seen" onClick={() => setWanted(true)}
      >
        <Icon name="without" /> Leave something out
      </button>
    </section>
  );
}
