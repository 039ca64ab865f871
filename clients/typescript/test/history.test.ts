/** Versions, restores, roles and branches in the folded log (R3, R4, A1). */

import { beforeEach, describe, expect, it } from 'vitest';

import { canonical, LogFold, type Body, type Instruction, type Settings } from '../src/index.ts';

const SETTINGS: Settings = {
  model: 'embedded', seed: 1, steps: 20, frames: 16, width: 64, height: 64, fps: 8, guidance: 250,
  scheduler: '', loras: [], harmonize: 0, mix: 0, align: 0,
};
const stroke: Instruction = {
  kind: 'paint', points: [[0, 0]], color: '#ff0000', width: 100, strength: 65536, frames: null,
};

let fold: LogFold;
let seq: number;

function add(author: string, body: Body): number {
  seq += 1;
  fold.apply({
    type: 'event', seq, at: seq * 10, author, body, client_id: null, client_seq: null,
  });
  return seq;
}

const paint = (author: string, group: number | null = null): number =>
  add(author, { kind: 'edited', instruction: stroke, depth: null, group, v: 2 });
const set = (author: string, seed: number): number => add(author, {
  kind: 'edited', instruction: { kind: 'settings', seed }, depth: null, group: null, v: 2,
});
const undo = (author: string, ...groups: number[]): number =>
  add(author, { kind: 'undone', groups, shadowed_by: null, texts: [], v: 2 });
const redo = (author: string, ...groups: number[]): number =>
  add(author, { kind: 'redone', groups, texts: [], v: 2 });
const restore = (author: string, to: number): number =>
  add(author, { kind: 'restored', to, texts: [], v: 1 });
const enter = (take: number, step: number, ...edits: number[]): number =>
  add('', { kind: 'entered', take, step, edits, v: 1 });
const mark = (author: string, of: number, name: string | null): number =>
  add(author, { kind: 'marked', of, name, v: 1 });
const live = (): number[] => fold.state.strokes.map((edit) => edit.seq);
const recordOf = (name: number) => fold.state.groups.find(({ group }) => group === name);

beforeEach(() => {
  fold = new LogFold();
  seq = 0;
  add('', { kind: 'created', settings: SETTINGS, v: 1 });
  for (const [participant, role] of [['zoe1', 'owner'], ['mo01', 'editor']] as const) {
    add(participant, {
      kind: 'joined', participant, name: participant, color: '#aabbcc', role, v: 1,
    });
  }
});

describe('restores (R3)', () => {
  it('R3 is a group of its author: undo turns back exactly what it turned', () => {
    const [zoes, mos] = [paint('zoe1'), paint('mo01')];
    undo('zoe1', zoes);
    const then = canonical(fold.state);
    const back = restore('mo01', mos);
    expect(live()).toEqual([zoes, mos]);
    expect(fold.undoable('mo01')).toBe(2);
    expect(fold.undoable('zoe1')).toBe(1);
    expect(fold.authorOf(back)).toBe('mo01');
    expect(recordOf(back)).toMatchObject({ author: 'mo01', to: mos, edits: [], undone: false });
    undo('mo01', back);
    expect(live()).toEqual([mos]);
    expect(canonical(fold.state)).toBe(then);
    expect(recordOf(back)).toMatchObject({ undone: true, undoneBy: 'mo01' });
    expect([fold.undoable('mo01'), fold.undoable('zoe1')]).toEqual([1, 0]);
    redo('mo01', back);
    expect(live()).toEqual([zoes, mos]);
    expect(fold.redoable('mo01')).toBe(0);
  });

  it('R3 takes out what came since and says whose restore that was', () => {
    const first = paint('zoe1');
    const later = paint('zoe1');
    const back = restore('mo01', first);
    expect(live()).toEqual([first]);
    expect(recordOf(later)).toMatchObject({ undone: true, undoneBy: 'mo01', undoneIn: back });
    expect(fold.undoable('zoe1')).toBe(1);
  });

  it('R3 clears the redo stack of its author only', () => {
    undo('zoe1', paint('zoe1'));
    undo('mo01', paint('mo01'));
    restore('mo01', 4);
    expect([fold.redoable('mo01'), fold.redoable('zoe1')]).toEqual([0, 1]);
  });

  it('R3 a gesture of which some edits had come counts whole', () => {
    const first = paint('zoe1');
    const rest = paint('zoe1', first);
    undo('zoe1', first);
    restore('mo01', first);
    expect(live()).toEqual([first, rest]);
  });

  it('R3 a restore takes an earlier restore out without turning it back', () => {
    const first = paint('zoe1');
    const second = paint('zoe1');
    const back = restore('zoe1', first);
    restore('mo01', second);
    expect(live()).toEqual([first, second]);
    expect(recordOf(back)).toMatchObject({ undone: true });
    expect(fold.undoable('zoe1')).toBe(2);
  });

  it('R3 a redo is the opposite of its undo, whatever became of the groups before', () => {
    const first = paint('zoe1');
    const gone = paint('zoe1');
    const mine = paint('mo01');
    const back = restore('mo01', first);
    // Zoe's is dead since the restore; an owner brings nothing back that is live already.
    undo('mo01', back);
    undo('zoe1', gone);
    redo('mo01', back);
    expect(live()).toEqual([first]);
    undo('mo01', back);
    // The redo took out Mo's stroke only: Zoe had undone hers.
    expect(live()).toEqual([first, mine]);
  });

  it('R3 of the groups of one redo the last is brought back first', () => {
    const first = paint('zoe1');
    const later = paint('zoe1');
    const back = restore('zoe1', first);
    undo('zoe1', back, later);
    expect(live()).toEqual([first]);
    redo('zoe1', back, later);
    expect(live()).toEqual([first]);
    expect(recordOf(back)).toMatchObject({ undone: false });
    expect(recordOf(later)).toMatchObject({ undone: true });
  });

  it('R3 T8 the take of then is that of the settings as they were, in mid-gesture, too', () => {
    const one = paint('zoe1');
    const gesture = set('zoe1', 5);
    const then = enter(2, 7, one);
    add('zoe1', {
      kind: 'edited', instruction: { kind: 'settings', seed: 9 }, depth: null, group: gesture, v: 2,
    });
    enter(2, 3, one);
    restore('zoe1', then);
    set('zoe1', 5);
    expect(fold.state.strokes[0]?.entry).toEqual({ take: 2, step: 7 });
  });

  it('R3 the mapping of then is back in force, and an undo gives the one of now', () => {
    const one = paint('zoe1');
    enter(1, 12, one);
    const then = seq;
    enter(1, 5, one);
    const back = restore('zoe1', then);
    expect(fold.state.strokes[0]?.entry).toEqual({ take: 1, step: 12 });
    undo('zoe1', back);
    expect(fold.state.strokes[0]?.entry).toEqual({ take: 1, step: 5 });
    redo('zoe1', back);
    enter(1, 3, one);
    undo('zoe1', back);
    // Somebody changed it since: that stays.
    expect(fold.state.strokes[0]?.entry).toEqual({ take: 1, step: 3 });
  });

  it('R3 T8 the take of then is in force again, with its mapping', () => {
    const one = paint('zoe1');
    enter(1, 12, one);
    const then = seq;
    enter(1, 4, one);
    const other = set('zoe1', 9);
    enter(2, 0, one);
    expect(fold.state.take).toBe(2);
    restore('mo01', then);
    expect(fold.state.take).toBe(1);
    expect(fold.state.settings?.seed).toBe(1);
    expect(fold.state.strokes[0]?.entry).toEqual({ take: 1, step: 12 });
    restore('mo01', other);
    expect(fold.state.take).toBe(2);
    expect(fold.state.strokes[0]?.entry).toEqual({ take: 2, step: 0 });
  });

  it('R3 refuses to restore what has not been yet', () => {
    expect(() => restore('zoe1', 9)).toThrow(RangeError);
  });
});

describe('versions, roles and branches', () => {
  it('R3 the newest name of a version counts, and null takes it away', () => {
    const [first, second] = [paint('zoe1'), paint('zoe1')];
    const named = mark('mo01', second, 'second cut');
    mark('mo01', first, 'first cut');
    expect(fold.state.versions.map(({ of, name }) => [of, name])).toEqual(
      [[first, 'first cut'], [second, 'second cut']]);
    expect(fold.state.versions[1]).toEqual({
      of: second, name: 'second cut', author: 'mo01', seq: named, at: named * 10,
    });
    mark('zoe1', first, 'the good one');
    mark('zoe1', second, null);
    expect(fold.state.versions).toMatchObject([{ of: first, name: 'the good one', author: 'zoe1' }]);
    expect(fold.undoable('zoe1')).toBe(2);
  });

  it('A1 a role is the one given last', () => {
    add('zoe1', { kind: 'assigned', participant: 'mo01', role: 'viewer', v: 1 });
    expect(fold.state.participants.get('mo01')).toMatchObject({ name: 'mo01', role: 'viewer' });
    add('zoe1', { kind: 'assigned', participant: 'mo01', role: 'none', v: 1 });
    expect(fold.state.participants.get('mo01')?.role).toBe('none');
    expect(fold.state.participants.get('zoe1')?.role).toBe('owner');
  });

  it('R4 in a branch nobody has a role but whose it is, and it knows where it comes from', () => {
    expect(fold.state.origin).toBeNull();
    add('mo01', { kind: 'branched', session: 'abc', seq: 3, participant: 'mo01', v: 1 });
    expect(fold.state.origin).toEqual({ session: 'abc', seq: 3 });
    expect([...fold.state.participants.values()].map(({ role }) => role)).toEqual(
      ['none', 'owner']);
  });

  it('lists all events but edits and their entries as milestones', () => {
    const one = paint('zoe1');
    enter(1, 3, one);
    undo('zoe1', one);
    mark('zoe1', one, 'a');
    const { milestones } = fold.state;
    expect(milestones.map(({ body }) => body.kind)).toEqual(
      ['created', 'joined', 'joined', 'undone', 'marked']);
    restore('zoe1', one);
    expect(milestones).toHaveLength(5);
    expect(fold.state.milestones).toHaveLength(6);
  });
});
