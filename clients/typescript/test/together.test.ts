/** Several people at once, in every order of what arrives (M3, M5). */

import { describe, expect, it, vi } from 'vitest';

import type { Session } from '../src/index.ts';
import { agree, heard, join, pass, people, room } from './crowd.ts';
import { random } from './random.ts';

describe('several people at once (M3, M5)', () => {
  const LETTERS = [...'abc xyz', '🎈', '👩‍👩‍👧', 'é'];

  /** One person does something to a prompt that keeps its characters whole. */
  function act(session: Session, next: (below: number) => number): void {
    const prompt = session.prompts[next(3) ? 'content' : next(2) ? 'motion' : 'negative'];
    const chars = [...prompt.text.toString()];
    const at = next(chars.length + 1);
    const unit = chars.slice(0, at).join('').length;
    switch (next(9)) {
      case 0: session.undo(); break;
      case 1: session.redo(); break;
      case 2: prompt.endBurst(); break;
      case 3: prompt.flush(); break;
      case 4: case 5: {
        const gone = chars.slice(at, at + 1 + next(3)).join('').length;
        if (gone) prompt.text.delete(unit, gone);
        break;
      }
      default: prompt.text.insert(unit, LETTERS[next(LETTERS.length)]!);
    }
  }

  const seeds = Array.from({ length: Number(process.env.SEEDS ?? 60) }, (_, seed) => [seed]);

  it.each(seeds)('M5 seed %d', (seed) => {
    const next = random(seed);
    for (const name of ['ada1', 'bob1', 'cyd1'].slice(0, 2 + next(2))) join(name);
    const refused = people.flatMap((session) => heard(session, 'refused'));
    const rebound = people.flatMap((session) => heard(session, 'prompts'));
    // Sometimes the server refuses something that could be typed again, or forgets.
    const trouble = seed % 3 === 2;
    room.refuse = trouble ? (command) => (command.type === 'edit' && next(25) === 0
      ? { code: 'invalid', rule: 'M3', message: 'no' } : null) : null;
    for (let i = 0; i < 150; i += 1) {
      const one = next(40);
      if (one === 0 && room.lines.length) room.drop(room.lines[next(room.lines.length)]!);
      else if (one === 1 && trouble && next(3) === 0) {
        for (const line of [...room.lines]) room.drop(line);
        room.fallBack(next(room.log.length + 1));
      } else if (one < 20) act(people[next(people.length)]!, next);
      else if (one < 24) vi.advanceTimersByTime(next(900));
      else room.step(next);
    }
    room.refuse = null;
    pass(12_000);
    agree();
    expect(room.log.length).toBeGreaterThan(0);
    if (trouble) return;
    // Without trouble nobody binds to another document, and only empty stacks are refused.
    expect(rebound).toEqual([]);
    expect(refused.filter(({ typed }) => typed !== null)).toEqual([]);
  });
});
