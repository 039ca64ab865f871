import { describe, expect, it } from 'vitest';

import { applySplices, difference, pointOf, unitOf } from '../src/index.ts';
import { moved } from '../src/texts.ts';
import { random } from './random.ts';

describe('splices (M3)', () => {
  it('M3 count code points', () => {
    expect(applySplices('🎈🎈a', [[1, '🎈', '🎉🎉'], [3, 'a', '']])).toBe('🎈🎉🎉');
    expect([unitOf('a🎈b', 2), unitOf('a🎈b', 9), pointOf('a🎈b', 3)]).toEqual([3, 4, 2]);
  });

  it.each([
    ['', '', []],
    ['abc', 'abc', []],
    ['abc', 'axc', [[1, 'b', 'x']]],
    ['', 'hi', [[0, '', 'hi']]],
    ['one two three', 'one 2 three!', [[4, 'two', '2'], [11, '', '!']]],
    ['😀', '😁', [[0, '😀', '😁']]],
  ])('M3 from %j to %j', (before, after, splices) => {
    expect(difference(before, after)).toEqual(splices);
  });

  it('M3 the difference of two texts leads from one to the other and keeps what they share', () => {
    const next = random(5);
    for (let i = 0; i < 500; i += 1) {
      const text = (): string => Array.from({ length: next(12) }, () => 'ab🎈'[next(2)]!
        + (next(4) ? '' : '🎈')).join('');
      const [before, after] = [text(), text()];
      const splices = difference(before, after);
      expect(applySplices(before, splices)).toBe(after);
      let end = -1;
      for (const [at, removed, inserted] of splices) {
        expect(removed + inserted).not.toBe('');
        // Two that touch are one.
        expect(at).toBeGreaterThan(end);
        end = at + [...inserted].length;
      }
    }
  });

  it('M3 as much of a text is kept as can be', () => {
    const removed = difference('abcabba', 'cbabac').map((splice) => splice[1]).join('');
    expect(removed).toHaveLength(3);
  });

  it('M3 texts too long to compare differ in one piece', () => {
    const before = 'a'.repeat(3000) + 'b'.repeat(3000);
    const after = `x${'b'.repeat(3000)}${'a'.repeat(3000)}y`;
    expect(difference(before, after)).toEqual([[0, before, after]]);
  });
});

describe('what was typed against a lost text (C2)', () => {
  it.each([
    // base, here, there, what comes of both
    ['red ball', 'red ball!', 'red ball', 'red ball!'],
    ['red ball', 'red ball', 'big ball', 'big ball'],
    ['red ball', 'red ball!', 'a red ball', 'a red ball!'],
    ['red ball', 'dark red ball', 'red balls', 'dark red balls'],
    ['red ball', 'ball', 'red balls', 'balls'],
    ['red ball', 'red ba', '', ''],
    ['red ball', 'red blue ball', 'green ball', 'green blue ball'],
    ['', '🎈x', '🎉y', '🎉y🎈x'],
    ['ab', 'abX', 'abX', 'abX'],
  ])('%j, here %j and there %j: %j', (base, here, there, wanted) => {
    expect(moved(base, here, there)).toBe(wanted);
  });
});
