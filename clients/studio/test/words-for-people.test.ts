import type { EditRecord, Instruction } from 'framejam';
import { describe, expect, it } from 'vitest';

import { describe as inWords, entryInWords, iconOf } from '../src/history/describe.ts';
import { initials, inkOn } from '../src/people/colors.ts';

function edit(instruction: Instruction, changes: Partial<EditRecord> = {}): EditRecord {
  return { seq: 1, at: 0, author: 'a', instruction, undone: false, entry: null, ...changes };
}

const cat: Instruction = { kind: 'content', text: 'a cat' };

describe('edits in words', () => {
  it('says what was given', () => {
    expect(inWords(edit(cat))).toBe('“a cat”');
    expect(inWords(edit({ kind: 'motion', text: '' }))).toBe('Emptied the motion');
    expect(inWords(edit({ kind: 'image', blob: null }))).toBe('Removed the image');
    const drag = edit({ kind: 'drag', start: [0, 0], end: [9, 9], radius: 5 });
    expect([inWords(drag), iconOf(drag)]).toEqual(['Drag', 'drag']);
  });

  it('says where it is felt', () => {
    expect(entryInWords(edit(cat))).toBe('enters at the next step');
    expect(entryInWords(edit(cat, { entry: { take: 1, step: 0 } }))).toBe('from the start');
    expect(entryInWords(edit(cat, { entry: { take: 1, step: 7 } }))).toBe('at step 7');
    expect(entryInWords(edit(cat, { entry: { take: 1, step: 7 }, undone: true }))).toBe('undone');
  });
});

describe('people', () => {
  it('have initials in letters of any script', () => {
    expect([initials('Ada Lovelace'), initials('grace'), initials(' Ж Б Ю '), initials('')])
      .toEqual(['AL', 'G', 'ЖЮ', '']);
  });

  it('have ink that reads on their colour', () => {
    expect(inkOn('#f7ce46')).toBe('#14110f');
    expect(inkOn('#1a1a8a')).toBe('#ffffff');
  });
});
