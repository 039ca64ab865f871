/** Who may be here: invites, roles, removals, the audit trail and the end of a session (A1). */

import type { Role } from './events.ts';

/** An invite as its session knows it. */
export interface Invite {
  readonly id: string;
  readonly role: Role;
  /** A note for the owners; "" for none. */
  readonly label: string;
  /** How many people came by it. */
  readonly uses: number;
  /** How many may; null for any number. */
  readonly max_uses: number | null;
  /** In milliseconds since the Unix epoch; 0 where that was not recorded. */
  readonly created_at: number;
  /** The participant who made it, or "" for the server. */
  readonly created_by: string;
  /** Until when it opens, in milliseconds since the Unix epoch; null for ever. */
  readonly expires_at: number | null;
  /** Whether it lets somebody in now; one whose maker owns the session no longer does not, either. */
  readonly usable: boolean;
}

/** An invite that was made just now; only this answer ever holds its link. */
export interface MadeInvite extends Invite {
  /** The link without the host. */
  readonly path: string;
}

export interface InviteOptions {
  /** For how many seconds it opens; null for ever. */
  readonly expiresInS?: number | null;
  /** To how many people; null for any number. */
  readonly maxUses?: number | null;
  /** A note for the owners, up to 64 characters. */
  readonly label?: string;
}

/** Something that happened to the access to a session. */
export interface Audited {
  /** Counts from 1. */
  readonly id: number;
  readonly at: number;
  /** What: joined, came_back, invited, revoked, role, removed, ... */
  readonly kind: string;
  /** The participant who did it, or "" for the server. */
  readonly who: string;
  /** The participant, invite or session it was done to; for who joined, the invite they came by. */
  readonly about: string;
  /** A few words, such as the role. */
  readonly detail: string;
}

/** One request of the session's HTTP side; null where the answer has no body. */
export type Ask = <T>(method: string, path: string, body?: object) => Promise<T>;

/** What owners do about people; every failure is an `ApiError`. */
export class AccessApi {
  readonly #ask: Ask;

  constructor(ask: Ask) {
    this.#ask = ask;
  }

  /** Make a link that lets people in with this role. */
  async invite(
    role: Role, { expiresInS = null, maxUses = null, label = '' }: InviteOptions = {},
  ): Promise<MadeInvite> {
    return this.#ask('POST', '/invites', {
      role,
      ...(expiresInS !== null && { expires_in_s: expiresInS }),
      ...(maxUses !== null && { max_uses: maxUses }),
      ...(label && { label }),
    });
  }

  /** Every invite that was not revoked, oldest first; used-up and expired ones, too. */
  async invites(): Promise<readonly Invite[]> {
    return (await this.#ask<{ readonly invites: readonly Invite[] }>('GET', '/invites')).invites;
  }

  /** Take an invite back: whoever came by it, but oneself, is put out at once. */
  async revoke(invite: string): Promise<void> {
    await this.#ask('DELETE', `/invites/${encodeURIComponent(invite)}`);
  }

  /** Give somebody a role. With `handOver` and the role "owner", be an editor oneself then. */
  async assign(participant: string, role: Role, handOver = false): Promise<void> {
    await this.#ask('PATCH', `/people/${encodeURIComponent(participant)}`,
                    handOver ? { role, hand_over: true } : { role });
  }

  /** Put somebody out, or leave oneself; what they gave stays. */
  async remove(participant: string): Promise<void> {
    await this.#ask('DELETE', `/people/${encodeURIComponent(participant)}`);
  }

  /** Who came, and what was done about access, as far back as it is kept: the newest first. */
  async audit(): Promise<readonly Audited[]> {
    const all: Audited[] = [];
    for (let older = ''; ; older = `?before=${all.at(-1)?.id}`) {
      const { entries } = await this.#ask<{ readonly entries: readonly Audited[] }>(
        'GET', `/audit${older}`);
      all.push(...entries);
      if (entries.length === 0 || all.at(-1)?.id === 1) return all;
    }
  }

  /** Delete the session with everything in it, for everybody (A4). */
  async deleteSession(): Promise<void> {
    await this.#ask('DELETE', '');
  }
}
