/**
 * Keys: V point, B brush, H recolour, E eraser, R region, D drag, T path, M camera, L lock,
 * C comment, W who did this, [ and ] size, F how the tool gives, Ctrl+Z and Ctrl+Shift+Z or Ctrl+Y,
 * Space plays, Enter moves the camera.
 */

import { resize } from '../brush/brush.ts';
import { giveCamera } from '../camera/give.ts';
import { zoomBy } from '../camera/pull.ts';
import { resizeReach } from '../drag/drag.ts';
import { isGiver } from '../how/how.ts';
import { useStudio, whyReadOnly, type Tool } from '../session/store.ts';
import { redo, undo } from '../session/undo.ts';
import { chooseTool, toolInHand } from '../stage/tools.ts';

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
  v: 'select', b: 'brush', h: 'recolour', e: 'erase', r: 'region', d: 'drag', t: 'trajectory',
  m: 'camera', l: 'lock', c: 'comment', w: 'who',
};

function plain(event: KeyboardEvent): boolean {
  const { playing } = useStudio.getState();
  const tool = TOOLS[event.key.toLowerCase()];
  if (tool) {
    chooseTool(tool);
    return true;
  }
  switch (event.key) {
    case 'f':
    case 'F': return showHow();
    case 'Enter': return moveCamera(event.target);
    case '[': scale(1 / SIZE_STEP); return true;
    case ']': scale(SIZE_STEP); return true;
    case ' ':
      if (event.target instanceof Element && event.target.matches(PRESSED_BY_SPACE)) return false;
      useStudio.setState({ playing: !playing });
      return true;
    default: return false;
  }
}

/** Strength, depth and frames of the tool in hand. */
function showHow(): boolean {
  const state = useStudio.getState();
  if (!isGiver(toolInHand(state)) || whyReadOnly(state) !== null) return false;
  useStudio.setState({ howOpen: !state.howOpen });
  return true;
}

/** Give the view that was pulled; a button that has the focus is pressed instead. */
function moveCamera(target: EventTarget | null): boolean {
  const onPage = !(target instanceof Element) || !target.matches(PRESSED_BY_SPACE);
  if (!onPage || toolInHand(useStudio.getState()) !== 'camera') return false;
  giveCamera();
  return true;
}

/** Make what is in hand larger or smaller. */
function scale(factor: number): void {
  const { tool, size, reach } = useStudio.getState();
  if (tool === 'drag' || tool === 'trajectory') resizeReach(reach * factor);
  else if (tool === 'camera') zoomBy(factor);
  else resize(size * factor);
}

function isTyping(target: EventTarget | null): boolean {
  if (target instanceof HTMLElement && target.isContentEditable) return true;
  if (target instanceof HTMLTextAreaElement) return true;
  return target instanceof HTMLInputElement && !['range', 'color', 'file'].includes(target.type);
}
