import { describe, expect, it } from 'vitest';

import { initials, inkOn } from '../src/people/colors.ts';

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
