/** Roles in words (A1). */

import type { Role } from 'framejam';

export const ROLES: readonly Role[] = ['editor', 'viewer', 'owner'];

export const ROLE_WORDS: Readonly<Record<Role, string>> = {
  owner: 'Owner', editor: 'Editor', viewer: 'Viewer',
};

/** What whoever has the role can do, to follow "can". */
export const ROLE_MEANING: Readonly<Record<Role, string>> = {
  owner: 'steers, invites people, changes roles',
  editor: 'writes prompts, paints, drags, gives pictures',
  viewer: 'sees everything, points and comments',
};

/** "an editor", "a viewer", "an owner". */
export function aRole(role: string): string {
  return `${/^[aeiou]/.test(role) ? 'an' : 'a'} ${role}`;
}
