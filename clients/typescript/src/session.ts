/** A live session: typed events out, instructions in, the log folded in between. */

import { CLOSE } from './close.ts';
import { CommandQueue, type Draft, type Pending } from './commands.ts';
import { Connection, type SocketLike, type Status } from './connection.ts';
import { Emitter } from './emitter.ts';
import type { Event } from './events.ts';
import { LogFold, type LogState } from './fold.ts';
import { HttpApi } from './http.ts';
import type { Instruction } from './instructions.ts';
import { socketUrl } from './link.ts';
import {
  VERSION, type ClientMessage, type Fault, type Person, type Presence, type PresenceUpdate,
  type Control, type Refusal, type TakeStatus, type Watch, type Welcome,
} from './messages.ts';
import { outlook, type Outlook } from './outlook.ts';
import { isPreview, parsePreview, type Preview } from './preview.ts';
import { decodeMessage, encodeMessage } from './wire.ts';

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
  /** One of our commands was refused for good. */
  refused: { readonly pending: Pending; readonly refusal: Refusal };
  /** The server could not take one of our commands just now; it is kept and sent again. */
  delayed: { readonly pending: Pending; readonly refusal: Refusal };
  people: readonly Person[];
  presence: Presence;
  take: TakeStatus;
  preview: Preview;
  fault: Fault;
}

/** Refusals that say "later", not "no": the command is sent again. */
const RETRY_CODES: ReadonlySet<string> = new Set(['rate_limited', 'unavailable', 'gap']);
const RETRY_MS = 1_000;
const GAP_RETRY_MS = 50;
/** Presence is coalesced to this pace: faster than the eye follows a cursor (C4). */
const PRESENCE_MS = 33;

export class Session extends Emitter<SessionEvents> {
  readonly http: HttpApi;
  readonly #options: SessionOptions;
  readonly #connection: Connection;
  readonly #queue = new CommandQueue();
  #fold = new LogFold();
  #clientId = newClientId();
  #token: string;
  #welcome: Welcome | null = null;
  #fault: Fault | null = null;
  #askedAfter: number | null = null;
  #watch: Watch | null = null;
  #presence: PresenceUpdate | null = null;
  #presenceTimer: ReturnType<typeof setTimeout> | undefined;
  #resendTimer: ReturnType<typeof setTimeout> | undefined;
  /** When that timer ends, by `performance.now`. */
  #resendAt = 0;
  #pings = 0;

  constructor(options: SessionOptions) {
    super();
    this.#options = options;
    this.#token = options.token;
    this.http = new HttpApi(options.origin, options.session, () => this.#token);
    const open = options.openSocket ?? ((url: string) => new WebSocket(url) as SocketLike);
    this.#connection = new Connection(socketUrl(options.origin), {
      hello: () => this.#hello(),
      ping: () => encodeMessage({ type: 'ping', nonce: (this.#pings += 1) }),
      received: (data) => this.#received(data),
      closed: (code) => this.#closed(code),
      changed: (status) => this.#changed(status),
    }, open, options.random ?? Math.random);
  }

  get status(): Status {
    return this.#connection.status;
  }

  get state(): LogState {
    return this.#fold.state;
  }

  /** The newest welcome: who we are, what the server accepts; null before the first. */
  get welcome(): Welcome | null {
    return this.#welcome;
  }

  /** The participant's own token once welcomed; keep it for the next visit. */
  get token(): string {
    return this.#token;
  }

  get pending(): readonly Pending[] {
    return this.#queue.pending;
  }

  /** Whether one more undo has something to take back, after all that is on its way. */
  get canUndo(): boolean {
    return this.#outlook().undos > 0;
  }

  get canRedo(): boolean {
    return this.#outlook().redos > 0;
  }

  /** Connect, or stop waiting for the next attempt (the network is back). */
  connect(): void {
    this.#connection.connect();
  }

  leave(): void {
    clearTimeout(this.#presenceTimer);
    clearTimeout(this.#resendTimer);
    this.#presenceTimer = this.#resendTimer = undefined;
    this.#connection.leave();
  }

  /** Give an instruction. Sent now or after the next reconnect; returns what to follow it by. */
  edit(instruction: Instruction, depth: number | null = null): Pending {
    return this.#command({ type: 'edit', instruction, depth });
  }

  /**
   * Give this in the place of an edit that is pending and was never sent: a text that changes
   * while the connection is away is one edit. Returns null where it is too late for that.
   */
  replace(key: number, instruction: Instruction, depth: number | null = null): Pending | null {
    const pending = this.#queue.replace(key, { type: 'edit', instruction, depth });
    if (pending) this.emit('pending', this.#queue.pending);
    return pending;
  }

  undo(): Pending {
    return this.#command({ type: 'undo' });
  }

  redo(): Pending {
    return this.#command({ type: 'redo' });
  }

  /** Tell the others where we point; only the newest of a burst is sent. */
  point(presence: Omit<PresenceUpdate, 'type'>): void {
    this.#presence = { type: 'presence', ...presence };
    this.#presenceTimer ??= setTimeout(() => {
      this.#presenceTimer = undefined;
      if (this.#presence) this.#send(this.#presence);
    }, PRESENCE_MS);
  }

  /** Pause, resume or cancel the loop, for everybody (T5); `take` says when it stands. */
  control(action: Control['action']): void {
    this.#send({ type: 'control', action });
  }

  /** Choose which previews come; kept over reconnects. */
  watch(tier: Watch['tier'], rate: number): void {
    this.#watch = { type: 'watch', tier, rate };
    this.#send(this.#watch);
  }

  #command(draft: Draft): Pending {
    const pending = this.#queue.push(draft);
    // Behind a command that waits for its turn this one would be refused as a gap.
    const waits = this.#resendTimer !== undefined;
    if (!waits && this.#send(pending.command)) this.#queue.markSent();
    this.emit('pending', this.#queue.pending);
    return pending;
  }

  #outlook(): Outlook {
    const me = this.#welcome?.participant ?? '';
    return outlook(this.#queue.pending, this.#fold.undoable(me), this.#fold.redoable(me));
  }

  #send(message: ClientMessage): boolean {
    return this.#connection.send(encodeMessage(message));
  }

  #hello(): Uint8Array<ArrayBuffer> {
    const known = this.#welcome;
    return encodeMessage({
      type: 'hello',
      versions: [VERSION],
      session: this.#options.session,
      token: this.#token,
      client_id: this.#clientId,
      name: this.#options.name ?? null,
      color: this.#options.color ?? null,
      capabilities: [],
      resume: known ? { epoch: known.epoch, last_seq: this.#fold.seq } : null,
    });
  }

  #received(data: Uint8Array<ArrayBuffer>): void {
    if (isPreview(data)) {
      this.emit('preview', parsePreview(data));
      return;
    }
    const message = decodeMessage(data);
    switch (message?.type) {
      case 'welcome': this.#welcomed(message); break;
      case 'event': this.#take([message], true); break;
      case 'events':
        this.#take(message.events, false);
        if (message.more) this.#need();
        break;
      case 'ack':
        this.#queue.acknowledge(message.client_seq, message.seq);
        this.#settleFolded();
        break;
      case 'refusal': this.#refused(message); break;
      case 'people': this.emit('people', message.people); break;
      case 'presence': this.emit('presence', message); break;
      case 'take': this.emit('take', message); break;
      case 'fault':
        this.#fault = message;
        this.emit('fault', message);
        break;
    }
  }

  #welcomed(welcome: Welcome): void {
    if (!welcome.recovered) {
      this.#fold = new LogFold();
      this.#queue.forgetAcknowledged();
    }
    this.#welcome = welcome;
    this.#token = welcome.token ?? this.#token;
    this.#askedAfter = null;
    this.#fault = null;
    this.#queue.expected(welcome.next_client_seq);
    this.#connection.welcomed();
    this.emit('welcome', welcome);
    if (!welcome.recovered) {
      this.emit('state', this.#fold.state);
      this.emit('pending', this.#queue.pending);
    }
    if (this.#watch) this.#send(this.#watch);
    if (this.#presence) this.#send(this.#presence);
    this.#resend();
  }

  #take(events: readonly Event[], live: boolean): void {
    for (const event of events) {
      if (event.seq <= this.#fold.seq) continue;
      if (event.seq > this.#fold.seq + 1) {
        this.#need();
        break;
      }
      this.#fold.apply(event);
      if (event.client_id === this.#clientId && event.client_seq !== null) {
        this.#queue.acknowledge(event.client_seq, event.seq);
      }
      this.emit('event', { event, live });
    }
    this.emit('state', this.#fold.state);
    this.#settleFolded();
  }

  /** Ask for what comes after the last event we have; once for each place in the log. */
  #need(): void {
    if (this.#askedAfter === this.#fold.seq) return;
    this.#askedAfter = this.#fold.seq;
    this.#send({ type: 'need', after: this.#fold.seq });
  }

  #settleFolded(): void {
    if (this.#queue.folded(this.#fold.seq).length) this.emit('pending', this.#queue.pending);
  }

  #refused(refusal: Refusal): void {
    if (!refusal.used && RETRY_CODES.has(refusal.code)) {
      // A command sent twice may be refused once after it was acknowledged: nothing waits for it.
      if (refusal.code !== 'gap' && !this.#queue.find(refusal.client_seq)) return;
      if (refusal.expected !== null) this.#queue.expected(refusal.expected);
      const pause = refusal.code === 'gap' ? GAP_RETRY_MS : RETRY_MS;
      this.#resendIn(refusal.retry_after_ms ?? pause);
      const waiting = this.#queue.find(refusal.client_seq);
      // A gap says nothing of its own: the command before it has told why.
      if (waiting && refusal.code !== 'gap') {
        this.emit('delayed', { pending: waiting, refusal });
      }
      return;
    }
    const pending = this.#queue.refuse(refusal.client_seq);
    if (!pending) return;
    this.emit('refused', { pending, refusal });
    this.emit('pending', this.#queue.pending);
  }

  /**
   * One timer for a burst of refusals, as long as the longest of them asks for: a pipelined gap
   * refuses everything behind it.
   */
  #resendIn(ms: number): void {
    const at = performance.now() + ms;
    if (this.#resendTimer !== undefined && at <= this.#resendAt) return;
    clearTimeout(this.#resendTimer);
    this.#resendAt = at;
    this.#resendTimer = setTimeout(() => this.#resend(), ms);
  }

  #resend(): void {
    clearTimeout(this.#resendTimer);
    this.#resendTimer = undefined;
    for (const command of this.#queue.unanswered) {
      if (!this.#send(command)) return;
    }
    this.#queue.markSent();
  }

  #closed(code: number): void {
    if (code !== CLOSE.CLIENT_TAKEN) return;
    this.#clientId = newClientId();
    this.#queue.restart();
  }

  #changed(status: Status): void {
    const reason = this.#fault?.message;
    const ended = status.phase === 'ended' && reason !== undefined;
    this.emit('status', ended ? { ...status, reason } : status);
  }
}

/** Random for every page, so that two tabs of one person count separately (L4). */
function newClientId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(12));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
