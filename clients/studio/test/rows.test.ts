import { describe, expect, it } from 'vitest';

import { editOf, groupOf } from '../src/history/describe.ts';
import { NEWEST, PAGE, rowsOf, withPlace, type View } from '../src/history/rows.ts';
import { FIRST, logOf, typed } from './log.ts';

const LENGTH = 100_000;
const shown = (view: View, length = LENGTH): readonly [number, number] => rowsOf(view, length);

describe('the rows of a long history', () => {
  it('are the newest at first', () => {
    expect(shown(NEWEST)).toEqual([LENGTH - PAGE, LENGTH]);
    expect(shown(NEWEST, 3)).toEqual([0, 3]);
    expect(withPlace(NEWEST, -1, LENGTH)).toBe(NEWEST);
    expect(withPlace(NEWEST, LENGTH - PAGE, LENGTH)).toBe(NEWEST);
  });

  it.each([0, 7, 5_000, LENGTH - 2 * PAGE - 1])('are a page around number %i', (place) => {
    const view = withPlace(NEWEST, place, LENGTH);
    const [from, to] = shown(view);
    expect(from <= place && place < to).toBe(true);
    expect(to - from).toBeLessThanOrEqual(PAGE);
    // Another row of the same page moves nothing, and neither does closing it.
    expect(withPlace(view, to - 1, LENGTH)).toBe(view);
    expect(withPlace(view, -1, LENGTH + 5)).toBe(view);
  });

  it('are a few more of the newest where the row is one of those before them', () => {
    const place = LENGTH - PAGE - 3;
    expect(shown(withPlace(NEWEST, place, LENGTH))).toEqual([place, LENGTH]);
  });

  it('keep an open row, and the newest, while others give more', () => {
    let view = NEWEST;
    for (let more = 0; more < 3 * PAGE; more += 1) view = withPlace(view, LENGTH - 1, LENGTH + more);
    expect(shown(view, LENGTH + 3 * PAGE - 1)).toEqual([LENGTH - 1, LENGTH + 3 * PAGE - 1]);
  });

  it('M6 are found for what a point is asked about', () => {
    const log = logOf({ edit: typed([0, '', 'a']) },
                      { edit: typed([1, '', 'b']), group: FIRST },
                      { edit: { kind: 'settings', seed: 3 } });
    expect([FIRST, FIRST + 1, FIRST + 2].map((seq) => editOf(log, seq)?.seq))
      .toEqual([FIRST, FIRST + 1, FIRST + 2]);
    expect([editOf(log, 1), editOf(log, FIRST + 3)]).toEqual([undefined, undefined]);
    expect(groupOf(log, FIRST)?.edits.length).toBe(2);
    expect(groupOf(log, FIRST + 1)).toBeUndefined();
  });
});
