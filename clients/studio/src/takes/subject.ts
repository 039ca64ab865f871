/** What a look is at (T12, R1): the clip without something, another take, or the clip as it was. */

import { DEFINING_SETTINGS, isKind, type GroupRecord, type LogState } from 'framejam';

import { entryOf } from '../history/describe.ts';
import { perLog } from '../session/perLog.ts';

export type Subject =
  /** The clip in force without these gestures and without all that these people did. */
  | {
    readonly kind: 'muted'; readonly groups: readonly number[]; readonly people: readonly string[];
  }
  /** Another take of the session, by its number. */
  | { readonly kind: 'take'; readonly take: number }
  /** The clip as it was just before this gesture. */
  | { readonly kind: 'before'; readonly group: number }
  /** The session as it was after this event. */
  | { readonly kind: 'past'; readonly seq: number }
  /** The session that this one was branched from, as it was then: after this event. */
  | { readonly kind: 'origin'; readonly seq: number };

/** The event after which the log is shown as it was; null where it is not the log of then. */
export function seqOf(subject: Subject | null): number | null {
  return subject?.kind === 'past' || subject?.kind === 'origin' ? subject.seq : null;
}

/** What is muted, if that is what is looked at. */
export function mutedOf(subject: Subject | null): Extract<Subject, { kind: 'muted' }> {
  return subject?.kind === 'muted' ? subject : { kind: 'muted', groups: [], people: [] };
}

/** Mute one more gesture or person, or no longer; null where nothing is muted any more. */
export function toggled(
  subject: Subject | null, what: { readonly group: number } | { readonly person: string },
): Subject | null {
  const { groups, people } = mutedOf(subject);
  const next = 'group' in what
    ? { groups: without(groups, what.group), people }
    : { groups, people: without(people, what.person) };
  return next.groups.length + next.people.length ? { kind: 'muted', ...next } : null;
}

/** The list without `one`, or with it where it was not in it. */
function without<T>(list: readonly T[], one: T): readonly T[] {
  return list.includes(one) ? list.filter((other) => other !== one) : [...list, one];
}

/** Whether a gesture is something of the clip: a comment is not, nor how fast it is played. */
export function ofClip(group: GroupRecord, log: LogState): boolean {
  return group.to !== null || entryOf(group, log) !== undefined || group.edits.some((edit) =>
    isKind(edit, 'settings') && DEFINING_SETTINGS.some((name) => edit.given[name] !== undefined));
}

/** Whether a gesture can be muted: it is live and, unlike what makes another take, enters one. */
export function canMute(group: GroupRecord, log: LogState): boolean {
  return !group.undone && entryOf(group, log) !== undefined;
}

/** Everybody of whom something can be muted. */
export function authorsOf(log: LogState): ReadonlySet<string> {
  return authors(log, 'all');
}

const authors = perLog((log, _: 'all'): ReadonlySet<string> => {
  const found = new Set<string>();
  for (const group of log.groups) {
    if (!found.has(group.author) && canMute(group, log)) found.add(group.author);
  }
  return found;
});

/** This person's newest live gesture that is of the clip. */
export function lastChangeOf(person: string | undefined, log: LogState): GroupRecord | undefined {
  return log.groups.findLast((group) =>
    group.author === person && !group.undone && ofClip(group, log));
}
