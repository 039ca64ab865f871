/** What a burst of typing came to: letter by letter in, "+ red − blue" out. */

import type { Splice } from 'framejam';

/** At one place of the text `inserted` stands where `removed` stood before. */
interface Hunk {
  readonly at: number;
  readonly removed: readonly string[];
  readonly inserted: readonly string[];
}

/** One word for what was typed or deleted at a place. */
export interface Part {
  readonly sign: '+' | '−';
  readonly text: string;
}

/** One edit of the prompt while the gesture went on. */
export interface Typing {
  /** Whether it is of the gesture; others' edits only move what the gesture typed. */
  readonly own: boolean;
  readonly splices: readonly Splice[];
}

/**
 * The outcome of a gesture's typing in one prompt, with what others typed meanwhile, in order.
 * What it typed and deleted again is not in it, and neither is what it deleted and typed again.
 */
export function partsOf(typing: Iterable<Typing>): Part[] {
  let hunks: readonly Hunk[] = [];
  for (const { own, splices } of typing) {
    for (const splice of splices) hunks = own ? withSplice(hunks, splice) : around(hunks, splice);
  }
  return hunks.flatMap(({ removed, inserted }) => {
    const [gone, come] = [removed.join(''), inserted.join('')];
    if (gone === come) return [];
    const parts: Part[] = [{ sign: '+', text: come.trim() }, { sign: '−', text: gone.trim() }];
    return parts.filter((part) => part.text !== '');
  });
}

/** Join one more splice with the hunks that it touches; `at` counts code points. */
function withSplice(hunks: readonly Hunk[], [at, removed, inserted]: Splice): Hunk[] {
  const gone = [...removed];
  const come = [...inserted];
  const end = at + gone.length;
  const before = hunks.filter((h) => h.at + h.inserted.length < at);
  const after = hunks.filter((h) => h.at > end)
    .map((h) => ({ ...h, at: h.at + come.length - gone.length }));
  const touched = hunks.slice(before.length, hunks.length - after.length);
  const [first, last] = [touched[0], touched.at(-1)];
  const left = first ? first.inserted.slice(0, Math.max(0, at - first.at)) : [];
  const right = last ? last.inserted.slice(Math.max(0, end - last.at)) : [];
  const original: string[] = [];
  let read = at;
  for (const hunk of touched) {
    // Between two hunks stands what was there before the gesture.
    original.push(...gone.slice(read - at, Math.max(read, hunk.at) - at), ...hunk.removed);
    read = Math.max(read, hunk.at + hunk.inserted.length);
  }
  original.push(...gone.slice(read - at));
  const start = first ? Math.min(first.at, at) : at;
  return [...before, { at: start, removed: original, inserted: [...left, ...come, ...right] },
          ...after];
}

/** Somebody else's splice: it moves hunks, parts them, and takes letters out of them. */
function around(hunks: readonly Hunk[], [at, removed, inserted]: Splice): Hunk[] {
  const end = at + [...removed].length;
  const come = [...inserted].length;
  return hunks.flatMap((hunk) => {
    if (hunk.at >= end) return [{ ...hunk, at: hunk.at + come - (end - at) }];
    if (hunk.at + hunk.inserted.length <= at) return [hunk];
    const left = hunk.inserted.slice(0, Math.max(0, at - hunk.at));
    const right = { at: at + come, removed: [], inserted: hunk.inserted.slice(end - hunk.at) };
    if (hunk.at >= at) return [{ ...right, removed: hunk.removed }];
    return [{ ...hunk, inserted: left }, ...(right.inserted.length ? [right] : [])];
  });
}
