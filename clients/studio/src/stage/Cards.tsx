import { CommentBody } from '../comments/CommentBody.tsx';
import { CommentForm } from '../comments/CommentForm.tsx';
import { post } from '../comments/give.ts';
import { RegionCard } from '../region/RegionCard.tsx';
import { useEscape } from '../session/useEscape.ts';
import { useStudio } from '../session/store.ts';
import { Who } from '../who/Who.tsx';
import { closeCard, dropCard, type Card } from './card.ts';
import { OnStage } from './OnStage.tsx';

/** What is open on the stage. */
export function Cards() {
  const card = useStudio((s) => s.card);
  useEscape(closeCard);
  switch (card?.kind) {
    case 'write': return <Write key={`${card.at.join()} ${card.frame}`} card={card} />;
    case 'comment': return <Read seq={card.seq} />;
    case 'region': return <RegionCard card={card} />;
    case 'who': return <Who card={card} />;
    default: return null;
  }
}

function Write({ card: { at, frame } }: { card: Extract<Card, { kind: 'write' }> }) {
  // A press beside the card closes it: what was written waits for the next one.
  const { draft } = useStudio.getState();
  return (
    <OnStage at={at} label="Write a comment" testid="comment-card">
      <CommentForm
        text={draft} button="Post" onCancel={dropCard}
        onWrite={(text) => useStudio.setState({ draft: text })}
        onDone={(text) => {
          post(text, at, frame);
          dropCard();
        }}
      />
    </OnStage>
  );
}

function Read({ seq }: { seq: number }) {
  const comment = useStudio((s) => s.log.comments.find((one) => one.seq === seq));
  if (!comment) return null;
  return (
    <OnStage at={comment.instruction.at} label="Comment" testid="comment-card">
      <CommentBody comment={comment} />
    </OnStage>
  );
}
