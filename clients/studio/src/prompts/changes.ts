/** From one text to another in as few words as possible: what others type in between stays. */

/** `insert` in the place of the UTF-16 units from `from` to `to`, as CodeMirror counts. */
export interface Change {
  readonly from: number;
  readonly to: number;
  readonly insert: string;
}

/** The changes from `before` to `after`, word by word, all of them in positions of `before`. */
export function changesBetween(before: string, after: string): Change[] {
  const [old, now] = [pieces(before), pieces(after)];
  const kept = longestCommon(old, now);
  const changes: Change[] = [];
  let [i, j, at] = [0, 0, 0];
  for (const [keptOld, keptNow] of [...kept, [old.length, now.length] as const]) {
    const removed = old.slice(i, keptOld).join('');
    const insert = now.slice(j, keptNow).join('');
    if (removed || insert) changes.push({ from: at, to: at + removed.length, insert });
    at += removed.length + (old[keptOld]?.length ?? 0);
    [i, j] = [keptOld + 1, keptNow + 1];
  }
  return changes;
}

/** Words and the spaces between them. */
function pieces(text: string): string[] {
  return text.split(/(\s+)/).filter((piece) => piece !== '');
}

/** The places of the pieces that both have in the same order, as many as possible. */
function longestCommon(a: readonly string[], b: readonly string[]): (readonly [number, number])[] {
  /** How many pieces a.slice(i) and b.slice(j) have in common. */
  const lengths = Array.from({ length: a.length + 1 }, () => new Uint16Array(b.length + 1));
  const common = (i: number, j: number): number => lengths[i]?.[j] ?? 0;
  for (let i = a.length - 1; i >= 0; i -= 1) {
    for (let j = b.length - 1; j >= 0; j -= 1) {
      const most = a[i] === b[j] ? common(i + 1, j + 1) + 1
        : Math.max(common(i + 1, j), common(i, j + 1));
      lengths[i]?.fill(most, j, j + 1);
    }
  }
  const kept: (readonly [number, number])[] = [];
  let [i, j] = [0, 0];
  while (i < a.length && j < b.length) {
    if (a[i] === b[j]) {
      kept.push([i, j]);
      i += 1;
      j += 1;
    } else if (common(i + 1, j) >= common(i, j + 1)) i += 1;
    else j += 1;
  }
  return kept;
}
