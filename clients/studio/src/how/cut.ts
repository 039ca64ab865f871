/** How deep into the take an instruction will cut when it is let go (T1, T3). */

import type { TakeStatus } from 'framejam';

import { isStill } from '../camera/view.ts';
import type { Giver, StudioState } from '../session/store.ts';
import { isGiver, wantedIn } from './how.ts';

/** A part of the loop, in steps: from where it enters in the end to where the loop is now. */
export interface Cut {
  readonly from: number;
  readonly to: number;
  readonly steps: number;
  /** Whether steps run meanwhile: then it is felt at `to` first, and goes back once it is quiet. */
  readonly runs: boolean;
}

/** What becomes of a take when this is given; null before there is any. */
export function cutOf(
  take: Pick<TakeStatus, 'state' | 'step' | 'steps'> | null, tool: Giver, depth: number | null,
): Cut | null {
  if (!take || take.steps === 0) return null;
  const { steps, state } = take;
  // A cancelled take has given up its steps: all of them come anyway.
  const to = state === 'cancelled' ? 0 : state === 'finished' ? steps : take.step;
  return { from: Math.min(wantedIn(tool, depth, steps), to), to, steps, runs: to < steps };
}

/** The cut of what is under the pointer now, or is being set; null where nothing is. */
export function cutAhead(state: StudioState): Cut | null {
  const tool = giverAtWork(state);
  // Pictures tell of steps, too, and come more often.
  const take = state.take && { ...state.take, step: state.step };
  return tool && cutOf(take, tool, state.hows[tool].depth);
}

/** The tool whose instruction is on its way, or whose card is open. */
function giverAtWork(state: StudioState): Giver | null {
  const { card, drawing, pulling, line, view, howOpen, tool } = state;
  if (card?.kind === 'region') return 'region';
  const moves = tool === 'camera' && !isStill(view);
  const busy = drawing || pulling || line || moves || howOpen;
  return busy && isGiver(tool) ? tool : null;
}

/** In few words, for a line that has little room. */
export function cutInWords({ from, to, steps }: Cut): string {
  return to > from ? `Re-runs ${to - from} of ${steps}` : 'Re-runs nothing';
}

/** All of it. */
export function cutInFull({ from, to, steps, runs }: Cut): string {
  const again = `${to - from} of ${steps} steps`;
  if (!runs) return `Letting go re-runs ${again}, from step ${from} on`;
  if (to === from) return `Letting go enters it at step ${to}; no step is run again`;
  return `Letting go enters it at step ${to}, then re-runs ${again}, from step ${from} on`;
}
