/** Holding a part of the picture still. */

import type { Point } from 'framejam';

import { givenWith } from '../how/set.ts';
import { useStudio } from '../session/store.ts';

/** What is inside `outline` stays as the take shows it now (T11). */
export function giveLock(outline: readonly Point[]): void {
  const { fields, options } = givenWith('lock');
  useStudio.setState({ line: null });
  useStudio.getState().session?.edit({ kind: 'lock', outline, ...fields }, options);
}
