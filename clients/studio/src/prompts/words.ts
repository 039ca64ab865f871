/** Vocabulary hints: words the model knows, put into and taken out of a prompt. */

import type { Vocabulary } from 'framejam';

export interface WordGroup {
  readonly name: string;
  readonly words: readonly string[];
}

/** The groups that belong beside a prompt: those named after motion beside that one. */
export function groupsFor(kind: 'content' | 'motion', vocabulary: Vocabulary): WordGroup[] {
  return Object.entries(vocabulary.groups)
    .filter(([name, words]) => words.length > 0 && /mo(tion|ve)/i.test(name) === (kind === 'motion'))
    .map(([name, words]) => ({ name, words }));
}

/** Whether the prompt has this word, as a whole word. */
export function hasWord(text: string, word: string): boolean {
  return pattern(word).test(text);
}

/**
 * The prompt after a click on a word: taken out where it is, in the place of another word of its
 * group where there is one (a clip has one subject, one colour), else at the end.
 */
export function withWord(text: string, word: string, group: WordGroup): string {
  if (hasWord(text, word)) return tidy(text.replace(pattern(word), ''));
  // The longest first: "dark green" is not "green" with something before it.
  const other = group.words.toSorted((a, b) => b.length - a.length).find((w) => hasWord(text, w));
  return tidy(other === undefined ? `${text} ${word}` : text.replace(pattern(other), word));
}

function pattern(word: string): RegExp {
  const literal = word.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  return new RegExp(`(?<![\\p{L}\\p{N}])${literal}(?![\\p{L}\\p{N}])`, 'iu');
}

function tidy(text: string): string {
  return text.replace(/\s+/g, ' ').trim();
}
