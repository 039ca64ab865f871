/** Typing into prompts that are shared: bursts and groups (M3, L6, U2), and offline (L4). */

import { describe, expect, it, vi } from 'vitest';
import * as Y from 'yjs';

import { PROMPTS, type Pending, type Session, type Typed } from '../src/index.ts';
import { agree, join, lineOf, newcomer, pass, read, room, type } from './crowd.ts';

/** The groups of what was sent, and what it typed. */
function sent(session: Session): [string | null, string][] {
  const doc = new Y.Doc();
  const edits = lineOf(session).of('edit').filter(({ instruction: { kind } }) => kind === 'typed');
  return edits.map(({ group, instruction }) => {
    const before = doc.getText('text').toString();
    Y.applyUpdate(doc, (instruction as Typed).update);
    return [group, doc.getText('text').toString().slice(before.length)];
  });
}

describe('typing (M3)', () => {
  it('M3 writes under the Yjs client id of the welcome', () => {
    const ada = join('ada1');
    const line = lineOf(ada);
    expect(ada.prompts.content.doc.clientID).toBe(line.client!.yjs);
    type(ada, 0, 'cat');
    pass(100);
    const { update } = line.of('edit')[0]!.instruction as Typed;
    expect(Y.decodeUpdate(update).structs.map(({ id }) => id.client)).toEqual([line.client!.yjs]);
  });

  it('M3 sends what was typed together, at most every 100 ms', () => {
    const ada = join('ada1');
    for (const [at, letter] of [...'ball'].entries()) {
      type(ada, at, letter);
      vi.advanceTimersByTime(20);
    }
    expect(sent(ada)).toEqual([]);
    expect(ada.prompts.content.unsent).toBe(true);
    vi.advanceTimersByTime(20);
    expect(sent(ada).map(([, text]) => text)).toEqual(['ball']);
    expect(ada.prompts.content.unsent).toBe(true);
    pass(50);
    agree('ball');
  });

  it.each(PROMPTS)('M3 what is typed into %s goes there and nowhere else', (prompt) => {
    const ada = join('ada1');
    join('bob1');
    ada.prompts[prompt].text.insert(0, 'blur');
    pass(200);
    expect(PROMPTS.map((one) => room.text(one))).toEqual(
      PROMPTS.map((one) => (one === prompt ? 'blur' : '')));
    agree();
  });

  it('L6 a burst is one group; two seconds of silence end it', () => {
    const ada = join('ada1');
    type(ada, 0, 'a');
    pass(1_900);
    type(ada, 1, 'b');
    pass(1_950);
    expect(lineOf(ada).of('end_group')).toHaveLength(0);
    pass(100);
    expect(lineOf(ada).of('end_group')).toHaveLength(1);
    type(ada, 2, 'c');
    pass(200);
    const groups = sent(ada).map(([group]) => group);
    expect(groups).toEqual([groups[0], groups[0], groups[2]]);
    expect(new Set(groups).size).toBe(2);
    ada.undo();
    pass(50);
    agree('ab');
    ada.undo();
    pass(50);
    agree('');
  });

  it('L6 a burst that is ended is sent at once and ends its group; without one nothing is', () => {
    const ada = join('ada1');
    ada.prompts.content.endBurst();
    ada.endGroup();
    expect(lineOf(ada).of('end_group')).toHaveLength(0);
    type(ada, 0, 'a');
    ada.prompts.content.endBurst();
    expect(lineOf(ada).sent.slice(1).map(({ type: kind }) => kind)).toEqual(['edit', 'end_group']);
    type(ada, 1, 'b');
    ada.prompts.content.flush();
    expect(new Set(sent(ada).map(([group]) => group)).size).toBe(2);
    // Another gesture has ended it already.
    ada.edit({ kind: 'image', blob: null }, { group: 'other' });
    ada.prompts.content.endBurst();
    expect(lineOf(ada).of('end_group')).toHaveLength(1);
  });

  it('L6 each prompt has bursts of its own', () => {
    const ada = join('ada1');
    type(ada, 0, 'a');
    ada.prompts.motion.text.insert(0, 'left');
    pass(100);
    const edits = lineOf(ada).of('edit');
    expect(edits.map(({ instruction }) => (instruction as Typed).prompt))
      .toEqual(['content', 'motion']);
    expect(edits[0]!.group).not.toBe(edits[1]!.group);
    agree('a');
  });

  it.each<[string, (session: Session) => Pending | null]>([
    ['undo', (session) => session.undo()],
    ['redo', (session) => session.redo()],
    ['edit', (session) => session.edit({ kind: 'image', blob: null })],
  ])('U2 what was typed goes before %s', (_name, give) => {
    const ada = join('ada1');
    type(ada, 0, 'a');
    const { command } = give(ada)!;
    expect(sent(ada)[0]?.[1]).toBe('a');
    expect(command.client_seq).toBe(2);
  });

  it('U2 presses of undo take back what was typed, burst by burst, never a teammate\'s', () => {
    const [ada, bob] = [join('ada1'), join('bob1')];
    type(ada, 0, 'red ');
    ada.prompts.content.endBurst();
    room.settle();
    type(bob, 4, 'ball');
    pass(100);
    type(ada, 8, 's');
    ada.undo();
    expect(ada.canUndo).toBe(true);
    pass(50);
    agree('red ball');
    ada.undo();
    pass(50);
    agree('ball');
    expect(ada.canUndo).toBe(false);
    ada.redo();
    ada.redo();
    pass(50);
    agree('red balls');
  });

  it('U2 what was typed just now can be undone, and nothing redone over it', () => {
    const ada = join('ada1');
    expect([ada.canUndo, ada.canRedo]).toEqual([false, false]);
    type(ada, 0, 'a');
    expect([ada.canUndo, ada.canRedo]).toEqual([true, false]);
    ada.undo();
    expect([ada.canUndo, ada.canRedo]).toEqual([false, true]);
    type(ada, 1, 'b');
    expect([ada.canUndo, ada.canRedo]).toEqual([true, false]);
  });

  it('tells of every change of the text, and when it is in the log', () => {
    const [ada, bob] = [join('ada1'), join('bob1')];
    const told: [string, boolean][] = [];
    const stop = ada.prompts.content.onChange(() =>
      told.push([read(ada), ada.prompts.content.unsent]));
    type(ada, 0, 'a');
    pass(150);
    type(bob, 1, 'b');
    pass(150);
    expect(told).toEqual([['a', true], ['a', false], ['ab', false]]);
    stop();
    type(ada, 0, 'c');
    expect(told).toHaveLength(3);
  });

  it('what is left to say is said before leaving', () => {
    const ada = join('ada1');
    const line = lineOf(ada);
    type(ada, 0, 'bye');
    ada.leave();
    expect(line.of('edit')).toHaveLength(1);
  });

  it('M3 what is typed before the first welcome is typed again under the id it brings', () => {
    const bob = join('bob1');
    type(bob, 0, '!');
    pass(100);
    const session = newcomer('ada1');
    type(session, 0, 'early');
    session.prompts.content.flush();
    session.connect();
    pass(200);
    expect(room.text('content')).toMatch(/early/);
    agree();
    expect(room.text('content')).toHaveLength(6);
  });
});

describe('typing without a connection (L4)', () => {
  it('L4 is one edit when the connection is back, and comes once', () => {
    const ada = join('ada1');
    type(ada, 0, 'a');
    pass(100);
    room.drop(lineOf(ada));
    for (const [at, letter] of [...'bcdef'].entries()) {
      type(ada, at + 1, letter);
      vi.advanceTimersByTime(99);
    }
    expect(ada.pending.length).toBeLessThan(2);
    pass(2_500);
    expect(lineOf(ada).of('edit')).toHaveLength(1);
    agree('abcdef');
  });

  it('L4 an edit whose ack was lost is sent again as it was, and what came later by itself', () => {
    const ada = join('ada1');
    type(ada, 0, 'a');
    ada.prompts.content.flush();
    room.step();
    expect(room.text('content')).toBe('a');
    room.drop(lineOf(ada));
    type(ada, 1, 'b');
    ada.prompts.content.flush();
    pass(1_000);
    expect(room.log.filter(({ body }) => body.kind === 'edited')).toHaveLength(2);
    agree('ab');
  });

  it.each([7, 100])('L4 has as many edits as the limit of bytes makes necessary (%d)', (often) => {
    const ada = join('ada1');
    const limits = { ...ada.welcome!.limits, update_bytes: 100 };
    Object.assign(ada.welcome!, { limits });
    room.drop(lineOf(ada));
    for (let i = 0; i < 60; i += 1) {
      // At the beginning each time: Yjs cannot join these into one piece.
      type(ada, 0, String.fromCharCode(97 + (i % 26)));
      if (i % often === often - 1) ada.prompts.content.flush();
    }
    const whole = Y.encodeStateAsUpdate(ada.prompts.content.doc).length;
    ada.prompts.content.flush();
    const sizes = ada.pending.map(({ command }) =>
      ((command as { instruction: Typed }).instruction.update).length);
    expect(Math.max(...sizes)).toBeLessThanOrEqual(100);
    expect(sizes.length).toBeGreaterThan(1);
    expect(sizes.length).toBeLessThanOrEqual(Math.ceil(whole / 80));
    pass(1_000);
    expect(room.text('content')).toHaveLength(60);
    agree();
  });

  it('U2 an undo between keeps what was typed before and after it apart', () => {
    const ada = join('ada1');
    room.drop(lineOf(ada));
    type(ada, 0, 'a');
    ada.undo();
    type(ada, 0, 'b');
    ada.prompts.content.flush();
    expect(ada.pending.map(({ command }) => command.type)).toEqual(['edit', 'undo', 'edit']);
    pass(1_000);
    agree('b');
  });

  it('L6 U2 bursts that were ended stay gestures of their own', () => {
    const ada = join('ada1');
    const { content } = ada.prompts;
    room.drop(lineOf(ada));
    for (const [at, letter] of [...'one'].entries()) {
      type(ada, at, letter);
      content.flush();
    }
    content.endBurst();
    type(ada, 3, ' two');
    content.endBurst();
    ada.prompts.motion.text.insert(0, 'left');
    ada.prompts.motion.flush();
    content.endBurst();
    type(ada, 7, ' three');
    content.flush();
    // Nothing was typed for long enough.
    vi.advanceTimersByTime(2_000);
    type(ada, 13, ' four');
    content.flush();
    expect(ada.pending).toHaveLength(5);
    pass(1_000);
    agree('one two three four');
    const left = ['one two three', 'one two', 'one two', 'one', ''].map((text) => {
      ada.undo();
      pass(100);
      return [room.text('content'), text];
    });
    expect(left.map(([is]) => is)).toEqual(left.map(([, wanted]) => wanted));
  });

  it('L6 a group that was ended is ended for what is sent after a reconnect, too', () => {
    const ada = join('ada1');
    room.drop(lineOf(ada));
    const paint = { kind: 'image', blob: null } as const;
    ada.edit(paint, { group: 'g' });
    ada.edit(paint, { group: 'g' });
    ada.endGroup();
    ada.edit(paint, { group: 'g' });
    expect(ada.pending.map(({ joins, ends }) => [joins, ends])).toEqual(
      [[false, false], [true, true], [false, false]]);
    vi.advanceTimersByTime(1_000);
    room.lines[0]!.opened = true;
    room.lines[0]!.welcome();
    expect(lineOf(ada).sent.slice(1).map(({ type: kind }) => kind)).toEqual(
      ['edit', 'edit', 'end_group', 'edit']);
    room.lines[0]!.up.length = 0;
  });
});
