/**
 * A prompt that several people type into at once (M3): a Yjs document that follows the log.
 *
 * What is typed here goes out as updates, a few times a second, in one group a burst. What comes
 * from the log is applied to the same document; what we typed ourselves comes back and changes
 * nothing.
 */

import * as Y from 'yjs';

import type { Prompt } from './instructions.ts';
import { difference, moved, unitOf } from './texts.ts';

/** The name of the text in the document of a prompt. */
const ROOT = 'text';
const FLUSH_MS = 100;
const BURST_MS = 2_000;

/** The origin of transactions that bring what is in the log; all others count as typed here. */
const FROM_LOG = Symbol('from the log');

/** A prompt as an editor binds to it. */
export interface SharedPrompt {
  readonly name: Prompt;
  /** After a `prompts` event of the session `doc` and `text` are others: bind to them anew. */
  readonly doc: Y.Doc;
  readonly text: Y.Text;
  /** Whether there is text here that the log does not have yet. */
  readonly unsent: boolean;
  /** Give what was typed now, not up to 100 ms later. */
  flush(): void;
  /** What is typed from now on is undone by itself (L6); it ends after 2 s without typing, too. */
  endBurst(): void;
  /** Hear of every change of the text or of `unsent`; returns what stops it. */
  onChange(listener: () => void): () => void;
}

/** What a prompt needs of its session. */
export interface PromptHost {
  /** Bytes that one update may have. */
  readonly updateBytes: number;
  /** Whether the log is here up to where it was at the welcome. */
  readonly caughtUp: boolean;
  /** Whether something given is not part of the folded log yet. */
  waits(prompt: Prompt): boolean;
  /** Whether undos that were given take out all that was given before and is not answered. */
  undone(prompt: Prompt): boolean;
  give(prompt: Prompt, update: Uint8Array, group: string): void;
  /** Take back what was given and is not answered; returns whether there was something. */
  withdraw(prompt: Prompt): boolean;
  endGroup(group: string): void;
  /** The document is another one. */
  replaced(): void;
}

/** Why the document must be made anew from the log, once nothing of it is on its way any more. */
interface Stale {
  /** What the log said when it was lost; null where it is the same log still. */
  readonly base: string | null;
  /** Whether the text that the log has not taken is typed again. */
  readonly keep: boolean;
}

export class PromptDocument implements SharedPrompt {
  readonly name: Prompt;
  readonly #host: PromptHost;
  readonly #listeners = new Set<() => void>();
  #doc = new Y.Doc();
  /** The Yjs client id the server gave us; null before the first welcome. */
  #client: number | null = null;
  /** Every update of the log, in order. */
  #log: Uint8Array[] = [];
  /** Updates typed here and not given yet. */
  #typed: Uint8Array[] = [];
  #stale: Stale | null = null;
  /** Text was typed again after a refusal: refused once more it is dropped. */
  #again = false;
  #burst: string | null = null;
  #bursts = 0;
  #flushTimer: ReturnType<typeof setTimeout> | undefined;
  #burstTimer: ReturnType<typeof setTimeout> | undefined;
  #wasUnsent = false;
  /** When something was typed here last, by `performance.now`. */
  #typedAt = 0;

  constructor(name: Prompt, host: PromptHost) {
    this.name = name;
    this.#host = host;
    this.#doc.on('update', this.#changed);
  }

  get doc(): Y.Doc {
    return this.#doc;
  }

  get text(): Y.Text {
    return this.#doc.getText(ROOT);
  }

  /** The group of the burst that goes on, or null. */
  get burst(): string | null {
    return this.#burst;
  }

  get unsent(): boolean {
    return this.typing || this.#stale !== null || this.#host.waits(this.name);
  }

  /** Whether there is something typed that is still to be given. */
  get typing(): boolean {
    if (!this.#stale) return this.#typed.length > 0;
    const { base, keep } = this.#stale;
    return keep && base !== this.text.toString();
  }

  get typedAt(): number {
    return this.#typedAt;
  }

  /** Whether what was typed and not taken is given up: that was told, or asked for. */
  get givenUp(): boolean {
    return this.#stale?.keep === false;
  }

  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  flush(): void {
    clearTimeout(this.#flushTimer);
    this.#flushTimer = undefined;
    this.settle();
    if (this.#stale || this.#client === null || !this.#typed.length) return;
    const updates = this.#merged();
    this.#typed = [];
    this.#burst ??= `typing-${this.name}-${(this.#bursts += 1)}`;
    for (const update of updates) this.#host.give(this.name, update, this.#burst);
  }

  endBurst(): void {
    clearTimeout(this.#burstTimer);
    this.#burstTimer = undefined;
    this.flush();
    if (this.#burst !== null) this.#host.endGroup(this.#burst);
    this.#burst = null;
  }

  /**
   * The server welcomed us; our updates come under `client` from now on. `lost` is what the log
   * said where another one takes its place (C2), null where it goes on.
   */
  welcomed(client: number, lost: string | null): void {
    this.#client = client;
    if (lost !== null) this.#log = [];
    const foreign = this.#doc.clientID !== client;
    const keep = this.typing || !this.#host.undone(this.name);
    const withdrawn = (lost !== null || foreign) && this.#host.withdraw(this.name);
    if (lost !== null || (foreign && (withdrawn || this.#typed.length))) this.#outdate(keep, lost);
    else this.#doc.clientID = client;
    this.settle();
  }

  /** Take over what events did to this prompt, in the order of the log. */
  follow(updates: readonly Uint8Array[]): void {
    if (!updates.length) return;
    this.#log.push(...updates);
    // The document of a lost log only waits to be replaced.
    if (this.#stale && this.#stale.base !== null) return;
    const doc = this.#doc;
    const apply = (): void => updates.forEach((update) => Y.applyUpdate(doc, update, FROM_LOG));
    Y.transact(doc, apply, FROM_LOG, false);
  }

  /**
   * The server refused something typed here for good. `recoverable`: the text may be typed again.
   * Returns whether it is settled by that: typed again, or undone in the meantime.
   */
  refused(recoverable: boolean): boolean {
    const again = recoverable && !this.#again;
    // Beside it nothing may be lost that was not undone.
    const undone = !this.typing && this.#host.undone(this.name);
    this.#outdate(again && !undone);
    return again;
  }

  /** Give up what is typed and cannot be given now. */
  cancel(): void {
    this.#outdate(false);
    this.settle();
  }

  /** Something on its way arrived, or the log grew: what waited for that goes on. */
  settle(): void {
    if (this.#stale && this.#host.caughtUp && !this.#host.waits(this.name)) this.#rebuild();
    const { unsent } = this;
    if (!unsent) this.#again = false;
    if (unsent !== this.#wasUnsent) this.#tell();
  }

  readonly #changed = (update: Uint8Array, origin: unknown): void => {
    if (origin !== FROM_LOG) this.#typedHere(update);
    this.#tell();
  };

  #typedHere(update: Uint8Array): void {
    this.#typedAt = performance.now();
    this.#flushTimer ??= setTimeout(() => this.flush(), FLUSH_MS);
    clearTimeout(this.#burstTimer);
    this.#burstTimer = setTimeout(() => this.endBurst(), BURST_MS);
    // Half a character has no place in an update; what it was half of is typed anew without it.
    if (hasHalves(this.text.toString())) this.#outdate(true);
    // Until the document is replaced its text is kept as it reads, not as updates.
    else if (!this.#stale) this.#typed.push(update);
  }

  #outdate(keep: boolean, lost: string | null = null): void {
    this.#stale = { base: this.#stale?.base ?? lost, keep: keep && (this.#stale?.keep ?? true) };
    this.#typed = [];
  }

  /** Make the document anew from the log, and type again what the log has not taken. */
  #rebuild(): void {
    const { base, keep } = this.#stale!;
    const here = withoutHalves(this.text.toString());
    this.#doc.off('update', this.#changed);
    this.#doc = new Y.Doc();
    this.#stale = null;
    // Under a client id of its own: Yjs would take our old updates for those of an impostor.
    this.#doc.transact(() => this.#log.forEach((update) => Y.applyUpdate(this.#doc, update)));
    if (this.#client !== null) this.#doc.clientID = this.#client;
    this.#doc.on('update', this.#changed);
    const there = this.text.toString();
    const wanted = !keep ? there : base === null ? here : moved(base, here, there);
    if (wanted !== there) {
      this.#again = true;
      this.#write(there, wanted);
    }
    this.#host.replaced();
    this.#tell();
  }

  #write(before: string, after: string): void {
    this.#doc.transact(() => {
      let text = before;
      for (const [at, removed, inserted] of difference(before, after)) {
        const start = unitOf(text, at);
        this.text.delete(start, removed.length);
        this.text.insert(start, inserted);
        text = text.slice(0, start) + inserted + text.slice(start + removed.length);
      }
    });
  }

  /** What was typed, in as few updates as the server's limit allows. */
  #merged(): Uint8Array[] {
    const merged: Uint8Array[] = [];
    for (const update of this.#typed) {
      const last = merged.at(-1);
      const longer = last && Y.mergeUpdates([last, update]);
      if (longer && longer.length <= this.#host.updateBytes) merged[merged.length - 1] = longer;
      else merged.push(update);
    }
    return merged;
  }

  #tell(): void {
    this.#wasUnsent = this.unsent;
    for (const listener of this.#listeners) listener();
  }
}

const HALF = /\p{Surrogate}/u;

function hasHalves(text: string): boolean {
  return HALF.test(text);
}

function withoutHalves(text: string): string {
  return text.replace(/\p{Surrogate}/gu, '\ufffd');
}
