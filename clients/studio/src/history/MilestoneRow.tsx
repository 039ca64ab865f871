import type { Event } from 'framejam';
import { memo } from 'react';

import { goToSeq } from '../past/past.ts';
import { useStudio } from '../session/store.ts';
import { Icon } from '../shell/Icon.tsx';
import { lookAt } from '../takes/looking.ts';
import { timeOfDay } from './describe.ts';
import type { When } from './entries.ts';
import { milestoneIcon, milestoneInWords } from './milestones.ts';

interface Props {
  readonly event: Event;
  readonly when: When;
}

/** A named version, a new role, or the branching: nothing that is undone. */
export const MilestoneRow = memo(function MilestoneRow({ event, when }: Props) {
  const words = useStudio((s) => milestoneInWords(event, s.log));
  const { seq, at, body } = event;
  // The server branches, for the one who owns the branch.
  const whose = body.kind === 'branched' ? body.participant : event.author;
  const author = useStudio((s) => (whose === s.welcome?.participant ? 'You'
    : s.log.participants.get(whose)?.name ?? 'The server'));
  const color = useStudio((s) => s.log.participants.get(whose)?.color);
  return (
    <li data-testid="history-item" data-kind={body.kind} data-seq={seq} data-when={when}>
      <div className="history-row">
        <span className="mark"><Icon name={milestoneIcon(event)} /></span>
        <Words event={event} words={words} />
        <time dateTime={new Date(at).toISOString()}>{timeOfDay(at)}</time>
        <span className="history-who">
          <i style={{ background: color ?? 'currentColor' }} />
          <span>{author}</span>
        </span>
      </div>
    </li>
  );
});

/** A version is seen at a press, and so is what a branch came from. */
function Words({ event: { body }, words }: { event: Event; words: string }) {
  if (body.kind === 'marked' && body.name !== null) {
    return (
      <button
        type="button" className="history-what" title="See the session as it was then"
        onClick={() => goToSeq(body.of)}
      >
        {words}
      </button>
    );
  }
  if (body.kind === 'branched') {
    return (
      <button
        type="button" className="history-what" title="Compare with the origin as it was then"
        onClick={() => lookAt({ kind: 'origin', seq: body.seq })}
      >
        {words}
      </button>
    );
  }
  return <span className="history-what">{words}</span>;
}
