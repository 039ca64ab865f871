import { describe, expect, it, vi } from 'vitest';

import { wantedStep, DEFAULT_DEPTH, type Look, type LookStatus, type Preview } from '../src/index.ts';
import { heard, session, socket } from './alone.ts';

function status(number: number, changes: Partial<LookStatus> = {}): LookStatus {
  return {
    type: 'look_status', number, take: 1, step: 3, steps: 12, state: 'running', note: '',
    digest: null, ...changes,
  };
}

/** A preview of the look of this number, 0 for the take, after some steps. */
function picture(look: number, step = 1): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(42);
  bytes.set([0xc1, 1, 1, 1, 4, 4]);
  new DataView(bytes.buffer).setUint16(16, step);
  new DataView(bytes.buffer).setUint32(20, look);
  return bytes;
}

function follow(look: Look) {
  const pictures: Preview[] = [];
  const told: LookStatus[] = [];
  const ends: string[] = [];
  look.on('preview', (preview) => pictures.push(preview));
  look.on('status', (one) => told.push(one));
  look.on('ended', (reason) => ends.push(reason));
  return { pictures, told, ends };
}

describe('looks (T12)', () => {
  it('T12 asks for what is left out, and nothing else', () => {
    socket().welcome();
    session.look({ without: [4, 9], people: ['bob1'], at: 20, take: 2 });
    session.look();
    expect(socket().of('look')).toEqual([
      { type: 'look', number: 1, take: 2, at: 20, without: [4, 9], people: ['bob1'] },
      { type: 'look', number: 2, take: null, at: null, without: [], people: [] },
    ]);
  });

  it('T12 its pictures come to it, and those of the take to the session', () => {
    const previews = heard('preview');
    socket().welcome();
    const look = session.look({ without: [4] });
    const { pictures } = follow(look);
    socket().deliver(picture(0, 5));
    socket().deliver(picture(1, 6));
    socket().deliver(picture(7, 7));
    expect(previews.map(({ step, look: of }) => [step, of])).toEqual([[5, 0]]);
    expect(pictures.map(({ step, look: of }) => [step, of])).toEqual([[6, 1]]);
    expect(look.preview).toBe(pictures[0]);
  });

  it('T12 it tells how far it is, and its digest when it is finished', () => {
    socket().welcome();
    const look = session.look();
    const { told, ends } = follow(look);
    socket().deliver(status(1));
    socket().deliver(status(5, { state: 'failed' }));
    socket().deliver(status(1, { state: 'finished', digest: 'ab' }));
    expect(told.map(({ state }) => state)).toEqual(['running', 'finished']);
    expect([look.status?.digest, look.over, ends]).toEqual(['ab', false, []]);
  });

  it.each(['failed', 'ended'] as const)('T12 after "%s" nothing more comes', (state) => {
    socket().welcome();
    const look = session.look();
    const { pictures, ends } = follow(look);
    socket().deliver(status(1, { state, note: 'no take 9' }));
    socket().deliver(picture(1));
    look.end();
    expect([look.over, ends, pictures, socket().of('end_look')]).toEqual(
      [true, ['no take 9'], [], []]);
  });

  it('T12 another look takes its place, and ending the old one leaves the new one alone', () => {
    socket().welcome();
    const old = session.look();
    const { ends, pictures } = follow(old);
    const look = session.look({ people: ['bob1'] });
    old.end();
    socket().deliver(picture(1));
    socket().deliver(picture(2));
    expect([old.over, ends, pictures]).toEqual([true, ['another look took its place'], []]);
    expect([look.over, look.preview?.look]).toEqual([false, 2]);
    expect(socket().of('end_look')).toEqual([]);
    look.end();
    look.end();
    expect(socket().of('end_look')).toEqual([{ type: 'end_look' }]);
    expect(look.over).toBe(true);
  });

  it('T12 it is asked for again after a reconnect, unless it is finished or over', () => {
    socket().welcome();
    const back = () => {
      socket().drop();
      vi.advanceTimersByTime(500);
      socket().welcome({ recovered: true });
      return socket().of('look').map(({ number }) => number);
    };
    expect(back()).toEqual([]);
    const look = session.look();
    socket().deliver(status(1));
    expect(back()).toEqual([1]);
    socket().deliver(status(1, { state: 'finished' }));
    expect(back()).toEqual([]);
    session.look().end();
    expect(back()).toEqual([]);
    expect(look.over).toBe(true);
  });
});

describe('how deep an edit goes (T3)', () => {
  it('T3 the defaults reach the steps that their shares of the loop mean', () => {
    for (let steps = 1; steps <= 200; steps += 1) {
      const reached = Object.fromEntries(Object.entries(DEFAULT_DEPTH).map(([kind, depth]) =>
        [kind, wantedStep(depth, steps)]));
      const [prompt, move, paint] = [Math.floor(steps / 4), Math.floor((7 * steps) / 20),
                                     Math.floor(steps / 2)];
      expect(reached).toEqual({
        image: 0, lock: 0, region: prompt, settings: prompt, text: prompt, content: prompt,
        motion: prompt, negative: prompt, spliced: prompt, typed: prompt, drag: move,
        trajectory: move, camera: move, paint, erase: paint,
      });
    }
  });

  it('T3 a depth of its own reaches what is left of the loop', () => {
    expect([65536, 65535, 32768, 1, 0].map((depth) => wantedStep(depth, 12))).toEqual(
      [0, 0, 6, 11, 12]);
  });
});
