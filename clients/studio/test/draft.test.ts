import { describe, expect, it } from 'vitest';

import { isDirty, isOvertaken, textToGive, type Draft } from '../src/prompts/draft.ts';

const draft = (text: string, base: string): Draft => ({ text, base });

describe('a draft', () => {
  it('is given at a pause, trimmed, and not twice', () => {
    expect(textToGive(draft('a cat ', ''), '', false)).toBe('a cat');
    expect(textToGive(draft('a cat ', 'a cat'), 'a cat', false)).toBeNull();
    expect([isDirty(draft('a cat', 'a cat ')), isDirty(null)]).toEqual([false, false]);
  });

  it.each([false, true])('overwrites nobody where nothing is unsent (by hand: %s)', (byHand) => {
    expect(textToGive(draft('a cat', 'a cat'), 'their dog', byHand)).toBeNull();
    expect(textToGive(null, 'their dog', byHand)).toBeNull();
  });

  it('waits for a decision where somebody changed the text meanwhile', () => {
    const overtaken = draft('a big cat', 'a cat');
    expect(isOvertaken(overtaken, 'their dog')).toBe(true);
    expect(textToGive(overtaken, 'their dog', false)).toBeNull();
    expect(textToGive(overtaken, 'their dog', true)).toBe('a big cat');
    expect(isOvertaken(overtaken, 'a cat')).toBe(false);
  });
});
