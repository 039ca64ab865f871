/** Pointer to presence and strokes: drawn at once, told to others live, given when it lifts. */

import { MAX_LIVE_POINTS, toPoint, UNIT, type LiveStroke, type Point } from 'framejam';
import { useEffect, type RefObject } from 'react';

import { useStudio, whyReadOnly } from '../session/store.ts';

/** Points closer than this share of the brush add bytes and no shape. */
const SPACING = 0.08;

/** Listen to the pointer on the stage. */
export function useBrush(stage: RefObject<HTMLElement | null>): void {
  useEffect(() => {
    const element = stage.current;
    if (!element) return;
    /** What draws the stroke under way. */
    let pointer: number | null = null;
    let isTouch = false;

    const at = (event: PointerEvent): Point => {
      const box = element.getBoundingClientRect();
      return toPoint((event.clientX - box.left) / box.width,
                     (event.clientY - box.top) / box.height);
    };
    const begin = (event: PointerEvent): void => {
      const state = useStudio.getState();
      if (event.button !== 0 || state.tool !== 'brush' || whyReadOnly(state) !== null) return;
      if (pointer !== null) {
        // The touch before a pen is the hand that holds it.
        if (!isTouch || event.pointerType !== 'pen') return;
        drop();
      }
      event.preventDefault();
      // Typing ends where painting begins: the shortcuts of the brush work at once.
      if (document.activeElement instanceof HTMLElement) document.activeElement.blur();
      pointer = event.pointerId;
      isTouch = event.pointerType === 'touch';
      element.setPointerCapture(pointer);
      const { color, size: width } = state;
      useStudio.setState({ drawing: { points: [at(event)], color, width } });
      tell(at(event));
    };
    const move = (event: PointerEvent): void => {
      if (event.pointerId === pointer) {
        const steps = event.getCoalescedEvents();
        extend((steps.length ? steps : [event]).map(at));
      } else if (pointer !== null) {
        return;
      }
      tell(at(event));
    };
    const lift = (event: PointerEvent): void => {
      if (event.pointerId !== pointer) return;
      pointer = null;
      give();
      tell(at(event));
    };
    const drop = (): void => {
      pointer = null;
      useStudio.setState({ drawing: null });
      tell(null);
    };
    const cancel = (event: PointerEvent): void => {
      if (event.pointerId === pointer) drop();
    };
    const leave = (): void => {
      if (pointer === null) tell(null);
    };
    const escape = (event: KeyboardEvent): void => {
      if (event.key === 'Escape' && pointer !== null) drop();
    };

    element.addEventListener('pointerdown', begin);
    element.addEventListener('pointermove', move);
    element.addEventListener('pointerup', lift);
    element.addEventListener('pointercancel', cancel);
    // It follows every lift; alone it comes where the lift went elsewhere, and the stroke is over.
    element.addEventListener('lostpointercapture', lift);
    element.addEventListener('pointerleave', leave);
    window.addEventListener('keydown', escape);
    return () => {
      element.removeEventListener('pointerdown', begin);
      element.removeEventListener('pointermove', move);
      element.removeEventListener('pointerup', lift);
      element.removeEventListener('pointercancel', cancel);
      element.removeEventListener('lostpointercapture', lift);
      element.removeEventListener('pointerleave', leave);
      window.removeEventListener('keydown', escape);
    };
  }, [stage]);
}

/** Add points to the stroke under the pen; a stroke at the limit goes on as a new one. */
function extend(points: readonly Point[]): void {
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
      session?.edit({ kind: 'paint', ...drawing, points: line });
      line = [point];
    }
  }
  // Once for all points of an event: every change of the store wakes the whole page.
  if (line.at(-1) !== drawing.points.at(-1)) {
    useStudio.setState({ drawing: { ...drawing, points: line } });
  }
}

/** The pen lifted: the stroke becomes one edit (L6). */
function give(): void {
  const { drawing, session } = useStudio.getState();
  useStudio.setState({ drawing: null });
  if (drawing) session?.edit({ kind: 'paint', ...drawing });
}

/** Tell the others where we point and what we are drawing. */
function tell(cursor: Point | null): void {
  const { session, drawing, frame } = useStudio.getState();
  session?.point({ cursor, frame, stroke: drawing && newest(drawing) });
}

/** Others see the newest part of a long stroke until it is given. */
function newest(stroke: LiveStroke): LiveStroke {
  return { ...stroke, points: stroke.points.slice(-MAX_LIVE_POINTS) };
}
