/** A line around a part of the picture, under the pointer: a region's or a lock's. */

import type { Point } from 'framejam';

import { giveLock } from '../lock/give.ts';
import { useStudio } from '../session/store.ts';
import type { Size } from '../stage/arrows.ts';
import { openWish } from '../stage/card.ts';
import type { Gesture } from '../stage/usePointer.ts';
import { isAround, longer, MAX_LINE_POINTS, rectangle, thinned } from './shapes.ts';

/** Press where it begins; `stage` is the stage's size in pixels of the page. */
export function beginOutline(kind: 'region' | 'lock', start: Point, stage: Size): Gesture {
  const { shape } = useStudio.getState();
  const draw = (points: readonly Point[]): void => useStudio.setState({ line: { kind, points } });
  draw([start]);
  return {
    extend: (points) => {
      const drawn = useStudio.getState().line?.points ?? [start];
      if (shape === 'rectangle') draw(rectangle(start, points.at(-1) ?? start));
      else if (longer(drawn, points) !== drawn) draw(longer(drawn, points));
    },
    give: () => {
      const { line } = useStudio.getState();
      const outline = thinned(line?.points ?? [], MAX_LINE_POINTS);
      if (!isAround(outline, stage)) useStudio.setState({ line: null });
      else if (kind === 'lock') giveLock(outline);
      // It is given with the words that the card asks for, and stays to be seen until then.
      else openWish(outline);
    },
    drop: () => useStudio.setState({ line: null }),
  };
}
