import { useStudio } from '../session/store.ts';
import { momentInWords } from '../past/words.ts';
import { backToNow } from '../past/past.ts';

interface Props {
  readonly seq: number;
  onCancel(): void;
}

/** Asked once, in the place of what asked for it. */
export function AskRestore({ seq, onCancel }: Props) {
  const session = useStudio((s) => s.session);
  const moment = useStudio((s) => momentInWords(seq, s.log, s.welcome?.participant));
  return (
    <div
      className="ask-restore" role="alertdialog" aria-label="Restore"
      onKeyDown={(event) => {
        if (event.key !== 'Escape') return;
        event.stopPropagation();
        onCancel();
      }}
    >
      <p>
        Put the clip back to {moment.startsWith('after') && 'what it was '}<b>{moment}</b>, for
        everybody? Nothing is lost: your undo brings back what is now.
      </p>
      <span className="ask-answers">
        <button
          type="button" className="button slim primary" data-testid="restore-yes" autoFocus
          onClick={() => {
            session?.restore(seq);
            onCancel();
            backToNow();
          }}
        >
          Restore
        </button>
        <button type="button" className="button slim" onClick={onCancel}>Cancel</button>
      </span>
    </div>
  );
}
