/** A path under the pointer, from the press on an object to the edit it becomes. */

import type { Point } from 'framejam';

import { givenWith } from '../how/set.ts';
import { longer, MAX_LINE_POINTS, thinned } from '../outline/shapes.ts';
import { calm, useStudio } from '../session/store.ts';
import type { Size } from '../stage/arrows.ts';
import { atFirstFrame, goToFirstFrame } from '../stage/tools.ts';
import type { Gesture } from '../stage/usePointer.ts';
import { isWay } from './path.ts';

/**
 * Press on what is to be moved; `stage` is the stage's size in pixels of the page.
 *
 * A path is given on the first frame's picture, as a drag is: elsewhere the press only goes back.
 */
export function beginPath(start: Point, stage: Size): Gesture | null {
  if (!atFirstFrame(useStudio.getState())) {
    goToFirstFrame();
    return null;
  }
  const draw = (points: readonly Point[]): void =>
    useStudio.setState({ line: { kind: 'trajectory', points } });
  draw([start]);
  return {
    extend: (points) => {
      const drawn = useStudio.getState().line?.points ?? [start];
      if (longer(drawn, points) !== drawn) draw(longer(drawn, points));
    },
    give: () => {
      const { line, reach: radius, session } = useStudio.getState();
      useStudio.setState({ line: null });
      if (!line || !isWay(line.points, stage)) return;
      const { fields, options } = givenWith('trajectory');
      const path = thinned(line.points, MAX_LINE_POINTS);
      session?.edit({ kind: 'trajectory', path, radius, ...fields }, options);
      // Whoever moved something wants to see it move.
      if (!calm) useStudio.setState({ playing: true });
    },
    drop: () => useStudio.setState({ line: null }),
  };
}
