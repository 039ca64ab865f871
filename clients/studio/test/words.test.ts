import { describe, expect, it } from 'vitest';

import { groupsFor, unknownIn, withWord, wordsIn, type WordGroup } from '../src/prompts/words.ts';

const vocabulary = {
  groups: {
    subjects: ['cat', 'balloon'],
    colours: ['red', 'green', 'dark green', 'orange'],
    backgrounds: ['over a green meadow', 'on the sea'],
    sizes: ['big'],
    motions: ['moving up', 'growing'],
    empty: [],
  },
};
const groups = groupsFor('content', vocabulary);

function click(text: string, word: string, all: readonly WordGroup[] = groups): string {
  return pick(text, word, 500, all) ?? 'too long';
}

function pick(
  text: string, word: string, limit: number, all: readonly WordGroup[] = groups,
): string | null {
  const group = all.find((g) => g.words.includes(word));
  if (!group) throw new Error(`no group has ${word}`);
  return withWord(text, word, group, all, limit);
}

const present = (text: string): string[] => wordsIn(text, groups).map((f) => f.word);

describe('words the model knows', () => {
  it('are shown in the order of a sentence, motion beside its own prompt', () => {
    expect(groups.map((g) => g.name)).toEqual(['sizes', 'colours', 'subjects', 'backgrounds']);
    expect(groupsFor('motion', vocabulary).map((g) => g.name)).toEqual(['motions']);
    expect(groupsFor('motion', { groups: { words: ['cat'] } })).toHaveLength(1);
  });

  it('go where a sentence has them, whatever the order of clicks', () => {
    const clicks = ['on the sea', 'cat', 'red', 'big'];
    expect(clicks.reduce((text, word) => click(text, word), '')).toBe('a big red cat on the sea');
    expect(click('a cat that sleeps', 'red')).toBe('a red cat that sleeps');
    expect(click('the cat', 'red')).toBe('the red cat');
    expect(click('cat', 'orange')).toBe('an orange cat');
  });

  it('take the place of another of their group, and leave at the second click', () => {
    expect(click('a dark green cat', 'red')).toBe('a red cat');
    expect(click('a red cat', 'red')).toBe('a cat');
    expect(click('a cat', 'cat')).toBe('');
    expect(click('a cat on the sea', 'cat')).toBe('on the sea');
    expect(click('moving up', 'growing', groupsFor('motion', vocabulary))).toBe('growing');
  });

  it('M3 leave the spaces alone that somebody types: the next letter stands behind them', () => {
    expect(click('a cat  with ', 'red')).toBe('a red cat  with ');
    expect(click('a red cat  with ', 'red')).toBe('a cat  with ');
    expect(click('a cat with red', 'red')).toBe('a cat with');
  });

  it('leave a phrase alone that happens to have the word', () => {
    expect(click('a cat over a green meadow', 'red')).toBe('a red cat over a green meadow');
    expect(present('a cat over a green meadow')).toEqual(['cat', 'over a green meadow']);
  });

  it('are whole words, whatever their case', () => {
    expect(present('A Reddish CAT, on the sea')).toEqual(['cat', 'on the sea']);
  });

  it('never make a prompt longer than the session takes', () => {
    expect(pick('a cat', 'red', 9)).toBe('a red cat');
    expect(pick('a cat', 'red', 8)).toBeNull();
    expect(pick('a red cat', 'red', 8)).toBe('a cat');
  });

  it('only add where they are not sorted by meaning', () => {
    const words = groupsFor('content', { groups: { words: ['red', '(x)'] } });
    expect(click('a red', '(x)', words)).toBe('a red (x)');
  });
});

describe('words the model never learnt', () => {
  it('are shown where they are said', () => {
    expect(unknownIn('A Dragon over the sea', ['dragon', 'castle'])).toEqual(['dragon']);
    expect(unknownIn('dragons', ['dragon'])).toEqual([]);
    expect(unknownIn('蝶 am Meer', ['蝶', 'am', 'meer'])).toEqual(['蝶', 'am', 'meer']);
  });
});
