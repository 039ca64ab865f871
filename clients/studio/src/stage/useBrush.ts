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
    let pointer: number | null = null;

    const at = (event: PointerEvent): Point => {
      const box = element.getBoundingClientRect();
      return toPoint((event.clientX - box.left) / box.width,
                     (event.clientY - box.top) / box.height);
    };
    const begin = (event: PointerEvent): void => {
      const state = useStudio.getState();
      if (event.button !== 0 || pointer !== null || state.tool !== 'brush') return;
      if (whyReadOnly(state) !== null) return;
      event.preventDefault();
      // Typing ends where painting begins: the shortcuts of the brush work at once.
      if (document.activeElement instanceof HTMLElement) document.activeElement.blur();
      pointer = event.pointerId;
      element.setPointerCapture(pointer);
      const { color, size: width } = state;
      useStudio.setState({ drawing: { points: [at(event)], color, width } });
      tell(at(event));
    };
    const move = (event: PointerEvent): void => {
      if (event.pointerId === pointer) {
        const steps = event.getCoalescedEvents();
        for (const step of steps.length ? steps : [event]) extend(at(step));
      }
      tell(at(event));
    };
    const lift = (event: PointerEvent): void => {
      if (event.pointerId !== pointer) return;
      pointer = null;
      give();
      tell(at(event));
    };
    const abort = (): void => {
      pointer = null;
      useStudio.setState({ drawing: null });
      tell(null);
    };
    const leave = (): void => {
      if (pointer === null) tell(null);
    };
    const escape = (event: KeyboardEvent): void => {
      if (event.key === 'Escape' && pointer !== null) abort();
    };

    element.addEventListener('pointerdown', begin);
    element.addEventListener('pointermove', move);
    element.addEventListener('pointerup', lift);
    element.addEventListener('pointercancel', abort);
    element.addEventListener('pointerleave', leave);
    window.addEventListener('keydown', escape);
    return () => {
      element.removeEventListener('pointerdown', begin);
      element.removeEventListener('pointermove', move);
      element.removeEventListener('pointerup', lift);
      element.removeEventListener('pointercancel', abort);
      element.removeEventListener('pointerleave', leave);
      window.removeEventListener('keydown', escape);
    };
  }, [stage]);
}

/** Add a point to the stroke under the pen; a stroke at the limit goes on as a new one. */
function extend(point: Point): void {
  const { drawing, welcome } = useStudio.getState();
  const last = drawing?.points.at(-1);
  if (!drawing || !last) return;
  const distance = Math.hypot(point[0] - last[0], point[1] - last[1]);
  if (distance < Math.max(UNIT / 1000, drawing.width * SPACING)) return;
  useStudio.setState({ drawing: { ...drawing, points: [...drawing.points, point] } });
  if (drawing.points.length + 1 >= (welcome?.limits.stroke_points ?? Infinity)) {
    give();
    useStudio.setState({ drawing: { ...drawing, points: [point] } });
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
