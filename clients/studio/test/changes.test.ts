import { describe, expect, it } from 'vitest';

import { changesBetween, type Change } from '../src/prompts/changes.ts';

function applied(text: string, changes: readonly Change[]): string {
  return changes.toReversed().reduce(
    (now, { from, to, insert }) => now.slice(0, from) + insert + now.slice(to), text);
}

describe('M3 a click on a word as changes of the shared text', () => {
  it('touches that word only', () => {
    expect(changesBetween('a cat on the sea', 'a red cat on the sea'))
      .toEqual([{ from: 2, to: 2, insert: 'red ' }]);
    expect(changesBetween('a red cat', 'a cat')).toEqual([{ from: 2, to: 6, insert: '' }]);
    expect(changesBetween('a dark green cat', 'a red cat'))
      .toEqual([{ from: 2, to: 12, insert: 'red' }]);
    expect(changesBetween('same', 'same')).toEqual([]);
  });

  it('leaves what stands between an article and a word', () => {
    const changes = changesBetween('a big old cat', 'an orange big old cat');
    expect(changes.every(({ to }) => to <= 2)).toBe(true);
    expect(applied('a big old cat', changes)).toBe('an orange big old cat');
  });

  it('comes to the new text, whatever the two are', () => {
    const texts = ['', 'a', 'a  b', ' a b', 'b a', 'a b a b', 'x 🎈 y', 'a\tb', 'c a b d'];
    for (const before of texts) {
      for (const after of texts) {
        expect(applied(before, changesBetween(before, after))).toBe(after);
      }
    }
  });
});
