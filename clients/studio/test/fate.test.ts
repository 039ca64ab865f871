import { describe, expect, it } from 'vitest';

import { fateOf, type Facts } from '../src/prompts/fate.ts';

const facts: Facts = {
  text: 'a red dragon', unsent: false, connection: 'live', overruled: null, unknown: [],
  newest: { author: 'Grace', entry: 'at step 2' },
};

describe('the line under a prompt', () => {
  it('says what becomes of what is typed', () => {
    expect(fateOf({ ...facts, unsent: true })).toMatchObject({ phase: 'typing' });
    expect(fateOf({ ...facts, unsent: true, connection: 'away' }).words)
      .toBe('Kept here until the connection is back');
    expect(fateOf({ ...facts, newest: { author: 'You', entry: null } }).words)
      .toBe('You · sent, enters at the next step');
    expect(fateOf(facts)).toEqual({ phase: 'entered', words: 'Grace · taken up at step 2' });
    expect(fateOf({ ...facts, newest: null })).toMatchObject({ phase: 'empty' });
  });

  it('names words the model never learnt before all else that is in the log', () => {
    expect(fateOf({ ...facts, unknown: ['dragon'], overruled: 'drags set the motion' }).words)
      .toBe('The model never learnt “dragon”');
    expect(fateOf({ ...facts, unknown: ['dragon', 'red'] }).words)
      .toBe('The model never learnt “dragon” and “red”');
    expect(fateOf({ ...facts, unknown: ['castle'] }).phase).toBe('entered');
    expect(fateOf({ ...facts, overruled: 'drags set the motion' }).words)
      .toBe('Grace · drags set the motion');
  });
});
