/** Where the camera ends up, as the frame that shows it. */

import { fromUnits, UNIT, type Camera } from 'framejam';

/** As in `Camera`: how far it turns, and how near it goes, in 1/65536. */
export interface View {
  readonly pan: number;
  readonly tilt: number;
  readonly zoom: number;
}

export const STILL: View = { pan: 0, tilt: 0, zoom: UNIT };

/** What the server takes. */
export const NEAREST = 4 * UNIT;
export const FARTHEST = UNIT / 4;

/** The part of the picture that fills the frame at the end, in shares of it. */
export interface Frame {
  readonly left: number;
  readonly top: number;
  readonly size: number;
}

export function isStill({ pan, tilt, zoom }: View): boolean {
  return pan === 0 && tilt === 0 && zoom === UNIT;
}

/** What the camera sees at the end: its middle is the pan beside that of the picture (M4). */
export function frameOf({ pan, tilt, zoom }: View): Frame {
  const size = UNIT / zoom;
  return {
    left: 0.5 + fromUnits(pan) - size / 2, top: 0.5 + fromUnits(tilt) - size / 2, size,
  };
}

/** The view whose frame this is, as near as the server takes one. */
export function viewOf({ left, top, size }: Frame): View {
  const zoom = within(UNIT / size, FARTHEST, NEAREST);
  const middle = size / 2 - 0.5;
  return { pan: turn(left + middle), tilt: turn(top + middle), zoom };
}

/** A corner of the stage. */
export type Corner = readonly [x: 'left' | 'right', y: 'top' | 'bottom'];

const CORNERS: readonly Corner[] = [
  ['right', 'bottom'], ['left', 'bottom'], ['right', 'top'], ['left', 'top'],
];

/** The corner of the stage where something of this size, in shares, lies on no corner of a frame. */
export function cornerBeside({ left, top, size }: Frame, wide: number, high: number): Corner {
  const covers = ([x, y]: Corner): number => [left, left + size].filter((at) =>
    (x === 'left' ? at < wide : at > 1 - wide)).length * [top, top + size].filter((at) =>
    (y === 'top' ? at < high : at > 1 - high)).length;
  return CORNERS.reduce((best, one) => (covers(one) < covers(best) ? one : best));
}

/** A camera of the log as a view: what its author left out stays as it is. */
export function viewIn({ pan = 0, tilt = 0, zoom = UNIT }: Pick<Camera, keyof View>): View {
  return { pan, tilt, zoom };
}

/** Each number with its unit for people, and how many of the wire's are one of it. */
export const NUMBERS = [
  { name: 'pan', title: 'Pan', unit: '%', hint: 'To the right; less than 0 is to the left',
    from: -100, to: 100, step: 5, of: UNIT / 100 },
  { name: 'tilt', title: 'Tilt', unit: '%', hint: 'Down; less than 0 is up',
    from: -100, to: 100, step: 5, of: UNIT / 100 },
  { name: 'zoom', title: 'Zoom', unit: '×', hint: 'More than 1 is nearer',
    from: FARTHEST / UNIT, to: NEAREST / UNIT, step: 0.1, of: UNIT },
] as const satisfies readonly { readonly name: keyof View; readonly [more: string]: unknown }[];

type ViewNumber = (typeof NUMBERS)[number];

/** The wire's number for what somebody entered; null where it is none, or out of range. */
export function readNumber({ from, to, of }: ViewNumber, entered: string): number | null {
  const number = Number(entered.replace(',', '.'));
  return entered.trim() === '' || !(number >= from && number <= to) ? null
    : Math.round(number * of) + 0;
}

/** The wire's number as people read it. */
export function showNumber({ of }: ViewNumber, wire: number): string {
  return String(Math.round((wire / of) * 100) / 100);
}

/** A view in words: "right 20 %, nearer 1.5×". */
export function viewInWords({ pan, tilt, zoom }: View): string {
  const share = (units: number): string => `${Math.round(Math.abs(fromUnits(units)) * 100)} %`;
  const words = [
    pan !== 0 && `${pan > 0 ? 'right' : 'left'} ${share(pan)}`,
    tilt !== 0 && `${tilt > 0 ? 'down' : 'up'} ${share(tilt)}`,
    zoom !== UNIT && `zoom ${Math.round(fromUnits(zoom) * 100) / 100}×`,
  ].filter((one) => one !== false);
  return words.join(', ') || 'still';
}

function turn(share: number): number {
  return within(share * UNIT, -UNIT, UNIT);
}

function within(units: number, least: number, most: number): number {
  // Adding 0 turns -0 into 0: MessagePack would write -0 as a float.
  return Math.round(Math.min(most, Math.max(least, units))) + 0;
}
