import { UNIT, type Given, type Presence } from 'framejam';
import { describe, expect, it } from 'vitest';

import { USUAL_HOWS } from '../src/how/how.ts';
import { marksOnTop, type MarkLayers } from '../src/stage/lines.ts';
import { FIRST, logOf, onTheirWay } from './log.ts';

const outline = [[0, 0], [9, 0], [9, 9]] as const;
const region = { kind: 'region', outline, text: 'a star' } as const satisfies Given;
const lock = { kind: 'lock', outline } as const satisfies Given;
const path = { kind: 'trajectory', path: [[0, 0], [9, 9]], radius: 5 } as const satisfies Given;
const camera = { kind: 'camera', zoom: 2 * UNIT } as const satisfies Given;

function marks(layers: Partial<MarkLayers>): string[] {
  const nothing: MarkLayers = {
    log: logOf(), pending: [], presence: new Map(), line: null, reach: 7, shown: null,
    cameAt: FIRST - 1, tool: 'brush', welcome: null, hows: USUAL_HOWS, held: null,
  };
  return marksOnTop({ ...nothing, ...layers })
    .map((mark) => `${mark.kind}${mark.done ? ' done' : ''}`);
}

const shownTo = (seq: number): MarkLayers['shown'] => (
  { seq, take: 1, step: 1, steps: 2, frames: 1, done: false });

describe('lines on top of the clip', () => {
  it('are those that it does not show yet, then ours on their way', () => {
    const log = logOf({ edit: region }, { by: 'grace', edit: path }, { edit: camera });
    expect(marks({ log, shown: shownTo(FIRST), pending: onTheirWay(region) }))
      .toEqual(['trajectory', 'camera', 'region']);
    expect(marks({ log, shown: shownTo(FIRST + 2) })).toEqual([]);
  });

  it('are all of its kind with a tool in hand, those that are shown beneath and thin', () => {
    const log = logOf({ edit: path }, { edit: region }, { edit: path });
    expect(marks({ log, shown: shownTo(FIRST + 1), tool: 'trajectory' }))
      .toEqual(['trajectory done', 'trajectory']);
  });

  it('T11 are locks for as long as they hold', () => {
    const log = logOf({ edit: lock });
    expect(marks({ log, shown: shownTo(FIRST) })).toEqual(['lock done']);
    expect(marks({ log, shown: shownTo(FIRST), tool: 'lock' })).toEqual(['lock']);
    const undone = logOf({ edit: lock }, { undone: { groups: [FIRST] } });
    expect(marks({ log: undone, shown: shownTo(FIRST) })).toEqual([]);
  });

  it('do not include one that an undo on its way takes back', () => {
    expect(marks({ pending: onTheirWay(region, path, 'undo') })).toEqual(['region']);
  });

  it('C4 include those under others’ pointers, and ours above them', () => {
    const theirs: Presence = {
      type: 'presence', participant: 'grace', connection: 1, cursor: null, frame: null,
      stroke: null, drag: null, line: { kind: 'lock', points: outline }, caret: null,
    };
    const presence = new Map([['grace:1', theirs]]);
    expect(marks({ presence, line: { kind: 'trajectory', points: outline } }))
      .toEqual(['lock', 'trajectory']);
  });
});
