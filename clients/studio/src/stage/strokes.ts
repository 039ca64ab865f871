/** Strokes as the server rasterises them: constant width, round ends and joints, opaque. */

import { fromUnits, outlook, type Erase, type LiveStroke, type Paint } from 'framejam';

import type { StudioState } from '../session/store.ts';

/** Where an eraser was: the paint that is not shown yet is gone, a veil lies over the rest. */
const VEIL = 'rgb(255 255 255 / 30%)';

/** Draw one stroke over a canvas that covers the whole frame. */
export function drawStroke(context: CanvasRenderingContext2D, stroke: LiveStroke): void {
  if (!stroke.erase) {
    drawLine(context, stroke, stroke.color);
    return;
  }
  context.globalCompositeOperation = 'destination-out';
  drawLine(context, stroke, '#000000');
  context.globalCompositeOperation = 'source-over';
  drawLine(context, stroke, VEIL);
}

function drawLine(context: CanvasRenderingContext2D, stroke: LiveStroke, color: string): void {
  const { width, height } = context.canvas;
  const [first, ...rest] = stroke.points.map(([x, y]) =>
    [fromUnits(x) * width, fromUnits(y) * height] as const);
  if (!first) return;
  context.lineWidth = fromUnits(stroke.width) * width;
  context.lineCap = context.lineJoin = 'round';
  context.strokeStyle = color;
  context.beginPath();
  context.moveTo(...first);
  // A dot is a line to itself: round ends make it a disc.
  for (const point of rest.length ? rest : [first]) context.lineTo(...point);
  context.stroke();
}

/** What is drawn over the clip comes from these. */
export type Layers =
  Pick<StudioState, 'log' | 'pending' | 'presence' | 'drawing' | 'shown' | 'cameAt'>;

/**
 * The strokes a preview does not show yet, lowest first: given but not entered (anybody's), on
 * their way to the log (ours), and still under a pen (theirs, then ours).
 */
export function strokesOnTop(state: Layers): LiveStroke[] {
  // Until the first preview is here, what was in the log when we came counts as shown.
  const shownSeq = state.shown?.seq ?? state.cameAt;
  const waiting = state.log.strokes.filter((s) => s.seq > shownSeq)
    .map((s) => lineOf(s.instruction));
  const sent = outlook(state.pending).edits.flatMap(({ command: { instruction } }) =>
    (instruction.kind === 'paint' || instruction.kind === 'erase' ? [lineOf(instruction)] : []));
  const theirs = [...state.presence.values()].flatMap((p) => (p.stroke ? [p.stroke] : []));
  return [...waiting, ...sent, ...theirs, ...(state.drawing ? [state.drawing] : [])];
}

/** What a stroke of the log looks like under a pen. */
function lineOf(stroke: Paint | Erase): LiveStroke {
  return stroke.kind === 'paint' ? stroke : { ...stroke, color: '#ffffff', erase: true };
}
