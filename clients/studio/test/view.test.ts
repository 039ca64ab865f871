import { UNIT } from 'framejam';
import { describe, expect, it } from 'vitest';

import {
  cornerBeside, FARTHEST, frameOf, isStill, NEAREST, NUMBERS, readNumber, showNumber, STILL,
  viewInWords, viewOf,
} from '../src/camera/view.ts';

describe('where the camera ends up', () => {
  it('M1 is the whole picture where it stands still', () => {
    expect(frameOf(STILL)).toEqual({ left: 0, top: 0, size: 1 });
    expect(isStill(viewOf({ left: 0, top: 0, size: 1 }))).toBe(true);
  });

  it('M1 shows what is further right and down where it turns there', () => {
    expect(frameOf({ pan: UNIT / 4, tilt: UNIT / 8, zoom: UNIT }))
      .toEqual({ left: 0.25, top: 0.125, size: 1 });
  });

  it('M1 shows half the width where it is twice as near, around the middle', () => {
    expect(frameOf({ pan: 0, tilt: 0, zoom: 2 * UNIT })).toEqual({ left: 0.25, top: 0.25, size: 0.5 });
  });

  it('M1 turns by shares of the picture, however near it is', () => {
    expect(frameOf({ pan: UNIT / 4, tilt: 0, zoom: 2 * UNIT }))
      .toEqual({ left: 0.5, top: 0.25, size: 0.5 });
  });

  it('is the same through the frame and back', () => {
    for (const view of [{ pan: -9000, tilt: 12_345, zoom: 80_000 },
      { pan: UNIT, tilt: -UNIT, zoom: UNIT / 2 }, { pan: 1, tilt: 0, zoom: NEAREST }]) {
      expect(viewOf(frameOf(view))).toEqual(view);
    }
  });

  it('L5 stays within what the server takes, in integers', () => {
    for (const size of [0.01, 100]) {
      const view = viewOf({ left: -7.3, top: 9.1, size });
      expect([view.zoom >= FARTHEST, view.zoom <= NEAREST, Math.abs(view.pan) <= UNIT,
        Math.abs(view.tilt) <= UNIT, Object.values(view).every(Number.isInteger)])
        .toEqual([true, true, true, true, true]);
    }
    expect(Object.is(viewOf({ left: -1e-7, top: 0, size: 1 }).pan, 0)).toBe(true);
  });

  it('is told in words and in numbers', () => {
    expect(viewInWords({ pan: UNIT / 5, tilt: -UNIT / 10, zoom: 1.5 * UNIT }))
      .toBe('right 20 %, up 10 %, zoom 1.5×');
    expect(viewInWords(STILL)).toBe('still');
    const [pan, , zoom] = NUMBERS;
    expect([readNumber(pan, '-25'), readNumber(zoom, '1,5'), showNumber(zoom, 98_304)])
      .toEqual([-UNIT / 4, 98_304, '1.5']);
    expect([readNumber(pan, '101'), readNumber(zoom, '0.2'), readNumber(zoom, ''),
      readNumber(pan, 'x')]).toEqual([null, null, null, null]);
  });

  it('leaves the corners of the frame free for the hand', () => {
    expect(cornerBeside({ left: 0.3, top: 0.3, size: 0.65 }, 0.27, 0.37)).toEqual(['left', 'bottom']);
    expect(cornerBeside({ left: 0.2, top: 0.2, size: 0.5 }, 0.25, 0.25)).toEqual(['right', 'bottom']);
  });
});
