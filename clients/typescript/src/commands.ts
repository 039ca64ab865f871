/**
 * Commands on their way to the log (L4).
 *
 * Each carries the client's own running number. Until the server answers, a command is kept and,
 * after a reconnect, sent again under the same number: the server appends it at most once.
 */

import type { Prompt, Typed } from './instructions.ts';
import type { Command, EditCommand } from './messages.ts';
import { gesturesOf } from './outlook.ts';

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
  /** Whether it was ever on the wire: from then on its number stands for these words (L4). */
  readonly sent: boolean;
  /** Whether it belongs to the gesture of the command before it (L6). */
  readonly joins: boolean;
  /** Whether that gesture ends with it. */
  readonly ends: boolean;
}

/** Something typed into a prompt. */
interface PendingTyping extends Pending {
  readonly command: EditCommand & { readonly instruction: Typed };
}

export class CommandQueue {
  #nextKey = 1;
  #nextSeq = 1;
  #pending: Pending[] = [];
  /** The name of the group that the next edit may join. */
  #open: string | null = null;

  get pending(): readonly Pending[] {
    return this.#pending;
  }

  /** What the server has not answered, in order: to be sent again after a reconnect. */
  get unanswered(): readonly Pending[] {
    return this.#pending.filter((p) => p.seq === null);
  }

  /**
   * What of that may be sent, in order. An undo or redo of the newest gesture, and all behind it,
   * is held back until the typing or restore before it is answered: if that is refused it would
   * mean an older gesture (U2).
   */
  get sendable(): readonly Pending[] {
    const { unanswered } = this;
    const unsure = unanswered.findIndex((p) => isTyping(p) || p.command.type === 'restore');
    if (unsure < 0) return unanswered;
    const held = unanswered.findIndex((p, at) => at > unsure && meansNewest(p));
    return held < 0 ? unanswered : unanswered.slice(0, held);
  }

  /** Whether something waits for the answer to what is before it. */
  get holds(): boolean {
    return this.sendable.length < this.unanswered.length;
  }

  get openGroup(): string | null {
    return this.#open;
  }

  /** The command of this number that the server has not answered for good, or null. */
  find(clientSeq: number): Pending | null {
    return this.#pending.find((p) => p.seq === null && p.command.client_seq === clientSeq) ?? null;
  }

  push(draft: Draft): Pending {
    const command = { ...draft, client_seq: this.#nextSeq } as Command;
    const group = draft.type === 'edit' ? draft.group : null;
    const joins = group !== null && group === this.#open;
    const pending = { key: this.#nextKey, command, seq: null, sent: false, joins, ends: false };
    this.#open = group;
    this.#nextKey += 1;
    this.#nextSeq += 1;
    this.#pending = [...this.#pending, pending];
    return pending;
  }

  /** Put another command in the place of one that was never sent. */
  replace(key: number, draft: Draft): void {
    this.#pending = this.#pending.map((p) => (p.key !== key ? p
      : { ...p, command: { ...draft, client_seq: p.command.client_seq } as Command }));
  }

  /** The open group takes no more edits; the last command given keeps that in mind. */
  endGroup(): void {
    if (this.#open === null) return;
    this.#open = null;
    this.#pending = this.#pending.map((p, at) =>
      at === this.#pending.length - 1 ? { ...p, ends: true } : p);
  }

  /** The connection is gone, and the open group with it (L6). */
  disconnected(): void {
    this.#open = null;
  }

  /** Whether text typed into this prompt is not part of the folded log yet. */
  types(prompt: Prompt): boolean {
    return this.#pending.some((p) => typedIn(p, prompt));
  }

  /** Whether undos on their way take out all that is typed into this prompt and not answered. */
  undone(prompt: Prompt): boolean {
    const waiting = gesturesOf(this.#pending).filter(({ parts }) =>
      parts.some((p) => p.seq === null && typedIn(p, prompt)));
    return waiting.length > 0 && waiting.every(({ undone }) => undone);
  }

  /**
   * What was typed into this prompt last, if more of the same group can be put in its place: it
   * was never sent, and only typing is behind it.
   */
  growing(prompt: Prompt, group: string): PendingTyping | null {
    const behind = this.#pending.findLastIndex((p) => p.sent || !isTyping(p));
    const last = this.#pending.slice(behind + 1).filter(isTyping)
      .findLast((p) => p.command.instruction.prompt === prompt);
    return last?.command.group === group ? last : null;
  }

  /** Take out what was typed into this prompt and is not answered: it will not be sent again. */
  withdraw(prompt: Prompt): boolean {
    const typed = this.unanswered.filter((p) => typedIn(p, prompt));
    if (typed.length) this.#takeOut(typed);
    return typed.length > 0;
  }

  /** Everything up to the command of this key has been on the wire. */
  markSent(key: number): void {
    this.#pending = this.#pending.map((p) => (p.sent || p.key > key ? p : { ...p, sent: true }));
  }

  /** All that may be sent was sent again, in order: the group of the last command is open. */
  resent(): void {
    const last = this.unanswered.at(-1);
    if (last) this.#open = last.ends || last.command.type !== 'edit' ? null : last.command.group;
  }

  /** The server stored the command as event `seq`. */
  acknowledge(clientSeq: number, seq: number): void {
    this.#pending = this.#pending.map((p) =>
      p.command.client_seq === clientSeq && p.seq === null ? { ...p, seq } : p);
  }

  /** Events up to `seq` are folded: take out the commands they came from, and return those. */
  folded(seq: number): readonly Pending[] {
    const done = this.#pending.filter((p) => p.seq !== null && p.seq <= seq);
    if (done.length) this.#pending = this.#pending.filter((p) => !done.includes(p));
    return done;
  }

  /** The log begins anew (C2): what was acknowledged is in it or lost, and not on its way. */
  forgetAcknowledged(): void {
    this.#pending = this.unanswered.map((p, at) => (at ? p : { ...p, joins: false }));
  }

  /**
   * The server refused the command for good; it is taken out.
   *
   * Those behind keep their numbers. Where the server still waits for this one it refuses them as
   * a gap and says so; after a `conflict` it does not: that number stands for something else.
   */
  refuse(clientSeq: number): void {
    const refused = this.find(clientSeq);
    if (refused) this.#takeOut([refused]);
  }

  /**
   * The server told which number it expects next (a welcome, or a gap), and is believed.
   *
   * Numbers below it were answered before, and are again. Where it is lower than all of ours the
   * server has lost the rest, and only counting from there makes it listen.
   */
  expected(clientSeq: number): void {
    const waiting = this.unanswered;
    const first = waiting[0]?.command.client_seq ?? clientSeq;
    if (first > clientSeq) this.#renumber(clientSeq);
    else this.#nextSeq = Math.max(clientSeq, (waiting.at(-1)?.command.client_seq ?? 0) + 1);
  }

  /** Under a new client id counting begins again at 1. */
  restart(): void {
    this.#renumber(1);
  }

  /**
   * Take out what will not be in the log. Where nothing is left of their gesture, the undos
   * and redos held back behind it go, too: they would mean another one.
   */
  #takeOut(lost: readonly Pending[]): void {
    const out = new Set(lost.map(({ key }) => key));
    const first = new Set<number>();
    let gap = Infinity;
    for (const { parts, turns } of gesturesOf(this.#pending)) {
      if (parts[0]!.joins || !parts.some(({ key }) => out.has(key))) continue;
      const left = parts.find(({ key }) => !out.has(key));
      if (left) first.add(left.key);
      else {
        for (const { key, command } of turns.filter(({ sent }) => !sent)) {
          out.add(key);
          gap = Math.min(gap, command.client_seq);
        }
      }
    }
    this.#pending = this.#pending.filter(({ key }) => !out.has(key))
      .map((p) => (first.has(p.key) ? { ...p, joins: false } : p));
    // Nothing behind what was held back was ever sent.
    if (gap < Infinity) this.#renumber(gap, gap);
  }

  /** Count on from `from`, leaving alone what has a number below `least`. */
  #renumber(from: number, least = 0): void {
    let next = from;
    this.#pending = this.#pending.map((p) => {
      if (p.seq !== null || p.command.client_seq < least) return p;
      const renumbered = { ...p, command: { ...p.command, client_seq: next } };
      next += 1;
      return renumbered;
    });
    this.#nextSeq = next;
  }
}

function isTyping(pending: Pending): pending is PendingTyping {
  return pending.command.type === 'edit' && pending.command.instruction.kind === 'typed';
}

/** Whether it takes whatever gesture is the newest when it arrives. */
function meansNewest({ command }: Pending): boolean {
  return command.type === 'redo' || (command.type === 'undo' && command.group === null);
}

function typedIn(pending: Pending, prompt: Prompt): boolean {
  return isTyping(pending) && pending.command.instruction.prompt === prompt;
}
