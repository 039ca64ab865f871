/** Invites: what they are made with, and how they stand, in words. */

import type { Audited, Invite, LogState } from 'framejam';
import { listed } from '../history/names.ts';


const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
const DAY_S = DAY_MS / 1_000;

/** For how long an invite opens: in seconds, null for ever. */
export const VALID = {
  day: { words: '1 day', seconds: DAY_S },
  week: { words: '1 week', seconds: 7 * DAY_S },
  ever: { words: 'For ever', seconds: null },
} as const;

export type Valid = keyof typeof VALID;

/** As many as a session has people. */
export const MOST_USES = 1_000;

/** What was typed as a number of people: null for any number, undefined where it is none. */
export function usesOf(typed: string): number | null | undefined {
  const text = typed.trim();
  if (text === '') return null;
  const uses = Number(text);
  return Number.isInteger(uses) && uses >= 1 && uses <= MOST_USES ? uses : undefined;
}

/** Whether somebody can still come by it: it may have expired since the server was asked. */
export function isOpen({ expires_at, usable }: Invite, now: number): boolean {
  return usable && (expires_at === null || now < expires_at);
}

/** How many came by it and for how long it opens: "2 of 5 came, opens for 6 more days". */
export function standingInWords(invite: Invite, now: number): string {
  const { expires_at, max_uses, uses } = invite;
  const bound = max_uses === null ? '' : ` of ${max_uses}`;
  const came = uses === 0 && max_uses === null ? 'nobody came yet' : `${uses}${bound} came`;
  if (max_uses !== null && uses >= max_uses) return `${came}, used up`;
  if (expires_at !== null && expires_at <= now) return `${came}, expired`;
  if (!invite.usable) return `${came}, whoever made it is no owner any more`;
  return expires_at === null ? `${came}, no end` : `${came}, ${spanInWords(expires_at - now)} left`;
}

/** "6 days", "an hour", "less than a minute": rounded down, so that nobody counts on too much. */
export function spanInWords(ms: number): string {
  if (ms >= 2 * DAY_MS) return `${Math.floor(ms / DAY_MS)} days`;
  if (ms >= 2 * HOUR_MS) return `${Math.floor(ms / HOUR_MS)} hours`;
  if (ms >= HOUR_MS) return 'an hour';
  if (ms >= 2 * MINUTE_MS) return `${Math.floor(ms / MINUTE_MS)} minutes`;
  return ms >= MINUTE_MS ? 'a minute' : 'less than a minute';
}

/** How many of those who lose something are named one by one. */
const NAMED = 3;

/** Who came by an invite and has a role now, besides oneself. */
export function cameBy(
  invite: Invite, trail: readonly Audited[], log: LogState, me: string | undefined,
): readonly string[] {
  return trail.filter((entry) => entry.kind === 'joined' && entry.about === invite.id)
    .map(({ who }) => log.participants.get(who))
    .filter((one) => one !== undefined && one.role !== 'none' && one.participant !== me)
    .map((one) => one?.name ?? '').reverse();
}

/** What revoking an invite does to those who came by it; whoever revokes it stays. */
export function revokeInWords(names: readonly string[]): string {
  const more = names.length - NAMED;
  const who = [...names.slice(0, NAMED), ...(more > 0 ? [`${more} more`] : [])];
  if (who.length === 0) return 'The link opens no more. Nobody else loses access.';
  return `The link opens no more. ${listed(who)} came by it and ${
    who.length > 1 ? 'lose' : 'loses'} access at once.`;
}
