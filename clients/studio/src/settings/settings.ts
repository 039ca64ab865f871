/** The settings of the clip that people change: who set them, and what is on its way. */

import { isKind, outlook, type Lora, type Pending, type Settings } from 'framejam';

import { perLog } from '../session/perLog.ts';

/** The settings that the panel offers as numbers. */
export type Knob = 'seed' | 'steps' | 'guidance' | 'fps' | 'harmonize' | 'mix' | 'align';

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
  harmonize: { from: 0, to: 100, unit: 1 },
  mix: { from: 0, to: 100, unit: 1 },
  align: { from: 0, to: 100, unit: 1 },
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
export function settingSoon<K extends keyof Settings>(
  name: K, settings: Settings, pending: readonly Pending[],
): Settings[K] {
  const given = outlook(pending).edits.map((edit) => edit.command.instruction)
    .findLast((one) => one.kind === 'settings' && one[name] !== undefined);
  const soon = given?.kind === 'settings' ? given[name] as Settings[K] | undefined : undefined;
  return soon ?? settings[name];
}

/** The list of LoRA files with another weight for one of them, in hundredths; 0 takes it off. */
export function withLora(loras: readonly Lora[], name: string, weight: number): readonly Lora[] {
  const others = loras.filter(([one]) => one !== name);
  return weight === 0 ? others : [...others, [name, weight]];
}

/** Who set it as it is; null where it is as the session began. */
export const setterOf = perLog(({ edits }, name: keyof Settings): string | null => {
  const edit = edits.findLast((one) =>
    !one.undone && isKind(one, 'settings') && one.instruction[name] !== undefined);
  return edit?.author ?? null;
});
