import { UNIT, wantedStep } from 'framejam';
import { describe, expect, it } from 'vitest';

import { cutInFull, cutInWords, cutOf } from '../src/how/cut.ts';
import {
  depthFor, fieldsOf, framesIn, reruns, USUAL_HOWS, wantedIn, type How,
} from '../src/how/how.ts';

const usual: How = USUAL_HOWS.brush;

describe('how a tool gives', () => {
  it('says nothing of what is as usual', () => {
    expect(fieldsOf('brush', usual, 16)).toEqual({});
    expect(fieldsOf('brush', { ...usual, strength: UNIT / 2, frames: [3, 9] }, 16))
      .toEqual({ strength: UNIT / 2, frames: [3, 9] });
  });

  it('M1 gives no strength to what has none', () => {
    for (const tool of ['erase', 'lock'] as const) {
      expect(fieldsOf(tool, { ...usual, strength: UNIT / 2 }, 16)).toEqual({});
    }
  });

  it('M1 keeps a range of frames within the clip, and all of them is none', () => {
    expect(framesIn([4, 40], 16)).toEqual([4, 15]);
    expect(framesIn([20, 40], 16)).toEqual([15, 15]);
    expect([framesIn([0, 15], 16), framesIn([0, 63], 16), framesIn(null, 16)])
      .toEqual([null, null, null]);
  });

  it('T3 re-runs as many steps as the slider says, whatever their number', () => {
    for (const steps of [1, 2, 3, 7, 8, 20, 25, 50, 199, 200]) {
      for (let again = 1; again <= steps; again += 1) {
        const depth = depthFor(again, steps);
        expect([steps, again, reruns('drag', depth, steps), steps - wantedStep(depth, steps)])
          .toEqual([steps, again, again, again]);
      }
    }
  });

  it('T3 goes as deep as its kind usually does, and enters at the last step at the latest', () => {
    expect(['brush', 'recolour', 'erase', 'region', 'drag', 'trajectory', 'camera', 'lock']
      .map((tool) => reruns(tool as 'brush', null, 8))).toEqual([4, 4, 4, 6, 6, 6, 6, 8]);
    expect(wantedIn('brush', 0, 8)).toBe(7);
  });
});

describe('how deep it will cut', () => {
  const take = (state: 'running' | 'finished' | 'paused' | 'cancelled', step: number) =>
    ({ state, step, steps: 8 });

  it('T3 re-runs a finished take from the wanted step on', () => {
    const cut = cutOf(take('finished', 8), 'brush', null);
    expect(cut).toEqual({ from: 4, to: 8, steps: 8, runs: false });
    expect(cut && [cutInWords(cut), cutInFull(cut)])
      .toEqual(['Re-runs 4 of 8', 'Letting go re-runs 4 of 8 steps, from step 4 on']);
  });

  it('T1 enters a running take where it is, and goes back from there', () => {
    const cut = cutOf(take('running', 6), 'brush', null);
    expect(cut).toEqual({ from: 4, to: 6, steps: 8, runs: true });
    expect(cut && cutInFull(cut))
      .toBe('Letting go enters it at step 6, then re-runs 2 of 8 steps, from step 4 on');
  });

  it('T1 re-runs nothing where the take has not come as far', () => {
    for (const state of ['running', 'paused'] as const) {
      const cut = cutOf(take(state, 3), 'brush', null);
      expect(cut).toEqual({ from: 3, to: 3, steps: 8, runs: true });
      expect(cut && [cutInWords(cut), cutInFull(cut)])
        .toEqual(['Re-runs nothing', 'Letting go enters it at step 3; no step is run again']);
    }
  });

  it('T5 re-runs nothing of a cancelled take: it has given up its steps', () => {
    expect(cutOf(take('cancelled', 6), 'lock', null)).toMatchObject({ from: 0, to: 0 });
  });

  it('is not told before there is a take', () => {
    expect(cutOf(null, 'brush', null)).toBeNull();
    expect(cutOf({ state: 'waiting', step: 0, steps: 0 }, 'brush', null)).toBeNull();
  });
});
