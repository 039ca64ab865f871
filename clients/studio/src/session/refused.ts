/** What to say of a command that the server refused for good: nobody's words are lost with it. */

import type { Command } from 'framejam';

/**
 * What somebody wrote that is nowhere but here now; null where there is no such thing. `typed` is
 * what the field read where typing was refused.
 */
export function lostWords(command: Command, typed: string | null): string | null {
  if (typed !== null || command.type !== 'edit') return typed || null;
  const { instruction } = command;
  const wrote = instruction.kind === 'comment' || instruction.kind === 'revise'
    || instruction.kind === 'region';
  return (wrote && instruction.text) || null;
}

export function refusedInWords(message: string, lost: string | null): string {
  return lost === null ? message : `${message.replace(/\.$/, '')}. You wrote: “${lost}”`;
}
