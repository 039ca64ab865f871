/** How what a tool gives is to be taken: how strongly, how far back, and in which frames. */

import { DEFAULT_DEPTH, UNIT, wantedStep, type DeepKind, type FrameRange } from 'framejam';

import type { Giver, StudioState, Tool } from '../session/store.ts';

export interface How {
  /** In 1/65536: 65536 holds the clip to it as firmly as can be. */
  readonly strength: number;
  /** How much of the loop it may re-run, in 1/65536; null: as much as its kind usually does. */
  readonly depth: number | null;
  /** The frames it is in; null: all of them. */
  readonly frames: FrameRange | null;
}

export type Hows = Readonly<Record<Giver, How>>;

/** What a tool gives, and whether that has a strength. */
const GIVES: Readonly<Record<Giver, { readonly kind: DeepKind; readonly strength: boolean }>> = {
  brush: { kind: 'paint', strength: true },
  recolour: { kind: 'paint', strength: true },
  erase: { kind: 'erase', strength: false },
  region: { kind: 'region', strength: true },
  drag: { kind: 'drag', strength: true },
  trajectory: { kind: 'trajectory', strength: true },
  camera: { kind: 'camera', strength: true },
  lock: { kind: 'lock', strength: false },
};

const USUAL: How = { strength: UNIT, depth: null, frames: null };

export const USUAL_HOWS: Hows = {
  brush: USUAL, recolour: USUAL, erase: USUAL, region: USUAL, drag: USUAL, trajectory: USUAL,
  camera: USUAL, lock: USUAL,
};

export function isGiver(tool: Tool): tool is Giver {
  return tool in GIVES;
}

export function hasStrength(tool: Giver): boolean {
  return GIVES[tool].strength;
}

/** The fields of the instruction that a tool gives; what is as usual is not said. */
export function fieldsOf(
  tool: Giver, { strength, frames }: How, count: number,
): { strength?: number; frames?: FrameRange } {
  const within = framesIn(frames, count);
  return {
    ...(hasStrength(tool) && strength !== UNIT ? { strength } : {}),
    ...(within !== null ? { frames: within } : {}),
  };
}

/** A range within a clip of `count` frames; null where it is all of them. */
export function framesIn(frames: FrameRange | null, count: number): FrameRange | null {
  if (frames === null) return null;
  const [first, last] = [Math.min(frames[0], count - 1), Math.min(frames[1], count - 1)];
  return first === 0 && last === count - 1 ? null : [first, last];
}

/** How many steps the take in force has, and how many frames its clip. */
export function clipOf({ log, welcome }: Pick<StudioState, 'log' | 'welcome'>): {
  readonly steps: number; readonly count: number;
} {
  const settings = log.settings ?? welcome?.settings;
  return { steps: settings?.steps ?? 1, count: settings?.frames ?? 1 };
}

/** How many of `steps` a finished take runs again for what this tool gives; one at least. */
export function reruns(tool: Giver, depth: number | null, steps: number): number {
  return steps - wantedIn(tool, depth, steps);
}

/** The step that what this tool gives wants to enter at. The last one is the latest that shows. */
export function wantedIn(tool: Giver, depth: number | null, steps: number): number {
  return Math.min(wantedStep(depth ?? DEFAULT_DEPTH[GIVES[tool].kind], steps), steps - 1);
}

/** The depth that re-runs so many steps of a finished take: rounded down, or it were one more. */
export function depthFor(again: number, steps: number): number {
  return Math.floor((again * UNIT) / steps);
}
