/** When gestures were live, and what entered which take: the folded log tells of now only. */

import type { Past, Session } from 'framejam';

export class Turns {
  readonly #log: () => Pick<Session, 'past'> | null;
  #seq = -1;
  #past: Past | null = null;

  /** `log` is asked each time: a session may come later, or begin another log. */
  constructor(log: () => Pick<Session, 'past'> | null) {
    this.#log = log;
  }

  /** Whether a gesture had begun and was live after event `at`. */
  liveAt(group: number, at: number): boolean {
    return group <= at && !this.#at(at)?.dead.has(group);
  }

  /** The newest edit that had ever entered this take by event `at`; 0 where none had. */
  newestIn(take: number, at: number): number {
    let newest = 0;
    for (const edit of this.#at(at)?.entries.get(take)?.keys() ?? []) {
      newest = Math.max(newest, edit);
    }
    return newest;
  }

  /** Another log takes the place of this one. */
  clear(): void {
    this.#seq = -1;
    this.#past = null;
  }

  /** Many gestures are asked about for one place of the log, which a look through it finds. */
  #at(seq: number): Past | null {
    if (seq !== this.#seq) {
      this.#past = this.#log()?.past(seq) ?? null;
      this.#seq = seq;
    }
    return this.#past;
  }
}
