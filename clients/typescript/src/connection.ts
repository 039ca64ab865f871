/** One socket at a time, kept alive: hello, heartbeat, and coming back with jittered backoff. */

import { mayReconnect } from './close.ts';

/** The part of a browser's WebSocket that is used here; tests hand in another. */
export interface SocketLike {
  binaryType: string;
  onopen: ((event: never) => void) | null;
  onmessage: ((event: { data: unknown }) => void) | null;
  onclose: ((event: { code: number; reason: string }) => void) | null;
  onerror: ((event: never) => void) | null;
  send(data: Uint8Array<ArrayBuffer>): void;
  close(code?: number, reason?: string): void;
}

export type Status =
  /** `code` is that of the loss before, null at the first attempt. */
  | { readonly phase: 'connecting'; readonly attempt: number; readonly code: number | null }
  | { readonly phase: 'live' }
  /** Lost; the next attempt comes in `delayMs`. */
  | { readonly phase: 'waiting'; readonly attempt: number; readonly delayMs: number;
      readonly code: number; readonly reason: string }
  /** Over: coming back with the same words would end the same way (C6). */
  | { readonly phase: 'ended'; readonly code: number; readonly reason: string }
  | { readonly phase: 'left' };

/** What a connection asks of its owner. */
export interface ConnectionHandler {
  /** The first bytes of a new socket. */
  hello(): Uint8Array<ArrayBuffer>;
  ping(): Uint8Array<ArrayBuffer>;
  received(data: Uint8Array<ArrayBuffer>): void;
  closed(code: number): void;
  changed(status: Status): void;
}

const FIRST_DELAY_MS = 500;
const LONGEST_DELAY_MS = 8_000;
const HELLO_MS = 10_000;
/** A connection that brings nothing for a whole interval, not even a pong, is dead. */
const HEARTBEAT_MS = 15_000;

/** Full jitter over a doubling window: clients of a restarted server do not come all at once. */
function backoff(attempt: number, random: number): number {
  const window = Math.min(LONGEST_DELAY_MS, FIRST_DELAY_MS * 2 ** attempt);
  return Math.round(window * (0.2 + 0.8 * random));
}

export class Connection {
  readonly #url: string;
  readonly #handler: ConnectionHandler;
  readonly #open: (url: string) => SocketLike;
  readonly #random: () => number;
  #socket: SocketLike | null = null;
  #status: Status = { phase: 'left' };
  #attempt = 0;
  #lostCode: number | null = null;
  #heard = false;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(url: string, handler: ConnectionHandler, open: (url: string) => SocketLike,
              random: () => number) {
    this.#url = url;
    this.#handler = handler;
    this.#open = open;
    this.#random = random;
  }

  get status(): Status {
    return this.#status;
  }

  /** Connect now: at the start, or when waiting for the next attempt is pointless. */
  connect(): void {
    if (this.#socket) return;
    clearTimeout(this.#timer);
    this.#change({ phase: 'connecting', attempt: this.#attempt, code: this.#lostCode });
    const socket = this.#open(this.#url);
    this.#socket = socket;
    socket.binaryType = 'arraybuffer';
    socket.onopen = () => socket.send(this.#handler.hello());
    socket.onmessage = ({ data }) => {
      this.#heard = true;
      if (data instanceof ArrayBuffer) this.#handler.received(new Uint8Array(data));
    };
    socket.onclose = ({ code, reason }) => this.#lost(code, reason);
    // A browser follows every error with a close, which is where it is handled.
    socket.onerror = null;
    this.#timer = setTimeout(() => this.#abandon('no welcome'), HELLO_MS);
  }

  /** The server welcomed us: commands may flow, and a later loss starts counting at zero. */
  welcomed(): void {
    this.#attempt = 0;
    this.#lostCode = null;
    this.#heard = true;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#beat(), HEARTBEAT_MS);
    this.#change({ phase: 'live' });
  }

  /** Send while live; false where there is nobody to send to (the caller keeps the message). */
  send(data: Uint8Array<ArrayBuffer>): boolean {
    if (this.#status.phase !== 'live' || !this.#socket) return false;
    this.#socket.send(data);
    return true;
  }

  leave(): void {
    this.#detach();
    this.#change({ phase: 'left' });
  }

  #beat(): void {
    if (!this.#heard) {
      this.#abandon('no answer');
      return;
    }
    this.#heard = false;
    this.send(this.#handler.ping());
    this.#timer = setTimeout(() => this.#beat(), HEARTBEAT_MS);
  }

  /** Give a silent socket up at once: its own close can take minutes on a dead network. */
  #abandon(reason: string): void {
    this.#detach();
    this.#lost(1006, reason);
  }

  #detach(): void {
    clearTimeout(this.#timer);
    const socket = this.#socket;
    this.#socket = null;
    if (!socket) return;
    socket.onopen = socket.onmessage = socket.onclose = null;
    socket.close(1000);
  }

  #lost(code: number, reason: string): void {
    clearTimeout(this.#timer);
    this.#socket = null;
    this.#lostCode = code;
    this.#handler.closed(code);
    if (!mayReconnect(code)) {
      this.#change({ phase: 'ended', code, reason });
      return;
    }
    const delayMs = backoff(this.#attempt, this.#random());
    this.#attempt += 1;
    this.#timer = setTimeout(() => this.connect(), delayMs);
    this.#change({ phase: 'waiting', attempt: this.#attempt, delayMs, code, reason });
  }

  #change(status: Status): void {
    this.#status = status;
    this.#handler.changed(status);
  }
}
