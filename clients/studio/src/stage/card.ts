/** The one card that may be open on the stage. */

import { UNIT, type Point, type Weighing } from 'framejam';

import { boxOf } from '../outline/shapes.ts';
import { tellLine } from '../session/presence.ts';
import { shownFrame, useStudio } from '../session/store.ts';

export type Card =
  /** A comment that is being written. */
  | { readonly kind: 'write'; readonly at: Point; readonly frame: number }
  /** A comment that is being read. */
  | { readonly kind: 'comment'; readonly seq: number }
  /** A region that waits for the words of what it becomes, beside its outline. */
  | {
    readonly kind: 'region'; readonly outline: readonly Point[]; readonly at: Point;
    readonly side: Side;
  }
  /** Who did what there: asked, answered or failed. */
  | {
    readonly kind: 'who'; readonly at: Point; readonly frame: number;
    readonly answer: readonly Weighing[] | null; readonly problem: string | null;
  };

/** The side of its point on which a card lies. */
export type Side = 'left' | 'right';

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

/** Ask what the part inside an outline is to become, on the side of it where there is more room. */
export function openWish(outline: readonly Point[]): void {
  const { left, top, right, bottom } = boxOf(outline);
  const [before, behind] = [left, UNIT - right];
  const side = behind >= before ? 'right' : 'left';
  // The card is half as wide as the stage: beyond the middle it would lie outside of it.
  const x = side === 'right' ? Math.min(right, UNIT / 2) : Math.max(left, UNIT / 2);
  const y = Math.min(UNIT, Math.max(0, Math.round((top + bottom) / 2)));
  useStudio.setState({
    card: { kind: 'region', outline, at: [Math.min(UNIT, Math.max(0, x)), y], side },
  });
}

/** What was written in it is kept for the next card that is written in. */
export function closeCard(): void {
  const { card } = useStudio.getState();
  if (!card) return;
  if (card.kind === 'region') {
    useStudio.setState({ card: null, line: null });
    tellLine();
  } else useStudio.setState({ card: null });
}

/** Close the card that is written in for good: it was posted or cancelled. */
export function dropCard(): void {
  useStudio.setState({ card: null, draft: '' });
}
