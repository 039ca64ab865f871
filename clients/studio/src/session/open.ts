/** From the address to a running session: who are we here, and what goes into the store. */

import { CLOSE, parseLink, Session, type Link, type Presence, type Welcome } from 'framejam';

import { restoreInWords, undoInWords } from '../history/undone.ts';
import { followAccess } from '../people/following.ts';
import { backInWords } from './back.ts';
import { askBeforeLoss } from './leaving.ts';
import { Notes } from './notes.ts';
import { lostWords, refusedInWords } from './refused.ts';
import { forgetVisit, loadVisit, saveVisit, type Visit } from './visit.ts';
import { toast, useStudio } from './store.ts';

/** As often as most screens refresh at half speed: more would not be seen. */
const PREVIEWS_PER_SECOND = 30;
/** A shorter break is over before anybody was told of it (the banner comes as late). */
const BLIP_MS = 400;

/** Decide which page this address leads to, and connect where we are known. */
export function start(): void {
  // Another link pasted over this one changes the fragment only, which loads nothing by itself.
  window.addEventListener('hashchange', () => location.reload());
  const link = parseLink(location.href);
  if (!link) return;
  const visit = loadVisit(link.session);
  const sameInvite = link.token === null || link.token === visit?.invite;
  if (visit && sameInvite) enter(visit.name);
  else if (link.token) {
    useStudio.setState({ page: { name: 'join', known: visit?.name ?? null } });
  }
}

/** Join as a new person, through the invite in the address. */
export function join(name: string): void {
  const link = parseLink(location.href);
  if (link?.token) open(link, link.token, { name, invite: link.token });
}

/** Go on as the person this browser knows. */
export function enter(name: string): void {
  const link = parseLink(location.href);
  const visit = link && loadVisit(link.session);
  if (link && visit) open(link, visit.token, { name, invite: visit.invite });
}

function open(link: Link, token: string, self: Omit<Visit, 'token'>): void {
  const session = new Session({
    origin: link.origin, session: link.session, token, name: self.name,
  });
  useStudio.setState({ page: { name: 'studio' }, session, prompts: session.prompts });
  follow(session);
  followAccess(session);
  let first = true;
  session.on('welcome', (welcome) => {
    // A page that only came back knows no more than before, and another tab may know better.
    if (first || welcome.token !== null) remember(session, welcome, self);
    first = false;
  });
  session.on('status', (status) => {
    // A stored token that lost its worth must not stand in the way of a fresh invite.
    if (status.phase === 'ended' && status.code === CLOSE.UNAUTHORISED) {
      forgetVisit(link.session, session.token);
    }
  });
  window.addEventListener('online', () => {
    if (session.status.phase === 'waiting') session.connect();
  });
  askBeforeLoss(session);
  // Nobody looks at a page in the background: it needs no pictures until it is back.
  document.addEventListener('visibilitychange', () => {
    session.watch(document.hidden ? 'none' : 'sheet', PREVIEWS_PER_SECOND);
  });
  session.connect();
}

/** Keep the participant's token, and take the invite out of the visible address. */
function remember(session: Session, welcome: Welcome, self: Omit<Visit, 'token'>): void {
  saveVisit(welcome.session, { ...self, token: session.token });
  history.replaceState(null, '', `/s/${welcome.session}`);
}

/** Copy what the session tells into the store. */
function follow(session: Session): void {
  const set = useStudio.setState;
  const notes = new Notes((note) => set({ note }));
  let lostAt: number | null = null;
  session.on('status', (status) => {
    set({ status });
    if (status.phase !== 'live') set({ presence: new Map() });
    if (status.phase === 'waiting') lostAt ??= performance.now();
  });
  session.on('welcome', (welcome) => {
    const wasHere = useStudio.getState().welcome !== null;
    if (wasHere && lostAt !== null && performance.now() - lostAt >= BLIP_MS) {
      const unsent = session.pending.filter((p) => p.seq === null).length;
      toast(backInWords(welcome.recovered, unsent), 'good');
    }
    lostAt = null;
    set((s) => ({ welcome, cameAt: welcome.recovered ? s.cameAt : welcome.head_seq }));
  });
  session.on('state', (log) => set({ log }));
  session.on('prompts', (prompts) => set({ prompts }));
  session.on('event', ({ event, live }) => {
    if (!live) return;
    const { body, author } = event;
    const me = session.welcome?.participant;
    const words = body.kind === 'undone' ? undoInWords(body, author, me, session.state)
      : restoreInWords(event, me, session.state);
    if (words !== null) toast(words, author === me || body.kind === 'restored' ? 'good' : 'bad');
  });
  session.on('pending', (pending) => set((s) => ({
    pending, notStored: pending.some((p) => p.seq === null) ? s.notStored : null,
  })));
  session.on('take', (take) => {
    set({ take, step: take.step });
    notes.heard(take);
  });
  session.on('preview', (preview) => useStudio.getState().player.show(preview));
  session.on('refused', ({ pending, refusal, typed }) => {
    const lost = lostWords(pending.command, typed);
    toast(refusedInWords(refusal.message, lost), 'bad', lost !== null);
  });
  session.on('delayed', ({ refusal }) => {
    // What comes too fast arrives a moment later by itself: nobody has to know.
    if (refusal.code === 'unavailable') set({ notStored: refusal.message });
  });
  session.on('fault', (fault) => {
    // Before a socket is closed the server says why, too: the banner has words for that.
    if (session.status.phase === 'live' && fault.code !== 'rate_limited') toast(fault.message);
  });
  session.on('people', (people) => {
    const here = new Set(people.filter((p) => p.connections > 0).map((p) => p.participant));
    set((s) => ({
      people,
      presence: new Map([...s.presence].filter(([, p]) => here.has(p.participant))),
    }));
  });
  session.on('presence', (presence) => set((s) => ({
    presence: placed(s.presence, presence),
  })));
}

function placed(map: ReadonlyMap<string, Presence>, presence: Presence): Map<string, Presence> {
  const next = new Map(map);
  const key = `${presence.participant}:${presence.connection}`;
  const { cursor, stroke, drag, line, caret } = presence;
  const isThere = cursor || stroke || drag || line || caret;
  if (isThere) next.set(key, presence);
  else next.delete(key);
  return next;
}
