/** What the others are told of us while it lasts (C4): pointer, gesture and caret in one message. */

import { MAX_LIVE_POINTS, type Caret, type LiveStroke, type Point } from 'framejam';

import { thinned } from '../outline/shapes.ts';
import { shownFrame, useStudio } from './store.ts';

let cursor: Point | null = null;
let caret: Caret | null = null;

/** Where we point on the stage, and what is under our pen there; null: not on the stage. */
export function tellPointer(at: Point | null): void {
  cursor = at;
  tell();
}

/** Where we write; null: in no prompt. */
export function tellCaret(at: Caret | null): void {
  caret = at;
  tell();
}

/** What we drew was given or taken away without the pointer. */
export function tellLine(): void {
  tell();
}

/** Say it again: what others heard before our letters came to them stood elsewhere in the text. */
export function tellCaretAgain(): void {
  if (caret) tell();
}

function tell(): void {
  const state = useStudio.getState();
  const { session, drawing, pulling, line } = state;
  session?.point({
    cursor, frame: cursor && shownFrame(state), stroke: drawing && newest(drawing), drag: pulling,
    line: line && { ...line, points: thinned(line.points, MAX_LIVE_POINTS) }, caret,
  });
}

/** Others see the newest part of a long stroke until it is given. */
function newest(stroke: LiveStroke): LiveStroke {
  return { ...stroke, points: stroke.points.slice(-MAX_LIVE_POINTS) };
}
