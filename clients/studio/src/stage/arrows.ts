/** Drags as arrows over the clip: who moves what where to. */

import { fromUnits, outlook, type LiveDrag } from 'framejam';

import type { StudioState } from '../session/store.ts';

export interface Arrow {
  readonly drag: LiveDrag;
  /** The person's who gives it. */
  readonly color: string;
  /** The clip shows it already: drawn thin, as a reminder. */
  readonly done: boolean;
}

/** What arrows over the clip come from. */
export type ArrowLayers = Pick<
  StudioState, 'log' | 'pending' | 'presence' | 'pulling' | 'shown' | 'cameAt' | 'tool' | 'welcome'
>;

/** Of somebody whom the log does not know yet. */
const NOBODY = '#ffffff';

/**
 * The arrows to be seen, lowest first: given but not shown (anybody's), on their way to the log
 * (ours), and under a pointer (theirs, then ours). With the drag tool in hand those that the clip
 * shows already lie beneath.
 */
export function arrowsOnTop(state: ArrowLayers): Arrow[] {
  const shownSeq = state.shown?.seq ?? state.cameAt;
  const arrow = (drag: LiveDrag, person: string | undefined, done = false): Arrow => (
    { drag, color: state.log.participants.get(person ?? '')?.color ?? NOBODY, done });
  const me = state.welcome?.participant;
  const given = state.log.drags.map((d) => arrow(d.instruction, d.author, d.seq <= shownSeq));
  const sent = outlook(state.pending).edits.flatMap(({ command: { instruction } }) =>
    (instruction.kind === 'drag' ? [arrow(instruction, me)] : []));
  const theirs = [...state.presence.values()].flatMap((p) =>
    (p.drag ? [arrow(p.drag, p.participant)] : []));
  return [
    ...(state.tool === 'drag' ? given.filter((a) => a.done) : []),
    ...given.filter((a) => !a.done),
    ...sent,
    ...theirs,
    ...(state.pulling ? [arrow(state.pulling, me)] : []),
  ];
}

/** A pull shorter than this many pixels of the page is a press that trembled. */
const SHORTEST_PX = 6;

/** The stage's size in pixels of the page. */
export interface Size {
  readonly width: number;
  readonly height: number;
}

/** Whether an arrow is long enough to be meant. */
export function isMeant({ start, end }: LiveDrag, stage: Size): boolean {
  return Math.hypot(fromUnits(end[0] - start[0]) * stage.width,
                    fromUnits(end[1] - start[1]) * stage.height) >= SHORTEST_PX;
}

/** Around the colour, from the outside in, by how much wider: it reads on any picture. */
const RIMS = [[3.5, 'rgb(0 0 0 / 45%)'], [1.8, '#ffffff']] as const;

/**
 * Draw one arrow over a canvas that covers the whole frame; `ratio` is its pixels for each of the
 * page's.
 */
export function drawArrow(
  context: CanvasRenderingContext2D, { drag, color, done }: Arrow, ratio: number,
): void {
  const { width, height } = context.canvas;
  const [x, y] = [fromUnits(drag.start[0]) * width, fromUnits(drag.start[1]) * height];
  const [toX, toY] = [fromUnits(drag.end[0]) * width, fromUnits(drag.end[1]) * height];
  const reach = fromUnits(drag.radius) * width;
  const line = done ? 1.5 : 3;
  const circle = (at: readonly [number, number], dashes: number[]): void => {
    context.setLineDash(dashes.map((dash) => dash * ratio));
    context.beginPath();
    context.arc(...at, reach, 0, 2 * Math.PI);
    cased(context, color, 1.5, ratio);
  };
  context.lineCap = context.lineJoin = 'round';
  if (!done) circle([x, y], []);
  if (!isMeant(drag, { width: width / ratio, height: height / ratio })) return;
  if (!done) circle([toX, toY], [5, 6]);
  context.setLineDash([]);
  const angle = Math.atan2(toY - y, toX - x);
  const head = (done ? 8 : 12) * ratio;
  context.beginPath();
  context.moveTo(x, y);
  context.lineTo(toX, toY);
  for (const side of [-1, 1]) {
    context.moveTo(toX, toY);
    context.lineTo(toX - head * Math.cos(angle + side * 0.5),
                   toY - head * Math.sin(angle + side * 0.5));
  }
  cased(context, color, line, ratio);
  context.beginPath();
  context.arc(x, y, line * 1.4 * ratio, 0, 2 * Math.PI);
  context.fillStyle = color;
  context.fill();
}

/** Stroke the context's path in a colour, `line` and the rims around it in pixels of the page. */
export function cased(
  context: CanvasRenderingContext2D, color: string, line: number, ratio: number,
): void {
  for (const [wider, rim] of [...RIMS, [0, color] as const]) {
    context.strokeStyle = rim;
    context.lineWidth = (line + wider) * ratio;
    context.stroke();
  }
}
