/** What the history lists: gestures, and what was done to the session itself. */

import type { Event, GroupRecord, LogState } from 'framejam';

import { perLog } from '../session/perLog.ts';

/** A row: a gesture (a restore is one, too), or an event of another kind. */
export type Entry =
  | { readonly seq: number; readonly group: GroupRecord }
  | { readonly seq: number; readonly event: Event };

/** Whether a row was before the moment that the page shows, is it, or came later; null: it is now. */
export type When = 'before' | 'here' | 'later' | null;

/** All rows, in the order in which they began. */
export function entriesOf(log: LogState): readonly Entry[] {
  return entries(log, 'all');
}

const entries = perLog((log, _: 'all'): readonly Entry[] => {
  const found: Entry[] = log.groups.map((group) => ({ seq: group.group, group }));
  for (const event of log.milestones) if (isListed(event)) found.push({ seq: event.seq, event });
  return found.sort((a, b) => a.seq - b.seq);
});

/** Undoing shows at the gestures; people come and go in a list of their own. */
function isListed({ body }: Event): boolean {
  return body.kind === 'marked' || body.kind === 'assigned' || body.kind === 'branched';
}
