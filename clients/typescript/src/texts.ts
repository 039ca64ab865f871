/** Prompts without a CRDT: splices, and code points against the UTF-16 units of JavaScript (M3). */

import type { Event } from './events.ts';
import type { Splice, Text } from './instructions.ts';

/** The text after some splices. */
export function applySplices(text: string, splices: readonly Splice[]): string {
  for (const [at, removed, inserted] of splices) {
    const start = unitOf(text, at);
    text = text.slice(0, start) + inserted + text.slice(start + removed.length);
  }
  return text;
}

/** What an event did to the prompts. */
export function textsOf({ body }: Event): readonly Text[] {
  switch (body.kind) {
    case 'edited': return body.instruction.kind === 'text' ? [body.instruction] : [];
    case 'undone':
    case 'redone':
    case 'restored': return body.texts;
    default: return [];
  }
}

/** The place of the code point of this number in a JavaScript string; its end where it has less. */
export function unitOf(text: string, point: number): number {
  let unit = 0;
  for (let left = point; left > 0 && unit < text.length; left -= 1) {
    unit += text.codePointAt(unit)! > 0xffff ? 2 : 1;
  }
  return unit;
}

/** How many code points begin before this place of a JavaScript string. */
export function pointOf(text: string, unit: number): number {
  return [...text.slice(0, unit)].length;
}

/** Most pairs of characters that are compared to find what two texts share. */
const MOST_PAIRS = 4_000_000;

/**
 * Splices from one text to another that keep as much of it as they can; only its differing middle
 * where that would take too long.
 */
export function difference(before: string, after: string): readonly Splice[] {
  const old = [...before];
  const now = [...after];
  const most = Math.min(old.length, now.length);
  let start = 0;
  while (start < most && old[start] === now[start]) start += 1;
  let end = 0;
  while (end < most - start && old.at(-1 - end) === now.at(-1 - end)) end += 1;
  return middle(old.slice(start, old.length - end), now.slice(start, now.length - end), start);
}

/** The splices between two texts by their longest common subsequence, the first of them at `at`. */
function middle(old: readonly string[], now: readonly string[], at: number): Splice[] {
  const columns = now.length + 1;
  if (old.length * now.length > MOST_PAIRS) return [[at, old.join(''), now.join('')]];
  // shared[i * columns + j]: how many characters old from i and now from j have in common.
  const shared = new Uint16Array((old.length + 1) * columns);
  for (let i = old.length - 1; i >= 0; i -= 1) {
    for (let j = now.length - 1; j >= 0; j -= 1) {
      shared[i * columns + j] = old[i] === now[j] ? shared[(i + 1) * columns + j + 1]! + 1
        : Math.max(shared[(i + 1) * columns + j]!, shared[i * columns + j + 1]!);
    }
  }
  const splices: Splice[] = [];
  let removed = '';
  let inserted = '';
  const close = (): void => {
    if (removed || inserted) splices.push([at, removed, inserted]);
    at += [...inserted].length;
    removed = inserted = '';
  };
  let i = 0;
  let j = 0;
  while (i < old.length || j < now.length) {
    if (i < old.length && old[i] === now[j]) {
      close();
      at += 1;
      i += 1;
      j += 1;
    } else if (j === now.length
        || (i < old.length && shared[(i + 1) * columns + j]! >= shared[i * columns + j + 1]!)) {
      removed += old[i];
      i += 1;
    } else {
      inserted += now[j];
      j += 1;
    }
  }
  close();
  return splices;
}

/**
 * What was made of `base` here, done to what it has become elsewhere: the changes of both where
 * they lie apart, else what was inserted here behind what stands there.
 */
export function moved(base: string, here: string, there: string): string {
  if (here === there || here === base) return there;
  if (there === base) return here;
  const [at, removed, inserted] = hull(base, here);
  const [otherAt, otherRemoved, otherInserted] = hull(base, there);
  const target = [...there];
  if (at >= otherAt + otherRemoved) {
    target.splice(at + otherInserted.length - otherRemoved, removed, ...inserted);
  } else if (at + removed <= otherAt) target.splice(at, removed, ...inserted);
  else target.splice(otherAt + otherInserted.length, 0, ...inserted);
  return target.join('');
}

/** The one change between two texts: where, how many characters it removes, what it inserts. */
function hull(before: string, after: string): [number, number, string[]] {
  const splices = difference(before, after);
  const first = splices[0]!;
  const last = splices.at(-1)!;
  const old = [...before];
  const now = [...after];
  const grown = now.length - old.length;
  const end = last[0] + [...last[2]].length;
  return [first[0], end - grown - first[0], now.slice(first[0], end)];
}
