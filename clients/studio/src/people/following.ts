/** Keeps what became of one's own access until one has read it. */

import type { Role, Session, Standing } from 'framejam';
import { create } from 'zustand';

import { roleNewsOf } from './news.ts';

interface Told {
  /** The newest change of one's own role that was not dismissed; null where there is none. */
  readonly role: { readonly role: Role; readonly before: Role; readonly by: string } | null;
  /** Who removed this person from the session, by id; null where nobody did. */
  readonly remover: string | null;
}

export const useTold = create<Told>(() => ({ role: null, remover: null }));

/** Listen to one's own role, from the welcome of this page on: what was before is not news. */
export function followAccess(session: Session): void {
  let before: Standing | null = null;
  let cameAt = 0;
  session.on('welcome', ({ role, head_seq }) => {
    if (before === null) [before, cameAt] = [role, head_seq];
  });
  session.on('event', ({ event }) => {
    if (event.seq <= cameAt) return;
    const news = roleNewsOf(event, session.welcome?.participant, before);
    if (news === null) return;
    const { role, by } = news;
    before = role;
    if (role === 'none') useTold.setState({ remover: by });
    else useTold.setState({ role: { ...news, role }, remover: null });
  });
}

export function dismissNews(): void {
  useTold.setState({ role: null });
}
