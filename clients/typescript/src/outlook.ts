/** What our commands on their way will come to, by the rules of undo (U2, U4) and groups (L6). */

import type { Pending } from './commands.ts';
import type { EditCommand } from './messages.ts';

export interface PendingEdit extends Pending {
  readonly command: EditCommand;
}

export interface Outlook {
  /** Edits on their way that no later undo on its way takes back, oldest first. */
  readonly edits: readonly PendingEdit[];
  /** How many undos and redos can be asked for, at most: one press may pass several groups (U3). */
  readonly undos: number;
  readonly redos: number;
}

/** What is on its way of one gesture. */
type Gesture = PendingEdit[];

/**
 * Follow the commands on their way from a log in which so much can be undone and redone; `mine`
 * tells whether a group of the log is one's own.
 */
export function outlook(
  pending: readonly Pending[], undoable = 0, redoable = 0,
  mine: (group: number) => boolean = () => true,
): Outlook {
  const gestures: Gesture[] = [];
  /** What undos on their way take out; null where that is in the log already. */
  const undone: (Gesture | null)[] = [];
  /** How many of one's own groups each of these undos takes out: none by an owner's of others'. */
  const taken: number[] = [];
  let undos = undoable;
  let redos = redoable;
  for (const one of pending) {
    const { command } = one;
    switch (command.type) {
      case 'edit': {
        const edit = { ...one, command };
        const open = one.joins ? gestures.at(-1) : undefined;
        if (open) open.push(edit);
        else gestures.push([edit]);
        // The first edits of the gesture it joins may be in the log, and counted, already.
        if (!one.joins) undos += 1;
        undone.length = taken.length = redos = 0;
        break;
      }
      case 'undo': {
        const named = command.group;
        const own = Number(named === null || mine(named));
        undone.push(named === null ? gestures.pop() ?? null : null);
        taken.push(own);
        undos = Math.max(0, undos - own);
        redos += 1;
        break;
      }
      case 'redo': {
        const back = undone.pop();
        if (back) gestures.push(back);
        undos += taken.pop() ?? 1;
        redos = Math.max(0, redos - 1);
        break;
      }
    }
  }
  return { edits: gestures.flat(), undos, redos };
}
