/** Going through the history: to a stop of it, back to now, or all of it as a film. */

import { create } from 'zustand';

import { useStudio } from '../session/store.ts';
import { ask, leave, lookAt, useLooking } from '../takes/looking.ts';
import { dueTimes, placeDue, type Speed } from './film.ts';
import { placeOf, settledAt, stopsOf, type Stop } from './stops.ts';
import { versionAt } from './words.ts';

/** As often as the film looks what is due: pictures are fetched, and a server is not flooded. */
const TICK_MS = 125;
/** How long the last picture of a film stands before the page is back at now. */
const LAST_MS = 1_200;

interface Walk {
  /** How many stops the strip was laid out for; null while it follows the log. */
  readonly scale: number | null;
  readonly speed: Speed;
  /** Whether the history is played as a film. */
  readonly playing: boolean;
}

export const useWalk = create<Walk>(() => ({ scale: null, speed: 'fit', playing: false }));

let ticking: ReturnType<typeof setInterval> | undefined;

/** The stops of the session, and the place of the one that is shown: the last is now. */
export function whereNow(): { readonly stops: readonly Stop[]; readonly place: number } {
  const { log } = useStudio.getState();
  const stops = stopsOf(log);
  const { subject } = useLooking.getState();
  return {
    stops, place: subject?.kind === 'past' ? placeOf(stops, subject.seq) : stops.length - 1,
  };
}

/** Show the session as it was at a stop; `passing`: on the way to another. The last is now. */
export function goTo(place: number, passing = false): void {
  stopFilm();
  show(place, passing);
}

/** Show the session as it was after an event. */
export function goToSeq(seq: number): void {
  stopFilm();
  const { stops } = whereNow();
  if (useWalk.getState().scale === null) useWalk.setState({ scale: stops.length });
  lookAt({ kind: 'past', seq });
}

/** One has arrived where one was passing: what is not kept of it is made again. */
export function arrive(): void {
  if (useLooking.getState().subject?.kind !== 'past' || !useLooking.getState().passing) return;
  useLooking.setState({ passing: false });
  ask();
}

export function backToNow(): void {
  stopFilm();
  if (useLooking.getState().subject?.kind === 'past') leave();
}

/** Play the history from where one stands, from its beginning where that is now. */
export function playFilm(): void {
  const { stops, place } = whereNow();
  if (stops.length < 2) return;
  const first = place === stops.length - 1 ? 0 : place;
  const due = dueTimes(stops.slice(first), useWalk.getState().speed);
  const began = performance.now();
  let shown = -1;
  clearInterval(ticking);
  useWalk.setState({ playing: true });
  const tick = (): void => {
    const elapsed = performance.now() - began;
    const next = placeDue(due, elapsed);
    if (elapsed >= due.at(-1)! + LAST_MS) backToNow();
    else if (next !== shown) {
      shown = next;
      lookAtStop(stops[first + next]!, stops.length, true);
    }
  };
  tick();
  ticking = setInterval(tick, TICK_MS);
}

/** Hold the film where it is. */
export function holdFilm(): void {
  if (!useWalk.getState().playing) return;
  stopFilm();
  arrive();
}

export function setSpeed(speed: Speed): void {
  useWalk.setState({ speed });
  // It goes on from here, at the new pace.
  if (useWalk.getState().playing) playFilm();
}

/** The event that a moment is named by, gone back to or branched at. */
export function eventAt(seq: number): number {
  const { log } = useStudio.getState();
  return versionAt(log, seq)?.of ?? settledAt(log, seq);
}

/** Follow what else takes the page away from the past. */
export function followWalk(): void {
  useLooking.subscribe(({ subject }, before) => {
    if (subject?.kind === 'past' || before.subject?.kind !== 'past') return;
    stopFilm();
    useWalk.setState({ scale: null });
  });
}

function show(place: number, passing: boolean): void {
  const { stops } = whereNow();
  const stop = stops[Math.max(0, Math.min(stops.length - 1, place))];
  if (!stop) return;
  // Under a pointer that is still down the last stop is a stop like the others.
  if (place >= stops.length - 1 && !passing) backToNow();
  else lookAtStop(stop, stops.length, passing);
}

function lookAtStop({ seq }: Stop, count: number, passing: boolean): void {
  if (useWalk.getState().scale === null) useWalk.setState({ scale: count });
  lookAt({ kind: 'past', seq }, passing);
}

function stopFilm(): void {
  clearInterval(ticking);
  if (useWalk.getState().playing) useWalk.setState({ playing: false });
}
