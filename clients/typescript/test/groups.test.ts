import { describe, expect, it, vi } from 'vitest';

import { content, edit, refusal, session, socket } from './alone.ts';

describe('gestures of several edits (L6, U2)', () => {
  it('L6 T3 gives what the options say, and the defaults without them', () => {
    socket().welcome();
    const image = { kind: 'image', blob: null } as const;
    session.edit(image);
    session.edit(image, { depth: 65536, group: 'both' });
    expect(socket().of('edit').map(({ depth, group }) => [depth, group])).toEqual(
      [[null, null], [65536, 'both']]);
  });

  it('L6 ends a group where one is open', () => {
    socket().welcome();
    const end = (): number => {
      session.endGroup();
      return socket().of('end_group').length;
    };
    const give = (group: string | null): void =>
      void session.edit({ kind: 'image', blob: null }, { group });
    expect(end()).toBe(0);
    give(null);
    expect(end()).toBe(0);
    give('g');
    expect(end()).toBe(1);
    expect(end()).toBe(1);
    give('g');
    session.undo();
    expect(end()).toBe(1);
  });

  it('L6 ends the group of the caller, and leaves a burst of typing alone', () => {
    socket().welcome();
    const { content: typing } = session.prompts;
    const sent = (): string[] => socket().sent.slice(1).map((m) =>
      (m.type === 'edit' ? m.instruction.kind : m.type));
    session.edit({ kind: 'image', blob: null }, { group: 'g' });
    typing.text.insert(0, 'a');
    session.endGroup();
    typing.flush();
    expect(sent()).toEqual(['image', 'end_group', 'typed']);
    session.endGroup();
    typing.text.insert(1, 'b');
    typing.flush();
    expect(sent().slice(3)).toEqual(['typed']);
    const [, first, second] = socket().of('edit').map(({ group }) => group);
    expect(first).toBe(second);
    expect(session.pending.map(({ joins }) => joins)).toEqual([false, false, true]);
  });

  it('L6 a connection that ends ends its group', () => {
    socket().welcome();
    const give = () => session.edit({ kind: 'image', blob: null }, { group: 'g' });
    const clientId = socket().of('hello')[0]!.client_id;
    give();
    expect(give().joins).toBe(true);
    const own = { client_id: clientId, client_seq: 1 };
    socket().deliver(content(1, 'a', own));
    socket().deliver(content(2, 'b', { ...own, client_seq: 2 }));
    socket().drop();
    expect(give().joins).toBe(false);
    expect(give().joins).toBe(true);
  });

  it('L6 a group that is sent again is open again', () => {
    socket().welcome();
    session.edit({ kind: 'image', blob: null }, { group: 'g' });
    socket().drop();
    vi.advanceTimersByTime(500);
    socket().welcome({ recovered: true });
    session.endGroup();
    expect(socket().of('end_group')).toHaveLength(1);
  });

  it('L6 the end of a group waits with what it ends', () => {
    socket().welcome();
    edit('one');
    socket().deliver(refusal(1, { code: 'rate_limited', retry_after_ms: 700, used: false }));
    session.edit({ kind: 'content', text: 'two' }, { group: 'g' });
    session.endGroup();
    session.edit({ kind: 'content', text: 'three' }, { group: 'g' });
    expect(socket().of('end_group')).toHaveLength(0);
    vi.advanceTimersByTime(700);
    expect(socket().sent.slice(2).map(({ type }) => type)).toEqual(
      ['edit', 'edit', 'end_group', 'edit']);
  });

  it('U2 undoes by name, and counts only what is its own', () => {
    socket().welcome();
    const theirs = content(2, 'b', { author: 'bob1' });
    socket().deliver({ type: 'events', events: [content(1, 'a'), theirs], more: false });
    session.undo(2);
    expect(socket().of('undo')).toMatchObject([{ client_seq: 1, group: 2 }]);
    expect([session.canUndo, session.canRedo]).toEqual([true, true]);
    session.undo(1);
    expect([session.canUndo, session.canRedo]).toEqual([false, true]);
    session.undo();
    expect(socket().of('undo').map(({ group }) => group)).toEqual([2, 1, null]);
  });
});
