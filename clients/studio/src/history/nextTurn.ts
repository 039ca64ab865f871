/** What one's next undo and redo would take out and bring back, for the names of the buttons. */

import type { GroupRecord, LogState } from 'framejam';

/** One's own newest live gesture (U2): undone next, unless nothing of it is seen any more (U3). */
export function nextUndo(log: LogState, me: string | undefined): GroupRecord | undefined {
  return log.groups.findLast((group) => group.author === me && !group.undone);
}

/** The gesture, or the newest of several, that one's own last undo took out (U4). */
export function nextRedo(log: LogState, me: string | undefined): GroupRecord | undefined {
  let redone = 0;
  const undone = log.milestones.findLast(({ author, body }) => {
    if (author !== me || (body.kind !== 'undone' && body.kind !== 'redone')) return false;
    redone += body.kind === 'redone' ? 1 : -1;
    return redone < 0;
  });
  if (undone?.body.kind !== 'undone') return undefined;
  const newest = undone.body.groups[0];
  return log.groups.find(({ group }) => group === newest);
}
