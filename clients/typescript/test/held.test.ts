/** Undo and redo right behind typing that the server may not take (U2, M3). */

import { beforeEach, describe, expect, it, vi } from 'vitest';

import type { Command, Session } from '../src/index.ts';
import { agree, heard, join, lineOf, pass, read, room, type } from './crowd.ts';

const IMAGE = { kind: 'image', blob: null } as const;

let ada: Session;

beforeEach(() => {
  ada = join('ada1');
  type(ada, 0, 'old ');
  ada.prompts.content.endBurst();
  pass(200);
});

/** Refuses the edits of these places among those that come. */
function refusing(code: string, ...places: number[]): void {
  let at = -1;
  room.refuse = (command: Command) => {
    if (command.type !== 'edit') return null;
    at += 1;
    return places.includes(at) ? { code, rule: 'M3', message: 'no' } : null;
  };
}

const sentNow = (): string[] => lineOf(ada).sent.map(({ type: kind }) => kind)
  .filter((kind) => kind !== 'hello' && kind !== 'ping');
const undos = (): number => room.log.filter(({ body }) => body.kind === 'undone').length;

describe('undo behind typing (U2, M3)', () => {
  it('U2 is sent at once where nothing typed waits, and else once that is taken', () => {
    ada.undo();
    expect(sentNow()).toEqual(['edit', 'end_group', 'undo']);
    pass(100);
    type(ada, 0, 'new');
    ada.undo();
    ada.undo(1);
    expect(sentNow().slice(3)).toEqual(['edit', 'end_group']);
    expect(ada.pending.map(({ command, sent }) => [command.type, sent])).toEqual(
      [['edit', true], ['undo', false], ['undo', false]]);
    room.step();
    expect(sentNow().slice(5)).toEqual([]);
    room.settle();
    expect(sentNow().slice(5)).toEqual(['undo', 'undo']);
  });

  it.each(['invalid', 'too_large', 'forbidden'])(
    'U2 takes out nothing older where the typing is refused as %s', (code) => {
      refusing(code, 0);
      type(ada, 4, 'new');
      ada.undo();
      expect([ada.canUndo, ada.canRedo]).toEqual([true, true]);
      pass(1_000);
      agree('old ');
      expect(undos()).toBe(0);
      expect([ada.canUndo, ada.canRedo]).toEqual([true, false]);
    });

  it('U2 takes out nothing older where a lost log took the typing along', () => {
    room.drop(lineOf(ada));
    type(ada, 4, 'new');
    ada.undo();
    expect(ada.pending.map(({ command }) => command.type)).toEqual(['edit', 'undo']);
    room.fallBack(1);
    pass(2_000);
    agree('old ');
    expect(undos()).toBe(0);
  });

  it('U2 L6 what the lost log had of a burst does not count as its beginning', () => {
    type(ada, 4, 'ne');
    pass(200);
    type(ada, 6, 'w');
    ada.prompts.content.flush();
    expect(ada.pending.map(({ joins }) => joins)).toEqual([true]);
    room.drop(lineOf(ada));
    ada.undo();
    room.fallBack(1);
    pass(2_000);
    expect(room.text('content')).toMatch(/^old /);
    agree();
  });

  it('U2 an undo by name means what it names: it waits for no typing', () => {
    type(ada, 4, 'new');
    ada.undo(1);
    expect(sentNow().slice(2)).toEqual(['edit', 'end_group', 'undo']);
  });

  it('U2 C2 without typing a lost log leaves nothing to undo', () => {
    room.drop(lineOf(ada));
    room.fallBack(1);
    vi.advanceTimersByTime(500);
    while (room.lines[0]!.down.length < 2) room.step();
    lineOf(ada).onmessage?.({ data: lineOf(ada).down.shift()!.buffer });
    expect([ada.state.seq, ada.canUndo]).toEqual([0, false]);
    pass(1_000);
    expect(ada.canUndo).toBe(true);
    agree('old ');
  });

  it('U2 gives up typing that waits for the document to be made anew', () => {
    room.drop(lineOf(ada));
    type(ada, 4, 'new');
    ada.prompts.content.flush();
    room.fallBack(1);
    vi.advanceTimersByTime(500);
    // The welcome is here, the events are not.
    while (room.lines[0]!.down.length < 2) room.step();
    room.lines[0]!.onmessage?.({ data: room.lines[0]!.down.shift()!.buffer });
    expect([ada.pending.length, ada.canUndo, ada.canRedo]).toEqual([0, true, false]);
    expect(ada.redo()).toBeNull();
    expect(ada.undo()).toBeNull();
    expect(ada.pending).toEqual([]);
    pass(1_000);
    agree('old ');
    expect(undos()).toBe(0);
  });

  it('U2 gives up what was typed last, in one prompt only', () => {
    const { content, motion } = ada.prompts;
    room.drop(lineOf(ada));
    motion.text.insert(0, 'left');
    vi.advanceTimersByTime(150);
    type(ada, 4, 'new');
    content.flush();
    room.fallBack(1);
    vi.advanceTimersByTime(350);
    while (room.lines[0]!.down.length < 2) room.step();
    room.lines[0]!.onmessage?.({ data: room.lines[0]!.down.shift()!.buffer });
    ada.undo();
    pass(1_000);
    agree('old ');
    expect(room.text('motion')).toBe('left');
  });

  it.each([0, 1])('U2 several presses are several undos, typing refused %d times', (refused) => {
    type(ada, 4, 'mid ');
    ada.prompts.content.endBurst();
    pass(200);
    if (refused) refusing('invalid', 0);
    type(ada, 8, 'new');
    ada.undo();
    ada.undo();
    expect([ada.canUndo, ada.canRedo]).toEqual([true, true]);
    pass(1_000);
    agree('old ');
    ada.redo();
    pass(200);
    agree('old mid ');
  });

  it('U2 what is given behind goes behind, and is counted on without a gap', () => {
    refusing('too_large', 0);
    const answers = heard(ada, 'refused');
    type(ada, 4, 'new');
    ada.undo();
    ada.redo();
    type(ada, 0, 'x');
    ada.prompts.motion.text.insert(0, 'left');
    ada.prompts.motion.endBurst();
    expect(sentNow().slice(2)).toEqual(['edit', 'end_group']);
    room.settle();
    expect(sentNow().slice(4)).toContain('end_group');
    const numbers = lineOf(ada).of('edit').map(({ client_seq }) => client_seq);
    expect(numbers).toEqual(numbers.map((_, at) => at + 1));
    pass(1_000);
    expect([room.text('motion'), undos(), answers.length]).toEqual(['left', 0, 1]);
  });

  it('U2 redo goes where the typing it stood behind was refused', () => {
    ada.undo();
    pass(100);
    refusing('invalid', 0);
    type(ada, 0, 'new');
    ada.redo();
    pass(1_000);
    agree('new');
  });

  it('U2 takes out what the log took of a burst of which the rest was refused', () => {
    refusing('invalid', 1);
    type(ada, 4, 'ne');
    ada.prompts.content.flush();
    type(ada, 6, 'w');
    ada.undo();
    pass(1_000);
    agree('old ');
    expect(undos()).toBe(1);
  });

  it('U2 a burst whose beginning was refused begins with what was taken', () => {
    refusing('forbidden', 0);
    type(ada, 4, 'ne');
    ada.prompts.content.flush();
    ada.prompts.content.text.delete(0, 1);
    ada.undo();
    room.step();
    while (lineOf(ada).down.length < 1) room.step();
    lineOf(ada).onmessage?.({ data: lineOf(ada).down.shift()!.buffer });
    expect(ada.pending.map(({ command, joins }) => [command.type, joins])).toEqual(
      [['edit', false], ['undo', false]]);
    pass(1_000);
    agree('old ');
  });

  it('M3 what was not undone beside it is kept', () => {
    refusing('invalid', 0, 1);
    type(ada, 4, 'one ');
    ada.prompts.content.endBurst();
    type(ada, 8, 'two');
    ada.undo();
    pass(1_000);
    expect(read(ada)).toMatch(/^old one /);
    expect(undos()).toBe(0);
    agree();
  });

  it('L4 what is held back waits over a lost connection, too', () => {
    type(ada, 4, 'new');
    ada.undo();
    room.drop(lineOf(ada));
    pass(1_000);
    agree('old ');
    expect(undos()).toBe(1);
    expect(sentNow()).toEqual(['edit', 'end_group', 'undo']);
  });

  it('L6 the end of a group that is held back comes behind it', () => {
    type(ada, 4, 'new');
    ada.undo();
    const before = sentNow().length;
    ada.edit(IMAGE, { group: 'g' });
    ada.endGroup();
    expect(sentNow()).toHaveLength(before);
    const line = lineOf(ada);
    line.up.length = 0;
    line.deliver({ type: 'ack', client_seq: 2, seq: 2 });
    expect(sentNow().slice(before)).toEqual(['undo', 'edit', 'end_group']);
    line.up.length = 0;
  });
});
