import type { Splice } from 'framejam';
import { describe, expect, it } from 'vitest';

import { partsOf, type Typing } from '../src/history/typed.ts';

const mine = (...splices: Splice[]): Typing => ({ own: true, splices });
const theirs = (...splices: Splice[]): Typing => ({ own: false, splices });

function words(...typing: Typing[]): string {
  return partsOf(typing).map(({ sign, text }) => `${sign} ${text}`).join(' ');
}

function letters(at: number, text: string): Typing[] {
  return [...text].map((letter, index) => mine([at + index, '', letter]));
}

describe('L6 what a burst of typing came to', () => {
  it('is the word, not its letters', () => {
    expect(words(...letters(2, 'red '))).toBe('+ red');
    expect(words(mine([2, 'blue', '']), ...letters(2, 'red'))).toBe('+ red − blue');
    expect(words(mine([2, 'blue', 'red']))).toBe('+ red − blue');
  });

  it('has nothing of what was typed and deleted again', () => {
    expect(words(...letters(2, 'res'), mine([4, 's', '']), mine([4, '', 'd']))).toBe('+ red');
    expect(words(...letters(2, 'x'), mine([2, 'x', '']))).toBe('');
    expect(words(mine([2, 'blue', '']), mine([2, '', 'blue']))).toBe('');
  });

  it('is told place by place, in the order of the text', () => {
    expect(words(mine([8, 'sea', 'sky']), mine([0, '', 'A ']))).toBe('+ A + sky − sea');
  });

  it('joins what one deletion reaches over', () => {
    // "one two three": X before "two", Y before "three", then both go with what is between.
    expect(words(mine([4, '', 'X']), mine([9, '', 'Y']), mine([4, 'Xtwo Ythree', '!'])))
      .toBe('+ ! − two three');
  });

  it('M3 stays together while others type before it and into it', () => {
    expect(words(mine([5, '', 'r']), theirs([0, '', 'hi ']), mine([9, '', 'e']),
                 theirs([0, 'h', '']), mine([9, '', 'd']))).toBe('+ red');
    expect(words(mine([5, '', 'red']), theirs([6, '', 'XX']), mine([10, '', '!'])))
      .toBe('+ r + ed!');
    expect(words(mine([5, '', 'red']), theirs([5, 're', '']))).toBe('+ d');
  });

  it('counts characters, not units', () => {
    expect(words(mine([0, '', '🎈🎈']), mine([1, '🎈', 'x']))).toBe('+ 🎈x');
  });
});
