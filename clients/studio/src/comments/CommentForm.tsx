import { useState } from 'react';

import { useStudio, whyMute } from '../session/store.ts';

interface Props {
  readonly text: string;
  readonly button: string;
  /** Hears of every letter, so that what was written may outlive this box. */
  onWrite?(text: string): void;
  onDone(text: string): void;
  onCancel(): void;
}

/** A small box for a comment: Enter gives it, Shift+Enter is a new line. */
export function CommentForm({ text, button, onWrite, onDone, onCancel }: Props) {
  const [typed, setTyped] = useState(text);
  const reason = useStudio(whyMute);
  const limit = useStudio((s) => s.welcome?.limits.comment_chars);
  const given = typed.trim();
  const give = (): void => {
    if (given && reason === null) onDone(given);
  };
  return (
    <form
      className="comment-form"
      onSubmit={(event) => {
        event.preventDefault();
        give();
      }}
    >
      <textarea
        className="field" data-testid="comment-text" aria-label="Comment" autoFocus rows={2}
        placeholder="What about this?" value={typed} maxLength={limit}
        onFocus={({ target }) => target.setSelectionRange(target.value.length, target.value.length)}
        onChange={({ target }) => {
          setTyped(target.value);
          onWrite?.(target.value);
        }}
        onKeyDown={(event) => {
          if (event.nativeEvent.isComposing) return;
          if (event.key === 'Enter' && !event.shiftKey) {
            event.preventDefault();
            give();
          } else if (event.key === 'Escape') {
            event.stopPropagation();
            onCancel();
          }
        }}
      />
      <div className="form-row">
        <button type="button" className="button" onClick={onCancel}>Cancel</button>
        <button
          type="submit" className="button primary" data-testid="comment-post"
          disabled={!given || reason !== null} title={reason ?? undefined}
        >
          {button}
        </button>
      </div>
    </form>
  );
}
