import {
  LogFold, type Body, type Event, type Instruction, type LogState, type LookStatus, type Settings,
} from 'framejam';
import { describe, expect, it } from 'vitest';

import { queryBefore, since } from '../src/takes/before.ts';
import { keepOf, type Keep } from '../src/takes/keep.ts';
import {
  authorsOf, canMute, lastChangeOf, ofClip, toggled, type Subject,
} from '../src/takes/subject.ts';
import { Turns } from '../src/takes/turns.ts';
import { progressInWords, subjectInWords, takeInWords } from '../src/takes/words.ts';

const SETTINGS: Settings = {
  model: 'm', seed: 1, steps: 8, frames: 16, width: 64, height: 64, fps: 8, guidance: 100,
  scheduler: '', loras: [], harmonize: 0, mix: 0, align: 0,
};
const paint: Instruction = { kind: 'paint', points: [[0, 0]], color: '#ff0000', width: 9 };
const drag: Instruction = { kind: 'drag', start: [0, 0], end: [9, 9], radius: 5 };
const comment: Instruction = { kind: 'comment', text: 'why?', at: [0, 0], frame: 3 };
const settings = (change: Partial<Settings>): Instruction => ({ kind: 'settings', ...change });

/** A log by Ada, who came with event 2, and Grace, who came with event 3. */
class Log {
  readonly #fold = new LogFold();
  readonly turns = new Turns(() => this.#fold);
  #seq = 0;

  constructor() {
    this.#add('', { kind: 'created', settings: SETTINGS, v: 1 });
    for (const [participant, name] of [['ada', 'Ada'], ['grace', 'Grace']] as const) {
      this.#add(participant, {
        kind: 'joined', participant, name, color: '#aabbcc', role: 'editor', v: 1,
      });
    }
  }

  get state(): LogState {
    return this.#fold.state;
  }

  edit(author: string, instruction: Instruction, group: number | null = null): number {
    return this.#add(author, { kind: 'edited', instruction, depth: null, group, v: 2 });
  }

  undo(author: string, ...groups: number[]): number {
    return this.#add(author, { kind: 'undone', groups, shadowed_by: null, texts: [], v: 2 });
  }

  redo(author: string, ...groups: number[]): number {
    return this.#add(author, { kind: 'redone', groups, texts: [], v: 2 });
  }

  restore(author: string, to: number): number {
    return this.#add(author, { kind: 'restored', to, texts: [], v: 1 });
  }

  enter(take: number, ...edits: number[]): number {
    return this.#add('', { kind: 'entered', take, step: 0, edits, v: 1 });
  }

  keep(subject: Subject, me = 'ada', role: 'owner' | 'editor' = 'editor'): Keep {
    return keepOf(subject, { log: this.state, turns: this.turns, me, role });
  }

  #add(author: string, body: Body): number {
    this.#seq += 1;
    const event: Event = {
      type: 'event', seq: this.#seq, at: 0, author, body, client_id: null, client_seq: null,
    };
    this.#fold.apply(event);
    return this.#seq;
  }
}

describe('T12 muting', () => {
  it('several gestures and people together, and again none', () => {
    const one = toggled(null, { group: 4 });
    const two = toggled(one, { person: 'grace' });
    expect(two).toEqual({ kind: 'muted', groups: [4], people: ['grace'] });
    expect(toggled(toggled(two, { group: 4 }), { group: 7 }))
      .toEqual({ kind: 'muted', groups: [7], people: ['grace'] });
    expect(toggled(one, { group: 4 })).toBeNull();
  });

  it('takes the place of another look', () => {
    expect(toggled({ kind: 'take', take: 2 }, { person: 'ada' }))
      .toEqual({ kind: 'muted', groups: [], people: ['ada'] });
  });

  it('is for what enters a take and is not undone', () => {
    const log = new Log();
    const gestures = [paint, comment, settings({ seed: 2 }), settings({ guidance: 300 }),
                      settings({ fps: 4 })].map((one) => log.edit('ada', one));
    log.undo('ada', log.edit('ada', paint));
    const { groups } = log.state;
    expect(groups.map((group) => canMute(group, log.state)))
      .toEqual([true, false, false, true, false, false]);
    expect(groups.map((group) => ofClip(group, log.state)))
      .toEqual([true, false, true, true, false, true]);
    log.edit('grace', comment);
    expect([...authorsOf(log.state)]).toEqual(['ada']);
    expect(lastChangeOf('ada', log.state)?.group).toBe(gestures[3]);
    expect(lastChangeOf('grace', log.state)).toBeUndefined();
  });

  it('is told in words', () => {
    const log = new Log();
    const mine = log.edit('ada', paint);
    const theirs = log.edit('grace', drag);
    const third = log.edit('grace', paint);
    const words = (subject: Subject): string => subjectInWords(subject, log.state, 'ada');
    expect(words({ kind: 'muted', groups: [mine], people: [] }))
      .toBe('without your brush stroke');
    expect(words({ kind: 'muted', groups: [mine, theirs, third], people: ['ada', 'grace'] }))
      .toBe('without your own edits, Grace’s edits, your brush stroke, Grace’s drag and 1 more');
    expect(words({ kind: 'before', group: theirs })).toBe('before Grace’s drag');
  });
});

describe('T8 another take', () => {
  it('is told by its seed and by what else is different', () => {
    const log = new Log();
    log.edit('ada', settings({ seed: 5 }));
    const [first, second] = log.state.takes;
    expect([first, second].map((take) => takeInWords(take!, log.state.takes)))
      .toEqual(['seed 1', 'seed 5']);
    log.edit('ada', settings({ steps: 1 }));
    expect(log.state.takes.map((take) => takeInWords(take, log.state.takes)))
      .toEqual(['seed 1, 8 steps', 'seed 5, 8 steps', 'seed 5, 1 step']);
    expect(subjectInWords({ kind: 'take', take: 2 }, log.state, 'ada'))
      .toBe('take 2 (seed 5, 8 steps)');
  });

  it('is kept by a settings edit back to its values, and says what will join it', () => {
    const log = new Log();
    log.enter(1, log.edit('ada', paint));
    log.edit('ada', settings({ seed: 5, guidance: 300 }));
    log.edit('ada', settings({ steps: 4, fps: 12 }));
    expect(log.keep({ kind: 'take', take: 2 })).toMatchObject(
      { does: 'settings', change: { steps: 8 } });
    const back = log.keep({ kind: 'take', take: 1 });
    // Guidance enters a take and does not define it; fps is of no take.
    expect(back).toMatchObject({ does: 'settings', change: { seed: 1, steps: 8 } });
    expect(Object.keys(back.does === 'settings' ? back.change : {})).toEqual(['seed', 'steps']);
    // The change of guidance never entered take 1.
    expect(back.says).toBe('Goes back to seed 1, 8 steps. What came since is taken up there: 1 gesture.');
    log.edit('grace', drag);
    expect(log.keep({ kind: 'take', take: 1 }).says).toContain('2 gestures');
    expect(log.keep({ kind: 'take', take: 3 }).does).toBe('nothing');
  });

  it('is not promised where no edit leads there', () => {
    const log = new Log();
    expect(log.keep({ kind: 'take', take: 9 }).does).toBeNull();
  });

  it('goes back to the model’s own sampler, too', () => {
    const log = new Log();
    log.edit('ada', settings({ scheduler: 'ddim' }));
    expect(log.keep({ kind: 'take', take: 1 })).toMatchObject(
      { does: 'settings', change: { scheduler: '' } });
  });
});

describe('T4 the clip before a gesture', () => {
  it('is the clip without all that came since, in the take of that time', () => {
    const log = new Log();
    log.edit('ada', paint);
    const second = log.edit('ada', drag);
    log.edit('grace', comment);
    const seed = log.edit('ada', settings({ seed: 5 }));
    const last = log.edit('ada', paint);
    expect(queryBefore(last, log.state, log.turns)).toEqual({ take: 2, without: [last] });
    expect(queryBefore(second, log.state, log.turns))
      .toEqual({ take: 1, without: [second, seed, last] });
    expect(log.keep({ kind: 'before', group: second }))
      .toEqual({ does: 'undo', groups: [last, seed, second], says: 'Undoes 3 gestures.' });
    expect(log.keep({ kind: 'before', group: last }))
      .toEqual({ does: 'undo', groups: [last], says: 'Undoes your brush stroke.' });
    // What was undone of it counts no longer: it is out already.
    log.undo('ada', seed);
    expect(queryBefore(second, log.state, log.turns)).toEqual({ take: 1, without: [second, last] });
  });

  it('T8 is in the take that is left when what was undone is left out', () => {
    const log = new Log();
    log.undo('ada', log.edit('ada', settings({ seed: 5 })));
    const stroke = log.edit('ada', paint);
    expect(log.state.takes).toHaveLength(2);
    expect(queryBefore(stroke, log.state, log.turns)).toEqual({ take: 1, without: [stroke] });
  });

  it('U2 is not kept where somebody else’s gesture would go, but by an owner', () => {
    const log = new Log();
    const mine = log.edit('ada', paint);
    const theirs = log.edit('grace', drag);
    expect(log.keep({ kind: 'before', group: mine })).toEqual(
      { does: null, says: 'Grace’s drag would go: only Grace or an owner can undo it.' });
    expect(log.keep({ kind: 'before', group: mine }, 'ada', 'owner'))
      .toMatchObject({ does: 'undo', groups: [theirs, mine] });
    expect(log.keep({ kind: 'before', group: theirs }, 'grace'))
      .toMatchObject({ does: 'undo', groups: [theirs] });
  });

  it('is looked up in the log where it showed what was undone since', () => {
    const log = new Log();
    const first = log.edit('ada', paint);
    const second = log.edit('ada', drag);
    log.undo('ada', first);
    expect(queryBefore(second, log.state, log.turns)).toEqual({ at: second - 1 });
    expect(log.keep({ kind: 'before', group: second })).toEqual({
      does: null,
      says: 'Your brush stroke was undone since: bring that back by a redo first.',
    });
    log.redo('ada', first);
    expect(log.keep({ kind: 'before', group: second })).toMatchObject({ groups: [second] });
    // Undone before it: then it was not there, and is not.
    const other = new Log();
    const early = other.edit('ada', paint);
    other.undo('ada', early);
    const late = other.edit('ada', drag);
    expect(since(late - 1, other.state, other.turns))
      .toMatchObject({ groups: [{ group: late }] });
    // Undone and brought back before it: it was there all the same.
    const third = new Log();
    const back = third.edit('ada', paint);
    third.undo('ada', back);
    third.redo('ada', back);
    const then = third.edit('ada', drag);
    expect(third.keep({ kind: 'before', group: then })).toMatchObject({ groups: [then] });
    // Brought back after it: an undo of that gesture takes it out again, but not by its place.
    other.redo('ada', early);
    expect(other.keep({ kind: 'before', group: late }).does).toBeNull();
  });

  it('L6 is not kept where a gesture went on across it', () => {
    const log = new Log();
    const burst = log.edit('grace', paint);
    const mine = log.edit('ada', drag);
    log.edit('grace', paint, burst);
    expect(queryBefore(mine, log.state, log.turns)).toEqual({ at: mine - 1 });
    expect(log.keep({ kind: 'before', group: mine }, 'ada', 'owner')).toEqual({
      does: null,
      says: 'Grace’s brush stroke went on after that: an undo takes all of it or nothing.',
    });
  });
});

describe('keeping what was muted', () => {
  it('U2 undoes it, where one may', () => {
    const log = new Log();
    const mine = log.edit('ada', paint);
    const theirs = log.edit('grace', drag);
    log.edit('grace', comment);
    log.edit('grace', settings({ seed: 9 }));
    const both: Subject = { kind: 'muted', groups: [mine], people: ['grace'] };
    expect(log.keep(both)).toMatchObject({ does: null });
    // Neither the comment nor what makes another take was muted.
    expect(log.keep(both, 'ada', 'owner')).toEqual(
      { does: 'undo', groups: [theirs, mine], says: 'Undoes your brush stroke and Grace’s drag.' });
    log.undo('ada', mine);
    expect(log.keep({ kind: 'muted', groups: [mine], people: [] }).does).toBe('nothing');
  });
});

describe('R3 before a restore', () => {
  it('is the log as it stood: what it turned does not go with it', () => {
    const log = new Log();
    const first = log.edit('ada', paint);
    const second = log.edit('ada', paint);
    const back = log.restore('grace', first);
    expect(lastChangeOf('grace', log.state)?.group).toBe(back);
    expect(queryBefore(back, log.state, log.turns)).toEqual({ at: second });
    expect(log.keep({ kind: 'before', group: back })).toMatchObject({ does: 'restore', to: second });
    expect(log.keep({ kind: 'before', group: second })).toMatchObject({ does: 'restore', to: first });
    log.undo('grace', back);
    expect(queryBefore(second, log.state, log.turns)).toEqual({ take: 1, without: [second] });
  });
});

describe('how far a look is, in words', () => {
  const status = (state: LookStatus['state'], note = ''): LookStatus => (
    { type: 'look_status', number: 1, take: 1, step: 0, steps: 8, state, note, digest: null });
  const told = (of: Partial<Parameters<typeof progressInWords>[0]>): string | null =>
    progressInWords({ live: true, status: null, step: 0, over: null, behind: false, kept: null, ...of });

  it('waits, runs, and says nothing more when it is there', () => {
    expect(told({})).toBe('Asking for it…');
    expect(told({ live: false })).toBe('This waits for the connection.');
    expect(told({ status: status('waiting', 'it is made when no take wants a step') }))
      .toBe('It is made when no take wants a step.');
    expect(told({ status: status('running'), step: 3 })).toBe('Step 3 of 8.');
    expect(told({ status: status('running', 'made again'), step: 3 }))
      .toBe('Step 3 of 8: made again.');
    expect(told({ status: status('finished') })).toBeNull();
    // What is there does not go with the connection.
    expect(told({ status: status('finished'), live: false })).toBeNull();
  });

  it('says that it is behind, and why it has failed', () => {
    expect(told({ status: status('finished'), behind: true })).toContain('has changed');
    expect(told({ status: status('failed'), over: 'it stopped the renderer three times' }))
      .toBe('It stopped the renderer three times.');
    expect(told({ status: status('ended'), over: '' })).toBe('It has ended.');
  });
});
