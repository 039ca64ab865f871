/** Drawing what `lines.ts` finds over a canvas that covers the whole frame. */

import { fromUnits, type FrameRange, type Point } from 'framejam';

import { frameOf, type View } from '../camera/view.ts';
import { boxOf } from '../outline/shapes.ts';
import { lengthIn, placesAlong } from '../trajectory/path.ts';
import { cased } from './arrows.ts';
import type { Mark } from './lines.ts';

/** Ticks that are closer on the page than this many pixels say nothing. */
const TICK_PX = 9;

/** Draw one mark; `ratio` is the canvas's pixels for each of the page's, `frames` the clip's. */
export function drawMark(
  context: CanvasRenderingContext2D, mark: Mark, ratio: number, frames: number,
): void {
  context.lineCap = context.lineJoin = 'round';
  context.setLineDash([]);
  switch (mark.kind) {
    case 'trajectory': drawPath(context, mark, ratio, frames); break;
    case 'region': drawRegion(context, mark, ratio); break;
    case 'lock': drawLock(context, mark, ratio); break;
    case 'camera': drawCamera(context, mark.view, mark, ratio); break;
  }
}

interface Path {
  readonly path: readonly Point[];
  readonly radius: number | null;
  readonly frames: FrameRange | null;
  readonly color: string;
  readonly done: boolean;
}

/** The way with a head, a tick for each frame, and the circle of what is taken along. */
function drawPath(
  context: CanvasRenderingContext2D, { path, radius, frames, color, done }: Path, ratio: number,
  count: number,
): void {
  const { width } = context.canvas;
  const size = context.canvas;
  const line = done ? 1.5 : 3;
  const start = path[0];
  if (start && radius !== null && !done) {
    context.beginPath();
    context.arc(...pixelOf(context, start), fromUnits(radius) * width, 0, 2 * Math.PI);
    cased(context, color, 1.5, ratio);
  }
  if (path.length < 2) return;
  trace(context, path);
  cased(context, color, line, ratio);
  const [first, last] = frames ?? [0, count - 1];
  const inClip = Math.min(last, count - 1) - first + 1;
  const gap = lengthIn(path, size) / ratio / Math.max(1, inClip - 1);
  const every = Math.max(1, Math.ceil(TICK_PX / Math.max(gap, 0.1)));
  const places = placesAlong(path, inClip, size);
  context.beginPath();
  places.forEach(({ x, y, angle }, frame) => {
    if (frame % every || frame === places.length - 1) return;
    const [dx, dy] = [Math.sin(angle) * 5 * ratio, -Math.cos(angle) * 5 * ratio];
    context.moveTo(x - dx, y - dy);
    context.lineTo(x + dx, y + dy);
  });
  if (!done) cased(context, color, 1.5, ratio);
  const end = headOf(path, context, ratio);
  if (!end) return;
  context.beginPath();
  const head = (done ? 8 : 12) * ratio;
  for (const side of [-1, 1]) {
    context.moveTo(end.x, end.y);
    context.lineTo(end.x - head * Math.cos(end.angle + side * 0.5),
                   end.y - head * Math.sin(end.angle + side * 0.5));
  }
  cased(context, color, line, ratio);
}

/** The end of a path, and where its last stretch leads: the last pixels of a hand tremble. */
function headOf(
  path: readonly Point[], context: CanvasRenderingContext2D, ratio: number,
): { readonly x: number; readonly y: number; readonly angle: number } | null {
  const last = path.at(-1);
  if (!last) return null;
  const [x, y] = pixelOf(context, last);
  const from = path.findLast((point) => {
    const [px, py] = pixelOf(context, point);
    return Math.hypot(x - px, y - py) >= 10 * ratio;
  }) ?? path[0];
  if (!from) return null;
  const [fromX, fromY] = pixelOf(context, from);
  return { x, y, angle: Math.atan2(y - fromY, x - fromX) };
}

function drawRegion(
  context: CanvasRenderingContext2D,
  { outline, text, color, done }: Extract<Mark, { kind: 'region' }>, ratio: number,
): void {
  trace(context, outline, true);
  context.globalAlpha = done ? 0 : 0.14;
  context.fillStyle = color;
  // As the server fills it: what the line goes around twice is outside again.
  context.fill('evenodd');
  context.globalAlpha = 1;
  context.setLineDash([6 * ratio, 5 * ratio]);
  cased(context, color, done ? 1 : 2, ratio);
  context.setLineDash([]);
  if (text) label(context, outline, text, ratio);
}

/** A held part: a thin line that does not ask for attention, until somebody asks for it. */
function drawLock(
  context: CanvasRenderingContext2D,
  { outline, held, color, done }: Extract<Mark, { kind: 'lock' }>, ratio: number,
): void {
  trace(context, outline, true);
  if (held) {
    context.globalAlpha = 0.22;
    context.fillStyle = color;
    context.fill('evenodd');
  }
  context.globalAlpha = held || !done ? 1 : 0.75;
  context.setLineDash([1.5 * ratio, 4 * ratio]);
  context.strokeStyle = 'rgb(0 0 0 / 55%)';
  context.lineWidth = (held || !done ? 4 : 3) * ratio;
  context.stroke();
  context.strokeStyle = held || !done ? color : '#ffffff';
  context.lineWidth = (held || !done ? 2.2 : 1.5) * ratio;
  context.stroke();
  context.setLineDash([]);
  context.globalAlpha = 1;
}

/** The frame that the camera ends on. */
function drawCamera(
  context: CanvasRenderingContext2D, view: View, { color, done }: { color: string; done: boolean },
  ratio: number,
): void {
  const { width, height } = context.canvas;
  const { left, top, size } = frameOf(view);
  context.beginPath();
  context.rect(left * width, top * height, size * width, size * height);
  cased(context, color, done ? 1 : 2, ratio);
}

/** The longest label in letters. */
const LABEL = 28;

/** What a region is to become, above its outline. */
function label(
  context: CanvasRenderingContext2D, outline: readonly Point[], text: string, ratio: number,
): void {
  const { width, height } = context.canvas;
  const { left, top, right } = boxOf(outline);
  const words = text.length > LABEL ? `${text.slice(0, LABEL).trimEnd()}…` : text;
  context.font = `600 ${12 * ratio}px system-ui, sans-serif`;
  const wide = context.measureText(words).width + 12 * ratio;
  const high = 19 * ratio;
  const x = Math.max(0, Math.min(width - wide, fromUnits((left + right) / 2) * width - wide / 2));
  const y = Math.max(0, Math.min(height - high, fromUnits(top) * height - high - 4 * ratio));
  context.fillStyle = 'rgb(20 17 15 / 82%)';
  context.beginPath();
  context.roundRect(x, y, wide, high, 5 * ratio);
  context.fill();
  context.fillStyle = '#ffffff';
  context.textBaseline = 'middle';
  context.fillText(words, x + 6 * ratio, y + high / 2 + ratio);
}

function trace(
  context: CanvasRenderingContext2D, points: readonly Point[], closed = false,
): void {
  context.beginPath();
  points.forEach((point, at) => {
    const [x, y] = pixelOf(context, point);
    if (at === 0) context.moveTo(x, y);
    else context.lineTo(x, y);
  });
  if (closed) context.closePath();
}

function pixelOf(
  { canvas: { width, height } }: CanvasRenderingContext2D, [x, y]: Point,
): [x: number, y: number] {
  return [fromUnits(x) * width, fromUnits(y) * height];
}
