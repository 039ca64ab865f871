import { UNIT, type Point } from 'framejam';
import { describe, expect, it } from 'vitest';

import { boxOf, isAround, longer, rectangle, thinned } from '../src/outline/shapes.ts';
import { isWay, lengthIn, placesAlong } from '../src/trajectory/path.ts';

const SQUARE = { width: 600, height: 600 };

describe('a line under the pointer', () => {
  const many = Array.from({ length: 3000 }, (_, at): Point => [at, 2 * at]);

  it('is given with as many points as the server takes, its ends among them', () => {
    const few = thinned(many, 1024);
    expect([few.length, few[0], few.at(-1)]).toEqual([1024, [0, 0], [2999, 5998]]);
    const steps = few.slice(1).map(([x], at) => x - (few[at]?.[0] ?? 0));
    expect([Math.min(...steps), Math.max(...steps)]).toEqual([2, 3]);
    expect(thinned(many, 3000)).toBe(many);
  });

  it('grows by places that lead on', () => {
    const line: Point[] = [[0, 0]];
    expect(longer(line, [[10, 0], [0, 20]])).toBe(line);
    expect(longer(line, [[400, 0], [410, 0], [800, 0]])).toEqual([[0, 0], [400, 0], [800, 0]]);
  });

  it('has four corners as a rectangle, whichever way it is drawn', () => {
    const corners = rectangle([900, 800], [100, 200]);
    expect(corners).toHaveLength(4);
    expect(boxOf(corners)).toEqual({ left: 100, top: 200, right: 900, bottom: 800 });
  });

  it('goes around something from six pixels on, in both directions', () => {
    expect(isAround(rectangle([0, 0], [656, 656]), { width: 610, height: 610 })).toBe(true);
    expect(isAround(rectangle([0, 0], [656, 656]), { width: 610, height: 500 })).toBe(false);
    expect(isAround(rectangle([0, 0], [656, 656]), { width: 500, height: 610 })).toBe(false);
    expect(isAround([[0, 0], [UNIT, UNIT]], SQUARE)).toBe(false);
  });
});

describe('a path', () => {
  // Three sides of a square, the last one in many short pieces: their number means nothing.
  const path: Point[] = [[0, 0], [UNIT / 2, 0], [UNIT / 2, UNIT / 2],
    ...Array.from({ length: 64 }, (_, at): Point => [UNIT / 2 - (at + 1) * (UNIT / 128), UNIT / 2])];

  it('M1 is gone at an even speed, from its first point to its last', () => {
    const places = placesAlong(path, 7, SQUARE).map(({ x, y }) => [Math.round(x), Math.round(y)]);
    expect(places).toEqual(
      [[0, 0], [150, 0], [300, 0], [300, 150], [300, 300], [150, 300], [0, 300]]);
  });

  it('M1 is as long as it is on the picture, whatever its shape', () => {
    expect(lengthIn([[0, 0], [UNIT, 0], [UNIT, UNIT]], { width: 300, height: 100 })).toBe(400);
    const middle = placesAlong([[0, 0], [UNIT, 0], [UNIT, UNIT]], 3, { width: 300, height: 100 })[1];
    expect([middle?.x, middle?.y]).toEqual([200, 0]);
  });

  it('knows where it leads', () => {
    const [, , , down] = placesAlong(path, 7, SQUARE);
    expect(down?.angle).toBeCloseTo(Math.PI / 2);
  });

  it('is meant from six pixels on, and one point is none', () => {
    expect(isWay([[0, 0], [656, 0]], { width: 590, height: 590 })).toBe(false);
    expect(isWay([[0, 0], [656, 0]], { width: 610, height: 590 })).toBe(true);
    expect(isWay([[0, 0]], SQUARE)).toBe(false);
    expect(placesAlong([[0, 0]], 4, SQUARE)).toEqual([]);
  });
});
