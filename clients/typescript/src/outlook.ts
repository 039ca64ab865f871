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

/** What is on its way of one gesture: its edits, or a restore alone (R3). */
export interface Gesture {
  readonly parts: Pending[];
  /** The undos and redos on their way that mean it, or nothing but for it. */
  readonly turns: Pending[];
  /** Whether it is taken out in the end. */
  undone: boolean;
}

/** The gestures on their way, oldest first, and what later undos and redos do to them. */
export function gesturesOf(pending: readonly Pending[]): readonly Gesture[] {
  return follow(pending, 0, 0, () => true).gestures;
}

/**
 * Follow the commands on their way from a log in which so much can be undone and redone; `mine`
 * tells whether a group of the log is one's own.
 */
export function outlook(
  pending: readonly Pending[], undoable = 0, redoable = 0,
  mine: (group: number) => boolean = () => true,
): Outlook {
  const { live, undos, redos } = follow(pending, undoable, redoable, mine);
  return { edits: live.flatMap(({ parts }) => parts).filter(isEdit), undos, redos };
}

interface Followed {
  readonly gestures: readonly Gesture[];
  /** Those of them that no later undo takes out. */
  readonly live: readonly Gesture[];
  readonly undos: number;
  readonly redos: number;
}

function follow(
  pending: readonly Pending[], undoable: number, redoable: number,
  mine: (group: number) => boolean,
): Followed {
  const gestures: Gesture[] = [];
  const live: Gesture[] = [];
  /** What undos on their way take out; null where that is in the log already. */
  const undone: (Gesture | null)[] = [];
  /** How many of one's own groups each of these undos takes out: none by an owner's of others'. */
  const taken: number[] = [];
  let undos = undoable;
  let redos = redoable;
  for (const one of pending) {
    const { command } = one;
    switch (command.type) {
      case 'edit':
      case 'restore': {
        const open = one.joins ? live.at(-1) : undefined;
        if (open) open.parts.push(one);
        else {
          const gesture = { parts: [one], turns: [], undone: false };
          gestures.push(gesture);
          live.push(gesture);
        }
        // The first edits of the gesture it joins may be in the log, and counted, already.
        if (!one.joins) undos += 1;
        undone.length = taken.length = redos = 0;
        break;
      }
      case 'undo': {
        const named = command.group;
        const own = Number(named === null || mine(named));
        const out = named === null ? live.pop() ?? null : null;
        if (out) turn(out, one, true);
        undone.push(out);
        taken.push(own);
        undos = Math.max(0, undos - own);
        redos += 1;
        break;
      }
      case 'redo': {
        // Where an edit left nothing to redo it can only mean something if that edit is refused.
        const back = undone.length ? undone.pop() : null;
        if (back) live.push(back);
        const about = back ?? (taken.length ? null : live.at(-1));
        if (about) turn(about, one, false);
        undos += taken.pop() ?? 1;
        redos = Math.max(0, redos - 1);
        break;
      }
    }
  }
  return { gestures, live, undos, redos };
}

function isEdit(pending: Pending): pending is PendingEdit {
  return pending.command.type === 'edit';
}

function turn(gesture: Gesture, by: Pending, undone: boolean): void {
  gesture.turns.push(by);
  gesture.undone = undone;
}
