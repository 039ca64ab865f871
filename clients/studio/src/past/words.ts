/** Moments of the history in words. */

import type { LogState, VersionRecord } from 'framejam';

import { groupOf, nounOf, timeOfDay } from '../history/describe.ts';
import { capital, listed, nameOf } from '../history/names.ts';
import { placeOf, settledAt, stopsOf, type Stop } from './stops.ts';

/** How many gestures of one undo are named. */
const NAMED = 2;

/** Whose gesture it was, and what: "Grace’s brush stroke", "your undo of the drag". */
export function stopInWords(stop: Stop, log: LogState, me: string | undefined): string {
  const whose = stop.author === me ? 'your' : `${nameOf(stop.author, log)}’s`;
  const nouns = stop.groups.map((name) => {
    const group = groupOf(log, name);
    return group ? nounOf(group, log) : 'edit';
  });
  if (stop.what === 'gesture') return `${whose} ${nouns[0] ?? 'edit'}`;
  const turn = stop.what === 'undone' ? 'undo' : 'redo';
  const more = nouns.length - NAMED;
  const named = more > 0 ? [...nouns.slice(0, NAMED), `${more} more`] : nouns;
  return `${whose} ${turn} of the ${listed(named)}`;
}

/** The version that is the session as it stood after event `seq`, where one has a name. */
export function versionAt(log: LogState, seq: number): VersionRecord | undefined {
  const settled = settledAt(log, seq);
  return log.versions.findLast(({ of }) => of === seq || settledAt(log, of) === settled);
}

/** A moment for a sentence: “first cut”, or "after Grace’s brush stroke". */
export function momentInWords(seq: number, log: LogState, me: string | undefined): string {
  const version = versionAt(log, seq);
  if (version) return `“${version.name}”`;
  const stop = stopsOf(log)[placeOf(stopsOf(log), seq)];
  return stop ? `after ${stopInWords(stop, log, me)}` : 'the beginning';
}

/** What the strip says of the stop at `place`: the last one is now. */
export function placeInWords(place: number, log: LogState, me: string | undefined): string {
  const stops = stopsOf(log);
  const stop = stops[place];
  if (!stop) return 'Nothing was given yet';
  const version = log.versions.find(({ of }) => placeOf(stops, of) === place);
  const after = `after ${stopInWords(stop, log, me)}`;
  const moment = version ? `“${version.name}”, ${after}` : after;
  const words = `${moment}, ${timeOfDay(stop.at)}, ${place + 1} of ${stops.length}`;
  return place === stops.length - 1 ? `Now: ${words}` : capital(words);
}
