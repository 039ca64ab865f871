import type { GroupRecord } from 'framejam';

import { useStudio, whyMute } from '../session/store.ts';
import { ofClip } from '../takes/subject.ts';
import { whoseGesture } from '../takes/words.ts';
import { goToSeq } from './past.ts';

/** From an open row of the history to the session as it was right after that gesture. */
export function SeeAfter({ group }: { group: GroupRecord }) {
  const reason = useStudio(whyMute);
  const what = useStudio((s) => whoseGesture(group, s.log, s.welcome?.participant));
  const can = useStudio((s) => ofClip(group, s.log));
  if (!can) return null;
  return (
    <p className="compare-before">
      <button
        type="button" className="link" data-testid="see-after" disabled={reason !== null}
        aria-label={`See the session after ${what}`}
        title={reason ?? 'See, name, restore or branch the session as it was then'}
        onClick={() => goToSeq(group.edits.at(-1)?.seq ?? group.group)}
      >
        See the session after this
      </button>
    </p>
  );
}
