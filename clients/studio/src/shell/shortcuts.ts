/**
 * Keys: V point, B brush, E eraser, D drag, C comment, W who did this, [ and ] size, Ctrl+Z and
 * Ctrl+Shift+Z or Ctrl+Y, Space plays.
 */

import { resize } from '../brush/brush.ts';
import { resizeReach } from '../drag/drag.ts';
import { useStudio, type Tool } from '../session/store.ts';
import { redo, undo } from '../session/undo.ts';
import { chooseTool } from '../stage/tools.ts';

const SIZE_STEP = 1.25;

/** What Space presses or opens, once it has the focus: that is the browser's, not ours. */
const PRESSED_BY_SPACE = 'button, summary, a, input[type=file], input[type=color]';

/** Listen for the page's keys; text fields keep theirs. */
export function listenForShortcuts(): void {
  window.addEventListener('keydown', (event) => {
    if (event.defaultPrevented || event.altKey || isTyping(event.target)) return;
    const handled = event.ctrlKey || event.metaKey ? withControl(event) : plain(event);
    if (handled) event.preventDefault();
  });
}

function withControl(event: KeyboardEvent): boolean {
  const key = event.key.toLowerCase();
  if (!useStudio.getState().session || (key !== 'y' && key !== 'z')) return false;
  if (key === 'z' && !event.shiftKey) undo();
  else redo();
  return true;
}

const TOOLS: Readonly<Record<string, Tool>> = {
  v: 'select', b: 'brush', e: 'erase', d: 'drag', c: 'comment', w: 'who',
};

function plain(event: KeyboardEvent): boolean {
  const { playing } = useStudio.getState();
  const tool = TOOLS[event.key.toLowerCase()];
  if (tool) {
    chooseTool(tool);
    return true;
  }
  switch (event.key) {
    case '[': scale(1 / SIZE_STEP); return true;
    case ']': scale(SIZE_STEP); return true;
    case ' ':
      if (event.target instanceof Element && event.target.matches(PRESSED_BY_SPACE)) return false;
      useStudio.setState({ playing: !playing });
      return true;
    default: return false;
  }
}

/** Make what is in hand larger or smaller. */
function scale(factor: number): void {
  const { tool, size, reach } = useStudio.getState();
  if (tool === 'drag') resizeReach(reach * factor);
  else resize(size * factor);
}

function isTyping(target: EventTarget | null): boolean {
  if (target instanceof HTMLElement && target.isContentEditable) return true;
  if (target instanceof HTMLTextAreaElement) return true;
  return target instanceof HTMLInputElement && !['range', 'color', 'file'].includes(target.type);
}
