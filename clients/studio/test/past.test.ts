import type { Body, Instruction, LogState } from 'framejam';
import { describe, expect, it } from 'vitest';

import { describe as inWords, fateInWords, nounOf } from '../src/history/describe.ts';
import { entriesOf } from '../src/history/entries.ts';
import { milestoneInWords } from '../src/history/milestones.ts';
import { nextRedo, nextUndo } from '../src/history/nextTurn.ts';
import { restoreInWords } from '../src/history/undone.ts';
import { dueTimes, FIT_MS, placeDue } from '../src/past/film.ts';
import { placeOf, settledAt, stopsOf } from '../src/past/stops.ts';
import { markedPlaces, placeAt, shareOf } from '../src/past/strip.ts';
import { momentInWords, placeInWords, versionAt } from '../src/past/words.ts';
import { FIRST, logOf, type Step } from './log.ts';

const paint: Instruction = { kind: 'paint', points: [[0, 0]], color: '#ff0000', width: 9 };
const comment: Instruction = { kind: 'comment', text: 'why?', at: [0, 0], frame: 3 };
const mark = (of: number, name: string | null): Body => ({ kind: 'marked', of, name, v: 1 });
const restored = (to: number): Body => ({ kind: 'restored', to, texts: [], v: 1 });
const seqs = (log: LogState): number[] => stopsOf(log).map(({ seq }) => seq);

describe('R1 the stops of the history', () => {
  it('are gestures by their last edit, undos and redos; what no clip shows is none', () => {
    const log = logOf(
      { edit: paint }, { by: 'grace', edit: paint }, { edit: paint, group: FIRST },
      { edit: comment }, { edit: { kind: 'settings', fps: 4 } }, { body: mark(FIRST, 'a') },
      { undone: { groups: [FIRST] } }, { redone: [FIRST] }, { undone: { groups: [FIRST + 3] } },
      { by: 'grace', body: restored(FIRST + 1) },
    );
    expect(seqs(log)).toEqual([FIRST + 1, FIRST + 2, FIRST + 6, FIRST + 7, FIRST + 9]);
    expect(stopsOf(log).map(({ what, author }) => `${author} ${what}`)).toEqual([
      'grace gesture', 'ada gesture', 'ada undone', 'ada redone', 'grace gesture',
    ]);
    expect(stopsOf(logOf())).toEqual([]);
  });

  it('a gesture that goes on stops later', () => {
    const steps: Step[] = [{ edit: paint }, { by: 'grace', edit: paint }];
    expect(seqs(logOf(...steps))).toEqual([FIRST, FIRST + 1]);
    expect(seqs(logOf(...steps, { edit: paint, group: FIRST }))).toEqual([FIRST + 1, FIRST + 2]);
  });

  it('the one of an event is the newest up to it', () => {
    const stops = stopsOf(logOf({ edit: paint }, { edit: comment }, { edit: paint }));
    expect([FIRST - 1, FIRST, FIRST + 1, FIRST + 2, 99].map((seq) => placeOf(stops, seq)))
      .toEqual([-1, 0, 0, 1, 1]);
  });

  it('T13 is settled when the loop has taken it up, before the clip changes again', () => {
    const log = logOf(
      { edit: paint }, { entered: [3, FIRST] }, { edit: comment }, { by: 'grace', edit: paint },
      { edit: paint, group: FIRST + 3 }, { entered: [3, FIRST + 3] },
    );
    expect(settledAt(log, FIRST - 1)).toBe(FIRST - 1);
    expect(settledAt(log, FIRST)).toBe(FIRST + 2);
    // In mid-gesture: that goes on.
    expect(settledAt(log, FIRST + 3)).toBe(FIRST + 3);
    expect(settledAt(log, FIRST + 4)).toBe(FIRST + 5);
  });
});

describe('R1 the strip', () => {
  it.each([1, 2, 7, 16, 17, 400, 5000])('of %d stops gives each its own place back', (count) => {
    for (let place = 0; place < count; place += Math.ceil(count / 50)) {
      expect(placeAt(shareOf(place, count), count, count)).toBe(place);
    }
    expect(placeAt(0, count, count)).toBe(0);
    expect(placeAt(1, count, count)).toBe(count - 1);
  });

  it('holds its newest stop in one place while the log grows', () => {
    const newest = [1, 2, 30, 900].map((count) => shareOf(count - 1, count));
    expect(new Set(newest).size).toBe(1);
  });

  it('does not move what is there while new ones come, and keeps those in order', () => {
    const before = [0, 5, 9].map((place) => shareOf(place, 10));
    const with30 = Array.from({ length: 30 }, (_, place) => shareOf(place, 10));
    expect([0, 5, 9].map((place) => with30[place])).toEqual(before);
    expect(with30).toEqual([...with30].sort((a, b) => a - b));
    expect(new Set(with30).size).toBe(30);
    expect(Math.max(...with30)).toBeLessThan(1);
    for (const place of [9, 10, 14, 29]) expect(placeAt(with30[place]!, 30, 10)).toBe(place);
    expect(placeAt(1, 30, 10)).toBe(29);
  });

  it('has nothing to point at before the first', () => {
    expect(placeAt(0.5, 0, 0)).toBe(-1);
  });

  it('marks evenly many of a long history, the newest among them', () => {
    expect(markedPlaces(3)).toEqual([0, 1, 2]);
    const many = markedPlaces(5001);
    expect(many.length).toBeLessThanOrEqual(400);
    expect(many.at(-1)).toBe(5000);
  });
});

describe('R1 the film', () => {
  const at = (...times: number[]) => times.map((time) => ({ at: time }));

  it('goes as fast as things were made, long pauses cut short', () => {
    expect(dueTimes(at(0, 1000, 1500, 3_600_000), '1')).toEqual([0, 1000, 1500, 4500]);
    expect(dueTimes(at(0, 1000, 1500, 3_600_000), '4')).toEqual([0, 250, 375, 1125]);
  });

  it('shows each for a moment, also those that came at once', () => {
    expect(dueTimes(at(0, 0, 1600), '16')).toEqual([0, 120, 240]);
  });

  it('fits', () => {
    const due = dueTimes(at(0, 10, 5000, 5001, 999_999), 'fit');
    expect(due.at(-1)).toBeCloseTo(FIT_MS);
    expect(due).toEqual([...due].sort((a, b) => a - b));
    expect(dueTimes(at(5, 5, 5), 'fit')).toEqual([0, FIT_MS / 2, FIT_MS]);
    expect(dueTimes(at(5), 'fit')).toEqual([0]);
  });

  it('shows the newest that is due', () => {
    const due = [0, 120, 240];
    expect([0, 119, 120, 500].map((elapsed) => placeDue(due, elapsed))).toEqual([0, 0, 1, 2]);
  });
});

describe('R3 moments and versions in words', () => {
  const log = logOf(
    { edit: paint }, { entered: [3, FIRST] }, { by: 'grace', edit: paint },
    { undone: { groups: [FIRST] } }, { body: mark(FIRST + 1, 'first cut') },
  );

  it('tell whose gesture it was, or the name', () => {
    expect(momentInWords(FIRST + 2, log, 'ada')).toBe('after Grace’s brush stroke');
    expect(momentInWords(FIRST + 3, log, 'grace')).toBe('after Ada’s undo of the brush stroke');
    expect(momentInWords(FIRST + 1, log, 'ada')).toBe('“first cut”');
    expect(momentInWords(1, log, 'ada')).toBe('the beginning');
  });

  it('R3 a name is that of the moment, whichever event in it was named', () => {
    expect(versionAt(log, FIRST)?.name).toBe('first cut');
    expect(versionAt(log, FIRST + 2)).toBeUndefined();
  });

  it('tell a screen reader where it is, and that the last is now', () => {
    expect(placeInWords(1, log, 'ada')).toMatch(/^After Grace’s brush stroke, .+, 2 of 3$/);
    expect(placeInWords(0, log, 'ada')).toMatch(/^“first cut”, after your brush stroke, .+, 1 of 3$/);
    expect(placeInWords(2, log, 'ada')).toMatch(/^Now: after your undo of the brush stroke, .+, 3 of 3$/);
    expect(placeInWords(-1, logOf(), 'ada')).toBe('Nothing was given yet');
  });
});

describe('R3 restores, versions, roles and branches in the history', () => {
  const steps: Step[] = [
    { edit: paint }, { body: mark(FIRST, 'first cut') }, { by: 'grace', edit: paint },
    { by: 'ada', body: restored(FIRST) },
  ];
  const log = logOf(...steps);
  const restore = log.groups.at(-1)!;

  it('R3 a restore is named by its version, in rows, undo and toasts', () => {
    expect(inWords(restore, log)).toBe('Restored “first cut”');
    expect(nounOf(nextUndo(log, 'ada')!, log)).toBe('restore to “first cut”');
    expect(fateInWords(log.groups[1]!, log)).toBe('out by a restore');
    const event = log.milestones.at(-1)!;
    expect(restoreInWords(event, 'ada', log)).toBe('Restored “first cut”. Undo brings back what was.');
    expect(restoreInWords(event, 'grace', log)).toBe('Ada restored “first cut”');
    expect(restoreInWords(log.milestones[0]!, 'grace', log)).toBeNull();
  });

  it('R3 or by the gesture after which the session was', () => {
    const other = logOf(...steps, { by: 'grace', body: restored(FIRST + 2) });
    expect(inWords(other.groups.at(-1)!, other)).toBe('Restored the clip after Grace’s brush stroke');
  });

  it('U4 a redo is named by what it brings back', () => {
    const undone = logOf(...steps, { undone: { groups: [FIRST + 3] } });
    expect(nextUndo(undone, 'ada')?.group).toBe(FIRST);
    expect(nextRedo(undone, 'ada')?.group).toBe(FIRST + 3);
    expect(nextRedo(undone, 'grace')).toBeUndefined();
    const twice = logOf(...steps, { undone: { groups: [FIRST + 3] } },
                        { undone: { groups: [FIRST] } }, { redone: [FIRST] });
    expect(nextRedo(twice, 'ada')?.group).toBe(FIRST + 3);
  });

  it('has a row for each, in order, and none for undos', () => {
    const all = logOf(
      ...steps, { undone: { groups: [FIRST + 3] } },
      { body: { kind: 'assigned', participant: 'grace', role: 'viewer', v: 1 } },
      { body: { kind: 'branched', session: 's0', seq: 9, participant: 'ada', v: 1 } },
    );
    expect(entriesOf(all).map((entry) => ('group' in entry ? 'gesture' : entry.event.body.kind)))
      .toEqual(['gesture', 'marked', 'gesture', 'gesture', 'assigned', 'branched']);
  });

  it.each<[Step[], string]>([
    [[], 'Named a version “first cut”'],
    [[{ body: mark(FIRST, 'second') }], 'Renamed “first cut” to “second”'],
    [[{ body: mark(FIRST, null) }], 'Took the name “first cut” away'],
    [[{ body: mark(FIRST, null) }, { body: mark(FIRST, 'b') }], 'Named a version “b”'],
    [[{ body: { kind: 'assigned', participant: 'grace', role: 'owner', v: 1 } }],
     'Made Grace an owner'],
    [[{ body: { kind: 'assigned', participant: 'grace', role: 'none', v: 1 } }], 'Removed Grace'],
    [[{ body: { kind: 'assigned', participant: 'ada', role: 'editor', v: 1 } }],
     'Became an editor'],
    [[{ body: { kind: 'branched', session: 's0', seq: 4, participant: 'ada', v: 1 } }],
     'Branched from another session'],
  ])('%#: %s', (more, words) => {
    const made = logOf(...steps.slice(0, 2), ...more);
    const rows = entriesOf(made);
    const last = rows.at(-1)!;
    expect('event' in last && milestoneInWords(last.event, made)).toBe(words);
  });
});
