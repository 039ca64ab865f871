import { LogFold, type Drag, type Presence } from 'framejam';
import { describe, expect, it } from 'vitest';

import { arrowsOnTop, isMeant, type ArrowLayers } from '../src/stage/arrows.ts';
import { onTheirWay } from './log.ts';

const drag = (radius: number): Drag => ({ kind: 'drag', start: [0, 0], end: [9, 9], radius });

/** A log of a (red) and b (blue), in which these drags, told apart by radius, are 3, 4, 5 ... */
function log(...given: [author: string, radius: number][]): ArrowLayers['log'] {
  const fold = new LogFold();
  const add = (author: string, body: Parameters<LogFold['apply']>[0]['body']): void => fold.apply({
    type: 'event', seq: fold.seq + 1, at: 0, author, client_id: null, client_seq: null, body,
  });
  for (const [participant, color] of [['a', '#ff0000'], ['b', '#0000ff']] as const) {
    add(participant, {
      kind: 'joined', participant, name: participant, color, role: 'editor', v: 1,
    });
  }
  for (const [author, radius] of given) {
    add(author, { kind: 'edited', instruction: drag(radius), depth: null, group: null, v: 2 });
  }
  return fold.state;
}

const shown = { seq: 3, take: 1, step: 1, steps: 2, frames: 1, done: false };

function arrows(layers: Partial<ArrowLayers>): [radius: number, color: string, done: boolean][] {
  const nothing: ArrowLayers = {
    log: log(), pending: [], presence: new Map(), pulling: null, shown: null, cameAt: 0,
    tool: 'brush', welcome: { participant: 'a' } as ArrowLayers['welcome'],
  };
  return arrowsOnTop({ ...nothing, ...layers }).map((a) => [a.drag.radius, a.color, a.done]);
}

describe('arrows on top of the clip', () => {
  it('are those the clip does not show yet, then ours on their way, each in its colour', () => {
    expect(arrows({ log: log(['a', 1], ['b', 2]), pending: onTheirWay(drag(3)), shown })).toEqual(
      [[2, '#0000ff', false], [3, '#ff0000', false]]);
  });

  it('are all of the state with the drag tool in hand, those shown beneath and thin', () => {
    expect(arrows({ log: log(['b', 1], ['b', 2]), tool: 'drag', shown })).toEqual(
      [[1, '#0000ff', true], [2, '#0000ff', false]]);
  });

  it('are, before the first picture, those given since this page came', () => {
    expect(arrows({ log: log(['a', 1], ['b', 2]), cameAt: 3 })).toEqual([[2, '#0000ff', false]]);
  });

  it('do not include one that an undo on its way takes back', () => {
    expect(arrows({ pending: onTheirWay(drag(1), 'undo') })).toEqual([]);
  });

  it('C4 include the one under another’s pointer, and ours above it', () => {
    const presence: Presence = {
      type: 'presence', participant: 'b', connection: 1, cursor: null, frame: null, stroke: null,
      drag: drag(1), line: null, caret: null,
    };
    expect(arrows({ presence: new Map([['b:1', presence]]), pulling: drag(2) })).toEqual(
      [[1, '#0000ff', false], [2, '#ff0000', false]]);
  });

  it('are meant from six pixels on, whichever way the stage stretches them', () => {
    const across = { start: [0, 0], end: [656, 0], radius: 1 } as const;
    const down = { start: [0, 0], end: [0, 656], radius: 1 } as const;
    expect(isMeant(across, { width: 590, height: 10_000 })).toBe(false);
    expect(isMeant(across, { width: 610, height: 1 })).toBe(true);
    expect(isMeant(down, { width: 10_000, height: 590 })).toBe(false);
    expect(isMeant(down, { width: 1, height: 610 })).toBe(true);
  });
});
