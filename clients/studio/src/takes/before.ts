/**
 * The clip before a gesture, as the clip without that one and all that came since.
 *
 * That is what is left when these are undone (T4), so that keeping it gives what was seen. The log
 * as it stood then may say less: an edit enters only after it was given, and earlier later.
 */

import {
  DEFINING_SETTINGS, type GroupRecord, type LogState, type LookQuery, type Settings,
} from 'framejam';

import { ofClip } from './subject.ts';
import type { Turns } from './turns.ts';

/** The server leaves out no more gestures for one look. */
const MAX_NAMES = 2000;

/** The last event before a gesture. */
export function lastBefore(group: number): number {
  return group - 1;
}

/** The live gestures that began after event `at`, or why the clip was not the one without them. */
export type Since =
  | { readonly groups: readonly GroupRecord[] }
  /** It showed this gesture, which was undone since. */
  | { readonly undone: GroupRecord }
  /** It showed a part of this gesture, or none of it though it had begun. */
  | { readonly cut: GroupRecord }
  /** This restore came since: what it turned is not left out with it. */
  | { readonly restored: GroupRecord };

export function since(at: number, log: LogState, turns: Pick<Turns, 'liveAt'>): Since {
  const clip = log.groups.filter((group) => ofClip(group, log));
  const restored = clip.findLast((group) =>
    group.to !== null && !group.undone && group.group > at);
  if (restored) return { restored };
  const undone = clip.find((group) => group.undone && turns.liveAt(group.group, at));
  if (undone) return { undone };
  const cut = clip.find((group) => !group.undone && group.group <= at
    && (!turns.liveAt(group.group, at) || group.edits.some((edit) => edit.seq > at)));
  if (cut) return { cut };
  return { groups: clip.filter((group) => !group.undone && group.group > at) };
}

/** What to ask for to see the clip before a gesture. */
export function queryBefore(
  group: number, log: LogState, turns: Pick<Turns, 'liveAt'>,
): LookQuery {
  const at = lastBefore(group);
  const found = since(at, log, turns);
  const groups = 'groups' in found ? found.groups.map((one) => one.group) : null;
  const take = groups && takeWithout(groups, log);
  // What was undone since, or goes on still, is only in the log as it stood.
  return groups && take && groups.length <= MAX_NAMES ? { take, without: groups } : { at };
}

/** The number of the take that is in force without these gestures; null where it never was. */
function takeWithout(groups: readonly number[], log: LogState): number | null {
  let settings: Partial<Settings> = { ...log.takes[0]?.settings };
  for (const { group, undone, given } of log.edits) {
    if (given.kind === 'settings' && !undone && !groups.includes(group)) {
      settings = { ...settings, ...given };
    }
  }
  return log.takes.find((take) =>
    DEFINING_SETTINGS.every((name) => take.settings[name] === settings[name]))?.take ?? null;
}
