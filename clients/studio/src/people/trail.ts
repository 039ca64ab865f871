/** The audit trail in words (A1). */

import type { Audited } from 'framejam';

import { aRole } from './roles.ts';

const ROLE_NAMES: ReadonlySet<string> = new Set(['owner', 'editor', 'viewer']);

/** What happened, in a sentence without its end. `nameOf` gives "You", a name, or "Somebody". */
export function auditInWords(
  { kind, who, about, detail }: Audited, nameOf: (participant: string) => string,
): string {
  const by = who === '' ? 'The server' : nameOf(who);
  const whom = inSentence(nameOf(about));
  // An invite's role, and behind a colon its label.
  const [first = '', ...rest] = detail.split(': ');
  const role = ROLE_NAMES.has(first) ? aRole(first) : first;
  const label = rest.join(': ');
  switch (kind) {
    case 'joined': return `${by} came${role && ` as ${role}`}`;
    case 'came_back': return `${by} came back`;
    case 'left': return `${by} left`;
    case 'invited': return `${by} made a link${role && ` for ${role}`}${label && ` (${label})`}`;
    case 'revoked': return `${by} revoked a link`;
    case 'role': return `${by} made ${whom} ${role}`;
    case 'removed':
      return `${by} removed ${whom}${first.startsWith('with ') ? ', with the link they came by' : ''}`;
    case 'handed_over': return `${by} handed the session over to ${whom}`;
    case 'exported': return `${by} took a copy along`;
    case 'branched': return `${by} made a branch`;
    case 'imported': return `${by} imported a bundle`;
    // A newer server may note what this page has no words for.
    default: return [by, kind.replaceAll('_', ' '), detail].filter(Boolean).join(' ');
  }
}

function inSentence(name: string): string {
  return name === 'You' ? 'you' : name;
}
