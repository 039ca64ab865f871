import type { Command, Given, Pending } from 'framejam';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { wouldLose, type Closing } from '../src/session/leaving.ts';
import { lostWords, refusedInWords } from '../src/session/refused.ts';
import { onTheirWay } from './log.ts';

vi.stubGlobal('window', { matchMedia: () => ({ matches: false }) });
vi.stubGlobal('document', { createElement: () => ({}) });
const { dismiss, toast, useStudio } = await import('../src/session/store.ts');
const { closeCard, dropCard, openCard, openComment } = await import('../src/stage/card.ts');

const command = (given: Given): Command => onTheirWay(given)[0]!.command;

describe('what was refused', () => {
  it('L5 gives back the words of a comment, new or rewritten', () => {
    expect(lostWords(command({ kind: 'comment', text: 'more sky', at: [0, 0], frame: 0 }), null))
      .toBe('more sky');
    expect(lostWords(command({ kind: 'revise', target: 4, text: 'less sky' }), null))
      .toBe('less sky');
  });

  it('L5 gives back what the field said', () => {
    const typing = command({ kind: 'typed', prompt: 'content', update: new Uint8Array(2) });
    expect(lostWords(typing, 'red ball')).toBe('red ball');
    expect(lostWords(typing, '')).toBeNull();
  });

  it('has no words where nobody wrote any', () => {
    expect(lostWords(command({ kind: 'revise', target: 4, resolved: true }), null)).toBeNull();
    expect(lostWords(command({ kind: 'settings', seed: 4 }), null)).toBeNull();
    expect(lostWords({ type: 'redo', client_seq: 1 }, null)).toBeNull();
  });

  it('is told in the words of the server, with what was lost', () => {
    expect(refusedInWords('Too long.', 'red ball')).toBe('Too long. You wrote: “red ball”');
    expect(refusedInWords('too long', 'red ball')).toBe('too long. You wrote: “red ball”');
    expect(refusedInWords('Too long.', null)).toBe('Too long.');
  });
});

describe('a toast', () => {
  beforeEach(() => {
    vi.useFakeTimers();
    useStudio.setState({ toasts: [] });
  });
  afterEach(() => void vi.useRealTimers());
  const texts = (): string[] => useStudio.getState().toasts.map(({ text }) => text);

  it('with words of this person stays until it is dismissed, whatever else is said', () => {
    toast('You wrote: a', 'bad', true);
    for (const text of ['1', '2', '3', '4']) toast(text);
    expect(texts()).toEqual(['You wrote: a', '2', '3', '4']);
    vi.advanceTimersByTime(3_600_000);
    expect(texts()).toEqual(['You wrote: a']);
    dismiss(useStudio.getState().toasts[0]!.id);
    expect(texts()).toEqual([]);
  });
});

describe('a comment that is being written', () => {
  it('M5 outlives its card, and not its post', () => {
    openCard({ kind: 'write', at: [1, 1] });
    useStudio.setState({ draft: 'more sky' });
    closeCard();
    openComment(4, 0);
    closeCard();
    openCard({ kind: 'write', at: [9, 9] });
    expect(useStudio.getState().draft).toBe('more sky');
    dropCard();
    expect(useStudio.getState()).toMatchObject({ card: null, draft: '' });
  });
});

describe('closing the page', () => {
  const closing = (phase: 'live' | 'waiting' | 'ended', pending: readonly Pending[] = [],
                   unsent = false): Closing => ({
    status: { phase } as Closing['status'], pending,
    prompts: { content: { unsent: false }, motion: { unsent } } as Closing['prompts'],
  });
  const way = onTheirWay({ kind: 'settings', seed: 4 });

  it('C2 is asked about where something has not come to the server and cannot now', () => {
    expect(wouldLose(closing('waiting', way))).toBe(true);
    expect(wouldLose(closing('ended', [], true))).toBe(true);
  });

  it('C2 is not asked about where nothing is lost', () => {
    expect(wouldLose(closing('live', way, true))).toBe(false);
    expect(wouldLose(closing('waiting'))).toBe(false);
    expect(wouldLose(closing('waiting', way.map((one) => ({ ...one, seq: 9 }))))).toBe(false);
  });
});
