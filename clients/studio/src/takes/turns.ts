/** When gestures were undone and brought back, and what entered which take: the folded log keeps
 * the outcome for the take in force only. */

import type { Event } from 'framejam';

interface Turn {
  readonly seq: number;
  readonly undone: boolean;
}

export class Turns {
  readonly #of = new Map<number, Turn[]>();
  /** The newest edit that entered each take. */
  readonly #newest = new Map<number, number>();

  /** Hear one more event of the log, in seq order. */
  follow({ seq, body }: Pick<Event, 'seq' | 'body'>): void {
    if (body.kind === 'entered') {
      const { take, edits } = body;
      // One by one: an event may name more edits than a call takes arguments.
      for (const edit of edits) {
        this.#newest.set(take, Math.max(this.#newest.get(take) ?? 0, edit));
      }
    }
    if (body.kind !== 'undone' && body.kind !== 'redone') return;
    for (const group of body.groups) {
      const turns = this.#of.get(group) ?? [];
      this.#of.set(group, turns);
      turns.push({ seq, undone: body.kind === 'undone' });
    }
  }

  /** Whether a gesture had begun and was live after event `at`. */
  liveAt(group: number, at: number): boolean {
    const last = this.#of.get(group)?.findLast((turn) => turn.seq <= at);
    return group <= at && !last?.undone;
  }

  /** The newest edit that ever entered this take; 0 where none has. */
  newestIn(take: number): number {
    return this.#newest.get(take) ?? 0;
  }

  /** Another log takes the place of this one. */
  clear(): void {
    this.#of.clear();
    this.#newest.clear();
  }
}
