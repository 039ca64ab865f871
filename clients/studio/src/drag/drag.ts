/** The drag's circle: what lies in it is moved. */

import { UNIT } from 'framejam';

import { useStudio } from '../session/store.ts';

/** Radii in 1/65536 of the frame's width: from a detail to half of the frame. */
export const SMALLEST = Math.round(UNIT * 0.03);
export const BIGGEST = Math.round(UNIT * 0.5);

export function resizeReach(reach: number): void {
  useStudio.setState({ reach: Math.round(Math.min(BIGGEST, Math.max(SMALLEST, reach))) });
}
