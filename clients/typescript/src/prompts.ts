/** The shared prompts of a session, between its log and its queue of commands. */

import * as Y from 'yjs';

import type { CommandQueue, Draft, Pending } from './commands.ts';
import type { Event } from './events.ts';
import { PROMPTS, type Prompt } from './instructions.ts';
import type { Refusal } from './messages.ts';
import { PromptDocument, type PromptHost, type SharedPrompt } from './prompt.ts';
import type { LogState } from './records.ts';
import { textsOf } from './texts.ts';

export type SharedPrompts = Readonly<Record<Prompt, SharedPrompt>>;

/** What was refused is typed again, undone, or told already: nobody needs to hear of it. */
export const SILENT = Symbol('silent');

export interface PromptsHost {
  /** Bytes that one update may have. */
  updateBytes(): number;
  /** Whether the log is here up to where it was at the welcome. */
  caughtUp(): boolean;
  command(draft: Draft): void;
  /** A command that was never sent is another one now. */
  replaced(): void;
  endGroup(): void;
  /** A prompt has another document. */
  rebound(prompts: SharedPrompts): void;
}

export class Prompts {
  readonly #queue: CommandQueue;
  readonly #host: PromptsHost;
  readonly #documents: Readonly<Record<Prompt, PromptDocument>>;
  #shared: SharedPrompts;
  #replacing = false;

  constructor(queue: CommandQueue, host: PromptsHost) {
    this.#queue = queue;
    this.#host = host;
    const rules = this.#rules();
    this.#documents = {
      content: new PromptDocument('content', rules),
      motion: new PromptDocument('motion', rules),
      negative: new PromptDocument('negative', rules),
    };
    this.#shared = { ...this.#documents };
  }

  /** Another object after a document was replaced. */
  get shared(): SharedPrompts {
    return this.#shared;
  }

  /** Whether there is something typed that is still to be given. */
  get typing(): boolean {
    return PROMPTS.some((name) => this.#documents[name].typing);
  }

  flush(): void {
    for (const name of PROMPTS) this.#documents[name].flush();
  }

  endBursts(): void {
    for (const name of PROMPTS) this.#documents[name].endBurst();
  }

  /** Give up what was typed last and cannot be given now; returns whether there was something. */
  cancel(): boolean {
    const [newest] = PROMPTS.map((name) => this.#documents[name]).filter(({ typing }) => typing)
      .sort((a, b) => b.typedAt - a.typedAt);
    newest?.cancel();
    return newest !== undefined;
  }

  /** As `PromptDocument.welcomed`; `lost` is the state of the log that another one replaces. */
  welcomed(client: number, lost: LogState | null): void {
    for (const name of PROMPTS) {
      this.#documents[name].welcomed(client, lost && lost[name]);
    }
  }

  follow(events: readonly Event[]): void {
    const texts = events.flatMap(textsOf);
    for (const name of PROMPTS) {
      const own = texts.filter(({ prompt }) => prompt === name);
      this.#documents[name].follow(own.map(({ update }) => update));
    }
  }

  /**
   * A command that still waits was refused for good. Where it is typing, `SILENT` or what the
   * prompt read; null for all others.
   */
  refused({ command }: Pending, { code, rule }: Refusal): string | typeof SILENT | null {
    if (command.type !== 'edit' || command.instruction.kind !== 'typed') return null;
    const document = this.#documents[command.instruction.prompt];
    if (document.givenUp) return SILENT;
    // What is missing or under a strange name can be typed anew; what is too long or forbidden
    // would only be refused again.
    const recoverable = (code === 'invalid' && rule === 'M3') || code === 'conflict';
    const text = document.text.toString();
    return document.refused(recoverable) ? SILENT : text;
  }

  /** Whether this is the group of a burst that goes on. */
  types(group: string | null): boolean {
    return group !== null && PROMPTS.some((name) => this.#documents[name].burst === group);
  }

  /** Something on its way arrived, or the log grew. */
  settle(): void {
    for (const name of PROMPTS) this.#documents[name].settle();
  }

  #rules(): PromptHost {
    const queue = this.#queue;
    const host = this.#host;
    return {
      get updateBytes() { return host.updateBytes(); },
      get caughtUp() { return host.caughtUp(); },
      waits: (prompt) => queue.types(prompt),
      undone: (prompt) => queue.undone(prompt),
      give: (prompt, update, group) => this.#give(prompt, update, group),
      withdraw: (prompt) => queue.withdraw(prompt),
      endGroup: (group) => {
        if (queue.openGroup === group) host.endGroup();
      },
      replaced: () => this.#replaced(),
    };
  }

  /** A document was replaced; where the other has to be, too, that is told at once. */
  #replaced(): void {
    if (this.#replacing) return;
    this.#replacing = true;
    this.settle();
    this.#replacing = false;
    this.#shared = { ...this.#documents };
    this.#host.rebound(this.#shared);
  }

  /** Queue an update, together with what was typed before it in the same burst and never sent. */
  #give(prompt: Prompt, update: Uint8Array, group: string): void {
    const before = this.#queue.growing(prompt, group);
    if (before) {
      const longer = Y.mergeUpdates([before.command.instruction.update, update]);
      if (longer.length <= this.#host.updateBytes()) {
        this.#queue.replace(before.key, typing(prompt, longer, group));
        this.#host.replaced();
        return;
      }
    }
    this.#host.command(typing(prompt, update, group));
  }
}

function typing(prompt: Prompt, update: Uint8Array, group: string): Draft {
  return { type: 'edit', instruction: { kind: 'typed', prompt, update }, depth: null, group };
}
