import { useStudio, whyNoUndo } from '../session/store.ts';
import { redo, undo } from '../session/undo.ts';
import { Icon } from '../shell/Icon.tsx';

/** Our own newest gesture, back and forth. */
export function UndoRedo() {
  const canUndo = useStudio((s) => s.log.seq > 0 && (s.session?.canUndo ?? false));
  const canRedo = useStudio((s) => s.log.seq > 0 && (s.session?.canRedo ?? false));
  const reason = useStudio(whyNoUndo);
  return (
    <div className="undo-redo">
      <button
        type="button" className="icon-button" data-testid="undo" aria-label="Undo my last gesture"
        title={reason ?? 'Undo my last gesture (Ctrl+Z)'} disabled={reason !== null || !canUndo}
        onClick={undo}
      >
        <Icon name="undo" />
      </button>
      <button
        type="button" className="icon-button" data-testid="redo" aria-label="Redo"
        title={reason ?? 'Redo (Ctrl+Shift+Z)'} disabled={reason !== null || !canRedo}
        onClick={redo}
      >
        <Icon name="redo" />
      </button>
    </div>
  );
}
