import type { TakeStatus } from 'framejam';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { Notes } from '../src/session/notes.ts';
import { backInWords } from '../src/session/back.ts';

const READING_MS = 2_000;
const RE_ENTERING = 're-entering at step 3 of 8';
const RESTARTS = 'the renderer restarts; the take is rebuilt from the log';

let said: string[];
let notes: Notes;

beforeEach(() => {
  vi.useFakeTimers();
  said = [];
  notes = new Notes((note) => said.push(note));
});

afterEach(() => vi.useRealTimers());

const hear = (note: string, state: TakeStatus['state'] = 'running'): void =>
  notes.heard({ note, state });

describe('what the loop says', () => {
  it('is read to its end, though the take is finished long before', () => {
    hear(RE_ENTERING);
    vi.advanceTimersByTime(100);
    hear('', 'finished');
    vi.advanceTimersByTime(READING_MS - 101);
    expect(said).toEqual([RE_ENTERING]);
    vi.advanceTimersByTime(1);
    expect(said).toEqual([RE_ENTERING, '']);
  });

  it('is over after its time where the loop simply goes on', () => {
    hear(RE_ENTERING);
    vi.advanceTimersByTime(READING_MS);
    expect(said).toEqual([RE_ENTERING, '']);
  });

  it('is followed by the newest that came meanwhile, for as long', () => {
    hear(RESTARTS, 'waiting');
    hear('re-entering at step 1 of 8');
    hear(RE_ENTERING);
    vi.advanceTimersByTime(READING_MS);
    hear('', 'finished');
    vi.advanceTimersByTime(READING_MS - 1);
    expect(said).toEqual([RESTARTS, RE_ENTERING]);
    vi.advanceTimersByTime(1);
    expect(said.at(-1)).toBe('');
  });

  it.each(['waiting', 'failed'] as const)('stays while the take is %s', (state) => {
    hear(RESTARTS, state);
    vi.advanceTimersByTime(60_000);
    expect(said).toEqual([RESTARTS]);
    hear('');
    expect(said).toEqual([RESTARTS, '']);
  });

  it('said again is read again', () => {
    hear(RE_ENTERING);
    vi.advanceTimersByTime(READING_MS - 1);
    hear(RE_ENTERING);
    vi.advanceTimersByTime(READING_MS);
    expect(said).toEqual([RE_ENTERING]);
    vi.advanceTimersByTime(1);
    expect(said).toEqual([RE_ENTERING, '']);
  });
});

describe('a connection that is back', () => {
  it('says what became of the edits that waited', () => {
    expect(backInWords(true, 0)).toBe('Back. Nothing was lost.');
    expect(backInWords(true, 1)).toBe('Back. Nothing was lost. Your edit is sent now.');
    expect(backInWords(true, 3)).toBe('Back. Nothing was lost. Your 3 edits are sent now.');
  });

  it('C2 claims nothing where the server could not go on from where the page was', () => {
    expect(backInWords(false, 0)).not.toContain('Nothing was lost');
  });
});
