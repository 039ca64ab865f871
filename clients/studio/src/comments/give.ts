/** Giving and changing comments. */

import type { Point } from 'framejam';

import { useStudio } from '../session/store.ts';
import { closeCard } from '../stage/card.ts';

export function post(text: string, at: Point, frame: number): void {
  useStudio.getState().session?.edit({ kind: 'comment', text, at, frame });
}

export function rewrite(seq: number, text: string): void {
  useStudio.getState().session?.edit({ kind: 'revise', target: seq, text });
}

/** Settle a comment or open it again; one that is settled is put away. */
export function resolve(seq: number, resolved: boolean): void {
  const { session, card } = useStudio.getState();
  session?.edit({ kind: 'revise', target: seq, resolved });
  if (resolved && card?.kind === 'comment' && card.seq === seq) closeCard();
}
