/** What happens to one's own access, in words: a change of the role, and the end of it all (A1). */

import { CLOSE, type Event, type Role, type Standing } from 'framejam';

import { aRole } from './roles.ts';

/** A sentence that stands out, and one that says what it means or what to do. */
export interface Words {
  readonly title: string;
  readonly advice: string;
}

/** A change of one's own role, from `before`; `by` gave it, oneself or another. */
export interface RoleNews {
  readonly role: Standing;
  readonly before: Role;
  readonly by: string;
}

/** What an event says about one's own role; null where it says nothing new. */
export function roleNewsOf(
  { author, body }: Pick<Event, 'author' | 'body'>, me: string | undefined, before: Standing | null,
): RoleNews | null {
  if (body.kind !== 'assigned' || body.participant !== me || body.role === before) return null;
  return before === null || before === 'none' ? null : { role: body.role, before, by: author };
}

/** To be told of a new role; `name` is that of who gave it, null for oneself. */
export function roleInWords(
  { role, before }: { role: Role; before: Role }, name: string | null,
): Words {
  const can = {
    owner: 'You invite people and say who may do what.',
    editor: before === 'owner' ? 'You steer as before; people are the owners’ business.'
      : 'You write, paint and drag.',
    viewer: 'You see everything, point and comment.',
  }[role];
  const who = name === null ? '' : `${name} changed your role. `;
  return { title: `You are ${aRole(role)} now.`, advice: who + can };
}

/** Why there is no way (back) into the session. */
export interface End {
  readonly code: number;
  /** Whether this page was in the session before. */
  readonly wasHere: boolean;
  /** Who removed this person; null where nobody did. */
  readonly remover: string | null;
}

const COME_BACK = 'What you gave stays. To come back, ask for a new invite.';

/** What the end of one's access is told as; null for ends that have nothing to do with it. */
export function endInWords({ code, wasHere, remover }: End): Words | null {
  if (code === CLOSE.GONE) {
    return wasHere
      ? { title: 'This session was deleted.', advice: 'Nothing of it is left on the server.' }
      : { title: 'This session is gone.', advice: 'It was deleted, or the address is wrong.' };
  }
  if (code !== CLOSE.UNAUTHORISED) return null;
  if (remover !== null) {
    return { title: `${remover} removed you from this session.`, advice: COME_BACK };
  }
  if (wasHere) return { title: 'The invite you came by was taken back.', advice: COME_BACK };
  // The server says no more: whoever guesses links is told nothing.
  return { title: 'This link no longer lets you in.',
           advice: 'It is used up, out of date or taken back, or an owner removed you. '
             + 'Ask for a new one.' };
}
