import { LogFold, type Erase, type Paint } from 'framejam';
import { describe, expect, it, vi } from 'vitest';

import { drawStroke, isOn, strokesOnTop, type Layers } from '../src/stage/strokes.ts';
import { onTheirWay } from './log.ts';

const paint = (color: string): Paint => ({ kind: 'paint', color, width: 100, points: [[0, 0]] });

/** A log in which strokes of these colours are events 1, 2, 3 ... */
function log(...colors: string[]): Layers['log'] {
  const fold = new LogFold();
  colors.forEach((color, index) => fold.apply({
    type: 'event', seq: index + 1, at: 0, author: 'a', client_id: null, client_seq: null,
    body: { kind: 'edited', instruction: paint(color), depth: null, group: null, v: 2 },
  }));
  return fold.state;
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

const erase: Erase = { kind: 'erase', width: 100, points: [[0, 0]] };

describe('the eraser on top of the clip', () => {
  it('lies in the order of the strokes, as a stroke that erases', () => {
    const layers = strokesOnTop({
      log: log('red'), pending: onTheirWay(erase, paint('blue')), presence: new Map(),
      drawing: null, shown: null, cameAt: 0,
    });
    expect(layers.map((one) => (one.erase ? 'eraser' : one.color)))
      .toEqual(['red', 'eraser', 'blue']);
  });

  it('takes out what lies under it and leaves the canvas ready for paint', () => {
    const modes: string[] = [];
    const context = {
      canvas: { width: 10, height: 10 }, globalCompositeOperation: 'source-over',
      beginPath() {}, moveTo() {}, lineTo() {},
      stroke() { modes.push(this.globalCompositeOperation); },
    };
    drawStroke(context as unknown as CanvasRenderingContext2D,
               { points: [[0, 0]], color: '#ffffff', width: 100, erase: true }, () => undefined);
    expect(modes).toEqual(['destination-out', 'source-over']);
    expect(context.globalCompositeOperation).toBe('source-over');
  });
});

describe('the brush that recolours', () => {
  /** A canvas that writes down what is drawn on it, and how. */
  class Recorder {
    readonly done: string[] = [];
    readonly canvas = this;
    readonly width = 10;
    readonly height = 10;
    globalCompositeOperation = 'source-over';
    fillStyle = '';
    getContext(): this { return this; }
    beginPath(): void {}
    moveTo(): void {}
    lineTo(): void {}
    stroke(): void { this.done.push(`line ${this.globalCompositeOperation}`); }
    fillRect(): void { this.done.push(`${this.fillStyle} ${this.globalCompositeOperation}`); }
    drawImage(): void { this.done.push(`image ${this.globalCompositeOperation}`); }
  }

  it('M4 gives its hue to the clip and to the strokes that lie on it, within the line', () => {
    const aside = new Recorder();
    // Not an arrow: it is called with `new`.
    vi.stubGlobal('OffscreenCanvas', function canvas() { return aside; });
    const over = new Recorder();
    drawStroke(over as unknown as CanvasRenderingContext2D,
               { points: [[0, 0]], color: '#00ff00', width: 100, blend: 'color' },
               () => aside.done.push('clip'));
    expect(aside.done).toEqual(
      ['clip', 'image source-over', '#00ff00 color', 'line destination-in']);
    expect(over.done).toEqual(['image source-over']);
    vi.unstubAllGlobals();
  });

  it('T10 lies on its frames only', () => {
    expect([isOn([2, 4], 1), isOn([2, 4], 2), isOn([2, 4], 4), isOn([2, 4], 5), isOn(null, 9)])
      .toEqual([false, true, true, false, true]);
  });
});
