/** Fields of which each has its own last writer (M2): settings, and what revisions change. */

import type { Adjust, Revise } from './instructions.ts';

interface Writer {
  readonly seq: number;
  readonly value: unknown;
}

/** The live writers of each field of one thing, in seq order. */
export class Fields {
  readonly #writers = new Map<string, Writer[]>();

  /** A change counts: it is new, or was brought back. */
  add(seq: number, change: Adjust | Revise): void {
    for (const [name, value] of fieldsOf(change)) {
      const writers = this.#writers.get(name) ?? [];
      this.#writers.set(name, writers);
      writers.splice(place(writers, seq), 0, { seq, value });
    }
  }

  /** A change was undone. */
  remove(seq: number, change: Adjust | Revise): void {
    for (const [name] of fieldsOf(change)) {
      const writers = this.#writers.get(name) ?? [];
      const at = place(writers, seq);
      if (writers[at]?.seq === seq) writers.splice(at, 1);
    }
  }

  /** `base` with every field as its last live writer left it. */
  over<T extends object>(base: T): T {
    const written: Record<string, unknown> = {};
    for (const [name, writers] of this.#writers) {
      const last = writers.at(-1);
      if (last) written[name] = last.value;
    }
    return { ...base, ...written };
  }
}

function fieldsOf(change: Adjust | Revise): [string, unknown][] {
  return Object.entries(change).filter(([name, value]) =>
    name !== 'kind' && name !== 'target' && value !== undefined);
}

/** Where `seq` is among the writers, or belongs. New ones come last: that is looked at first. */
function place(writers: readonly Writer[], seq: number): number {
  let low = (writers.at(-1)?.seq ?? 0) < seq ? writers.length : 0;
  let high = writers.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (writers[middle]!.seq < seq) low = middle + 1;
    else high = middle;
  }
  return low;
}
