import { describe, expect, it } from 'vitest';

import { outlook, type Command, type Pending } from '../src/index.ts';

/**
 * Commands on their way: a letter is an edit of that text, in capitals one that joins the gesture
 * before it; - is an undo, + a redo, 1 the undo of a group of one's own, 2 of somebody else's, ^ a
 * restore, ! a mark.
 */
function onTheirWay(signs: string): Pending[] {
  return [...signs].map((sign, key) => {
    const joins = /[A-Z]/.test(sign);
    return { key, command: command(sign, key + 1), seq: null, sent: true, joins, ends: false };
  });
}

function command(sign: string, client_seq: number): Command {
  switch (sign) {
    case '-': return { type: 'undo', client_seq, group: null };
    case '1': return { type: 'undo', client_seq, group: 1 };
    case '2': return { type: 'undo', client_seq, group: 2 };
    case '+': return { type: 'redo', client_seq };
    case '^': return { type: 'restore', client_seq, to: 1 };
    case '!': return { type: 'mark', client_seq, of: null, name: 'first cut' };
    default: return {
      type: 'edit', client_seq, instruction: { kind: 'content', text: sign }, depth: null,
      group: 'g',
    };
  }
}

function left(signs: string, undoable = 0, redoable = 0): [string, number, number] {
  const { edits, undos, redos } = outlook(
    onTheirWay(signs), undoable, redoable, (group) => group === 1);
  const texts = edits.map(({ command: { instruction } }) =>
    instruction.kind === 'content' ? instruction.text : '');
  return [texts.join(''), undos, redos];
}

describe('what commands on their way will come to (U2, U4, L6)', () => {
  it.each<[string, number, number, [string, number, number]]>([
    ['', 2, 1, ['', 2, 1]],
    ['ab', 1, 1, ['ab', 3, 0]],
    ['ab-', 1, 0, ['a', 2, 1]],
    ['a--', 1, 0, ['', 0, 2]],
    ['a--', 0, 0, ['', 0, 2]],
    ['ab--+', 0, 0, ['a', 1, 1]],
    ['-a', 2, 0, ['a', 2, 0]],
    ['+a', 0, 1, ['a', 2, 0]],
    ['a--++', 1, 0, ['a', 2, 0]],
    ['a-b+', 0, 0, ['b', 2, 0]],
    // A gesture is undone and redone as one.
    ['abBB', 0, 0, ['abBB', 2, 0]],
    ['abBB-', 0, 0, ['a', 1, 1]],
    ['abBB-+', 0, 0, ['abBB', 2, 0]],
    // One that began in the log is counted there already.
    ['A', 1, 0, ['A', 1, 0]],
    ['AB-', 1, 0, ['', 0, 1]],
    ['AB-+', 1, 0, ['AB', 1, 0]],
    // An undo by name takes nothing that is on its way, and only one's own counts as one's own.
    ['a1', 1, 0, ['a', 1, 1]],
    ['a2', 1, 0, ['a', 2, 1]],
    ['a2+', 1, 0, ['a', 2, 0]],
    ['1+', 1, 0, ['', 1, 0]],
    // A restore is a gesture of its own (R3); a mark is none.
    ['a^', 0, 1, ['a', 2, 0]],
    ['a^-', 0, 0, ['a', 1, 1]],
    ['a^--', 0, 0, ['', 0, 2]],
    ['a^-+', 0, 0, ['a', 2, 0]],
    ['a!-', 1, 0, ['', 1, 1]],
  ])('%s after %d undoable and %d redoable', (signs, undoable, redoable, expected) => {
    expect(left(signs, undoable, redoable)).toEqual(expected);
  });
});
