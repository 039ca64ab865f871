/** What was done to the session itself, in words: names of versions, roles, branching. */

import type { Event, LogState } from 'framejam';

import { aRole } from '../people/roles.ts';
import type { IconName } from '../shell/Icon.tsx';

/** One line for a row; the author is told beside it. */
export function milestoneInWords({ seq, author, body }: Event, log: LogState): string {
  const nameOf = (person: string): string => log.participants.get(person)?.name ?? 'somebody';
  switch (body.kind) {
    case 'marked': {
      const before = nameBefore(body.of, seq, log);
      if (body.name === null) return `Took the name “${before ?? ''}” away`;
      return before === null ? `Named a version “${body.name}”`
        : `Renamed “${before}” to “${body.name}”`;
    }
    case 'assigned': {
      const self = body.participant === author;
      if (body.role === 'none') return self ? 'Left the session' : `Removed ${nameOf(body.participant)}`;
      return self ? `Became ${aRole(body.role)}`
        : `Made ${nameOf(body.participant)} ${aRole(body.role)}`;
    }
    case 'branched': return 'Branched from another session';
    default: return '';
  }
}

export function milestoneIcon({ body }: Pick<Event, 'body'>): IconName {
  switch (body.kind) {
    case 'marked': return 'flag';
    case 'branched': return 'branch';
    default: return 'invite';
  }
}

/** The name that event `of` had before event `seq`; null where it had none. */
function nameBefore(of: number, seq: number, log: LogState): string | null {
  const named = log.milestones.findLast(({ seq: at, body }) =>
    at < seq && body.kind === 'marked' && body.of === of);
  return named?.body.kind === 'marked' ? named.body.name : null;
}
