import { UNIT, type Instruction, type Point, type Welcome } from 'framejam';
import { beforeEach, describe, expect, it, vi } from 'vitest';

// The page that the store asks about: nobody who wants it calm, no picture yet.
vi.stubGlobal('window', { matchMedia: () => ({ matches: false }) });
vi.stubGlobal('document', { createElement: () => ({}) });
const { useStudio } = await import('../src/session/store.ts');
const { chooseTool } = await import('../src/stage/tools.ts');
const { closeCard } = await import('../src/stage/card.ts');
const { beginStroke } = await import('../src/brush/stroke.ts');
const { beginOutline } = await import('../src/outline/draw.ts');
const { beginPath } = await import('../src/trajectory/draw.ts');
const { beginView, zoomBy } = await import('../src/camera/pull.ts');
const { giveCamera } = await import('../src/camera/give.ts');
const { giveRegion } = await import('../src/region/give.ts');
const { setHow } = await import('../src/how/set.ts');
const { cutAhead } = await import('../src/how/cut.ts');
const { STILL } = await import('../src/camera/view.ts');
const { logOf } = await import('./log.ts');

const STAGE = { width: 600, height: 600 };
const untouched = useStudio.getState();
let given: [Instruction, unknown][];
let told: unknown[];

beforeEach(() => {
  given = [];
  told = [];
  const session = {
    edit: (instruction: Instruction, options: unknown) => given.push([instruction, options]),
    point: (presence: { line?: unknown }) => told.push(presence.line),
  };
  useStudio.setState({
    ...untouched, log: logOf(), playing: false, frame: 0, status: { phase: 'live' },
    welcome: { role: 'editor' } as Welcome,
    session: session as unknown as typeof untouched.session,
  });
});

const AROUND: readonly Point[] = [[30_000, 10_000], [30_000, 30_000], [10_000, 30_000]];

describe('the brush that recolours', () => {
  it('M4 gives paint that keeps the lightness of what is under it', () => {
    const stroke = beginStroke([0, 0], 'recolour');
    expect(useStudio.getState().drawing).toMatchObject({ blend: 'color', erase: false });
    stroke.give();
    expect(given).toMatchObject([[{ kind: 'paint', blend: 'color' }, { depth: null }]]);
    beginStroke([0, 0], 'brush').give();
    expect(given[1]?.[0]).not.toHaveProperty('blend');
  });
});

describe('how it is given', () => {
  it('T3 goes with every instruction of its tool, and no other', () => {
    setHow('brush', { strength: UNIT / 2, depth: 1000, frames: [2, 5] });
    beginStroke([0, 0], 'brush').give();
    beginStroke([0, 0], 'recolour').give();
    expect(given[0]).toMatchObject(
      [{ kind: 'paint', strength: UNIT / 2, frames: [2, 5] }, { depth: 1000 }]);
    expect(given[1]?.[1]).toMatchObject({ depth: null });
    expect(given[1]?.[0]).not.toHaveProperty('strength');
    expect(given[1]?.[0]).not.toHaveProperty('frames');
  });

  it('T3 is seen before the hand lets go, and not when nothing is in it', () => {
    useStudio.setState({
      take: { type: 'take', take: 1, step: 8, steps: 8, state: 'finished', seq: 1, note: '',
              digest: null, unknown: [] },
    });
    expect(cutAhead(useStudio.getState())).toBeNull();
    const stroke = beginStroke([0, 0], 'brush');
    expect(cutAhead(useStudio.getState())).toMatchObject({ from: 4, to: 8 });
    useStudio.setState(({ take }) => ({ take: take && { ...take, state: 'running' }, step: 5 }));
    expect(cutAhead(useStudio.getState())).toMatchObject({ from: 4, to: 5 });
    useStudio.setState(({ take }) => ({ take: take && { ...take, state: 'finished' } }));
    stroke.drop();
    expect(cutAhead(useStudio.getState())).toBeNull();
    chooseTool('camera');
    expect(cutAhead(useStudio.getState())).toBeNull();
    zoomBy(2);
    expect(cutAhead(useStudio.getState())).toMatchObject({ from: 2, to: 8 });
  });
});

describe('the region tool', () => {
  it('asks for words beside the outline, and gives one edit with them', () => {
    const line = beginOutline('region', [10_000, 10_000], STAGE);
    line.extend(AROUND);
    line.give();
    expect(given).toEqual([]);
    const { card, line: kept } = useStudio.getState();
    expect(card).toMatchObject({ kind: 'region', side: 'right', at: [30_000, 20_000] });
    expect(kept?.points).toEqual([[10_000, 10_000], ...AROUND]);
    if (card?.kind === 'region') giveRegion(card.outline, 'a star');
    expect(given).toEqual([[
      { kind: 'region', outline: [[10_000, 10_000], ...AROUND], text: 'a star' }, { depth: null },
    ]]);
    expect(useStudio.getState()).toMatchObject({ card: null, line: null, wish: '' });
  });

  it('takes the outline away with its card, and keeps the words for the next', () => {
    const line = beginOutline('region', [10_000, 10_000], STAGE);
    line.extend(AROUND);
    line.give();
    useStudio.setState({ wish: 'a star' });
    closeCard();
    expect(useStudio.getState()).toMatchObject({ card: null, line: null, wish: 'a star' });
    // The others are told, though no pointer moved.
    expect([given, told]).toEqual([[], [null]]);
  });

  it('lies on the left of what is on the right', () => {
    const line = beginOutline('region', [60_000, 10_000], STAGE);
    line.extend([[60_000, 30_000], [40_000, 30_000]]);
    line.give();
    expect(useStudio.getState().card).toMatchObject({ side: 'left', at: [40_000, 20_000] });
  });
});

describe('the lock tool', () => {
  it('L6 makes one edit of an outline, and a rectangle where one is wanted', () => {
    useStudio.setState({ shape: 'rectangle' });
    const line = beginOutline('lock', [10_000, 10_000], STAGE);
    line.extend([[20_000, 15_000], [30_000, 40_000]]);
    line.give();
    expect(given).toEqual([[{
      kind: 'lock', outline: [[10_000, 10_000], [30_000, 10_000], [30_000, 40_000], [10_000, 40_000]],
    }, { depth: null }]]);
    expect(useStudio.getState().line).toBeNull();
  });

  it('takes a press that trembled for none, and Escape for a change of mind', () => {
    const trembled = beginOutline('lock', [0, 0], STAGE);
    trembled.extend([[300, 0], [300, 300]]);
    trembled.give();
    const dropped = beginOutline('lock', [10_000, 10_000], STAGE);
    dropped.extend(AROUND);
    dropped.drop();
    expect([given, useStudio.getState().line]).toEqual([[], null]);
  });
});

describe('the path tool', () => {
  it('L6 makes one edit of a path with the circle in hand, and plays the clip', () => {
    const path = beginPath([1000, 1000], STAGE);
    path?.extend([[20_000, 1000], [20_000, 30_000]]);
    path?.give();
    expect(given).toEqual([[{
      kind: 'trajectory', path: [[1000, 1000], [20_000, 1000], [20_000, 30_000]], radius: 16384,
    }, { depth: null }]]);
    expect(useStudio.getState()).toMatchObject({ line: null, playing: true });
  });

  it('takes no hold on another frame than the first: that press goes back to it', () => {
    useStudio.setState({ frame: 3 });
    expect(beginPath([0, 0], STAGE)).toBeNull();
    expect(useStudio.getState()).toMatchObject({ frame: 0, playing: false, line: null });
  });
});

describe('the camera tool', () => {
  const pull = (from: Point, to: Point): void => {
    const gesture = beginView(from, STAGE);
    gesture?.extend([to]);
    gesture?.give();
  };

  it('turns with the frame, goes nearer by its corners, and gives nothing until told to', () => {
    pull([30_000, 30_000], [30_000 + UNIT / 4, 30_000]);
    expect(useStudio.getState().view).toEqual({ pan: UNIT / 4, tilt: 0, zoom: UNIT });
    useStudio.setState({ view: STILL });
    pull([UNIT, UNIT], [UNIT / 2, UNIT / 2]);
    // The corner in the upper left stayed: half the width, a quarter beside the middle.
    expect(useStudio.getState().view).toEqual({ pan: -UNIT / 4, tilt: -UNIT / 4, zoom: 2 * UNIT });
    expect(given).toEqual([]);
    giveCamera();
    expect(given).toEqual([[
      { kind: 'camera', pan: -UNIT / 4, tilt: -UNIT / 4, zoom: 2 * UNIT }, { depth: null },
    ]]);
    giveCamera();
    expect([given.length, useStudio.getState().view]).toEqual([1, STILL]);
  });

  it('keeps looking where it looked when it goes nearer', () => {
    useStudio.setState({ view: { pan: 10_000, tilt: 0, zoom: UNIT } });
    zoomBy(2);
    expect(useStudio.getState().view).toEqual({ pan: 10_000, tilt: 0, zoom: 2 * UNIT });
    for (let turns = 0; turns < 40; turns += 1) zoomBy(2);
    expect(useStudio.getState().view.zoom).toBe(4 * UNIT);
  });

  it('goes back to where it was when a pull is dropped', () => {
    const gesture = beginView([30_000, 30_000], STAGE);
    gesture?.extend([[50_000, 30_000]]);
    gesture?.drop();
    expect(useStudio.getState().view).toEqual(STILL);
  });
});
