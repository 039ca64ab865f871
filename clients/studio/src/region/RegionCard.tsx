import { useEffect } from 'react';

import { useStudio, whyReadOnly } from '../session/store.ts';
import { closeCard, type Card } from '../stage/card.ts';
import { OnStage } from '../stage/OnStage.tsx';
import { giveRegion } from './give.ts';

/** What the outlined part is to become: Enter gives it, Escape takes the outline away. */
export function RegionCard({ card }: { card: Extract<Card, { kind: 'region' }> }) {
  const { outline, at, side } = card;
  // A press beside the card drops the outline; the words wait for the next one.
  const wish = useStudio((s) => s.wish);
  const reason = useStudio(whyReadOnly);
  const limit = useStudio((s) => s.welcome?.limits.prompt_chars);
  const given = wish.trim();
  // Another tool gives other things: nobody comes back to an outline that lay there long ago.
  const tool = useStudio((s) => s.tool);
  useEffect(() => {
    if (tool !== 'region') closeCard();
  }, [tool]);
  return (
    <OnStage at={at} side={side} label="What this part becomes" testid="region-card">
      <form
        className="comment-form"
        onSubmit={(event) => {
          event.preventDefault();
          if (given && reason === null) giveRegion(outline, given);
        }}
      >
        <label htmlFor="region-text"><b>This part becomes</b></label>
        <input
          id="region-text" className="field" data-testid="region-text" autoFocus
          placeholder="a yellow star" autoComplete="off" value={wish} maxLength={limit}
          onChange={({ target }) => useStudio.setState({ wish: target.value })}
        />
        <div className="form-row">
          <button type="button" className="button" onClick={closeCard}>Cancel</button>
          <button
            type="submit" className="button primary" data-testid="region-give"
            disabled={!given || reason !== null} title={reason ?? undefined}
          >
            Change it
          </button>
        </div>
      </form>
    </OnStage>
  );
}
