/** Editing a part of the picture by words. */

import type { Point } from 'framejam';

import { givenWith } from '../how/set.ts';
import { useStudio } from '../session/store.ts';
import { closeCard } from '../stage/card.ts';

/** What is inside `outline` becomes what `text` says. */
export function giveRegion(outline: readonly Point[], text: string): void {
  const { fields, options } = givenWith('region');
  closeCard();
  useStudio.setState({ wish: '' });
  useStudio.getState().session?.edit({ kind: 'region', outline, text, ...fields }, options);
}
