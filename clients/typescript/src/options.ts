/** What a session is opened with, what an edit may be given with, and what a session tells. */

import type { Pending } from './commands.ts';
import type { SocketLike, Status } from './connection.ts';
import type { Event } from './events.ts';
import type { Fault, Person, Presence, Refusal, TakeStatus, Welcome } from './messages.ts';
import type { Preview } from './preview.ts';
import type { SharedPrompts } from './prompts.ts';
import type { LogState } from './records.ts';

export interface SessionOptions {
  /** Where the server is, for example `https://example.org`. */
  readonly origin: string;
  readonly session: string;
  /** An invite's token, or the participant's own from an earlier visit. */
  readonly token: string;
  readonly name?: string;
  readonly color?: string;
  readonly openSocket?: (url: string) => SocketLike;
  readonly random?: () => number;
}

/** How an edit is to be taken; both have a default. */
export interface EditOptions {
  /** How much of the loop it may re-run, in 1/65536 (T3); null for the default of its kind. */
  readonly depth?: number | null;
  /** A name for the gesture it belongs to: edits of one name in a row are undone together (L6). */
  readonly group?: string | null;
}

/** Everything a session tells its listeners. */
export interface SessionEvents {
  status: Status;
  welcome: Welcome;
  /** The folded log changed. */
  state: LogState;
  /** One event of the log, in seq order; `live` is false while catching up. */
  event: { readonly event: Event; readonly live: boolean };
  /** Our own commands on their way changed. */
  pending: readonly Pending[];
  /**
   * One of our commands was refused for good. `typed` is what the prompt read here, where the
   * refusal throws away what was typed into it; else null.
   */
  refused: {
    readonly pending: Pending; readonly refusal: Refusal; readonly typed: string | null;
  };
  /** The server could not take one of our commands just now; it is kept and sent again. */
  delayed: { readonly pending: Pending; readonly refusal: Refusal };
  /** A prompt has another document: editors bind to `doc` and `text` anew. */
  prompts: SharedPrompts;
  people: readonly Person[];
  presence: Presence;
  take: TakeStatus;
  preview: Preview;
  fault: Fault;
}
