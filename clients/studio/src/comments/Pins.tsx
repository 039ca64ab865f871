import { fromUnits, type Comment, type EditRecord } from 'framejam';

import { inkOn } from '../people/colors.ts';
import { usePersonName } from '../people/usePersonName.ts';
import { shownFrame, useStudio } from '../session/store.ts';
import { closeCard, openComment } from '../stage/card.ts';
import { pinOpacity } from './comments.ts';

/** Comments at their points, on their frames and the ones beside them. */
export function Pins() {
  const comments = useStudio((s) => s.log.comments);
  return comments.filter((one) => !one.instruction.resolved)
    .map((comment) => <Pin key={comment.seq} comment={comment} />);
}

function Pin({ comment }: { comment: EditRecord<Comment> }) {
  const { seq, instruction: { at, frame, text } } = comment;
  const opacity = useStudio((s) => pinOpacity(comment.instruction, shownFrame(s)));
  const open = useStudio((s) => s.card?.kind === 'comment' && s.card.seq === seq);
  const color = useStudio((s) => s.log.participants.get(comment.author)?.color ?? '#ffffff');
  const author = usePersonName(comment.author);
  if (opacity === 0 && !open) return null;
  return (
    <button
      type="button" className="pin" data-testid="pin" data-on-stage data-seq={seq}
      aria-expanded={open} aria-label={`Comment by ${author}: ${text}`} title={`${author}: ${text}`}
      style={{
        left: `${fromUnits(at[0]) * 100}%`, top: `${fromUnits(at[1]) * 100}%`,
        background: color, color: inkOn(color), opacity: open ? 1 : opacity,
      }}
      onClick={() => (open ? closeCard() : openComment(seq, frame))}
    />
  );
}
