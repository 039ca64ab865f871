/** Marks and restores on their way (R3, L4, U2). */

import { beforeEach, describe, expect, it } from 'vitest';

import { edit, refusal, session, socket } from './alone.ts';

const kinds = (): string[] => socket().sent.map(({ type }) => type).filter((one) => one !== 'hello');

beforeEach(() => socket().welcome());

describe('marks and restores (R3)', () => {
  it('R3 are sent with numbers of their own', () => {
    session.mark('first cut');
    session.mark(null, 4);
    session.restore(4);
    expect(socket().of('mark')).toEqual([
      { type: 'mark', client_seq: 1, of: null, name: 'first cut' },
      { type: 'mark', client_seq: 2, of: 4, name: null },
    ]);
    expect(socket().of('restore')).toEqual([{ type: 'restore', client_seq: 3, to: 4 }]);
  });

  it('R3 a name given right after typing is the name of what was typed', () => {
    session.prompts.content.text.insert(0, 'a cat');
    session.mark('first cut');
    expect(kinds()).toEqual(['edit', 'end_group', 'mark']);
  });

  it('R3 can be undone while it is on its way', () => {
    expect(session.canUndo).toBe(false);
    session.restore(4);
    expect(session.canUndo).toBe(true);
  });

  it('U2 an undo waits for the restore before it', () => {
    session.restore(4);
    session.undo();
    expect(kinds()).toEqual(['restore']);
    socket().deliver({ type: 'ack', client_seq: 1, seq: 1 });
    expect(kinds()).toEqual(['restore', 'undo']);
  });

  it('U2 and goes with it where it is refused: it would take out an older gesture', () => {
    edit('one');
    session.restore(4);
    session.undo();
    session.mark('kept');
    socket().deliver({ type: 'ack', client_seq: 1, seq: 1 });
    socket().deliver(refusal(2, { code: 'invalid' }));
    expect(kinds()).toEqual(['edit', 'restore', 'mark']);
    expect(socket().of('mark')[0]?.client_seq).toBe(3);
  });
});
