import { describe, expect, it, vi } from 'vitest';

import { content, edit, heard, refusal, sentEdits, session, socket } from './alone.ts';

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
    expect(session.state.content).toBe('one');
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
