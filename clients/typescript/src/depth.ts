/** How deep an edit may reach back into the loop (T3). */

import { UNIT } from './geometry.ts';
import type { Given, Instruction } from './instructions.ts';

/** The kinds of edits that have a depth of their own: a revision has that of its target. */
export type DeepKind = Exclude<(Given | Instruction)['kind'], 'revise' | 'comment'>;

const ALL = UNIT;
const PROMPT = 0.75 * UNIT;
const MOVE = Math.floor(0.65 * UNIT);
const PAINT = 0.5 * UNIT;

/** The share of the loop that an edit of a kind may re-run where its author says nothing, in 1/65536. */
export const DEFAULT_DEPTH: Readonly<Record<DeepKind, number>> = {
  image: ALL,
  lock: ALL,
  text: PROMPT,
  content: PROMPT,
  motion: PROMPT,
  negative: PROMPT,
  spliced: PROMPT,
  typed: PROMPT,
  settings: PROMPT,
  region: PROMPT,
  drag: MOVE,
  trajectory: MOVE,
  camera: MOVE,
  paint: PAINT,
  erase: PAINT,
};

/**
 * The step that an edit of this depth, in 1/65536, goes back to in a take of `steps` steps: the
 * larger, the less of the take is made again.
 */
export function wantedStep(depth: number, steps: number): number {
  return Math.floor(((UNIT - depth) * steps) / UNIT);
}
