/** Paths by their length: an object goes along one at an even speed. */

import { fromUnits, type Point } from 'framejam';

import type { Size } from '../stage/arrows.ts';

/** A place on a path, in the pixels it was measured in, and the direction it goes there. */
export interface Place {
  readonly x: number;
  readonly y: number;
  readonly angle: number;
}

/** A path shorter than this many pixels of the page is a press that trembled. */
const SHORTEST_PX = 6;

/** Whether a path leads anywhere. */
export function isWay(path: readonly Point[], stage: Size): boolean {
  return path.length > 1 && lengthOf(inPixels(path, stage)) >= SHORTEST_PX;
}

/**
 * Where an object is at each of `count` frames, evenly along the path from its first point to its
 * last; `area` is what the path is measured in.
 */
export function placesAlong(path: readonly Point[], count: number, area: Size): Place[] {
  const pixels = inPixels(path, area);
  const whole = lengthOf(pixels);
  const places: Place[] = [];
  let [at, walked] = [1, 0];
  for (let frame = 0; frame < count; frame += 1) {
    const due = count > 1 ? (whole * frame) / (count - 1) : whole;
    // As far as the piece on which it stands then.
    while (at < pixels.length - 1 && walked + pieceOf(pixels, at) < due) {
      walked += pieceOf(pixels, at);
      at += 1;
    }
    const place = onPiece(pixels, at, due - walked);
    if (place) places.push(place);
  }
  return places;
}

/** How long a path is, in pixels of `area`. */
export function lengthIn(path: readonly Point[], area: Size): number {
  return lengthOf(inPixels(path, area));
}

function onPiece(pixels: readonly Pixel[], at: number, along: number): Place | null {
  const [from, to] = [pixels[at - 1], pixels[at]];
  if (!from || !to) return null;
  const length = pieceOf(pixels, at);
  const share = length > 0 ? Math.min(1, Math.max(0, along / length)) : 0;
  return {
    x: from[0] + share * (to[0] - from[0]), y: from[1] + share * (to[1] - from[1]),
    angle: Math.atan2(to[1] - from[1], to[0] - from[0]),
  };
}

type Pixel = readonly [x: number, y: number];

function inPixels(path: readonly Point[], { width, height }: Size): Pixel[] {
  return path.map(([x, y]) => [fromUnits(x) * width, fromUnits(y) * height]);
}

function lengthOf(pixels: readonly Pixel[]): number {
  return pixels.reduce((sum, _, at) => sum + (at > 0 ? pieceOf(pixels, at) : 0), 0);
}

/** How long the piece is that ends at this place of a path. */
function pieceOf(pixels: readonly Pixel[], at: number): number {
  const [from, to] = [pixels[at - 1], pixels[at]];
  return from && to ? Math.hypot(to[0] - from[0], to[1] - from[1]) : 0;
}
