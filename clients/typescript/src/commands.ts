/**
 * Commands on their way to the log (L4).
 *
 * Each carries the client's own running number. Until the server answers, a command is kept and,
 * after a reconnect, sent again under the same number: the server appends it at most once.
 */

import type { Command } from './messages.ts';

type WithoutNumber<C> = C extends Command ? Omit<C, 'client_seq'> : never;
/** A command that has no number yet. */
export type Draft = WithoutNumber<Command>;

/** A command of ours that is not part of the folded log yet. */
export interface Pending {
  /** Stays the same when a command is renumbered. */
  readonly key: number;
  readonly command: Command;
  /** The event it became, once acknowledged; it stays pending until that event is here. */
  readonly seq: number | null;
}

export class CommandQueue {
  #nextKey = 1;
  #nextSeq = 1;
  /** The highest number the server is known to have used up. */
  #settled = 0;
  #pending: Pending[] = [];

  get pending(): readonly Pending[] {
    return this.#pending;
  }

  /** What the server has not answered, in order: to be sent again after a reconnect. */
  get unanswered(): readonly Command[] {
    return this.#pending.filter((p) => p.seq === null).map((p) => p.command);
  }

  push(draft: Draft): Pending {
    const command = { ...draft, client_seq: this.#nextSeq } as Command;
    const pending = { key: this.#nextKey, command, seq: null };
    this.#nextKey += 1;
    this.#nextSeq += 1;
    this.#pending = [...this.#pending, pending];
    return pending;
  }

  /** The server stored the command as event `seq`. */
  acknowledge(clientSeq: number, seq: number): void {
    this.#settle(clientSeq);
    this.#pending = this.#pending.map((p) =>
      p.command.client_seq === clientSeq && p.seq === null ? { ...p, seq } : p);
  }

  /** Events up to `seq` are folded: take out the commands they came from, and return those. */
  folded(seq: number): readonly Pending[] {
    const done = this.#pending.filter((p) => p.seq !== null && p.seq <= seq);
    if (done.length) this.#pending = this.#pending.filter((p) => !done.includes(p));
    return done;
  }

  /**
   * The server refused the command for good; it is taken out and returned.
   *
   * Where the refusal did not use up the number, those behind move one down: the server still
   * waits for it and refused them as a gap.
   */
  refuse(clientSeq: number, used: boolean): Pending | null {
    const refused = this.#unansweredAt(clientSeq);
    if (!refused) return null;
    this.#pending = this.#pending.filter((p) => p !== refused);
    if (used) this.#settle(clientSeq);
    else this.#renumber(clientSeq);
    return refused;
  }

  /** The server told which number it expects next (a welcome, or a gap). */
  expected(clientSeq: number): void {
    const first = this.#pending.find((p) => p.seq === null);
    if (!first) {
      this.#nextSeq = Math.max(clientSeq, this.#settled + 1);
    } else if (first.command.client_seq > clientSeq && clientSeq > this.#settled) {
      this.#renumber(clientSeq);
    }
  }

  /** Under a new client id counting begins again at 1. */
  restart(): void {
    this.#settled = 0;
    this.#renumber(1);
  }

  #unansweredAt(clientSeq: number): Pending | undefined {
    return this.#pending.find((p) => p.seq === null && p.command.client_seq === clientSeq);
  }

  #settle(clientSeq: number): void {
    this.#settled = Math.max(this.#settled, clientSeq);
  }

  #renumber(from: number): void {
    let next = from;
    this.#pending = this.#pending.map((p) => {
      if (p.seq !== null || p.command.client_seq < from) return p;
      const renumbered = { ...p, command: { ...p.command, client_seq: next } };
      next += 1;
      return renumbered;
    });
    this.#nextSeq = next;
  }
}
