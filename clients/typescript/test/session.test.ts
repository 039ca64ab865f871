import { describe, expect, it, vi } from 'vitest';

import { CLOSE, type Status } from '../src/index.ts';
import { content, edit, heard, sentEdits, session, socket, sockets } from './alone.ts';

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
    expect(session.state.content).toBe('old');
    socket().drop();
    vi.advanceTimersByTime(500);
    socket().welcome({ recovered: false, epoch: 'e2' });
    expect(session.state.seq).toBe(0);
    expect(session.state.content).toBe('');
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

describe('the log (C3)', () => {
  it('C3 asks once for what is missing and takes what it already has in silence', () => {
    socket().welcome();
    socket().deliver({ type: 'events', events: [content(1, 'a')], more: false });
    socket().deliver(content(3, 'c'));
    socket().deliver(content(4, 'd'));
    expect(socket().of('need')).toEqual([{ type: 'need', after: 1 }]);
    const events = [content(1, 'a'), content(2, 'b'), content(3, 'c'), content(4, 'd')];
    socket().deliver({ type: 'events', events, more: false });
    expect(session.state.content).toBe('dcba');
  });

  it('C3 asks for the rest of a long catch-up', () => {
    socket().welcome();
    socket().deliver({ type: 'events', events: [content(1, 'a')], more: true });
    expect(socket().of('need')).toEqual([{ type: 'need', after: 1 }]);
  });
});

describe('presence and previews (C4, C5)', () => {
  it('C4 tells where somebody writes', () => {
    const presence = heard('presence');
    socket().welcome();
    const caret = { prompt: 'motion', anchor: 2, head: 5 } as const;
    session.point({ cursor: null, frame: null, stroke: null, drag: null, caret });
    vi.advanceTimersByTime(33);
    expect(socket().of('presence')[0]).toMatchObject({ caret });
    socket().deliver({
      type: 'presence', participant: 'bob1', connection: 4, cursor: null, frame: null,
      stroke: null, drag: null, line: null, caret,
    });
    expect(presence).toMatchObject([{ caret }]);
  });

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

  it('C4 tells the line that somebody draws', () => {
    socket().welcome();
    const line = { kind: 'lock', points: [[1, 2], [3, 4]] } as const;
    session.point({ cursor: null, frame: null, stroke: null, drag: null, line });
    vi.advanceTimersByTime(33);
    expect(socket().of('presence')[0]).toMatchObject({ line });
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
