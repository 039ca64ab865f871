/** Which gestures of a long history are on the page. */

/** Rows that are shown at first, and that are added at a time. */
export const PAGE = 100;

export interface View {
  /** Rows are shown from before this place of the list backwards; null: from its newest. */
  readonly until: number | null;
  readonly count: number;
}

export const NEWEST: View = { until: null, count: PAGE };

/** The places that are shown of a list of `length`, from the first to before the second. */
export function rowsOf({ until, count }: View, length: number): readonly [from: number, to: number] {
  const to = Math.min(until ?? length, length);
  return [Math.max(0, to - count), to];
}

/**
 * The view that shows `place` (-1: none has to be seen): the same where it does already, the
 * newest where it is among them or just was, else a page around it.
 */
export function withPlace(view: View, place: number, length: number): View {
  const [from, to] = rowsOf(view, length);
  if (place < 0 || (place >= from && place < to)) return view;
  // A row that is open stays where it is while newer ones come.
  if (view.until === null && place >= from - PAGE) return { ...view, count: length - place };
  return { until: Math.min(length, place + PAGE / 2), count: PAGE };
}
