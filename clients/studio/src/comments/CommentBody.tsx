import type { Comment, EditRecord } from 'framejam';
import { useState } from 'react';

import { timeOfDay } from '../history/describe.ts';
import { usePersonName } from '../people/usePersonName.ts';
import { roleOf, useStudio, whyMute } from '../session/store.ts';
import { Icon } from '../shell/Icon.tsx';
import { CommentForm } from './CommentForm.tsx';
import { mayResolve, mayRewrite } from './comments.ts';
import { resolve, rewrite } from './give.ts';

interface Props {
  readonly comment: EditRecord<Comment>;
  /** Where its frame leads; left out where it is shown on it already. */
  onFrame?(): void;
}

/** A comment with its author, time and frame, and what this person may do about it. */
export function CommentBody({ comment, onFrame }: Props) {
  const { seq, at, instruction } = comment;
  const author = usePersonName(comment.author);
  const color = useStudio((s) => s.log.participants.get(comment.author)?.color);
  const [writing, setWriting] = useState(false);
  return (
    <div className="comment" data-resolved={instruction.resolved ?? false}>
      <div className="comment-head">
        <i style={{ background: color }} />
        <b>{author}</b>
        <time dateTime={new Date(at).toISOString()}>{timeOfDay(at)}</time>
        {onFrame ? (
          <button type="button" className="link" data-testid="comment-frame" onClick={onFrame}>
            frame {instruction.frame + 1}
          </button>
        ) : <small>frame {instruction.frame + 1}</small>}
        {!writing && <Actions comment={comment} onWrite={() => setWriting(true)} />}
      </div>
      {writing ? (
        <CommentForm
          text={instruction.text} button="Save" onCancel={() => setWriting(false)}
          onDone={(text) => {
            if (text !== instruction.text) rewrite(seq, text);
            setWriting(false);
          }}
        />
      ) : <p className="comment-text">{instruction.text}</p>}
    </div>
  );
}

interface ActionsProps {
  readonly comment: EditRecord<Comment>;
  onWrite(): void;
}

function Actions({ comment, onWrite }: ActionsProps) {
  const me = useStudio((s) => s.welcome?.participant ?? '');
  const role = useStudio((s) => roleOf(s) ?? 'viewer');
  const reason = useStudio(whyMute);
  const resolved = comment.instruction.resolved ?? false;
  const words = resolved ? 'Open it again' : 'Resolve';
  return (
    <span className="comment-actions">
      {mayRewrite(comment, me, role) && (
        <button
          type="button" className="icon-button small" data-testid="comment-edit"
          aria-label="Edit the comment" title={reason ?? 'Edit'} disabled={reason !== null}
          onClick={onWrite}
        >
          <Icon name="pencil" />
        </button>
      )}
      {mayResolve(comment, me, role) && (
        <button
          type="button" className="icon-button small" data-testid="comment-resolve"
          aria-label={words} aria-pressed={resolved} title={reason ?? words}
          disabled={reason !== null} onClick={() => resolve(comment.seq, !resolved)}
        >
          <Icon name={resolved ? 'undo' : 'check'} />
        </button>
      )}
    </span>
  );
}
