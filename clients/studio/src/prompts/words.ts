/** Vocabulary hints: words the model knows, put into and taken out of a prompt. */

import type { Vocabulary } from 'framejam';

export interface WordGroup {
  readonly name: string;
  /** Words or whole phrases. */
  readonly words: readonly string[];
}

/**
 * The groups to show beside a prompt, in the order in which a sentence says them.
 *
 * Groups named after motion belong to that prompt and all others to the content; a vocabulary of
 * one group is not sorted by meaning and is shown beside both.
 */
export function groupsFor(kind: 'content' | 'motion', vocabulary: Vocabulary): WordGroup[] {
  const groups = Object.entries(vocabulary.groups).filter(([, words]) => words.length > 0);
  return groups
    .filter(([name]) => groups.length === 1 || /motion|move/i.test(name) === (kind === 'motion'))
    .map(([name, words]) => ({ name, words }))
    .sort((a, b) => rank(a) - rank(b));
}

const OTHER = 3;

/** "a big red balloon over the sea": size, colour, subject, then everything else. */
function rank({ name }: WordGroup): number {
  const place = [/size/i, /colou?r/i, /subject/i].findIndex((meaning) => meaning.test(name));
  return place < 0 ? OTHER : place;
}

/** A word of the vocabulary in a prompt. */
interface Found {
  readonly word: string;
  readonly group: WordGroup;
  readonly from: number;
  readonly to: number;
}

/** Every word of these groups in the text; the "green" of a "green meadow" is not a colour. */
export function wordsIn(text: string, groups: readonly WordGroup[]): Found[] {
  const all = groups.flatMap((group) => group.words.map((word) => ({ word, group })));
  const found: Found[] = [];
  for (const { word, group } of all.sort((a, b) => b.word.length - a.word.length)) {
    for (const match of text.matchAll(pattern(word))) {
      const from = match.index;
      const to = from + match[0].length;
      if (!found.some((other) => from < other.to && to > other.from)) {
        found.push({ word, group, from, to });
      }
    }
  }
  return found.sort((a, b) => a.from - b.from);
}

/** Those of the words the server calls `unknown` that `text` says; the server goes by whole words. */
export function unknownIn(text: string, unknown: readonly string[]): string[] {
  return unknown.filter((word) => pattern(word).test(text));
}

/**
 * The prompt after a click on a word: taken out where it is; in the place of another of its group,
 * where groups are sorted by meaning (a clip has one subject); else where a sentence has it.
 * Null where it would be longer than `limit`.
 */
export function withWord(
  text: string, word: string, group: WordGroup, groups: readonly WordGroup[], limit: number,
): string | null {
  const next = clicked(text, word, group, groups);
  return [...next].length <= limit ? next : null;
}

function clicked(
  text: string, word: string, group: WordGroup, groups: readonly WordGroup[],
): string {
  const found = wordsIn(text, groups);
  const same = found.find((f) => f.word === word);
  if (same) return withArticle(spliced(text, same.from, same.to, ''), groups);
  const other = isUnsorted(groups) ? undefined : found.find((f) => f.group === group);
  const next = found.find((f) => rank(f.group) > rank(group));
  const from = other?.from ?? next?.from ?? text.length;
  return withArticle(spliced(text, from, other?.to ?? from, word), groups);
}

/** Models learn from captions such as "a red balloon": a thing at the start gets its article. */
function withArticle(text: string, groups: readonly WordGroup[]): string {
  if (isUnsorted(groups)) return text;
  const bare = text.replace(/^an?(\s+|$)/i, '');
  const first = wordsIn(bare, groups)[0];
  const startsWithThing = first?.from === 0 && rank(first.group) < OTHER;
  if (!startsWithThing) return bare === '' || first?.from === 0 ? bare : text;
  return `${/^[aeiou]/i.test(bare) ? 'an' : 'a'} ${bare}`;
}

function isUnsorted(groups: readonly WordGroup[]): boolean {
  return groups.length === 1 && groups[0]?.name === 'words';
}

/** Spaces that people typed stay: a letter of theirs may be on its way behind one. */
function spliced(text: string, from: number, to: number, word: string): string {
  const before = text.slice(0, from);
  const after = text.slice(to);
  if (word) {
    const gap = before === '' || /\s$/.test(before) ? '' : ' ';
    return `${before}${gap}${word}${after === '' || /^\s/.test(after) ? '' : ' '}${after}`;
  }
  // The space beside a word goes with it.
  if (before === '' || /\s$/.test(before)) {
    return /^\s/.test(after) ? before + after.slice(1) : before.slice(0, -1) + after;
  }
  return before + after;
}

function pattern(word: string): RegExp {
  const literal = word.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  return new RegExp(`(?<![\\p{L}\\p{N}])${literal}(?![\\p{L}\\p{N}])`, 'giu');
}
