import { describe, expect, it } from 'vitest';

import { outlook, type Command, type Pending } from '../src/index.ts';

/** Commands on their way: a letter is an edit of that text, - an undo, + a redo. */
function onTheirWay(signs: string): Pending[] {
  return [...signs].map((sign, key) => {
    const client_seq = key + 1;
    const command: Command = sign === '-' ? { type: 'undo', client_seq }
      : sign === '+' ? { type: 'redo', client_seq }
      : { type: 'edit', client_seq, instruction: { kind: 'content', text: sign }, depth: null };
    return { key, command, seq: null, sent: true };
  });
}

function left(signs: string, undoable = 0, redoable = 0): [string, number, number] {
  const { edits, undos, redos } = outlook(onTheirWay(signs), undoable, redoable);
  const texts = edits.map(({ command: { instruction } }) =>
    instruction.kind === 'content' ? instruction.text : '');
  return [texts.join(''), undos, redos];
}

describe('what commands on their way will come to (U2, U4)', () => {
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
  ])('%s after %d undoable and %d redoable', (signs, undoable, redoable, expected) => {
    expect(left(signs, undoable, redoable)).toEqual(expected);
  });
});
