/** Looks: what the take would be without something, or was before, for nobody else to see (T12). */

import { Emitter } from './emitter.ts';
import type { EndLook, LookCommand, LookStatus } from './messages.ts';
import type { Preview } from './preview.ts';

/** What to look at; all that is missing is as it is. */
export interface LookQuery {
  /** The number of a take; the one in force where null or missing. */
  readonly take?: number | null;
  /** As the log stood after this event; as it stands now where null or missing. */
  readonly at?: number | null;
  /** Groups to leave out, by their names. */
  readonly without?: readonly number[];
  /** Participants of whom everything is left out. */
  readonly people?: readonly string[];
}

/** Everything a look tells its listeners. */
export interface LookEvents {
  status: LookStatus;
  preview: Preview;
  /** Nothing more will come: it failed, was replaced or given up. One sentence for people, or "". */
  ended: string;
}

/** One look. What it showed stays in `preview` when it is over. */
export class Look extends Emitter<LookEvents> {
  readonly query: LookQuery;
  readonly number: number;
  readonly #end: (look: Look) => void;
  #status: LookStatus | null = null;
  #preview: Preview | null = null;
  #over = false;

  constructor(query: LookQuery, number: number, end: (look: Look) => void) {
    super();
    this.query = query;
    this.number = number;
    this.#end = end;
  }

  /** The newest word about it; null before the first. */
  get status(): LookStatus | null {
    return this.#status;
  }

  get preview(): Preview | null {
    return this.#preview;
  }

  /** Whether nothing more will come, also where it was finished before. */
  get over(): boolean {
    return this.#over;
  }

  /** Give it up: nobody computes it any longer. */
  end(): void {
    this.#end(this);
  }

  /** For the session: the server said how far it is. */
  told(status: LookStatus): void {
    if (this.#over) return;
    this.#status = status;
    this.emit('status', status);
    if (status.state === 'failed' || status.state === 'ended') this.close(status.note);
  }

  /** For the session: a picture of it came. */
  showed(preview: Preview): void {
    if (this.#over) return;
    this.#preview = preview;
    this.emit('preview', preview);
  }

  /** For the session: nothing more will come. */
  close(reason: string): void {
    if (this.#over) return;
    this.#over = true;
    this.emit('ended', reason);
  }
}

/** The looks of a session, of which one at most goes on. */
export class Looks {
  readonly #send: (message: LookCommand | EndLook) => void;
  #current: Look | null = null;
  #number = 0;

  constructor(send: (message: LookCommand | EndLook) => void) {
    this.#send = send;
  }

  /** Begin another one; the server lets it take the place of the one before. */
  begin(query: LookQuery): Look {
    const before = this.#current;
    this.#number += 1;
    const look = new Look(query, this.#number, (one) => this.#end(one));
    this.#current = look;
    before?.close('another look took its place');
    this.#ask(look);
    return look;
  }

  told(status: LookStatus): void {
    const look = this.#current;
    if (status.number !== look?.number) return;
    look.told(status);
    if (look.over && this.#current === look) this.#current = null;
  }

  showed(preview: Preview): void {
    if (preview.look === this.#current?.number) this.#current.showed(preview);
  }

  /** The server welcomed us anew: it has forgotten what a lost connection asked for. */
  welcomed(): void {
    if (this.#current && this.#current.status?.state !== 'finished') this.#ask(this.#current);
  }

  #ask({ number, query }: Look): void {
    const { take = null, at = null, without = [], people = [] } = query;
    this.#send({ type: 'look', number, take, at, without, people });
  }

  #end(look: Look): void {
    if (this.#current !== look) return;
    this.#current = null;
    this.#send({ type: 'end_look' });
    look.close('');
  }
}
