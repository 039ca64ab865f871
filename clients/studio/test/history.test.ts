import type { GroupRecord, Instruction, LogState } from 'framejam';
import { describe, expect, it } from 'vitest';

import {
  describe as inWords, entryOf, fateInWords, iconOf, nounOf, subjectOf,
} from '../src/history/describe.ts';
import { undoInWords } from '../src/history/undone.ts';
import { FIRST, logOf, typed, type Step } from './log.ts';

const paint: Instruction = { kind: 'paint', points: [[0, 0]], color: '#ff0000', width: 9 };
const drag: Instruction = { kind: 'drag', start: [0, 0], end: [9, 9], radius: 5 };
const comment: Instruction = { kind: 'comment', text: 'why?', at: [0, 0], frame: 3 };

const region = {
  kind: 'region', outline: [[0, 0], [9, 0], [9, 9]], text: 'a yellow star',
} as const satisfies Instruction;
const camera: Instruction = { kind: 'camera', pan: 13_107, zoom: 98_304 };

/** The newest gesture of a log of these steps. */
function gesture(...steps: Step[]): { group: GroupRecord; log: LogState } {
  const log = logOf(...steps);
  const group = log.groups.at(-1);
  if (!group) throw new Error('there is no gesture');
  return { group, log };
}

function told(...steps: Step[]): string {
  const { group, log } = gesture(...steps);
  return inWords(group, log);
}

describe('gestures in words', () => {
  it('L6 a burst of several edits is one row', () => {
    const { group, log } = gesture(
      { edit: typed([0, '', 'a r']) }, { edit: typed([3, '', 'ed']), group: FIRST });
    expect([log.groups.length, inWords(group, log)]).toEqual([1, '+ a red']);
  });

  it('says what was given', () => {
    expect(told({ edit: typed([0, '', 'blue']) }, { by: 'grace', edit: typed([0, 'blue', 'red']) }))
      .toBe('+ red − blue');
    expect(told({ edit: { kind: 'image', blob: null } })).toBe('Removed the image');
    expect(told({ edit: drag })).toBe('Drag');
    expect(told({ edit: comment })).toBe('“why?”');
    expect(told({ edit: { kind: 'settings', seed: 7, guidance: 250 } }))
      .toBe('Seed 7, Guidance 2.5');
    expect(told({ edit: { kind: 'settings', harmonize: 40, loras: [['toon', 80]] } }))
      .toBe('Blend paint 40 %, LoRA toon 0.8');
  });

  it('says what a part becomes, where the camera goes, and what is held', () => {
    expect(told({ edit: region })).toBe('Region: “a yellow star”');
    expect(told({ edit: { ...paint, blend: 'color' } as Instruction })).toBe('Recoloured');
    expect(told({ edit: camera })).toBe('Camera: right 20 %, zoom 1.5×');
    expect(told({ edit: { kind: 'trajectory', path: [[0, 0], [9, 9]], radius: 5 } })).toBe('Path');
    expect(told({ edit: { kind: 'lock', outline: region.outline } })).toBe('Held still');
  });

  it('M2 says what a revision made of them', () => {
    const of = (edit: Instruction, change: object): string => told(
      { edit }, { by: 'grace', edit: { kind: 'revise', target: FIRST, ...change } });
    expect(of(region, { text: 'a moon' })).toBe('Ada’s region: now “a moon”');
    expect(of(camera, { zoom: 131_072 })).toBe('Ada’s camera: right 20 %, zoom 2×');
    expect(of(comment, { text: 'how?' })).toBe('Ada’s comment: now “how?”');
  });

  it('M2 says whose stroke a revision changed, and to what in the end', () => {
    const revise = (strength: number): Instruction => ({ kind: 'revise', target: FIRST, strength });
    expect(told({ edit: paint }, { by: 'grace', edit: revise(65536) },
                { by: 'grace', edit: revise(32768), group: FIRST + 1 }))
      .toBe('Ada’s stroke: strength 50 %');
    expect(told({ edit: paint }, { edit: { kind: 'revise', target: FIRST, frames: [2, 4] } }))
      .toBe('Stroke: frames 3 to 5');
    expect(told({ edit: comment }, { edit: { kind: 'revise', target: FIRST, resolved: true } }))
      .toBe('Resolved a comment');
  });

  it('names a gesture for whoever is to undo it', () => {
    const { group, log } = gesture({ edit: paint });
    expect(nounOf(group, log)).toBe('brush stroke');
    const typing = gesture({ edit: typed([0, '', 'x'.repeat(200)]) });
    expect(nounOf(typing.group, typing.log).length).toBeLessThan(70);
  });

  it('has an icon and a subject for each', () => {
    const { group } = gesture({ edit: typed([0, '', 'x']) });
    expect(group.edits.map((edit) => [subjectOf(edit), iconOf(edit)])).toEqual([['content', 'text']]);
  });

  it('says where it is felt: where the last of it is', () => {
    const burst: Step[] = [
      { edit: typed([0, '', 'a']) }, { edit: typed([1, '', 'b']), group: FIRST }];
    const waiting = gesture(...burst, { entered: [2, FIRST] });
    expect([entryOf(waiting.group, waiting.log), fateInWords(waiting.group, waiting.log)])
      .toEqual([null, 'at the next step']);
    const done = gesture(...burst, { entered: [2, FIRST] }, { entered: [5, FIRST + 1] });
    expect(fateInWords(done.group, done.log)).toBe('at step 5');
    const first = gesture({ edit: paint }, { entered: [0, FIRST] });
    expect(fateInWords(first.group, first.log)).toBe('from the start');
  });

  it('T8 does not wait for the entry of what never enters', () => {
    expect(fateInWords(...both(gesture({ edit: comment })))).toBe('');
    expect(fateInWords(...both(gesture({ edit: { kind: 'settings', seed: 3 } }))))
      .toBe('a take of its own');
    expect(fateInWords(...both(gesture({ edit: { kind: 'settings', fps: 3 } })))).toBe('');
    expect(fateInWords(...both(gesture({ edit: { kind: 'settings', scheduler: 'ddim' } }))))
      .toBe('a take of its own');
    expect(fateInWords(...both(gesture({ edit: { kind: 'settings', mix: 50 } }))))
      .toBe('at the next step');
  });

  it('U2 says who undid it where that was somebody else', () => {
    const own = gesture({ edit: paint }, { undone: { groups: [FIRST] } });
    expect(fateInWords(...both(own))).toBe('undone');
    const other = gesture({ edit: paint }, { by: 'grace', undone: { groups: [FIRST] } });
    expect(fateInWords(...both(other))).toBe('undone by Grace');
  });
});

function both({ group, log }: { group: GroupRecord; log: LogState }): [GroupRecord, LogState] {
  return [group, log];
}

describe('an undo in words', () => {
  const seed = (value: number): Instruction => ({ kind: 'settings', seed: value });

  function said(me: string, steps: Step[], groups: number[], shadowed_by: number | null = null,
                by = 'ada'): string | null {
    const log = logOf(...steps, { by, undone: { groups, shadowed_by } });
    return undoInWords({ kind: 'undone', groups, shadowed_by, texts: [], v: 2 }, by, me, log);
  }

  it('U3 names whose later change covers it', () => {
    const steps: Step[] = [{ edit: seed(5) }, { by: 'grace', edit: seed(6) }];
    expect(said('ada', steps, [FIRST], FIRST + 1)).toBe(
      'Undone, but Grace’s later change covers it');
    expect(said('grace', steps, [FIRST], FIRST + 1)).toBeNull();
  });

  it('U3 counts and names the gestures that one press took back', () => {
    const steps: Step[] = [{ edit: paint }, { edit: seed(5) }, { edit: drag }];
    expect(said('ada', steps, [FIRST + 2, FIRST + 1, FIRST])).toBe(
      'Undid 3 gestures: Drag, Seed 5, Brush stroke');
  });

  it('says nothing where the page shows it', () => {
    expect(said('ada', [{ edit: paint }], [FIRST])).toBeNull();
  });

  it('U2 tells a person that an owner undid theirs, and nobody else', () => {
    const steps: Step[] = [{ by: 'grace', edit: paint }];
    expect(said('grace', steps, [FIRST])).toBe('Ada undid your brush stroke');
    expect(said('linus', steps, [FIRST])).toBeNull();
  });
});
