/** The settings of the clip that people change: who set them, and what is on its way. */

import { isKind, outlook, type Pending, type Settings } from 'framejam';

import { perLog } from '../session/perLog.ts';

/** The settings that the panel offers; the others are fixed for a session. */
export type Knob = 'seed' | 'steps' | 'guidance' | 'fps';

export interface Range {
  readonly from: number;
  readonly to: number;
  /** The wire's number for 1 of the field: guidance is told in hundredths. */
  readonly unit: number;
}

/** What the server accepts. */
export const RANGES: Readonly<Record<Knob, Range>> = {
  seed: { from: 0, to: Number.MAX_SAFE_INTEGER, unit: 1 },
  steps: { from: 1, to: 200, unit: 1 },
  guidance: { from: 0, to: 30, unit: 100 },
  fps: { from: 1, to: 60, unit: 1 },
};

/** A die of this many sides: numbers people can read out to each other. */
const DICE = 1_000_000;

export function rollSeed(random: () => number = Math.random): number {
  return Math.floor(random() * DICE);
}

/** The wire's number for what somebody entered; null where it is none, or out of range. */
export function toWire(knob: Knob, entered: string): number | null {
  const { from, to, unit } = RANGES[knob];
  const number = Number(entered.replace(',', '.'));
  if (entered.trim() === '' || !(number >= from && number <= to)) return null;
  const wire = Math.round(number * unit);
  return Number.isSafeInteger(wire) ? wire : null;
}

export function fromWire(knob: Knob, wire: number): string {
  return String(wire / RANGES[knob].unit);
}

/** A setting as it will be when what we gave has arrived. */
export function settingSoon(
  knob: Knob, settings: Settings, pending: readonly Pending[],
): number {
  const given = outlook(pending).edits.map((edit) => edit.command.instruction)
    .findLast((one) => one.kind === 'settings' && one[knob] !== undefined);
  return (given?.kind === 'settings' ? given[knob] : undefined) ?? settings[knob];
}

/** Who set it as it is; null where it is as the session began. */
export const setterOf = perLog(({ edits }, knob: Knob): string | null => {
  const edit = edits.findLast((one) =>
    !one.undone && isKind(one, 'settings') && one.instruction[knob] !== undefined);
  return edit?.author ?? null;
});
