import type { Event, LookQuery, LookStatus, Preview, Welcome } from 'framejam';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

// The SDK makes looks for its sessions only: a class of its own that it does not export.
import { Look } from '../../typescript/src/look.ts';

// The page that the store and the player ask about.
const page = { hidden: false, seen: (): void => {} };
vi.stubGlobal('window', { matchMedia: () => ({ matches: false }) });
vi.stubGlobal('document', {
  createElement: () => ({}),
  addEventListener: (_: string, heard: () => void) => { page.seen = heard; },
  get hidden() { return page.hidden; },
});
vi.stubGlobal('createImageBitmap', () => Promise.resolve({ width: 1, height: 1, close: () => {} }));
const { useStudio } = await import('../src/session/store.ts');
const looking = await import('../src/takes/looking.ts');
const { useLooking } = looking;

/** As much of a session as a look needs. */
class FakeSession {
  readonly looks: Look[] = [];
  ended = 0;
  readonly given: unknown[] = [];
  readonly #heard = new Map<string, (payload: never) => void>();

  on(name: string, listener: (payload: never) => void): void {
    this.#heard.set(name, listener);
  }

  tell(name: string, payload: unknown): void {
    this.#heard.get(name)?.(payload as never);
  }

  look(query: LookQuery): Look {
    this.looks.at(-1)?.close('another look took its place');
    const look = new Look(query, this.looks.length + 1, (one) => {
      this.ended += 1;
      one.close('');
    });
    this.looks.push(look);
    return look;
  }

  edit(given: unknown): void {
    this.given.push(given);
  }

  undo(group: number): void {
    this.given.push(group);
  }

  event(body: object): void {
    const event = { type: 'event', seq: 1, at: 0, author: 'ada', body } as Event;
    this.tell('event', { event, live: true });
  }

  get newest(): Look {
    return this.looks.at(-1)!;
  }
}

const untouched = useStudio.getState();
let session: FakeSession;
looking.followLooks();

beforeEach(() => {
  vi.useFakeTimers();
  session = new FakeSession();
  useStudio.setState({
    ...untouched, status: { phase: 'live' },
    welcome: { role: 'owner', participant: 'ada' } as Welcome,
    session: session as unknown as typeof untouched.session,
  });
});

afterEach(() => {
  looking.leave();
  vi.useRealTimers();
});

const status = (of: Partial<LookStatus>): LookStatus => ({
  type: 'look_status', number: 1, take: 1, step: 0, steps: 8, state: 'running', note: '',
  digest: null, ...of,
});
const preview = (of: Partial<Preview>): Preview => (
  { step: 8, steps: 8, done: true, frames: 1, image: new Uint8Array(1), mime: 'x', ...of } as Preview);

describe('T12 looking', () => {
  it('asks for what is looked at, and ends it', () => {
    looking.lookAt({ kind: 'muted', groups: [4], people: ['grace'] });
    expect(session.newest.query).toEqual({ without: [4], people: ['grace'] });
    expect(useLooking.getState()).toMatchObject({ beside: false, stale: true });
    looking.lookAt({ kind: 'take', take: 2 });
    expect(session.newest.query).toEqual({ take: 2 });
    expect(useLooking.getState().beside).toBe(true);
    expect(session.ended).toBe(0);
    looking.lookAt(null);
    expect(session.ended).toBe(1);
    expect(useLooking.getState()).toMatchObject({ subject: null, player: null, status: null });
  });

  it('follows the newest look and no other', () => {
    looking.lookAt({ kind: 'muted', groups: [4], people: [] });
    const first = session.newest;
    looking.lookAt({ kind: 'muted', groups: [4, 5], people: [] });
    first.told(status({ step: 7 }));
    expect(useLooking.getState()).toMatchObject({ status: null, over: null });
    session.newest.told(status({ step: 2 }));
    expect(useLooking.getState()).toMatchObject({ step: 2, stale: true });
    session.newest.showed(preview({ step: 3, done: false }));
    expect(useLooking.getState()).toMatchObject({ step: 3, stale: false, done: false });
  });

  it('says why it has failed, and asks again when it is told to', () => {
    looking.lookAt({ kind: 'take', take: 2 });
    session.newest.told(status({ state: 'failed', note: 'too large' }));
    expect(useLooking.getState().over).toBe('too large');
    looking.ask();
    expect(session.looks).toHaveLength(2);
    expect(useLooking.getState().over).toBeNull();
  });

  it('says that it is behind, and asks again once the clip rests', () => {
    looking.lookAt({ kind: 'muted', groups: [4], people: [] });
    session.event({ kind: 'edited', instruction: { kind: 'comment' } });
    expect(useLooking.getState().behind).toBe(false);
    session.event({ kind: 'edited', instruction: { kind: 'paint' } });
    expect(useLooking.getState().behind).toBe(true);
    vi.advanceTimersByTime(1_000);
    session.event({ kind: 'entered', take: 1, step: 2, edits: [9] });
    vi.advanceTimersByTime(1_000);
    expect(session.looks).toHaveLength(1);
    vi.advanceTimersByTime(1_000);
    expect(session.looks).toHaveLength(2);
    expect(useLooking.getState().behind).toBe(false);
    // Another look is of the clip as it is: it is not asked twice.
    session.event({ kind: 'undone', groups: [4] });
    looking.lookAt({ kind: 'take', take: 2 });
    vi.advanceTimersByTime(5_000);
    expect(session.looks).toHaveLength(3);
  });

  it('is not asked again where the past is looked at, nor after leaving', () => {
    looking.lookAt({ kind: 'before', group: 4 });
    session.event({ kind: 'undone', groups: [4] });
    vi.advanceTimersByTime(5_000);
    expect(session.looks).toHaveLength(1);
    looking.lookAt({ kind: 'take', take: 1 });
    session.event({ kind: 'undone', groups: [4] });
    looking.leave();
    vi.advanceTimersByTime(5_000);
    expect(session.looks).toHaveLength(2);
  });

  it('C2 goes back to the clip where another log begins', () => {
    looking.lookAt({ kind: 'take', take: 2 });
    session.tell('welcome', { recovered: true });
    expect(useLooking.getState().subject).not.toBeNull();
    session.tell('welcome', { recovered: false });
    expect(useLooking.getState().subject).toBeNull();
  });

  it('is asked again for a page that was away when it was finished', () => {
    looking.lookAt({ kind: 'take', take: 2 });
    session.newest.told(status({ state: 'finished' }));
    page.hidden = true;
    page.seen();
    expect(session.looks).toHaveLength(1);
    page.hidden = false;
    page.seen();
    expect(session.looks).toHaveLength(2);
    session.newest.told(status({ state: 'finished' }));
    session.newest.showed(preview({}));
    page.seen();
    expect(session.looks).toHaveLength(2);
  });

  it('ends where a tool is taken or something on the clip is opened', () => {
    looking.lookAt({ kind: 'take', take: 2 });
    useStudio.setState({ frame: 3, tool: useStudio.getState().tool });
    expect(useLooking.getState().subject).not.toBeNull();
    useStudio.setState({ tool: 'comment' });
    expect(useLooking.getState().subject).toBeNull();
    looking.lookAt({ kind: 'take', take: 2 });
    useStudio.setState({ card: { kind: 'comment', seq: 4 } });
    expect([useLooking.getState().subject, session.ended]).toEqual([null, 2]);
  });

  it('needs a connection that there has ever been', () => {
    useStudio.setState({ welcome: null });
    looking.lookAt({ kind: 'take', take: 2 });
    expect(session.looks).toHaveLength(0);
    expect(useStudio.getState().toasts.map(({ text }) => text)).toContain('Connecting…');
  });
});

describe('keeping', () => {
  it('A1 is not for viewers, and waits for the connection', () => {
    useStudio.setState({ welcome: { role: 'viewer', participant: 'ada' } as Welcome });
    expect(looking.keepNow({ kind: 'take', take: 1 })).toMatchObject(
      { does: null, says: expect.stringContaining('as a viewer') as string });
    useStudio.setState({
      welcome: { role: 'owner', participant: 'ada' } as Welcome,
      status: { phase: 'connecting' } as typeof untouched.status,
    });
    expect(looking.keepNow({ kind: 'take', take: 1 }).does).toBeNull();
  });

  it('gives nothing where it cannot be, and goes on looking', () => {
    looking.lookAt({ kind: 'take', take: 9 });
    looking.keep({ kind: 'take', take: 9 });
    expect(session.given).toEqual([]);
    expect(useLooking.getState().subject).not.toBeNull();
  });
});
