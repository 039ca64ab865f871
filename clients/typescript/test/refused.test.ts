/** Typing that the server does not take, or has lost (M3, C2). */

import { describe, expect, it, vi } from 'vitest';

import { CLOSE, type Command } from '../src/index.ts';
import { agree, heard, join, lineOf, pass, people, read, room, type } from './crowd.ts';

/** Refuses the next edits. */
function refusing(code: string, rule: string, times = 1): (command: Command) => object | null {
  return (command) => {
    if (times === 0 || command.type !== 'edit') return null;
    times -= 1;
    return { code, rule, message: 'no' };
  };
}

describe('typing that the server does not take (M3, C2)', () => {
  it('M3 what is missing its predecessors is typed again, and nobody hears of it', () => {
    const [ada, bob] = [join('ada1'), join('bob1')];
    const [refused, prompts] = [heard(ada, 'refused'), heard(ada, 'prompts')];
    type(bob, 0, 'ball 🎈');
    pass(100);
    room.refuse = refusing('invalid', 'M3');
    type(ada, 0, 'red ');
    ada.prompts.content.flush();
    type(ada, 11, 's');
    ada.prompts.content.flush();
    const { doc } = ada.prompts.content;
    const shared = ada.prompts;
    type(ada, 12, '!');
    room.settle();
    type(bob, 0, 'a ');
    pass(300);
    agree('red a ball 🎈s!');
    expect(refused).toEqual([]);
    expect(prompts).toEqual([ada.prompts]);
    expect(ada.prompts).not.toBe(shared);
    expect(ada.prompts.content.doc).not.toBe(doc);
    // Bob's letters are still his.
    bob.undo();
    bob.undo();
    pass(200);
    agree('red s!');
  });

  it('M3 text refused twice is given up, and told', () => {
    const ada = join('ada1');
    const refused = heard(ada, 'refused');
    room.refuse = refusing('invalid', 'M3', 2);
    type(ada, 0, 'cat');
    pass(500);
    expect(refused).toMatchObject([{ refusal: { rule: 'M3' }, typed: 'cat' }]);
    agree('');
    type(ada, 0, 'dog');
    pass(500);
    agree('dog');
    // Taken in between: the next refusal is another matter.
    room.refuse = refusing('invalid', 'M3', 1);
    type(ada, 3, 's');
    pass(500);
    agree('dogs');
  });

  it.each([['too_large', 'M3'], ['forbidden', 'A1'], ['invalid', 'L5']])(
    'M3 what is refused as %s (%s) is taken out again, and told', (code, rule) => {
      const ada = join('ada1');
      const refused = heard(ada, 'refused');
      type(ada, 0, 'cat');
      pass(100);
      room.refuse = refusing(code, rule);
      type(ada, 3, 's');
      ada.prompts.content.flush();
      type(ada, 4, '!');
      pass(300);
      expect(refused[0]).toMatchObject({ refusal: { code }, typed: 'cats!' });
      agree('cat');
      expect(refused.map(({ pending }) => pending.command.type)).toEqual(['edit']);
    });

  it.each([1, 3])('M3 L5 a burst of which %d pieces are too much is told once', (times) => {
    const ada = join('ada1');
    const refused = heard(ada, 'refused');
    type(ada, 0, 'cat');
    pass(200);
    room.refuse = refusing('too_large', 'M3', times);
    for (const [at, letter] of [...'sxy'].entries()) {
      type(ada, 3 + at, letter);
      ada.prompts.content.flush();
    }
    pass(500);
    expect(refused).toMatchObject([{ refusal: { code: 'too_large' }, typed: 'catsxy' }]);
    agree('cat');
    // The next one is told again.
    room.refuse = refusing('too_large', 'M3');
    type(ada, 3, 's');
    pass(500);
    expect(refused).toHaveLength(2);
  });

  it('M3 others that type a prompt full leave room for nothing more', () => {
    const [ada, bob] = [join('ada1'), join('bob1')];
    const refused = heard(ada, 'refused');
    room.promptChars = 10;
    type(ada, 0, 'seven..');
    type(bob, 0, 'seven..');
    pass(300);
    expect(room.text('content')).toHaveLength(7);
    expect(refused.length + heard(bob, 'refused').length).toBeLessThanOrEqual(1);
    agree('seven..');
  });

  it('refusals of anything else leave the prompts alone', () => {
    const ada = join('ada1');
    const [refused, prompts] = [heard(ada, 'refused'), heard(ada, 'prompts')];
    room.refuse = refusing('invalid', 'M3');
    ada.edit({ kind: 'content', text: 'x', base_seq: 9 });
    pass(100);
    expect(refused).toMatchObject([{ typed: null }]);
    expect(prompts).toEqual([]);
  });

  it('C2 after a log was lost the prompts are made anew, with what was typed and not taken', () => {
    const [ada, bob] = [join('ada1'), join('bob1')];
    const prompts = heard(ada, 'prompts');
    type(ada, 0, 'red ');
    ada.prompts.content.endBurst();
    room.settle();
    type(ada, 4, 'balls');
    pass(100);
    const { doc } = ada.prompts.content;
    room.drop(lineOf(ada));
    type(ada, 9, ' up');
    ada.prompts.content.flush();
    type(ada, 12, '!');
    room.drop(room.lines[0]!);
    room.fallBack(1);
    expect(room.text('content')).toBe('red ');
    pass(1_500);
    expect(prompts).toHaveLength(1);
    expect(ada.prompts.content.doc).not.toBe(doc);
    expect(ada.prompts.content.doc.clientID).toBe(doc.clientID);
    expect(bob.prompts.content.text.toString()).toBe('red  up!');
    agree('red  up!');
    type(ada, 0, 'a ');
    pass(100);
    agree('a red  up!');
  });

  it('C2 what the new log has and the lost one had not is there once', () => {
    const ada = join('ada1');
    type(ada, 0, 'red ball');
    pass(100);
    room.drop(lineOf(ada));
    type(ada, 8, 's');
    room.fallBack(1);
    room.write('bob1', 'content', [[0, '', 'big ']]);
    pass(1_000);
    agree('big red balls');
  });

  it('C2 nothing is typed into a document until the log that replaces it is here', () => {
    const ada = join('ada1');
    type(ada, 0, 'red');
    pass(100);
    type(ada, 3, '?');
    pass(100);
    room.drop(lineOf(ada));
    room.fallBack(1);
    vi.advanceTimersByTime(500);
    // The welcome is here, the events are not.
    while (room.lines[0]!.down.length < 2) room.step();
    room.lines[0]!.onmessage?.({ data: room.lines[0]!.down.shift()!.buffer });
    expect(ada.state.seq).toBe(0);
    type(ada, 4, '!');
    vi.advanceTimersByTime(100);
    expect(lineOf(ada).of('edit')).toHaveLength(0);
    expect(ada.prompts.content.unsent).toBe(true);
    pass(500);
    agree('red!');
  });

  it('M3 L4 under another client id what was typed comes under its Yjs id', () => {
    const ada = join('ada1');
    type(ada, 0, 'cat');
    pass(100);
    const { doc } = ada.prompts.content;
    type(ada, 3, 's');
    ada.prompts.content.flush();
    room.lines[0]!.up.length = 0;
    room.drop(lineOf(ada), CLOSE.CLIENT_TAKEN);
    type(ada, 4, '!');
    pass(1_000);
    agree('cats!');
    expect(ada.prompts.content.doc.clientID).not.toBe(doc.clientID);
  });

  it('M3 half a character is never sent', () => {
    const [ada, bob] = [join('ada1'), join('bob1')];
    const refused = heard(ada, 'refused');
    type(ada, 0, 'a🎈b');
    pass(100);
    ada.prompts.content.text.delete(2, 1);
    pass(500);
    expect(refused).toEqual([]);
    expect(room.log.at(-1)!.seq).toBeGreaterThan(1);
    type(bob, 0, '🎉');
    type(ada, 0, '\ud83d');
    pass(500);
    for (const session of people) expect(read(session)).not.toMatch(/\p{Surrogate}/u);
    expect(read(ada)).toBe(read(bob));
    expect(read(ada)).toMatch(/^(🎉\ufffd|\ufffd🎉)a.*b$/);
  });
});
