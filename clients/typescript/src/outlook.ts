/** What our commands on their way will come to, by the rules of undo (U2, U4). */

import type { Pending } from './commands.ts';
import type { EditCommand } from './messages.ts';

export interface PendingEdit extends Pending {
  readonly command: EditCommand;
}

export interface Outlook {
  /** Edits on their way that no later undo on its way takes back, oldest first. */
  readonly edits: readonly PendingEdit[];
  /** How many undos and redos can be asked for, at most: one press may pass several edits (U3). */
  readonly undos: number;
  readonly redos: number;
}

/** Follow the commands on their way from a log in which so much can be undone and redone. */
export function outlook(pending: readonly Pending[], undoable = 0, redoable = 0): Outlook {
  const edits: PendingEdit[] = [];
  /** What undos on their way take out; null where that is in the log already. */
  const undone: (PendingEdit | null)[] = [];
  let undos = undoable;
  let redos = redoable;
  for (const one of pending) {
    switch (one.command.type) {
      case 'edit':
        edits.push(one as PendingEdit);
        undone.length = 0;
        undos += 1;
        redos = 0;
        break;
      case 'undo':
        undone.push(edits.pop() ?? null);
        undos = Math.max(0, undos - 1);
        redos += 1;
        break;
      case 'redo': {
        const back = undone.pop();
        if (back) edits.push(back);
        undos += 1;
        redos = Math.max(0, redos - 1);
        break;
      }
    }
  }
  return { edits, undos, redos };
}
