import { useStudio, whyMute } from '../session/store.ts';
import { openComment } from '../stage/card.ts';
import { chooseTool } from '../stage/tools.ts';
import { CommentBody } from './CommentBody.tsx';
import { inOrder } from './comments.ts';

/** All comments; the resolved ones last. */
export function Comments() {
  const comments = useStudio((s) => s.log.comments);
  const reason = useStudio(whyMute);
  return (
    <div className="comments" data-testid="comments">
      {comments.length === 0 && (
        <p className="quiet">
          Press C, then a point of the clip, to say something about it.{' '}
          <button
            type="button" className="link" disabled={reason !== null}
            onClick={() => chooseTool('comment')}
          >
            Comment now
          </button>
        </p>
      )}
      <ol>
        {inOrder(comments).map((comment) => (
          <li key={comment.seq} data-testid="comment" data-seq={comment.seq}>
            <CommentBody
              comment={comment}
              onFrame={() => openComment(comment.seq, comment.instruction.frame)}
            />
          </li>
        ))}
      </ol>
    </div>
  );
}
