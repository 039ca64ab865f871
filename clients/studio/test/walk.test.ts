/** Going through the history (R1): kept pictures at once, made ones where one stays, and the film. */

import type { KeptPreview, LookQuery, Welcome } from 'framejam';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

// The SDK makes looks for its sessions only: a class of its own that it does not export.
import { Look } from '../../typescript/src/look.ts';
import { FIRST, logOf } from './log.ts';

vi.stubGlobal('window', { matchMedia: () => ({ matches: false }) });
vi.stubGlobal('document', { createElement: () => ({}), addEventListener: () => {}, hidden: false });
vi.stubGlobal('createImageBitmap', () => Promise.resolve({ width: 1, height: 1, close: () => {} }));
const { useStudio, whyReadOnly } = await import('../src/session/store.ts');
const { whyToolOff } = await import('../src/stage/tools.ts');
const looking = await import('../src/takes/looking.ts');
const walk = await import('../src/past/past.ts');
const pictures = await import('../src/past/pictures.ts');
const { useLooking } = looking;

const paint = { kind: 'paint', points: [[0, 0]], color: '#ff0000', width: 9 } as const;
/** Three strokes a second apart, of which the second is a version. */
const log = logOf(
  { edit: paint, at: 1000 }, { edit: paint, at: 2000 },
  { body: { kind: 'marked', of: FIRST + 1, name: 'first cut', v: 1 } }, { edit: paint, at: 3000 },
);

class FakeSession {
  readonly looks: LookQuery[] = [];
  readonly asked: number[] = [];
  ended = 0;
  /** What the server keeps; null: nothing. */
  kept: Partial<KeptPreview> | null = { exact: true, step: 8, steps: 8 };
  readonly http = {
    history: (seq: number): Promise<KeptPreview | null> => {
      this.asked.push(seq);
      return Promise.resolve(this.kept && {
        seq, take: 1, step: 8, steps: 8, columns: 1, rows: 1, frames: 1, width: 1, height: 1,
        mime: 'image/jpeg', image: new Uint8Array(1), exact: true, ...this.kept,
      });
    },
  };

  on(): void {}

  look(query: LookQuery): Look {
    this.looks.push(query);
    return new Look(query, this.looks.length, (one) => {
      this.ended += 1;
      one.close('');
    });
  }
}

const untouched = useStudio.getState();
let session: FakeSession;
walk.followWalk();

beforeEach(() => {
  vi.useFakeTimers();
  session = new FakeSession();
  pictures.forgetKept();
  useStudio.setState({
    ...untouched, status: { phase: 'live' }, log,
    welcome: { role: 'owner', participant: 'ada' } as Welcome,
    session: session as unknown as typeof untouched.session,
  });
});

afterEach(() => {
  walk.backToNow();
  looking.leave();
  vi.useRealTimers();
});

const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms);

describe('R1 scrubbing', () => {
  it('shows what is kept of a moment and asks for nothing to be made', async () => {
    walk.goTo(0);
    await pass(2_000);
    expect(session.asked).toEqual([FIRST]);
    expect(session.looks).toEqual([]);
    expect(useLooking.getState()).toMatchObject({
      subject: { kind: 'past', seq: FIRST }, kept: 'exact', stale: false, done: true, beside: false,
    });
    // Up to the next change: what the loop took up meanwhile is in the picture, and the name, too.
    walk.goTo(1);
    await pass(0);
    expect(session.asked).toEqual([FIRST, FIRST + 2]);
  });

  it('fetches each picture once', async () => {
    for (const place of [0, 1, 0, 1]) {
      walk.goTo(place);
      await pass(0);
    }
    expect(session.asked).toEqual([FIRST, FIRST + 2]);
  });

  it('asks again for what is not kept as it was, or was not through yet', async () => {
    for (const kept of [{ exact: false }, { step: 5 }, {}, {}]) {
      session.kept = kept;
      walk.goTo(0);
      await pass(0);
      walk.goTo(1, true);
      await pass(0);
    }
    expect(session.asked.filter((seq) => seq === FIRST)).toHaveLength(3);
  });

  it('makes a moment again that is not kept, once one stays there', async () => {
    session.kept = { exact: false };
    walk.goTo(0);
    await pass(100);
    expect(useLooking.getState()).toMatchObject({ kept: 'near', stale: true });
    expect(session.looks).toEqual([]);
    walk.goTo(1);
    await pass(300);
    expect(session.looks).toEqual([]);
    await pass(100);
    expect(session.looks).toEqual([{ at: FIRST + 2 }]);
    // Going on gives it up.
    walk.goTo(0);
    expect(session.ended).toBe(1);
    await pass(400);
    walk.backToNow();
    expect(session.ended).toBe(2);
  });

  it('makes nothing while a pointer passes, and does where it stops', async () => {
    session.kept = null;
    walk.goTo(0, true);
    await pass(5_000);
    expect(session.looks).toEqual([]);
    walk.arrive();
    await pass(500);
    expect(session.looks).toEqual([{ at: FIRST }]);
  });

  it('takes the tools away meanwhile, and nothing else', () => {
    expect(whyToolOff(useStudio.getState(), 'brush')).toBeNull();
    walk.goTo(0);
    expect(whyToolOff(useStudio.getState(), 'brush')).toContain('past');
    expect(whyToolOff(useStudio.getState(), 'select')).toBeNull();
    expect(whyReadOnly(useStudio.getState())).toBeNull();
    walk.goTo(2);
    expect(useLooking.getState().subject).toBeNull();
    expect(whyToolOff(useStudio.getState(), 'brush')).toBeNull();
  });

  it('holds the scale of the strip while one is in the past, and no longer', () => {
    walk.goTo(0);
    useStudio.setState({ log: logOf({ edit: paint }, { edit: paint }, { edit: paint }, { edit: paint }) });
    walk.goTo(1);
    expect(walk.useWalk.getState().scale).toBe(3);
    looking.lookAt({ kind: 'muted', groups: [FIRST], people: [] });
    expect(walk.useWalk.getState().scale).toBeNull();
    expect(useStudio.getState().inPast).toBe(false);
  });

  it('R3 names, restores and branches a moment at its version, or where it is settled', () => {
    expect(walk.eventAt(FIRST)).toBe(FIRST);
    expect(walk.eventAt(FIRST + 2)).toBe(FIRST + 1);
    expect(walk.eventAt(FIRST + 3)).toBe(FIRST + 3);
  });

  it('R3 a restore changes the clip, a name does not', () => {
    const body = { kind: 'restored', to: 4, texts: [], v: 1 } as const;
    expect(looking.changesClip({ body })).toBe(true);
    expect(looking.changesClip({ body: { kind: 'marked', of: 4, name: 'a', v: 1 } })).toBe(false);
  });

  it('R3 keeps it by a restore', () => {
    expect(looking.keepNow({ kind: 'past', seq: FIRST })).toMatchObject({ does: 'restore', to: FIRST });
  });
});

describe('R1 the film', () => {
  const seqNow = (): number | null => {
    const { subject } = useLooking.getState();
    return subject?.kind === 'past' ? subject.seq : null;
  };

  it('goes through the stops at its pace and ends at now', async () => {
    walk.setSpeed('1');
    walk.playFilm();
    expect(seqNow()).toBe(FIRST);
    await pass(900);
    expect(seqNow()).toBe(FIRST);
    await pass(300);
    expect(seqNow()).toBe(FIRST + 1);
    await pass(1_000);
    expect(seqNow()).toBe(FIRST + 3);
    expect(walk.useWalk.getState().playing).toBe(true);
    await pass(1_500);
    expect(seqNow()).toBeNull();
    expect(walk.useWalk.getState()).toMatchObject({ playing: false, scale: null });
  });

  it('goes on from where one stands, and makes nothing on the way', async () => {
    session.kept = null;
    walk.goTo(1);
    walk.setSpeed('4');
    walk.playFilm();
    expect(seqNow()).toBe(FIRST + 1);
    await pass(300);
    expect(seqNow()).toBe(FIRST + 3);
    expect(session.looks).toEqual([]);
  });

  it('held, it stays, and what is not kept there is made', async () => {
    session.kept = null;
    walk.setSpeed('1');
    walk.playFilm();
    await pass(1_200);
    walk.holdFilm();
    await pass(10_000);
    expect(seqNow()).toBe(FIRST + 1);
    expect(session.looks).toEqual([{ at: FIRST + 2 }]);
  });

  it('ends where one goes elsewhere', async () => {
    walk.setSpeed('1');
    walk.playFilm();
    walk.goTo(1);
    await pass(10_000);
    expect(seqNow()).toBe(FIRST + 1);
    walk.playFilm();
    looking.lookAt({ kind: 'muted', groups: [FIRST], people: [] });
    await pass(10_000);
    expect(useLooking.getState().subject?.kind).toBe('muted');
  });
});
