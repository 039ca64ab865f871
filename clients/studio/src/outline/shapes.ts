/** Closed lines around a part of the picture, as they are drawn and given. */

import { fromUnits, UNIT, type Point } from 'framejam';

import type { Size } from '../stage/arrows.ts';

export type Shape = 'lasso' | 'rectangle';

/** The most points of one line that the server takes. */
export const MAX_LINE_POINTS = 1024;

/** Places closer than this to the last one add bytes and no shape. */
const SPACING = Math.round(UNIT * 0.004);

/** Where an outline is, in wire units. */
export interface Box {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

/** At most `most` of the points, evenly among them; the first and the last stay. */
export function thinned(points: readonly Point[], most: number): readonly Point[] {
  if (points.length <= most) return points;
  const stride = (points.length - 1) / (most - 1);
  return Array.from({ length: most }, (_, at) => points[Math.round(at * stride)] as Point);
}

/** A line with further places, where they lead on. */
export function longer(line: readonly Point[], points: readonly Point[]): readonly Point[] {
  const next = [...line];
  for (const point of points) {
    const last = next.at(-1);
    const far = !last || Math.hypot(point[0] - last[0], point[1] - last[1]) >= SPACING;
    if (far) next.push(point);
  }
  return next.length > line.length ? next : line;
}

/** The corners of a rectangle between two opposite ones. */
export function rectangle([left, top]: Point, [right, bottom]: Point): readonly Point[] {
  return [[left, top], [right, top], [right, bottom], [left, bottom]];
}

export function boxOf(outline: readonly Point[]): Box {
  const xs = outline.map(([x]) => x);
  const ys = outline.map(([, y]) => y);
  return {
    left: Math.min(...xs), top: Math.min(...ys), right: Math.max(...xs), bottom: Math.max(...ys),
  };
}

/** An outline narrower than this many pixels of the page is a press that trembled. */
const SMALLEST_PX = 6;

/** Whether there is room inside an outline. */
export function isAround(outline: readonly Point[], stage: Size): boolean {
  if (outline.length < 3) return false;
  const { left, top, right, bottom } = boxOf(outline);
  return fromUnits(right - left) * stage.width >= SMALLEST_PX
    && fromUnits(bottom - top) * stage.height >= SMALLEST_PX;
}
