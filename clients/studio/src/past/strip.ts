/** Where the stops of the history lie on its strip, in shares of its width. */

/** A short history does not fill the strip: the first gestures would jump across it. */
const FEWEST = 16;
/** What is kept free on the right for what comes while one looks at the past. */
const ROOM = 0.08;
/** So many new ones fill half of that. */
const HALF = 4;
/** More marks than this would be a solid bar. */
const MOST_MARKS = 400;

/**
 * The share of the stop at `place`; `scale` is how many stops there were when the scale was set.
 *
 * Newer ones squeeze into the room on the right, so nothing moves under a pointer while people
 * work on.
 */
export function shareOf(place: number, scale: number): number {
  if (place >= scale) {
    const newer = place - scale + 1;
    return 1 - ROOM + (ROOM * newer) / (newer + HALF);
  }
  const slots = Math.max(scale, FEWEST) - 1;
  return (1 - ROOM) * (1 - (scale - 1 - place) / slots);
}

/** The place, of `count` stops, that lies nearest to a share of the width; -1 where there is none. */
export function placeAt(share: number, count: number, scale: number): number {
  if (count === 0) return -1;
  const slots = Math.max(scale, FEWEST) - 1;
  const guess = share <= 1 - ROOM || count <= scale
    ? Math.round(scale - 1 - slots * (1 - share / (1 - ROOM)))
    : scale - 1 + Math.round(newerAt((share - 1 + ROOM) / ROOM));
  return Math.max(0, Math.min(count - 1, guess));
}

/** How many newer ones lie up to this share of the room. */
function newerAt(share: number): number {
  return share >= 1 ? Infinity : (HALF * share) / (1 - share);
}

/** The places that get a mark: all, or evenly many of a long history, the newest among them. */
export function markedPlaces(count: number): readonly number[] {
  const every = Math.max(1, Math.ceil(count / MOST_MARKS));
  const marks: number[] = [];
  for (let place = count - 1; place >= 0; place -= every) marks.push(place);
  return marks.reverse();
}
