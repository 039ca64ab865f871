/** An arrow under the pointer, from the press to the edit it becomes. */

import type { Point } from 'framejam';

import { givenWith } from '../how/set.ts';
import { calm, useStudio } from '../session/store.ts';
import { isMeant, type Size } from '../stage/arrows.ts';
import { atFirstFrame, goToFirstFrame } from '../stage/tools.ts';
import type { Gesture } from '../stage/usePointer.ts';

/**
 * Press on what is to be moved; `stage` is the stage's size in pixels of the page.
 *
 * A drag is given on the first frame's picture. Where the stage shows another one, what was
 * pressed on stands somewhere else there: that press only goes back, and null is returned.
 */
export function beginPull(start: Point, stage: Size): Gesture | null {
  if (!atFirstFrame(useStudio.getState())) {
    goToFirstFrame();
    return null;
  }
  const pullTo = (end: Point): void => useStudio.setState(({ reach }) => (
    { pulling: { start, end, radius: reach } }));
  pullTo(start);
  return {
    extend: (points) => pullTo(points.at(-1) ?? start),
    give: () => {
      const { pulling, session } = useStudio.getState();
      useStudio.setState({ pulling: null });
      if (!pulling || !isMeant(pulling, stage)) return;
      const { fields, options } = givenWith('drag');
      session?.edit({ kind: 'drag', ...pulling, ...fields }, options);
      // Whoever moved something wants to see it move.
      if (!calm) useStudio.setState({ playing: true });
    },
    drop: () => useStudio.setState({ pulling: null }),
  };
}
