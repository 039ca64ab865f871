/** The one card that may be open on the stage. */

import type { Point, Weighing } from 'framejam';

import { shownFrame, useStudio } from '../session/store.ts';

export type Card =
  /** A comment that is being written. */
  | { readonly kind: 'write'; readonly at: Point; readonly frame: number }
  /** A comment that is being read. */
  | { readonly kind: 'comment'; readonly seq: number }
  /** Who did what there: asked, answered or failed. */
  | {
    readonly kind: 'who'; readonly at: Point; readonly frame: number;
    readonly answer: readonly Weighing[] | null; readonly problem: string | null;
  };

/** A card without its frame: that of the stage. */
type Opened = { readonly kind: 'write'; readonly at: Point }
  | { readonly kind: 'who'; readonly at: Point };

/** Open a card at a place of the frame on the stage, and stop the clip there. */
export function openCard(opened: Opened): Card {
  const frame = shownFrame(useStudio.getState());
  const card: Card = opened.kind === 'write' ? { ...opened, frame }
    : { ...opened, frame, answer: null, problem: null };
  useStudio.setState({ card, playing: false, frame });
  return card;
}

/** Open a comment on its frame. */
export function openComment(seq: number, frame: number): void {
  useStudio.setState({ card: { kind: 'comment', seq }, playing: false, frame });
}

/** What was written in it is kept for the next card that is written in. */
export function closeCard(): void {
  if (useStudio.getState().card) useStudio.setState({ card: null });
}

/** Close the card that is written in for good: it was posted or cancelled. */
export function dropCard(): void {
  useStudio.setState({ card: null, draft: '' });
}
