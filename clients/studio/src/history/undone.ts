/** What to say of an undo that was somebody else's, or did not do what its author may expect. */

import type { Event, LogState, Undone } from 'framejam';

import { describe, nounOf } from './describe.ts';

/** How many gestures are told by name. */
const NAMED = 3;

/** The sentence for `me` about an undo by `author`; null where the page shows all of it. */
export function undoInWords(
  undone: Undone, author: string, me: string | undefined, log: LogState,
): string | null {
  const nameOf = (person: string | undefined): string =>
    log.participants.get(person ?? '')?.name ?? 'somebody';
  const groups = undone.groups.flatMap((group) => log.groups.find((g) => g.group === group) ?? []);
  if (author !== me) {
    const mine = groups.find((group) => group.author === me);
    return mine ? `${nameOf(author)} undid your ${nounOf(mine, log)}` : null;
  }
  if (groups.length > 1) {
    const names = groups.slice(0, NAMED).map((group) => describe(group, log));
    const more = groups.length > NAMED ? ', …' : '';
    return `Undid ${groups.length} gestures: ${names.join(', ')}${more}`;
  }
  const cover = log.edits.find((edit) => edit.seq === undone.shadowed_by);
  if (!cover) return null;
  const whose = cover.author === me ? 'your own' : `${nameOf(cover.author)}’s`;
  return `Undone, but ${whose} later change covers it`;
}

/** The sentence for `me` about a restore: the clip of everybody is another one; null of others. */
export function restoreInWords(
  { seq, author, body }: Pick<Event, 'seq' | 'author' | 'body'>, me: string | undefined,
  log: LogState,
): string | null {
  const group = body.kind === 'restored' && log.groups.findLast((one) => one.group === seq);
  if (!group) return null;
  const what = describe(group, log);
  if (author === me) return `${what}. Undo brings back what was.`;
  return `${log.participants.get(author)?.name ?? 'Somebody'} r${what.slice(1)}`;
}
