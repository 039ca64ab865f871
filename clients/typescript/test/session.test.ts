import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import {
  CLOSE, Session, type Body, type Event, type Refusal, type SessionEvents, type Status,
} from '../src/index.ts';
import { FakeSocket } from './fake-server.ts';

let sockets: FakeSocket[];
let session: Session;

beforeEach(() => {
  vi.useFakeTimers();
  sockets = [];
  session = new Session({
    origin: 'http://host:1', session: 's1', token: 'invite', name: 'Ada', random: () => 1,
    openSocket: (url) => {
      expect(url).toBe('ws://host:1/socket');
      const socket = new FakeSocket();
      sockets.push(socket);
      return socket;
    },
  });
  session.connect();
});

afterEach(() => {
  session.leave();
  vi.useRealTimers();
});

const socket = (): FakeSocket => sockets.at(-1)!;

function event(seq: number, body: Body, more: Partial<Event> = {}): Event {
  return {
    type: 'event', seq, at: 0, author: 'ada1', body, client_id: null, client_seq: null, ...more,
  };
}

const content = (seq: number, text: string, more: Partial<Event> = {}): Event => event(
  seq, { kind: 'edited', instruction: { kind: 'content', text }, depth: null, v: 1 }, more);

function refusal(clientSeq: number, changes: Partial<Refusal>): Refusal {
  return {
    type: 'refusal', client_seq: clientSeq, code: 'invalid', message: 'no', field: null,
    rule: null, expected: null, retry_after_ms: null, used: true, ...changes,
  };
}

function heard<N extends keyof SessionEvents>(name: N): SessionEvents[N][] {
  const list: SessionEvents[N][] = [];
  session.on(name, (payload) => list.push(payload));
  return list;
}

const edit = (text: string): unknown => session.edit({ kind: 'content', text });
const sentEdits = (): [number, string][] => socket().of('edit').map((m) =>
  [m.client_seq, (m.instruction as { text: string }).text]);

describe('connecting (C1, C2, C6)', () => {
  it('C1 says hello with the invite first, and with its own token when it comes back', () => {
    socket().welcome({ token: 'mine' });
    expect(socket().sent[0]).toMatchObject({
      type: 'hello', versions: [1], session: 's1', token: 'invite', name: 'Ada', resume: null,
    });
    const clientId = socket().of('hello')[0]!.client_id;
    socket().deliver({ type: 'events', events: [content(1, 'a'), content(2, 'b')], more: false });
    socket().drop();
    vi.advanceTimersByTime(500);
    socket().onopen?.();
    expect(socket().sent[0]).toMatchObject({
      token: 'mine', client_id: clientId, resume: { epoch: 'e1', last_seq: 2 },
    });
  });

  it('C2 forgets what it had where the server could not recover, keeps it where it could', () => {
    socket().welcome();
    socket().deliver({ type: 'events', events: [content(1, 'old')], more: false });
    socket().drop();
    vi.advanceTimersByTime(500);
    socket().welcome({ recovered: true, head_seq: 1 });
    expect(session.state.content?.instruction.text).toBe('old');
    socket().drop();
    vi.advanceTimersByTime(500);
    socket().welcome({ recovered: false, epoch: 'e2' });
    expect(session.state.seq).toBe(0);
    expect(session.state.content).toBeNull();
  });

  it('C6 waits longer each time, up to a bound, and starts over after a welcome', () => {
    const statuses = heard('status');
    for (let i = 0; i < 7; i += 1) {
      socket().drop();
      vi.advanceTimersByTime(8_000);
    }
    const delays = statuses.flatMap((s) => (s.phase === 'waiting' ? [s.delayMs] : []));
    expect(delays).toEqual([500, 1000, 2000, 4000, 8000, 8000, 8000]);
    socket().welcome();
    socket().drop();
    expect(session.status).toMatchObject({ phase: 'waiting', delayMs: 500 });
  });

  it('C6 does not come back after a refusal, and keeps the sentence of the server', () => {
    const statuses = heard('status');
    socket().onopen?.();
    socket().deliver({
      type: 'fault', code: 'unauthorised', message: 'Ask for a new link.', field: null, rule: null,
    });
    socket().drop(CLOSE.UNAUTHORISED, 'unauthorised');
    vi.advanceTimersByTime(60_000);
    expect(sockets).toHaveLength(1);
    expect(statuses.at(-1)).toEqual<Status>(
      { phase: 'ended', code: 4503, reason: 'Ask for a new link.' });
  });

  it('C6 gives up a socket that answers no ping, without waiting for its close', () => {
    socket().welcome();
    vi.advanceTimersByTime(15_000);
    expect(socket().of('ping')).toHaveLength(1);
    socket().deliver({ type: 'pong', nonce: 1 });
    vi.advanceTimersByTime(15_000);
    expect(socket().of('ping')).toHaveLength(2);
    vi.advanceTimersByTime(15_000);
    expect(sockets[0]!.closed).toBe(true);
    vi.advanceTimersByTime(500);
    expect(sockets).toHaveLength(2);
  });

  it('C1 gives up a socket that never welcomes', () => {
    socket().onopen?.();
    vi.advanceTimersByTime(10_500);
    expect(sockets).toHaveLength(2);
  });

  it('L4 takes another client id when its own is taken', () => {
    socket().welcome();
    const first = socket().of('hello')[0]!.client_id;
    edit('kept');
    socket().drop(CLOSE.CLIENT_TAKEN);
    vi.advanceTimersByTime(500);
    socket().welcome();
    expect(socket().of('hello')[0]!.client_id).not.toBe(first);
    expect(sentEdits()).toEqual([[1, 'kept']]);
  });
});

describe('commands (L4, L5)', () => {
  it('L4 sends what was not answered again under the same number', () => {
    socket().welcome();
    edit('one');
    edit('two');
    edit('three');
    socket().deliver({ type: 'ack', client_seq: 1, seq: 1 });
    socket().drop();
    edit('four');
    vi.advanceTimersByTime(500);
    socket().welcome({ recovered: true, next_client_seq: 2 });
    expect(sentEdits()).toEqual([[2, 'two'], [3, 'three'], [4, 'four']]);
  });

  it('L4 keeps what was given before the first welcome', () => {
    edit('early');
    expect(sentEdits()).toEqual([]);
    socket().welcome();
    expect(sentEdits()).toEqual([[1, 'early']]);
  });

  it('keeps a command pending from its giving until its event is folded', () => {
    socket().welcome();
    const clientId = socket().of('hello')[0]!.client_id;
    edit('one');
    socket().deliver({ type: 'ack', client_seq: 1, seq: 1 });
    expect(session.pending).toHaveLength(1);
    socket().deliver(content(1, 'one', { client_id: clientId, client_seq: 1 }));
    expect(session.pending).toHaveLength(0);
    expect(session.state.content?.instruction.text).toBe('one');
  });

  it('an own event settles its command where the ack was lost with the socket', () => {
    socket().welcome();
    const clientId = socket().of('hello')[0]!.client_id;
    edit('one');
    socket().drop();
    vi.advanceTimersByTime(500);
    socket().welcome({ recovered: true, next_client_seq: 2 });
    socket().deliver(content(1, 'one', { client_id: clientId, client_seq: 1 }));
    expect(session.pending).toHaveLength(0);
  });

  it('L5 drops a refused command and tells why', () => {
    const refused = heard('refused');
    socket().welcome();
    edit('one');
    edit('two');
    socket().deliver(refusal(1, { code: 'too_large', message: 'Shorten it.' }));
    expect(refused[0]).toMatchObject({ refusal: { message: 'Shorten it.' } });
    expect(session.pending.map((p) => p.command.client_seq)).toEqual([2]);
  });

  it('L4 a conflict means that the number stands for something else: later ones keep theirs', () => {
    socket().welcome();
    edit('bad');
    edit('good');
    socket().deliver(refusal(1, { code: 'conflict', used: false }));
    socket().deliver({ type: 'ack', client_seq: 2, seq: 1 });
    vi.advanceTimersByTime(1000);
    edit('next');
    expect(sentEdits()).toEqual([[1, 'bad'], [2, 'good'], [3, 'next']]);
  });

  it('L4 moves the later ones down where the server still waits for an earlier number', () => {
    socket().welcome();
    edit('bad');
    edit('good');
    socket().deliver(refusal(1, { code: 'of a newer server', used: false }));
    socket().deliver(refusal(2, { code: 'gap', expected: 1, used: false }));
    vi.advanceTimersByTime(50);
    expect(sentEdits()).toEqual([[1, 'bad'], [2, 'good'], [1, 'good']]);
    edit('next');
    expect(sentEdits().at(-1)).toEqual([2, 'next']);
  });

  it.each([[2, [[2, 'three']]], [9, [[9, 'three']]]])(
    'L4 counts on from %d where the welcome says so', (next, sent) => {
      socket().welcome();
      edit('one');
      edit('two');
      socket().deliver({ type: 'ack', client_seq: 1, seq: 1 });
      socket().deliver({ type: 'ack', client_seq: 2, seq: 2 });
      socket().drop();
      vi.advanceTimersByTime(500);
      socket().welcome({ epoch: 'e2', next_client_seq: next });
      edit('three');
      expect(sentEdits()).toEqual(sent);
    });

  it('C2 an edit that a lost log had acknowledged is not on its way', () => {
    socket().welcome();
    edit('lost');
    edit('kept');
    socket().deliver({ type: 'ack', client_seq: 1, seq: 1 });
    socket().drop();
    vi.advanceTimersByTime(500);
    socket().welcome({ epoch: 'e2', next_client_seq: 1 });
    expect(sentEdits()).toEqual([[1, 'kept']]);
    expect(session.pending).toHaveLength(1);
  });

  it('L4 replaces an edit only while it was never sent', () => {
    const replace = (key: number, text: string): unknown =>
      session.replace(key, { kind: 'content', text });
    const first = session.edit({ kind: 'content', text: 'a' });
    expect(replace(first.key, 'a cat')).toMatchObject({ key: first.key });
    socket().welcome();
    expect(sentEdits()).toEqual([[1, 'a cat']]);
    expect(replace(first.key, 'a dog')).toBeNull();
    socket().drop();
    expect(replace(first.key, 'a dog')).toBeNull();
    const second = session.edit({ kind: 'content', text: 'b' });
    session.undo();
    expect(replace(second.key, 'c')).toBeNull();
  });

  it('U2 counts undos on their way, so that no press reaches further than it shows', () => {
    socket().welcome();
    expect(session.canUndo).toBe(false);
    socket().deliver({ type: 'events', events: [content(1, 'mine')], more: false });
    edit('newer');
    session.undo();
    expect([session.canUndo, session.canRedo]).toEqual([true, true]);
    session.undo();
    expect([session.canUndo, session.canRedo]).toEqual([false, true]);
    edit('again');
    expect([session.canUndo, session.canRedo]).toEqual([true, false]);
  });

  it('L5 sends again, once and in order, what the server could not take just now', () => {
    socket().welcome();
    edit('one');
    edit('two');
    socket().deliver(refusal(1, { code: 'rate_limited', retry_after_ms: 700, used: false }));
    socket().deliver(refusal(2, { code: 'gap', expected: 1, used: false }));
    vi.advanceTimersByTime(699);
    expect(sentEdits()).toHaveLength(2);
    vi.advanceTimersByTime(1);
    expect(sentEdits().slice(2)).toEqual([[1, 'one'], [2, 'two']]);
  });

  it('L5 waits as long as the longest of a burst of refusals asks for', () => {
    socket().welcome();
    edit('one');
    edit('two');
    socket().deliver(refusal(2, { code: 'gap', expected: 1, used: false }));
    socket().deliver(refusal(1, { code: 'rate_limited', retry_after_ms: 700, used: false }));
    socket().deliver(refusal(2, { code: 'rate_limited', retry_after_ms: 300, used: false }));
    vi.advanceTimersByTime(699);
    expect(sentEdits()).toHaveLength(2);
    vi.advanceTimersByTime(1);
    expect(sentEdits().slice(2)).toEqual([[1, 'one'], [2, 'two']]);
    vi.advanceTimersByTime(5_000);
    expect(sentEdits()).toHaveLength(4);
  });

  it('L4 L5 what is given behind a command that waits is sent behind it, once', () => {
    socket().welcome();
    const refused = heard('refused');
    edit('one');
    socket().deliver(refusal(1, { code: 'rate_limited', retry_after_ms: 700, used: false }));
    edit('two');
    session.undo();
    expect(socket().sent.filter((m) => m.type === 'undo')).toHaveLength(0);
    expect(sentEdits()).toEqual([[1, 'one']]);
    vi.advanceTimersByTime(700);
    expect(sentEdits().slice(1)).toEqual([[1, 'one'], [2, 'two']]);
    expect(socket().of('undo').map((m) => m.client_seq)).toEqual([3]);
    edit('three');
    expect(sentEdits().slice(3)).toEqual([[4, 'three']]);
    expect(refused).toEqual([]);
  });

  it('L4 a reconnect sends what waits, and does not send it a second time later', () => {
    socket().welcome();
    edit('one');
    socket().deliver(refusal(1, { code: 'rate_limited', retry_after_ms: 5_000, used: false }));
    socket().drop();
    vi.advanceTimersByTime(500);
    socket().welcome({ recovered: true, next_client_seq: 1 });
    expect(sentEdits()).toEqual([[1, 'one']]);
    vi.advanceTimersByTime(5_000);
    expect(sentEdits()).toEqual([[1, 'one']]);
  });

  it('L2 tells which command was not stored, keeps it, and sends it until it is', () => {
    const delayed = heard('delayed');
    socket().welcome();
    edit('one');
    edit('two');
    for (let i = 0; i < 3; i += 1) {
      socket().deliver(refusal(1, {
        code: 'unavailable', message: 'not stored: the disk is full', retry_after_ms: 1_000,
        used: false,
      }));
      socket().deliver(refusal(2, { code: 'gap', expected: 1, used: false }));
      vi.advanceTimersByTime(1_000);
    }
    expect(sentEdits()).toHaveLength(8);
    expect(delayed.map((d) => [d.pending.command.client_seq, d.refusal.message])).toEqual(
      Array(3).fill([1, 'not stored: the disk is full']));
    expect(session.pending).toHaveLength(2);
  });
});

describe('the log (C3)', () => {
  it('C3 asks once for what is missing and takes what it already has in silence', () => {
    socket().welcome();
    socket().deliver({ type: 'events', events: [content(1, 'a')], more: false });
    socket().deliver(content(3, 'c'));
    socket().deliver(content(4, 'd'));
    expect(socket().of('need')).toEqual([{ type: 'need', after: 1 }]);
    const events = [content(1, 'a'), content(2, 'b'), content(3, 'c'), content(4, 'd')];
    socket().deliver({ type: 'events', events, more: false });
    expect(session.state.content?.instruction.text).toBe('d');
  });

  it('C3 asks for the rest of a long catch-up', () => {
    socket().welcome();
    socket().deliver({ type: 'events', events: [content(1, 'a')], more: true });
    expect(socket().of('need')).toEqual([{ type: 'need', after: 1 }]);
  });
});

describe('presence and previews (C4, C5)', () => {
  it('C4 sends only the newest place of a burst, and tells it again after a reconnect', () => {
    socket().welcome();
    for (let x = 0; x < 50; x += 1) {
      session.point({ cursor: [x, 0], frame: null, stroke: null, drag: null });
    }
    vi.advanceTimersByTime(33);
    expect(socket().of('presence').map((p) => p.cursor)).toEqual([[49, 0]]);
    session.watch('sheet', 12);
    socket().drop();
    vi.advanceTimersByTime(500);
    socket().welcome({ recovered: true });
    expect(socket().of('presence').map((p) => p.cursor)).toEqual([[49, 0]]);
    expect(socket().of('watch')).toEqual([{ type: 'watch', tier: 'sheet', rate: 12 }]);
  });

  it('C5 tells previews from messages by the first byte', () => {
    const previews = heard('preview');
    socket().welcome();
    const bytes = new Uint8Array(42);
    bytes.set([0xc1, 1, 1, 1, 4, 4]);
    socket().deliver(bytes);
    expect(previews).toHaveLength(1);
  });
});
