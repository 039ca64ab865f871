import { useStudio, whyNoUndo } from '../session/store.ts';
import { redo, undo } from '../session/undo.ts';
import { Icon } from '../shell/Icon.tsx';
import { nounOf } from './describe.ts';
import { nextRedo, nextUndo } from './nextTurn.ts';

/** Our own newest gesture, back and forth. */
export function UndoRedo() {
  const canUndo = useStudio((s) => s.log.seq > 0 && (s.session?.canUndo ?? false));
  const canRedo = useStudio((s) => s.log.seq > 0 && (s.session?.canRedo ?? false));
  const reason = useStudio(whyNoUndo);
  const undoes = useStudio((s) => {
    // What is on its way has no name in the log yet.
    const group = s.pending.length ? undefined : nextUndo(s.log, s.welcome?.participant);
    return `Undo my ${group ? nounOf(group, s.log) : 'last gesture'}`;
  });
  const redoes = useStudio((s) => {
    const group = s.pending.length ? undefined : nextRedo(s.log, s.welcome?.participant);
    return canRedo && group ? `Redo my ${nounOf(group, s.log)}` : 'Redo';
  });
  return (
    <div className="undo-redo">
      <button
        type="button" className="icon-button" data-testid="undo" aria-label={undoes}
        title={reason ?? `${undoes} (Ctrl+Z)`} disabled={reason !== null || !canUndo}
        onClick={undo}
      >
        <Icon name="undo" />
      </button>
      <button
        type="button" className="icon-button" data-testid="redo" aria-label={redoes}
        title={reason ?? `${redoes} (Ctrl+Shift+Z)`} disabled={reason !== null || !canRedo}
        onClick={redo}
      >
        <Icon name="redo" />
      </button>
    </div>
  );
}
