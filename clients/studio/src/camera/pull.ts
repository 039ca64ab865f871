/** The frame of the camera's view, pulled about on the stage. */

import { fromUnits, type Point } from 'framejam';

import { useStudio } from '../session/store.ts';
import type { Size } from '../stage/arrows.ts';
import { atFirstFrame, goToFirstFrame } from '../stage/tools.ts';
import type { Gesture } from '../stage/usePointer.ts';
import { FARTHEST, frameOf, NEAREST, viewOf, type Frame, type View } from './view.ts';

/** How near to a corner of the frame, in pixels of the page, a press takes hold of it. */
const NEAR_PX = 18;

/**
 * Press on the frame: its corners make it smaller and larger, all else moves it. Nothing is given
 * when the pointer lifts: a way of the camera is made of several pulls.
 *
 * It is told on the first frame's picture: where the stage shows another, the press only goes back.
 */
export function beginView(start: Point, stage: Size): Gesture | null {
  if (!atFirstFrame(useStudio.getState())) {
    goToFirstFrame();
    return null;
  }
  const before = useStudio.getState().view;
  const frame = frameOf(before);
  const from = placeOf(start);
  const corner = cornerAt(frame, from, stage);
  const pull = (to: Place): View => (corner === null
    ? viewOf({ ...frame, left: frame.left + to.x - from.x, top: frame.top + to.y - from.y })
    : viewOf(resized(frame, corner, to)));
  return {
    extend: (points) => useStudio.setState({ view: pull(placeOf(points.at(-1) ?? start)) }),
    give: () => undefined,
    drop: () => useStudio.setState({ view: before }),
  };
}

/** Nearer or farther by a factor, around the middle of what the camera sees. */
export function zoomBy(factor: number): void {
  useStudio.setState(({ view }) => {
    const zoom = Math.round(Math.min(NEAREST, Math.max(FARTHEST, view.zoom * factor)));
    return { view: { ...view, zoom } };
  });
}

interface Place {
  readonly x: number;
  readonly y: number;
}

/** A corner of a frame: 0 for its left or upper side, 1 for the other. */
interface Corner {
  readonly x: 0 | 1;
  readonly y: 0 | 1;
}

function placeOf([x, y]: Point): Place {
  return { x: fromUnits(x), y: fromUnits(y) };
}

const CORNERS: readonly Corner[] = [{ x: 0, y: 0 }, { x: 1, y: 0 }, { x: 0, y: 1 }, { x: 1, y: 1 }];

/** The corner that a press takes hold of; null: the frame itself. */
export function cornerAt({ left, top, size }: Frame, at: Place, stage: Size): Corner | null {
  return CORNERS.find(({ x, y }) => Math.hypot(
    (left + x * size - at.x) * stage.width, (top + y * size - at.y) * stage.height) <= NEAR_PX)
    ?? null;
}

/** The frame with one corner pulled to a place: as wide as it then is or as high, if that is more. */
export function resized({ left, top, size }: Frame, corner: Corner, to: Place): Frame {
  const [fixedX, fixedY] = [left + (1 - corner.x) * size, top + (1 - corner.y) * size];
  const wide = (corner.x ? 1 : -1) * (to.x - fixedX);
  const high = (corner.y ? 1 : -1) * (to.y - fixedY);
  const next = Math.min(4, Math.max(0.25, wide, high));
  return { left: fixedX - (1 - corner.x) * next, top: fixedY - (1 - corner.y) * next, size: next };
}
