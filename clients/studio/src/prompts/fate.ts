/** What became of a prompt, in the one line below its field. */

import { unknownIn } from './words.ts';

export interface Fate {
  readonly phase: 'empty' | 'typing' | 'sending' | 'sent' | 'entered' | 'unknown';
  readonly words: string;
  /** All of it, where the line has too little room. */
  readonly full?: string;
}

/** What a fate is told from. */
export interface Facts {
  readonly text: string;
  /** Somebody types here, or the log does not have all of it yet. */
  readonly unsent: boolean;
  readonly connection: 'live' | 'ended' | 'away';
  /** The newest edit of the text that counts: whose it is, and where it entered the take. */
  readonly newest: { readonly author: string; readonly entry: string | null } | null;
  /** Why the model does not read the text just now. */
  readonly overruled: string | null;
  /** Words that the model does not know. */
  readonly unknown: readonly string[];
}

export function fateOf(facts: Facts): Fate {
  const { connection, newest } = facts;
  if (facts.unsent) {
    if (connection === 'away') {
      return { phase: 'sending', words: 'Kept here until the connection is back' };
    }
    if (connection === 'ended') {
      return { phase: 'sending', words: 'Not sent: the connection has ended' };
    }
    return { phase: 'typing', words: 'Typing…' };
  }
  if (!newest) return { phase: 'empty', words: 'Everybody sees what you type, as you type it' };
  const strange = unknownIn(facts.text, facts.unknown);
  if (strange.length > 0) {
    return {
      phase: 'unknown', words: `The model never learnt ${quoted(strange)}`,
      full: `The model never learnt: ${strange.join(', ')}`,
    };
  }
  return {
    phase: newest.entry === null ? 'sent' : 'entered',
    words: `${newest.author} · ${facts.overruled
      ?? (newest.entry === null ? 'sent, enters at the next step' : `taken up ${newest.entry}`)}`,
  };
}

/** “dragon”, or “dragon” and 2 more words. */
function quoted([first, ...others]: readonly string[]): string {
  const more = others.length === 1 ? ` and “${others[0]}”` : ` and ${others.length} more words`;
  return `“${first}”${others.length > 0 ? more : ''}`;
}
