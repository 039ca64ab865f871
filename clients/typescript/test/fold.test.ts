import { describe, expect, it } from 'vitest';

import {
  canonical, LogFold, type Body, type Event, type Instruction, type Settings, type Splice,
} from '../src/index.ts';

const SETTINGS: Settings = {
  model: 'embedded', seed: 1, steps: 20, frames: 16, width: 64, height: 64, fps: 8, guidance: 250,
  scheduler: '', loras: [], harmonize: 0, mix: 0, align: 0,
};

/** Applies bodies as events 1, 2, 3 ... of the given authors. */
class Log {
  readonly fold = new LogFold();
  #seq = 0;

  add(author: string, body: Body): number {
    this.#seq += 1;
    const event: Event = {
      type: 'event', seq: this.#seq, at: this.#seq * 10, author, body, client_id: null,
      client_seq: null,
    };
    this.fold.apply(event);
    return this.#seq;
  }

  edit(author: string, instruction: Instruction, group: number | null = null): number {
    return this.add(author, { kind: 'edited', instruction, depth: null, group, v: 2 });
  }

  type(author: string, splices: Splice[], group: number | null = null): number {
    return this.edit(author, text(splices), group);
  }

  undo(author: string, groups: number[], splices: Splice[] = [], by: number | null = null): number {
    const texts = splices.length ? [text(splices)] : [];
    return this.add(author, { kind: 'undone', groups, shadowed_by: by, texts, v: 2 });
  }

  redo(author: string, groups: number[], splices: Splice[] = []): number {
    return this.add(author, { kind: 'redone', groups, texts: [text(splices)], v: 2 });
  }

  enter(take: number, step: number, ...edits: number[]): number {
    return this.add('', { kind: 'entered', take, step, edits, v: 1 });
  }

  get state(): LogFold['state'] {
    return this.fold.state;
  }
}

function text(splices: Splice[]): Extract<Instruction, { kind: 'text' }> {
  return { kind: 'text', prompt: 'content', update: new Uint8Array(2), splices };
}

const stroke: Instruction = {
  kind: 'paint', points: [[0, 0]], color: '#ff0000', width: 100, strength: 65536, frames: null,
};
const erase: Instruction = { kind: 'erase', points: [[0, 0]], width: 100, frames: null };
const drag: Instruction = {
  kind: 'drag', start: [9, 9], end: [99, 9], radius: 5, strength: 65536, frames: null,
};
const trajectory: Instruction = {
  kind: 'trajectory', path: [[9, 9], [50, 9]], radius: 5, strength: 65536, frames: null,
};
const camera: Instruction = {
  kind: 'camera', pan: 9, tilt: 0, zoom: 65536, strength: 65536, frames: null,
};
const region: Instruction = {
  kind: 'region', outline: [[0, 0], [9, 0], [9, 9]], text: 'gold', strength: 65536, frames: [1, 2],
};
const lock: Instruction = { kind: 'lock', outline: [[0, 0], [9, 0], [9, 9]], frames: null };
const comment: Instruction = {
  kind: 'comment', text: 'too fast', at: [5, 5], frame: 3, resolved: false,
};

describe('folding the log', () => {
  it('M3 prompts are what their splices make of them, counted in code points', () => {
    const log = new Log();
    log.type('a', [[0, '', 'a 🎈 up']]);
    log.type('b', [[3, '', '🎉'], [2, '🎈', 'kite ']]);
    expect(log.state.content).toBe('a kite 🎉 up');
    expect(log.state.motion).toBe('');
  });

  it('U6 undo and redo do to the prompts what their events say', () => {
    const log = new Log();
    const first = log.type('a', [[0, '', 'red ball']]);
    log.type('b', [[8, '', 's']]);
    log.undo('a', [first], [[0, 'red ball', '']]);
    expect(log.state.content).toBe('s');
    log.redo('a', [first], [[0, '', 'red ball']]);
    expect(log.state.content).toBe('red balls');
  });

  it('M4 strokes and erasers lie in seq order, undone ones are out', () => {
    const log = new Log();
    const seqs = [log.edit('a', stroke), log.edit('b', erase), log.edit('a', stroke)];
    log.undo('a', [seqs[0]!]);
    expect(log.state.strokes.map((s) => s.seq)).toEqual([seqs[1], seqs[2]]);
    expect(log.state.edits.map((e) => e.undone)).toEqual([true, false, false]);
  });

  it('M2 drags and comments all count, undone ones are out', () => {
    const log = new Log();
    const seqs = [log.edit('a', drag), log.edit('b', drag), log.edit('a', comment)];
    log.undo('a', [seqs[0]!]);
    expect(log.state.drags.map((d) => [d.seq, d.author])).toEqual([[seqs[1], 'b']]);
    expect(log.state.comments.map((c) => c.seq)).toEqual([seqs[2]]);
    log.redo('a', [seqs[0]!]);
    expect(log.state.drags[0]?.instruction).toEqual(drag);
  });

  it('M1 every kind that lies on the stage has its list, undone ones are out', () => {
    const log = new Log();
    const given: Instruction[] = [trajectory, camera, region, lock];
    const seqs = given.map((one) => log.edit('a', one));
    const listed = () => [
      log.state.trajectories, log.state.cameras, log.state.regions, log.state.locks,
    ].map((list) => list.map((edit) => [edit.seq, edit.instruction]));
    expect(listed()).toEqual(given.map((one, at) => [[seqs[at], one]]));
    seqs.forEach((seq, at) => {
      log.undo('a', [seq]);
      expect(listed().map(({ length }) => length)).toEqual([0, 1, 2, 3].map((n) => Number(n > at)));
    });
  });

  it('M2 each kind is revised in the fields it has', () => {
    const log = new Log();
    const target = log.edit('a', camera);
    const other = log.edit('a', trajectory);
    log.edit('b', { kind: 'revise', target, pan: -5, zoom: 131072 });
    log.edit('b', { kind: 'revise', target: other, path: [[1, 1], [2, 2]] });
    expect(log.state.cameras[0]?.instruction).toEqual({ ...camera, pan: -5, zoom: 131072 });
    expect(log.state.trajectories[0]?.instruction).toEqual(
      { ...trajectory, path: [[1, 1], [2, 2]] });
  });

  it('M3 the negative prompt is a text of its own', () => {
    const log = new Log();
    log.type('a', [[0, '', 'a cat']]);
    log.edit('b', { ...text([[0, '', 'blur']]), prompt: 'negative' });
    expect([log.state.content, log.state.motion, log.state.negative]).toEqual(
      ['a cat', '', 'blur']);
  });

  it('M2 the newest live image is in force', () => {
    const log = new Log();
    log.edit('a', { kind: 'image', blob: 'aa' });
    const second = log.edit('b', { kind: 'image', blob: null });
    expect(log.state.image?.instruction.blob).toBeNull();
    log.undo('b', [second]);
    expect(log.state.image?.instruction.blob).toBe('aa');
  });

  it('M2 each field of an instruction is as its last live writer left it', () => {
    const log = new Log();
    const target = log.edit('a', stroke);
    const wide = log.edit('b', { kind: 'revise', target, width: 200, frames: [1, 2] });
    log.edit('a', { kind: 'revise', target, width: 300 });
    const all = log.edit('b', { kind: 'revise', target, width: 400, frames: null });
    const record = () => log.state.strokes[0]!;
    expect(record().instruction).toEqual({ ...stroke, width: 400 });
    log.undo('b', [all]);
    expect(record().instruction).toEqual({ ...stroke, width: 300, frames: [1, 2] });
    log.undo('b', [wide]);
    expect(record().instruction).toEqual({ ...stroke, width: 300 });
    log.redo('b', [wide]);
    expect(record().instruction).toEqual({ ...stroke, width: 300, frames: [1, 2] });
    expect(record().given).toEqual(stroke);
  });

  it('M2 a revision made while its target is undone shows when that comes back', () => {
    const log = new Log();
    const target = log.edit('a', comment);
    log.undo('a', [target]);
    log.edit('b', { kind: 'revise', target, resolved: true });
    expect(log.state.comments).toEqual([]);
    log.redo('a', [target]);
    expect(log.state.comments[0]?.instruction.resolved).toBe(true);
  });

  it('M2 T8 settings are fields, too; those that define a take number it', () => {
    const log = new Log();
    log.add('', { kind: 'created', settings: SETTINGS, v: 1 });
    expect(log.state.take).toBe(1);
    const seed = log.edit('a', { kind: 'settings', seed: 5 });
    log.edit('b', { kind: 'settings', guidance: 300, fps: 12 });
    expect(log.state.settings).toEqual({ ...SETTINGS, seed: 5, guidance: 300, fps: 12 });
    expect(log.state.take).toBe(2);
    log.edit('b', { kind: 'settings', steps: 9 });
    expect(log.state.take).toBe(3);
    log.undo('a', [seed]);
    expect(log.state.take).toBe(4);
    log.edit('b', { kind: 'settings', seed: 5 });
    expect(log.state.take).toBe(3);
    expect(log.state.settings).toMatchObject({ seed: 5, steps: 9, fps: 12 });
  });

  it.each([
    [{ scheduler: 'euler' }, 2], [{ model: 'other' }, 2], [{ width: 128 }, 2], [{ height: 128 }, 2],
    [{ frames: 8 }, 2], [{ seed: 2 }, 2], [{ steps: 21 }, 2],
    [{ loras: [['ink', 80]] }, 1], [{ harmonize: 40 }, 1], [{ mix: 30 }, 1], [{ align: 50 }, 1],
    [{ guidance: 300 }, 1], [{ fps: 24 }, 1],
  ] as [Partial<Settings>, number][])('T8 %o leads to take %i', (change, take) => {
    const log = new Log();
    log.add('', { kind: 'created', settings: SETTINGS, v: 1 });
    log.edit('a', { kind: 'settings', ...change });
    expect(log.state.settings).toEqual({ ...SETTINGS, ...change });
    expect(log.state.take).toBe(take);
  });

  it('T8 lists the takes with who first put them in force, also where an undo did', () => {
    const log = new Log();
    log.add('', { kind: 'created', settings: SETTINGS, v: 1 });
    const seed = log.edit('a', { kind: 'settings', seed: 5 });
    log.edit('b', { kind: 'settings', steps: 9 });
    const before = log.state.takes;
    log.edit('b', { kind: 'settings', guidance: 300 });
    expect(log.state.takes).toBe(before);
    const undo = log.undo('a', [seed]);
    log.edit('b', { kind: 'settings', steps: SETTINGS.steps });
    expect(log.state.take).toBe(1);
    expect(log.state.takes.map(({ take, author, seq, at, settings }) =>
      [take, author, seq, at, settings.seed, settings.steps])).toEqual([
      [1, '', 1, 10, 1, 20], [2, 'a', 2, 20, 5, 20], [3, 'b', 3, 30, 5, 9],
      [4, 'a', undo, 10 * undo, 1, 9],
    ]);
  });

  it('T7 T8 the step an edit entered at is that of the take in force', () => {
    const log = new Log();
    log.add('', { kind: 'created', settings: SETTINGS, v: 1 });
    const seq = log.edit('a', stroke);
    const entry = () => log.state.edits[0]?.entry;
    expect(entry()).toBeNull();
    log.enter(1, 9, seq);
    log.enter(1, 4, seq);
    const other = log.edit('a', { kind: 'settings', steps: 9 });
    expect(entry()).toBeNull();
    log.enter(2, 0, seq);
    expect(entry()).toEqual({ take: 2, step: 0 });
    log.undo('a', [other]);
    expect(entry()).toEqual({ take: 1, step: 4 });
    log.undo('a', [seq]);
    log.redo('a', [seq]);
    expect(entry()).toEqual({ take: 1, step: 4 });
  });

  it('L6 a gesture holds its edits and is undone as one', () => {
    const log = new Log();
    const first = log.edit('a', stroke);
    log.edit('b', drag);
    log.edit('a', stroke, first);
    expect(log.state.groups.map(({ group, author, at, edits }) =>
      [group, author, at, edits.map(({ seq }) => seq)])).toEqual(
      [[1, 'a', 10, [1, 3]], [2, 'b', 20, [2]]]);
    expect(log.fold.undoable('a')).toBe(1);
    log.undo('a', [first]);
    expect(log.state.strokes).toEqual([]);
    expect(log.fold.undoable('a')).toBe(0);
    expect(log.state.groups[0]?.edits.map(({ undone }) => undone)).toEqual([true, true]);
  });

  it('U2 U3 a gesture tells who undid it and what keeps that invisible', () => {
    const log = new Log();
    const seq = log.edit('a', stroke);
    const told = () => {
      const { undone, undoneBy, shadowedBy } = log.state.groups[0]!;
      return [undone, undoneBy, shadowedBy];
    };
    expect(told()).toEqual([false, null, null]);
    log.undo('owner', [seq], [], 7);
    expect(told()).toEqual([true, 'owner', 7]);
    expect([log.fold.undoable('a'), log.fold.undoable('owner')]).toEqual([0, 0]);
    expect([log.fold.redoable('a'), log.fold.redoable('owner')]).toEqual([0, 1]);
    log.redo('owner', [seq]);
    expect(told()).toEqual([false, null, null]);
    expect([log.fold.undoable('a'), log.fold.redoable('owner')]).toEqual([1, 0]);
    expect([log.fold.authorOf(seq), log.fold.authorOf(99)]).toEqual(['a', null]);
  });

  it('U2 U4 undo and redo belong to the person; a new edit clears the own redo stack only', () => {
    const log = new Log();
    const [a, b, c] = [log.edit('a', stroke), log.edit('b', stroke), log.edit('b', drag)];
    log.undo('a', [a]);
    log.undo('b', [c, b]);
    expect([log.fold.undoable('a'), log.fold.undoable('b')]).toEqual([0, 0]);
    expect([log.fold.redoable('a'), log.fold.redoable('b')]).toEqual([1, 1]);
    log.edit('a', stroke);
    expect([log.fold.redoable('a'), log.fold.redoable('b')]).toEqual([0, 1]);
    log.redo('b', [c, b]);
    expect([log.fold.redoable('b'), log.fold.undoable('b')]).toEqual([0, 2]);
  });

  it('keeps the identity of records that did not change', () => {
    const log = new Log();
    log.edit('a', stroke);
    const before = log.state;
    expect(log.state).toBe(before);
    log.edit('a', drag);
    expect(log.state).not.toBe(before);
    expect(log.state.edits[0]).toBe(before.edits[0]);
    expect(log.state.groups[0]).toBe(before.groups[0]);
  });

  it('makes records and the stage anew only where something of them changed', () => {
    const log = new Log();
    log.add('', { kind: 'created', settings: SETTINGS, v: 1 });
    const seq = log.edit('a', stroke);
    log.edit('a', drag);
    log.enter(1, 4, seq);
    const before = log.state;
    const typed = log.type('a', [[0, '', 'x']]);
    log.enter(1, 5, typed);
    log.edit('b', { kind: 'settings', fps: 12 });
    expect(log.state.strokes).toBe(before.strokes);
    expect(log.state.comments).toBe(before.comments);
    log.edit('b', { kind: 'settings', steps: 9 });
    // Only what had a step in the take before is another record in this one.
    const after = log.state;
    expect(after.edits.slice(0, 4).map((edit, at) => edit === before.edits[at])).toEqual(
      [false, true, false, false]);
    expect(after.drags[0]).toBe(before.drags[0]);
    expect(after.strokes[0]).toBe(after.edits[0]);
    expect(after.strokes.map(({ entry }) => entry)).toEqual([null]);
  });

  it('C3 refuses an event out of order', () => {
    const fold = new LogFold();
    expect(() => fold.apply({
      type: 'event', seq: 2, at: 0, author: '', client_id: null, client_seq: null,
      body: { kind: 'redone', groups: [], texts: [], v: 2 },
    })).toThrow('event 2 came after 0');
  });

  it('L3 keys of the canonical encoding are sorted, texts escaped as JSON has them', () => {
    const log = new Log();
    log.type('a', [[0, '', '"\\\n\u0001é🎈\u007f']]);
    expect(canonical(log.state)).toBe(
      '{"camera":[],"comment":[],"content":"\\"\\\\\\n\\u0001é🎈\u007f","drag":[],"image":null,'
      + '"lock":[],"motion":"","negative":"","paint":[],"region":[],"settings":null,'
      + '"trajectory":[]}');
    log.edit('b', erase);
    expect(canonical(log.state)).toContain('"paint":[{"author":"b","depth":null,"edit":2,'
      + '"instruction":{"frames":null,"kind":"erase","points":[[0,0]],"width":100}}]');
  });

  /** The time of the processor that folding so many events of all kinds takes, in µs. */
  function duration(events: number): number {
    const once = (): number => {
      const log = new Log();
      log.add('', { kind: 'created', settings: SETTINGS, v: 1 });
      const began = process.cpuUsage();
      for (let i = 0; i < events / 10; i += 1) {
        const first = log.type('a', [[Math.min(i, 400), '', 'x'], [0, '', 'y'], [0, 'y', '']]);
        log.type('a', [[0, 'x', 'z']], first);
        const target = log.edit('b', stroke);
        log.edit('b', { kind: 'revise', target: 4, width: i + 1 });
        const seed = log.edit('a', { kind: 'settings', seed: i });
        log.enter(1, 3, first, target);
        log.undo('a', [seed]);
        log.redo('a', [seed]);
        log.undo('a', [seed]);
        log.edit('b', drag);
      }
      expect(log.state.edits.length).toBe(Math.floor(events / 10) * 6);
      return process.cpuUsage(began).user;
    };
    return Math.min(once(), once());
  }

  it('L3 folding takes time in proportion to the events', () => {
    duration(4_000);
    // Sixteen times as many take about 40 times as long, for the memory they need; a square would
    // take more than 200 times as long.
    expect(duration(64_000)).toBeLessThan(100 * Math.max(2_000, duration(4_000)));
  }, 60_000);
});
