import { CLOSE, LogFold, type Audited, type Event, type Invite, type Welcome } from 'framejam';
import { beforeEach, describe, expect, it, vi } from 'vitest';

import { dismissNews, followAccess, useTold } from '../src/people/following.ts';
import {
  cameBy, isOpen, revokeInWords, spanInWords, standingInWords, usesOf,
} from '../src/people/invites.ts';
import { endInWords, roleInWords, roleNewsOf } from '../src/people/news.ts';
import { auditInWords } from '../src/people/trail.ts';

vi.stubGlobal('window', { matchMedia: () => ({ matches: false }) });
vi.stubGlobal('document', { createElement: () => ({}) });
const { roleOf, useStudio, whyReadOnly } = await import('../src/session/store.ts');

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const NOW = 1_000 * DAY;

function invite(part: Partial<Invite> = {}): Invite {
  return {
    id: 'i1', role: 'editor', label: '', uses: 0, max_uses: null, created_at: 0, created_by: 'ada',
    expires_at: null, usable: true, ...part,
  };
}

describe('A1 an invite', () => {
  it.each([
    ['has no bounds', invite(), true, 'nobody came yet, no end'],
    ['is used', invite({ uses: 3 }), true, '3 came, no end'],
    ['has places left', invite({ uses: 4, max_uses: 5, expires_at: NOW + 3 * DAY + 5 }), true,
     '4 of 5 came, 3 days left'],
    ['has none left', invite({ uses: 5, max_uses: 5, expires_at: NOW + DAY, usable: false }), false,
     '5 of 5 came, used up'],
    ['ends in this moment', invite({ expires_at: NOW }), false, 'nobody came yet, expired'],
    ['is not its maker’s to give any more', invite({ usable: false, expires_at: NOW + DAY }), false,
     'nobody came yet, whoever made it is no owner any more'],
    ['ends in the next', invite({ uses: 1, expires_at: NOW + 1 }), true,
     '1 came, less than a minute left'],
  ])('that %s is said so', (_, one, open, words) => {
    expect(isOpen(one, NOW)).toBe(open);
    expect(standingInWords(one, NOW)).toBe(words);
  });

  it('promises no more time than there is', () => {
    expect([59_999, 60_000, 3 * 60_000 - 1, HOUR, 2 * HOUR - 1, 47 * HOUR, 2 * DAY, 7 * DAY - 1]
      .map(spanInWords)).toEqual([
      'less than a minute', 'a minute', '2 minutes', 'an hour', 'an hour', '47 hours', '2 days',
      '6 days',
    ]);
  });

  it('lets in as many as was typed, or any number', () => {
    expect(['', '  ', '1', ' 12 ', '1000'].map(usesOf)).toEqual([null, null, 1, 12, 1000]);
    expect(['0', '-1', '1.5', 'many', '1001', '1e9'].map(usesOf))
      .toEqual(Array(6).fill(undefined));
  });

  it.each([
    [[], 'The link opens no more. Nobody else loses access.'],
    [['Grace'], 'The link opens no more. Grace came by it and loses access at once.'],
    [['Grace', 'Linus'],
     'The link opens no more. Grace and Linus came by it and lose access at once.'],
    [['A', 'B', 'C', 'D', 'E'],
     'The link opens no more. A, B, C and 2 more came by it and lose access at once.'],
  ])('says whom revoking it puts out: %s', (names, words) => {
    expect(revokeInWords(names)).toBe(words);
  });

  it('knows who came by it and is still here', () => {
    const fold = new LogFold();
    const body = { color: '#aabbcc', role: 'editor', v: 1 } as const;
    const events: readonly Event['body'][] = [
      ...['me', 'grace', 'linus', 'mallory', 'zoe'].map((participant) => (
        { kind: 'joined', participant, name: participant.toUpperCase(), ...body } as const)),
      { kind: 'assigned', participant: 'mallory', role: 'none', v: 1 },
    ];
    events.forEach((one, at) => fold.apply({
      type: 'event', seq: at + 1, at: 0, author: 'me', body: one, client_id: null, client_seq: null,
    }));
    const came = (who: string, about: string, kind = 'joined'): Audited => (
      { id: 1, at: 0, kind, who, about, detail: 'editor' });
    const trail = [ // the newest first
      came('zoe', 'i1'), came('linus', 'i2'), came('me', 'i1', 'revoked'), came('mallory', 'i1'),
      came('grace', 'i1'), came('me', 'i1'),
    ];
    expect(cameBy(invite(), trail, fold.state, 'me')).toEqual(['GRACE', 'ZOE']);
  });
});

function assigned(role: 'owner' | 'editor' | 'viewer' | 'none', participant = 'me', seq = 9): Event {
  return {
    type: 'event', seq, at: 0, author: 'ada', client_id: null, client_seq: null,
    body: { kind: 'assigned', participant, role, v: 1 },
  };
}

describe('A1 one’s own role', () => {
  it('is news where it is one’s own and another', () => {
    expect(roleNewsOf(assigned('viewer'), 'me', 'editor'))
      .toEqual({ role: 'viewer', before: 'editor', by: 'ada' });
    expect(roleNewsOf(assigned('editor'), 'me', 'editor')).toBeNull();
    expect(roleNewsOf(assigned('viewer', 'grace'), 'me', 'editor')).toBeNull();
    expect(roleNewsOf({ author: 'me', body: { kind: 'marked', of: 1, name: 'x', v: 1 } }, 'me', 'editor'))
      .toBeNull();
  });

  it.each([
    ['viewer', 'editor', 'Ada', 'You are a viewer now.', /^Ada changed.*point and comment/],
    ['editor', 'viewer', 'Ada', 'You are an editor now.', /^Ada changed.*You write/],
    ['editor', 'owner', 'Ada', 'You are an editor now.', /as before/],
    ['editor', 'owner', null, 'You are an editor now.', /^You steer as before/],
    ['owner', 'editor', 'Ada', 'You are an owner now.', /invite people/],
  ] as const)('%s after %s by %s is told', (role, before, name, title, advice) => {
    const words = roleInWords({ role, before }, name);
    expect(words.title).toBe(title);
    expect(words.advice).toMatch(advice);
  });
});

describe('A1 what one may do', () => {
  it('follows the role of the log, and of the welcome before one is in it', () => {
    const untouched = useStudio.getState();
    const fold = new LogFold();
    const state = (): typeof untouched => ({
      ...untouched, status: { phase: 'live' }, log: fold.state,
      welcome: { role: 'editor', participant: 'me' } as Welcome,
    });
    expect([roleOf(state()), whyReadOnly(state())]).toEqual(['editor', null]);
    fold.apply({
      ...assigned('editor', 'me', 1),
      body: { kind: 'joined', participant: 'me', name: 'Me', color: '#aabbcc', role: 'editor', v: 1 },
    });
    expect(whyReadOnly(state())).toBeNull();
    fold.apply(assigned('viewer', 'me', 2));
    expect(roleOf(state())).toBe('viewer');
    expect(whyReadOnly(state())).toContain('as a viewer');
    expect(roleOf(untouched)).toBeNull();
  });
});

/** As much of a session as is listened to. */
class FakeSession {
  readonly welcome = { participant: 'me' };
  #listeners: Record<string, (value: unknown) => void> = {};

  on(name: string, listener: (value: never) => void): () => void {
    this.#listeners[name] = listener as (value: unknown) => void;
    return () => undefined;
  }

  tell(name: string, value: object): void {
    this.#listeners[name]?.(value);
  }
}

describe('following', () => {
  let session: FakeSession;

  beforeEach(() => {
    useTold.setState({ role: null, remover: null });
    session = new FakeSession();
    followAccess(session as unknown as Parameters<typeof followAccess>[0]);
    session.tell('welcome', { role: 'editor', head_seq: 8 });
  });

  const happens = (event: Event): void => session.tell('event', { event });

  it('tells of changes since one came, also of those while one was away', () => {
    happens(assigned('viewer', 'me', 5));
    expect(useTold.getState().role).toBeNull();
    session.tell('welcome', { role: 'viewer', head_seq: 9 }); // back after a break
    happens(assigned('viewer'));
    expect(useTold.getState().role).toMatchObject({ role: 'viewer', before: 'editor' });
    dismissNews();
    happens(assigned('owner', 'me', 10));
    expect(useTold.getState().role).toMatchObject({ role: 'owner', before: 'viewer' });
  });

  it('remembers who removed one', () => {
    happens(assigned('none', 'grace', 9));
    expect(useTold.getState().remover).toBeNull();
    happens(assigned('none', 'me', 10));
    expect(useTold.getState()).toEqual({ role: null, remover: 'ada' });
  });
});

describe('the end of one’s access', () => {
  const end = { wasHere: true, remover: null };

  it('has words of its own for each reason', () => {
    const titles = [
      endInWords({ ...end, code: CLOSE.UNAUTHORISED, remover: 'Ada' }),
      endInWords({ ...end, code: CLOSE.UNAUTHORISED }),
      endInWords({ ...end, code: CLOSE.UNAUTHORISED, wasHere: false }),
      endInWords({ ...end, code: CLOSE.GONE }),
      endInWords({ ...end, code: CLOSE.GONE, wasHere: false }),
    ].map((words) => words?.title);
    expect(titles).toEqual([
      'Ada removed you from this session.', 'The invite you came by was taken back.',
      'This link no longer lets you in.', 'This session was deleted.', 'This session is gone.',
    ]);
  });

  it('leaves other ends to others', () => {
    expect(endInWords({ ...end, code: CLOSE.TOO_OLD })).toBeNull();
  });
});

describe('the audit trail', () => {
  const names: Record<string, string> = { me: 'You', grace: 'Grace' };
  const say = (part: Partial<Audited>): string => auditInWords(
    { id: 1, at: 0, kind: 'role', who: 'me', about: '', detail: '', ...part },
    (id) => names[id] ?? 'Somebody');

  it('is read as sentences', () => {
    expect([
      say({ kind: 'joined', who: 'grace', about: 'i1', detail: 'editor' }),
      say({ kind: 'came_back', who: 'grace' }),
      say({ kind: 'invited', about: 'i1', detail: 'viewer' }),
      say({ kind: 'invited', about: 'i1', detail: 'viewer: for the crew: all' }),
      say({ kind: 'removed', about: 'grace', detail: 'with i1' }),
      say({ kind: 'left', who: 'grace', about: 'grace' }),
      say({ kind: 'role', about: 'grace', detail: 'viewer' }),
      say({ kind: 'role', who: 'grace', about: 'me', detail: 'owner' }),
      say({ kind: 'removed', about: 'grace' }),
      say({ kind: 'handed_over', about: 'grace' }),
      say({ kind: 'revoked', who: '', about: 'i1' }),
      say({ kind: 'set_on_fire', about: 'x' }),
    ]).toEqual([
      'Grace came as an editor', 'Grace came back', 'You made a link for a viewer',
      'You made a link for a viewer (for the crew: all)',
      'You removed Grace, with the link they came by', 'Grace left', 'You made Grace a viewer',
      'Grace made you an owner', 'You removed Grace', 'You handed the session over to Grace',
      'The server revoked a link', 'You set on fire',
    ]);
  });
});
