/** Who did this: what weighs on a point of a frame, by the server's word (M6). */

import { UNIT, type Point } from 'framejam';

import { sayWhy, useStudio } from '../session/store.ts';
import { openCard, type Card } from '../stage/card.ts';

/** Ask about a point of the frame on the stage; the card says so, then the answer. */
export function askWho([x, y]: Point): void {
  const inside = (units: number): number => Math.max(0, Math.min(UNIT - 1, units));
  const at: Point = [inside(x), inside(y)];
  void answer(openCard({ kind: 'who', at }));
}

async function answer(asked: Card): Promise<void> {
  const { session } = useStudio.getState();
  if (asked.kind !== 'who' || !session) return;
  const settle = (change: Partial<Card>): void => useStudio.setState(({ card }) =>
    // Closed meanwhile, or asked about another place.
    (card === asked ? { card: { ...asked, ...change } as Card } : {}));
  try {
    const { instructions } = await session.http.who(...asked.at, asked.frame);
    settle({ answer: instructions });
  } catch (error) {
    settle({ problem: sayWhy(error) });
  }
}
