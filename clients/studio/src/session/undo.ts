/** Undo and redo of the session: the same from the buttons, the page and a text field. */

import { toast, useStudio, whyNoUndo } from './store.ts';

/** Take back our newest gesture, or say why that cannot be now. */
export function undo(): void {
  const state = useStudio.getState();
  const reason = whyNoUndo(state);
  if (reason !== null) toast(reason);
  else if (state.session?.canUndo) state.session.undo();
}

/** Bring back what our last undo took out, or say why that cannot be now. */
export function redo(): void {
  const state = useStudio.getState();
  const reason = whyNoUndo(state);
  if (reason !== null) toast(reason);
  else if (state.session?.canRedo) state.session.redo();
}

/** Take back one gesture by its name; owners may name anybody's (U2). */
export function undoGesture(group: number): void {
  const state = useStudio.getState();
  const reason = whyNoUndo(state);
  if (reason !== null) toast(reason);
  else state.session?.undo(group);
}
