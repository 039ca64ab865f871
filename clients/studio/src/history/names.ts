/** Names and small turns of phrase that all sentences of the page share. */

import type { LogState } from 'framejam';

export function nameOf(person: string, log: LogState): string {
  return log.participants.get(person)?.name ?? 'Somebody';
}

/** "a", "a and b", "a, b and c". */
export function listed(words: readonly string[]): string {
  const last = words.at(-1) ?? '';
  return words.length < 2 ? last : `${words.slice(0, -1).join(', ')} and ${last}`;
}

export function capital(words: string): string {
  return words.charAt(0).toUpperCase() + words.slice(1);
}
