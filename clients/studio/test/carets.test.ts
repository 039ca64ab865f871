import { EditorState } from '@codemirror/state';
import { describe, expect, it } from 'vitest';

import { aheadOf, carets, tellCarets, type RemoteCaret } from '../src/prompts/carets.ts';

const grace = (head: number, anchor = head): RemoteCaret => (
  { key: 'grace:1', name: 'Grace', color: '#0000ff', anchor, head });

function field(text: string, ...told: RemoteCaret[]): EditorState {
  const state = EditorState.create({ doc: text, extensions: carets });
  return tell(state, ...told);
}

function tell(state: EditorState, ...told: RemoteCaret[]): EditorState {
  const places = new Map(told.map((caret) => [caret.key, caret]));
  return state.update({ effects: tellCarets.of(places) }).state;
}

function type(state: EditorState, from: number, insert: string, to = from): EditorState {
  return state.update({ changes: { from, to, insert } }).state;
}

const places = (state: EditorState): [anchor: number, head: number][] =>
  state.field(carets).map(({ anchor, head }) => [anchor, head]);
const moves = (state: EditorState): number[] => state.field(carets).map((one) => one.moves);

describe('C4 carets of others', () => {
  it('keep their place in the words while we type', () => {
    expect(places(type(field('a cat', grace(5)), 0, 'so '))).toEqual([[8, 8]]);
    expect(places(type(field('a cat', grace(2)), 5, 's'))).toEqual([[2, 2]]);
    expect(places(type(field('a red cat', grace(6, 2)), 2, '', 6))).toEqual([[2, 2]]);
  });

  it('stay in front of what we type at the same place', () => {
    expect(places(type(field('a cat', grace(2)), 2, 'red '))).toEqual([[2, 2]]);
  });

  it('may be ahead of letters that are still on their way', () => {
    const ahead = field('ab', grace(5));
    expect(places(ahead)).toEqual([[5, 5]]);
    expect(places(type(ahead, 0, 'xx'))).toEqual([[7, 7]]);
    expect([aheadOf('a🎈b', 2), aheadOf('a🎈b', 3), aheadOf('a🎈', 4)]).toEqual([3, 4, 5]);
  });

  it('count as moved when their person moves them, and not when our typing does', () => {
    const before = field('a cat', grace(5));
    const typed = type(before, 0, 'x');
    expect(moves(typed)).toEqual(moves(before));
    // They saw the letter, too, and tell where they are now.
    expect(moves(tell(typed, grace(6)))).toEqual(moves(before));
    expect(moves(tell(typed, grace(2)))).toEqual([2]);
  });

  it('leave alone those of whom nothing is told, and go when their person goes', () => {
    const ada: RemoteCaret = { ...grace(1), key: 'ada:1' };
    const two = type(field('a cat', grace(5), ada), 0, 'xx');
    expect(places(tell(two, { ...ada, head: 0, anchor: 0 }))).toEqual([[7, 7], [0, 0]]);
    const gone = two.update({ effects: tellCarets.of(new Map([['grace:1', null]])) }).state;
    expect(gone.field(carets).map((one) => one.key)).toEqual(['ada:1']);
  });
});
