/** A stroke under the pen, from the press to the edit it becomes. */

import { UNIT, type Erase, type LiveStroke, type Paint, type Point } from 'framejam';

import { givenWith } from '../how/set.ts';
import { useStudio } from '../session/store.ts';
import type { Gesture } from '../stage/usePointer.ts';

/** Points closer than this share of the brush add bytes and no shape. */
const SPACING = 0.08;

let strokes = 0;

/** What is painted with. */
export type Brush = 'brush' | 'recolour' | 'erase';

/** Press with the brush, the one that recolours or the eraser. */
export function beginStroke(start: Point, brush: Brush): Gesture {
  const { color, size: width } = useStudio.getState();
  useStudio.setState({
    drawing: {
      points: [start], color, width, erase: brush === 'erase',
      blend: brush === 'recolour' ? 'color' : 'normal',
    },
  });
  // A stroke that goes on beyond the limit of one edit is one gesture all the same (L6).
  strokes += 1;
  const group = `stroke-${strokes}`;
  return {
    extend: (points) => extend(points, group),
    give: () => give(group),
    drop: () => useStudio.setState({ drawing: null }),
  };
}

/** Add points to the stroke under the pen; a stroke at the limit goes on as a new one. */
function extend(points: readonly Point[], group: string): void {
  const { drawing, welcome, session } = useStudio.getState();
  if (!drawing) return;
  const limit = welcome?.limits.stroke_points ?? Infinity;
  const spacing = Math.max(UNIT / 1000, drawing.width * SPACING);
  let line = [...drawing.points];
  for (const point of points) {
    const last = line.at(-1);
    if (last && Math.hypot(point[0] - last[0], point[1] - last[1]) < spacing) continue;
    line.push(point);
    if (line.length >= limit) {
      const { edit, options } = given({ ...drawing, points: line });
      session?.edit(edit, { ...options, group });
      line = [point];
    }
  }
  // Once for all points of an event: every change of the store wakes the whole page.
  if (line.at(-1) !== drawing.points.at(-1)) {
    useStudio.setState({ drawing: { ...drawing, points: line } });
  }
}

/** The pen lifted: the stroke becomes one edit (L6). */
function give(group: string): void {
  const { drawing, session } = useStudio.getState();
  useStudio.setState({ drawing: null });
  if (!drawing) return;
  const { edit, options } = given(drawing);
  session?.edit(edit, { ...options, group });
}

/** The edit that a stroke under the pen becomes, and how it is to be taken. */
function given({ points, color, width, erase, blend }: LiveStroke): {
  readonly edit: Paint | Erase; readonly options: { readonly depth: number | null };
} {
  const recolours = blend === 'color';
  const { fields, options } = givenWith(erase ? 'erase' : recolours ? 'recolour' : 'brush');
  if (erase) return { edit: { kind: 'erase', points, width, ...fields }, options };
  const paint: Paint = { kind: 'paint', points, color, width, ...fields };
  return { edit: recolours ? { ...paint, blend } : paint, options };
}
