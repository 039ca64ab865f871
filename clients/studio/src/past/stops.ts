/** Where the history can be stopped at: after each gesture, undo and redo that the clip shows. */

import type { Event, GroupRecord, LogState } from 'framejam';

import { perLog } from '../session/perLog.ts';
import { ofClip } from '../takes/subject.ts';

export interface Stop {
  /** The last event of it. */
  readonly seq: number;
  readonly at: number;
  readonly author: string;
  readonly what: 'gesture' | 'undone' | 'redone';
  /** The gesture, or what was undone or redone. */
  readonly groups: readonly number[];
}

/** All of them in the order of the log; the last one is the clip as it is now. */
export function stopsOf(log: LogState): readonly Stop[] {
  return stops(log, 'all');
}

const stops = perLog((log, _: 'all'): readonly Stop[] => {
  const shown = new Set<number>();
  const found: Stop[] = [];
  for (const group of log.groups) {
    const stop = stopOf(group, log);
    if (!stop) continue;
    shown.add(group.group);
    found.push(stop);
  }
  for (const event of log.milestones) {
    const stop = turnOf(event, shown);
    if (stop) found.push(stop);
  }
  return found.sort((a, b) => a.seq - b.seq);
});

/** A record is another whenever its gesture grows: nothing else changes where it stops. */
const known = new WeakMap<GroupRecord, Stop | null>();

function stopOf(group: GroupRecord, log: LogState): Stop | null {
  const before = known.get(group);
  if (before !== undefined) return before;
  const last = group.edits.at(-1) ?? { seq: group.group, at: group.at };
  const stop: Stop | null = !ofClip(group, log) ? null : {
    seq: last.seq, at: last.at, author: group.author, what: 'gesture', groups: [group.group],
  };
  known.set(group, stop);
  return stop;
}

function turnOf({ seq, at, author, body }: Event, shown: ReadonlySet<number>): Stop | null {
  if (body.kind !== 'undone' && body.kind !== 'redone') return null;
  if (!body.groups.some((group) => shown.has(group))) return null;
  return { seq, at, author, what: body.kind, groups: body.groups };
}

/** The place of the newest stop at or before event `seq`; -1 where none is. */
export function placeOf(list: readonly Stop[], seq: number): number {
  return before(list.length, (place) => list[place]!.seq <= seq) - 1;
}

/**
 * The last event before the clip changes again after event `seq`: what the loop took up meanwhile
 * is in the take by then, so this is the seq to ask for a picture, and to go back to.
 */
export function settledAt(log: LogState, seq: number): number {
  const all = changes(log, 'all');
  const next = all[before(all.length, (place) => all[place]! <= seq)];
  return next === undefined ? log.seq : next - 1;
}

/** All events that change the clip, a gesture's every edit among them. */
const changes = perLog((log, _: 'all'): readonly number[] => {
  const found = stopsOf(log).map(({ seq }) => seq);
  for (const group of log.groups) {
    // The last edit is that of the stop.
    if (group.edits.length > 1 && stopOf(group, log)) {
      for (const { seq } of group.edits.slice(0, -1)) found.push(seq);
    }
  }
  return found.sort((a, b) => a - b);
});

/** How many of the first places are so, where all that are not come later. */
function before(length: number, isSo: (place: number) => boolean): number {
  let [low, high] = [0, length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (isSo(middle)) low = middle + 1;
    else high = middle;
  }
  return low;
}
