/** What this browser remembers of a session: who we are there. */

export interface Visit {
  /** The participant's own token. */
  readonly token: string;
  /** The invite it was made from: the same link opened again means the same person. */
  readonly invite: string | null;
  readonly name: string;
}

const NAME_KEY = 'framejam.name';
const visitKey = (session: string): string => `framejam.visit.${session}`;

export function loadVisit(session: string): Visit | null {
  try {
    const visit = JSON.parse(localStorage.getItem(visitKey(session)) ?? 'null') as Visit | null;
    return typeof visit?.token === 'string' ? visit : null;
  } catch {
    // Storage is switched off, or somebody edited it: then this is a first visit.
    return null;
  }
}

export function saveVisit(session: string, visit: Visit): void {
  try {
    localStorage.setItem(visitKey(session), JSON.stringify(visit));
    localStorage.setItem(NAME_KEY, visit.name);
  } catch {
    // Without storage the page works until it is closed.
  }
}

/** Forget who we are there, if it is this token that makes us so. */
export function forgetVisit(session: string, token: string): void {
  if (loadVisit(session)?.token !== token) return;
  try {
    localStorage.removeItem(visitKey(session));
  } catch {
    // Nothing was remembered then.
  }
}

const MOODS = ['Amber', 'Brisk', 'Calm', 'Coral', 'Dusky', 'Keen', 'Lively', 'Mellow', 'Quiet',
  'Sunny', 'Velvet', 'Windy'];
const MAKERS = ['Animator', 'Dreamer', 'Drafter', 'Inker', 'Maker', 'Mixer', 'Painter', 'Sketcher',
  'Tinker', 'Weaver'];

/** The name given last time on this browser, or a friendly invention. */
export function suggestName(): string {
  let known: string | null = null;
  try {
    known = localStorage.getItem(NAME_KEY);
  } catch {
    // A suggestion will do.
  }
  return known ?? `${pick(MOODS)} ${pick(MAKERS)}`;
}

function pick(words: readonly string[]): string {
  return words[Math.floor(Math.random() * words.length)] ?? '';
}
