import { LogFold, type Command, type Paint, type Pending } from 'framejam';
import { describe, expect, it } from 'vitest';

import { strokesOnTop, type Layers } from '../src/stage/strokes.ts';

const paint = (color: string): Paint => ({ kind: 'paint', color, width: 100, points: [[0, 0]] });

/** A log in which strokes of these colours are events 1, 2, 3 ... */
function log(...colors: string[]): Layers['log'] {
  const fold = new LogFold();
  colors.forEach((color, index) => fold.apply({
    type: 'event', seq: index + 1, at: 0, author: 'a', client_id: null, client_seq: null,
    body: { kind: 'edited', instruction: paint(color), depth: null, v: 1 },
  }));
  return fold.state;
}

function onTheirWay(...given: (Paint | 'undo')[]): Pending[] {
  return given.map((one, key) => {
    const client_seq = key + 1;
    const command: Command = one === 'undo' ? { type: 'undo', client_seq }
      : { type: 'edit', client_seq, instruction: one, depth: null };
    return { key, command, seq: null, sent: true };
  });
}

function colors(layers: Partial<Layers>): string[] {
  const nothing: Layers = {
    log: log(), pending: [], presence: new Map(), drawing: null, shown: null, cameAt: 0,
  };
  return strokesOnTop({ ...nothing, ...layers }).map((stroke) => stroke.color);
}

describe('strokes on top of the clip', () => {
  it('are those in the log that the picture does not show, then ours on their way', () => {
    const shown = { seq: 1, take: 1, step: 1, steps: 2, frames: 1, done: false };
    const pending = onTheirWay(paint('green'));
    expect(colors({ log: log('red', 'blue'), pending, shown })).toEqual(['blue', 'green']);
  });

  it('are, before the first picture, those given since this page came', () => {
    expect(colors({ log: log('red', 'blue'), cameAt: 1 })).toEqual(['blue']);
  });

  it('do not include one that an undo on its way takes back', () => {
    expect(colors({ pending: onTheirWay(paint('red'), paint('blue'), 'undo') })).toEqual(['red']);
    expect(colors({ log: log('red'), pending: onTheirWay('undo', paint('blue')) }))
      .toEqual(['red', 'blue']);
  });
});
