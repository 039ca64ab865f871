/** A live session: typed events out, instructions in, the log folded in between. */

import { CLOSE } from './close.ts';
import { CommandQueue, type Draft, type Pending } from './commands.ts';
import { Connection, type SocketLike, type Status } from './connection.ts';
import { Emitter } from './emitter.ts';
import type { Event } from './events.ts';
import { LogFold } from './fold.ts';
import { HttpApi } from './http.ts';
import type { Given } from './instructions.ts';
import { socketUrl } from './link.ts';
import { Looks, type Look, type LookQuery } from './look.ts';
import {
  VERSION, type ClientMessage, type Control, type Fault, type PresenceUpdate, type Refusal,
  type Watch, type Welcome,
} from './messages.ts';
import type { EditOptions, SessionEvents, SessionOptions } from './options.ts';
import { outlook, type Outlook } from './outlook.ts';
import type { Past } from './past.ts';
import { isPreview, parsePreview } from './preview.ts';
import { Prompts, SILENT, type SharedPrompts } from './prompts.ts';
import type { LogState } from './records.ts';
import { decodeMessage, encodeMessage } from './wire.ts';

/** Refusals that say "later", not "no": the command is sent again. */
const RETRY_CODES: ReadonlySet<string> = new Set(['rate_limited', 'unavailable', 'gap']);
const RETRY_MS = 1_000;
const GAP_RETRY_MS = 50;
/** Bytes of one Yjs update, until a welcome tells what this server takes. */
const UPDATE_BYTES = 128 * 1024;
/** Presence is coalesced to this pace: faster than the eye follows a cursor (C4). */
const PRESENCE_MS = 33;

export class Session extends Emitter<SessionEvents> {
  readonly http: HttpApi;
  readonly #options: SessionOptions;
  readonly #connection: Connection;
  readonly #queue = new CommandQueue();
  readonly #prompts: Prompts;
  readonly #looks = new Looks((message) => this.#send(message));
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
    this.#prompts = new Prompts(this.#queue, {
      updateBytes: () => this.#welcome?.limits.update_bytes ?? UPDATE_BYTES,
      caughtUp: () => this.#fold.seq >= (this.#welcome?.head_seq ?? Infinity),
      command: (draft) => void this.#command(draft),
      replaced: () => this.emit('pending', this.#queue.pending),
      endGroup: () => this.#endGroup(),
      rebound: (prompts) => this.emit('prompts', prompts),
    });
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

  /** What was live after event `seq`, and where it had entered; walks through the log. */
  past(seq: number): Past {
    return this.#fold.past(seq);
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

  /** The prompts as texts that everybody types into at once; bind an editor to each. */
  get prompts(): SharedPrompts {
    return this.#prompts.shared;
  }

  /** Whether one more undo has something to take back, after all that is on its way. */
  get canUndo(): boolean {
    return this.#prompts.typing || this.#outlook().undos > 0;
  }

  get canRedo(): boolean {
    return !this.#prompts.typing && this.#outlook().redos > 0;
  }

  /** Connect, or stop waiting for the next attempt (the network is back). */
  connect(): void {
    this.#connection.connect();
  }

  leave(): void {
    this.#prompts.endBursts();
    clearTimeout(this.#presenceTimer);
    clearTimeout(this.#resendTimer);
    this.#presenceTimer = this.#resendTimer = undefined;
    this.#connection.leave();
  }

  /** Give an instruction. Sent now or after the next reconnect; returns what to follow it by. */
  edit(given: Given, options: EditOptions = {}): Pending {
    this.#prompts.flush();
    return this.#command(editOf(given, options));
  }

  /** The gesture is over: an edit of the same group that comes later begins another (L6). */
  endGroup(): void {
    // Typing has ended the gesture already, and ends its own bursts.
    if (!this.#prompts.types(this.#queue.openGroup)) this.#endGroup();
  }

  /**
   * Undo one's own newest group, or the one of this name: owners may undo anybody's (U2).
   *
   * What was typed just before counts as the newest; the undo waits until the server has taken it,
   * and is dropped where it does not. Returns null where the typing could be given up instead.
   */
  undo(group: number | null = null): Pending | null {
    this.#prompts.endBursts();
    if (group === null && this.#prompts.cancel()) return null;
    return this.#command({ type: 'undo', group });
  }

  /** Take back one's own newest undo (U4). Returns null where typing has left nothing to redo. */
  redo(): Pending | null {
    this.#prompts.endBursts();
    return this.#prompts.typing ? null : this.#command({ type: 'redo' });
  }

  /**
   * Name the session as it stood after event `of` (null: as it stands now, with what was typed just
   * before), or with `name` null take that name away (R3).
   */
  mark(name: string | null, of: number | null = null): Pending {
    this.#prompts.endBursts();
    return this.#command({ type: 'mark', of, name });
  }

  /** Put the session back to what it was after event `to` (R3); undo takes that back. */
  restore(to: number): Pending {
    this.#prompts.endBursts();
    return this.#command({ type: 'restore', to });
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

  /**
   * Show what the take would be without something, or was before (T12): to nobody else.
   *
   * Everybody has one look: this takes the place of the one before. It is asked for again after a
   * reconnect, until it is finished.
   */
  look(query: LookQuery = {}): Look {
    return this.#looks.begin(query);
  }

  #command(draft: Draft): Pending {
    const pending = this.#queue.push(draft);
    this.#sendNew();
    this.emit('pending', this.#queue.pending);
    return pending;
  }

  #endGroup(): void {
    if (this.#queue.openGroup === null) return;
    this.#queue.endGroup();
    // What waits for its turn takes the end of its group along.
    const waits = this.#resendTimer !== undefined || this.#queue.holds;
    if (!waits) this.#send({ type: 'end_group' });
  }

  #outlook(): Outlook {
    const me = this.#welcome?.participant ?? '';
    const fold = this.#fold;
    return outlook(this.#queue.pending, fold.undoable(me), fold.redoable(me),
                   (group) => fold.authorOf(group) === me);
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
      const preview = parsePreview(data);
      if (preview.look) this.#looks.showed(preview);
      else this.emit('preview', preview);
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
      case 'look_status': this.#looks.told(message); break;
      case 'fault':
        this.#fault = message;
        this.emit('fault', message);
        break;
    }
  }

  #welcomed(welcome: Welcome): void {
    const lost = !welcome.recovered && this.#fold.seq > 0 ? this.#fold.state : null;
    if (!welcome.recovered) {
      this.#fold = new LogFold();
      this.#queue.forgetAcknowledged();
    }
    this.#welcome = welcome;
    this.#token = welcome.token ?? this.#token;
    this.#askedAfter = null;
    this.#fault = null;
    this.#prompts.welcomed(welcome.yjs_client, lost);
    this.#queue.expected(welcome.next_client_seq);
    this.#connection.welcomed();
    this.emit('welcome', welcome);
    if (!welcome.recovered) {
      this.emit('state', this.#fold.state);
      this.emit('pending', this.#queue.pending);
    }
    if (this.#watch) this.#send(this.#watch);
    if (this.#presence) this.#send(this.#presence);
    this.#looks.welcomed();
    this.#resend();
  }

  #take(events: readonly Event[], live: boolean): void {
    const followed: Event[] = [];
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
      followed.push(event);
    }
    this.#prompts.follow(followed);
    for (const event of followed) this.emit('event', { event, live });
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
    this.#sendNew();
    if (this.#queue.folded(this.#fold.seq).length) this.emit('pending', this.#queue.pending);
    this.#prompts.settle();
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
    const pending = this.#queue.find(refusal.client_seq);
    if (!pending) return;
    const typed = this.#prompts.refused(pending, refusal);
    this.#queue.refuse(refusal.client_seq);
    this.#sendNew();
    if (typed !== SILENT) this.emit('refused', { pending, refusal, typed });
    this.emit('pending', this.#queue.pending);
    this.#prompts.settle();
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
    if (this.#sendAll(this.#queue.sendable)) this.#queue.resent();
  }

  /** Send what was not sent yet and waits for nothing. */
  #sendNew(): void {
    // Behind a command that waits for its turn these would be refused as a gap.
    if (this.#resendTimer !== undefined) return;
    this.#sendAll(this.#queue.sendable.filter(({ sent }) => !sent));
  }

  /** Returns whether all of it could be sent. */
  #sendAll(commands: readonly Pending[]): boolean {
    for (const { key, command, ends } of commands) {
      if (!this.#send(command)) return false;
      this.#queue.markSent(key);
      if (ends) this.#send({ type: 'end_group' });
    }
    return true;
  }

  #closed(code: number): void {
    this.#queue.disconnected();
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

function editOf(instruction: Given, { depth = null, group = null }: EditOptions): Draft {
  return { type: 'edit', instruction, depth, group };
}

/** Random for every page, so that two tabs of one person count separately (L4). */
function newClientId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(12));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
