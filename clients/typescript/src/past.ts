/** What was live after some event, and where it had entered: the log's turns, looked through again. */

import type { Event } from './events.ts';

/** What a restore turned (R3). */
export interface Turned {
  /** The groups that died, and those that came back. */
  readonly out: ReadonlySet<number>;
  readonly back: ReadonlySet<number>;
  /** The take whose mapping is as it was, and the edits in it that got another entry step. */
  readonly take: number;
  readonly steps: ReadonlyMap<number, { readonly before: number; readonly after: number }>;
}

/** The groups that die and those that come back. */
export interface Flips {
  readonly dies: ReadonlySet<number>;
  readonly comes: ReadonlySet<number>;
}

/**
 * Which groups are undone, {take -> edit -> entry step}, and what each restore turned when it was
 * made, undone or redone last: that much its next turn turns again, so that a redo is exactly the
 * opposite of an undo, whatever had become of the groups before.
 */
export class Past {
  readonly dead = new Set<number>();
  readonly entries = new Map<number, Map<number, number>>();
  readonly #turned = new Map<number, Turned>();

  enter(take: number, step: number, edits: readonly number[]): void {
    const entries = this.entries.get(take) ?? new Map<number, number>();
    this.entries.set(take, entries);
    for (const seq of edits) entries.set(seq, step);
  }

  /**
   * Undo groups (`dying`), newest first as they are given, or bring them back in the opposite
   * order; a restore among them takes others with it.
   */
  turn(groups: readonly number[], dying: boolean): Flips {
    const wasDead = new Map<number, boolean>();
    for (const group of dying ? groups : [...groups].reverse()) {
      if (this.dead.has(group) === dying) continue;
      this.#flip([group], dying, wasDead);
      this.#again(group, dying, wasDead);
    }
    const changed = [...wasDead].filter(([group, was]) => this.dead.has(group) !== was)
      .map(([group]) => group);
    return {
      dies: new Set(changed.filter((group) => this.dead.has(group))),
      comes: new Set(changed.filter((group) => !this.dead.has(group))),
    };
  }

  /** Put the restore `seq`, which has just been made, into effect. */
  restore(seq: number, turned: Turned): Flips {
    this.#turned.set(seq, turned);
    this.#again(seq, false, new Map());
    return { dies: turned.out, comes: turned.back };
  }

  /** Turn what a restore turned last, as far as it still is so: back, or once more. */
  #again(restore: number, back: boolean, wasDead: Map<number, boolean>): void {
    const one = this.#turned.get(restore);
    if (!one) return;
    const dies = [...back ? one.back : one.out].filter((group) => !this.dead.has(group));
    const comes = [...back ? one.out : one.back].filter((group) => this.dead.has(group));
    this.#flip(dies, true, wasDead);
    this.#flip(comes, false, wasDead);
    const entered = this.entries.get(one.take);
    const steps = new Map([...one.steps].filter(([edit, { before, after }]) =>
      entered?.get(edit) === (back ? after : before)));
    for (const [edit, { before, after }] of steps) entered?.set(edit, back ? before : after);
    this.#turned.set(restore, {
      out: new Set(back ? comes : dies), back: new Set(back ? dies : comes), take: one.take, steps,
    });
  }

  #flip(groups: readonly number[], dying: boolean, wasDead: Map<number, boolean>): void {
    for (const group of groups) {
      if (!wasDead.has(group)) wasDead.set(group, this.dead.has(group));
      this.dead[dying ? 'add' : 'delete'](group);
    }
  }
}

/**
 * What was so after event `seq`; `turns` are the events of the log that changed any of it, and
 * `restores` what those of them that are restores turned.
 */
export function pastAt(
  seq: number, turns: readonly Event[], restores: ReadonlyMap<number, Turned>,
): Past {
  const past = new Past();
  for (const { seq: at, body } of turns) {
    if (at > seq) break;
    switch (body.kind) {
      case 'entered': past.enter(body.take, body.step, body.edits); break;
      case 'undone': past.turn(body.groups, true); break;
      case 'redone': past.turn(body.groups, false); break;
      case 'restored': {
        const turned = restores.get(at);
        if (turned) past.restore(at, turned);
        break;
      }
    }
  }
  return past;
}
