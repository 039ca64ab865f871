/** Integer geometry (L3): the wire carries 1/65536 of the frame's width and height. */

/** One whole frame width or height, or a share of 1.0. */
export const UNIT = 65536;
/** A pen may leave the frame by one frame; beyond that a coordinate is refused. */
export const COORDINATE_MIN = -UNIT;
export const COORDINATE_MAX = 2 * UNIT;

/** (x, y) in wire units; (0, 0) is the upper left corner, (65536, 65536) the lower right. */
export type Point = readonly [x: number, y: number];

/**
 * Turn a share of the frame (0 to 1, a little beyond is allowed) into wire units.
 *
 * Rounds half up, as every client does, so that all of them send the same integers.
 */
export function toUnits(share: number): number {
  if (!Number.isFinite(share)) {
    throw new RangeError(`a coordinate must be a finite number, not ${share}`);
  }
  // Adding 0 turns -0 into 0: MessagePack would write -0 as a float.
  return Math.round(share * UNIT) + 0;
}

/** Turn wire units back into a share of the frame. */
export function fromUnits(units: number): number {
  return units / UNIT;
}

/** A point of the frame, given in shares, as the wire accepts it: rounded and kept in range. */
export function toPoint(x: number, y: number): Point {
  return [within(toUnits(x)), within(toUnits(y))];
}

function within(units: number): number {
  return Math.min(COORDINATE_MAX, Math.max(COORDINATE_MIN, units));
}
