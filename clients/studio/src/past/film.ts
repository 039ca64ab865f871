/** The history as a film: when each stop is due. */

import type { Stop } from './stops.ts';

export const SPEEDS = ['1', '4', '16', 'fit'] as const;
export type Speed = (typeof SPEEDS)[number];

/** How long a pause between gestures lasts at most, at speed 1: people rest for hours. */
const LONGEST_MS = 3_000;
/** Each is seen at least this long, but for where the film has to fit. */
const SHORTEST_MS = 120;
/** How long a film lasts that is to fit. */
export const FIT_MS = 20_000;

export const SPEED_WORDS: Readonly<Record<Speed, readonly [short: string, long: string]>> = {
  1: ['1×', 'As fast as it was made; long pauses last 3 seconds'],
  4: ['4×', 'Four times as fast'],
  16: ['16×', 'Sixteen times as fast'],
  fit: ['20 s', 'All of it in 20 seconds'],
};

/** When each stop is due, in milliseconds from the first. */
export function dueTimes(stops: readonly Pick<Stop, 'at'>[], speed: Speed): readonly number[] {
  const pauses = stops.slice(1).map((stop, place) =>
    Math.max(1, Math.min(LONGEST_MS, stop.at - stops[place]!.at)));
  const all = pauses.reduce((sum, pause) => sum + pause, 0);
  const pace = speed === 'fit' ? FIT_MS / Math.max(1, all) : 1 / Number(speed);
  let due = 0;
  return stops.map((_, place) => {
    const pause = place ? pauses[place - 1]! * pace : 0;
    due += place && speed !== 'fit' ? Math.max(SHORTEST_MS, pause) : pause;
    return due;
  });
}

/** The last place that is due after so many milliseconds. */
export function placeDue(due: readonly number[], elapsed: number): number {
  return Math.max(0, due.findLastIndex((time) => time <= elapsed));
}
