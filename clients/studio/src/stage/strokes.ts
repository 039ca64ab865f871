/** Strokes as the server rasterises them: constant width, round ends and joints, opaque. */

import {
  fromUnits, outlook, type Erase, type FrameRange, type LiveStroke, type Paint,
} from 'framejam';

import type { StudioState } from '../session/store.ts';

/** Where an eraser was: the paint that is not shown yet is gone, a veil lies over the rest. */
const VEIL = 'rgb(255 255 255 / 30%)';

/** A stroke as it lies over the clip, and the frames it is on; all of them where null or missing. */
export type Layer = LiveStroke & { readonly frames?: FrameRange | null };

/** Draws the frame of the clip that is on the stage over a whole canvas. */
export type DrawClip = (context: CanvasRenderingContext2D) => void;

/** Draw one stroke over a canvas that covers the whole frame. */
export function drawStroke(
  context: CanvasRenderingContext2D, stroke: LiveStroke, drawClip: DrawClip,
): void {
  if (!stroke.erase) {
    if (stroke.blend === 'color') recolour(context, stroke, drawClip);
    else drawLine(context, stroke, stroke.color);
    return;
  }
  context.globalCompositeOperation = 'destination-out';
  drawLine(context, stroke, '#000000');
  context.globalCompositeOperation = 'source-over';
  drawLine(context, stroke, VEIL);
}

/**
 * Lay on the stroke's part of the clip, and of the strokes over it, in the stroke's hue and
 * saturation and with their own lightness (M4). They are put together aside: on the canvas there
 * is nothing to recolour where no stroke lies.
 */
function recolour(
  context: CanvasRenderingContext2D, stroke: LiveStroke, drawClip: DrawClip,
): void {
  const { width, height } = context.canvas;
  const aside = new OffscreenCanvas(width, height).getContext('2d');
  if (!aside || width === 0 || height === 0) return;
  const drawing = aside as unknown as CanvasRenderingContext2D;
  drawClip(drawing);
  aside.drawImage(context.canvas, 0, 0);
  aside.globalCompositeOperation = 'color';
  aside.fillStyle = stroke.color;
  aside.fillRect(0, 0, width, height);
  aside.globalCompositeOperation = 'destination-in';
  drawLine(drawing, stroke, '#000000');
  context.drawImage(aside.canvas, 0, 0);
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
export function strokesOnTop(state: Layers): Layer[] {
  // Until the first preview is here, what was in the log when we came counts as shown.
  const shownSeq = state.shown?.seq ?? state.cameAt;
  const waiting = state.log.strokes.filter((s) => s.seq > shownSeq)
    .map((s) => lineOf(s.instruction));
  const sent = outlook(state.pending).edits.flatMap(({ command: { instruction } }) =>
    (instruction.kind === 'paint' || instruction.kind === 'erase' ? [lineOf(instruction)] : []));
  const theirs = [...state.presence.values()].flatMap((p) => (p.stroke ? [p.stroke] : []));
  return [...waiting, ...sent, ...theirs, ...(state.drawing ? [state.drawing] : [])];
}

/** Whether something that is on these frames is on this one. */
export function isOn(frames: FrameRange | null | undefined, frame: number): boolean {
  return !frames || (frames[0] <= frame && frame <= frames[1]);
}

/** What a stroke of the log looks like under a pen. */
function lineOf(stroke: Paint | Erase): Layer {
  return stroke.kind === 'paint' ? stroke : { ...stroke, color: '#ffffff', erase: true };
}
