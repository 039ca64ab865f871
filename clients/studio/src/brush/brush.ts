/** The brush: its colours and sizes. */

import { UNIT } from 'framejam';

import { useStudio } from '../session/store.ts';

export const SWATCHES: readonly (readonly [name: string, color: string])[] = [
  ['Red', '#e5484d'],
  ['Orange', '#f5893f'],
  ['Yellow', '#f7ce46'],
  ['Green', '#3fa66a'],
  ['Blue', '#3b82f6'],
  ['Purple', '#8e5bd6'],
  ['Brown', '#8a5a3c'],
  ['White', '#ffffff'],
  ['Black', '#1a1a1a'],
];

/** Diameters in 1/65536 of the frame's width: from a thin line to a third of the frame. */
export const SMALLEST = Math.round(UNIT * 0.015);
export const BIGGEST = Math.round(UNIT * 0.33);

export function resize(size: number): void {
  useStudio.setState({ size: Math.round(Math.min(BIGGEST, Math.max(SMALLEST, size))) });
}
