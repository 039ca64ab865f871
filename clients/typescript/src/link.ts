/** Invite links: `https://host/s/<session>#<token>`. The fragment never reaches a server's log. */

export interface Link {
  readonly origin: string;
  readonly session: string;
  /** Missing in an address from which the page has already taken it. */
  readonly token: string | null;
}

const PATH = /^\/s\/([^/]+)\/?$/;

/** Read a link, or null where it leads to no session. */
export function parseLink(href: string): Link | null {
  const url = new URL(href);
  const session = PATH.exec(url.pathname)?.[1];
  if (session === undefined) return null;
  return { origin: url.origin, session, token: url.hash.slice(1) || null };
}

/** The address of the socket beside a page or API at this origin. */
export function socketUrl(origin: string): string {
  const url = new URL('/socket', origin);
  url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
  return url.href;
}
