/**
 * Looking at the clip as it is not (T12): what is asked for, how far it is, what it shows.
 *
 * A look is of one moment of the log. Where the clip changes meanwhile the page says that it is
 * behind and asks again once people rest; until then the look goes on, so that it is finished even
 * where they never do. How the clip was before a gesture does not change and is not asked again.
 *
 * Of the past the server keeps pictures (R1): those are shown at once, and only where none shows
 * just that moment it is made again.
 */

import type {
  Event, Look, LookQuery, LookStatus, LogState, Preview, Session,
} from 'framejam';
import { create } from 'zustand';

import { roleOf, toast, useStudio, whyMute, whyNoUndo, whyReadOnly } from '../session/store.ts';
import { forgetKept, nearestKept } from '../past/pictures.ts';
import { settledAt } from '../past/stops.ts';
import { Player } from '../stage/player.ts';
import { queryBefore } from './before.ts';
import { keepOf, type Keep } from './keep.ts';
import { seqOf, type Subject } from './subject.ts';
import { Turns } from './turns.ts';

/** How long the clip must rest before a look at it is asked again. */
const REST_MS = 1_500;
/** How long one must stay at a moment of the past before it is made again. */
const STAY_MS = 350;

export interface Looking {
  /** Null: at the clip itself. */
  readonly subject: Subject | null;
  /** Beside the clip, or in its place. */
  readonly beside: boolean;
  readonly status: LookStatus | null;
  /** How far it is, by the newest word on it: a status or a picture. */
  readonly step: number;
  /** Whether its finished clip has come. */
  readonly done: boolean;
  /** Why nothing more will come; null while something may. */
  readonly over: string | null;
  /** Whether the clip has changed since it was asked for. */
  readonly behind: boolean;
  /** Whether a kept picture shows it, or one from a little before; null where none does. */
  readonly kept: 'exact' | 'near' | null;
  /** Whether one only passes by: nothing is made again then. */
  readonly passing: boolean;
  /** Whether what `player` shows is of what was looked at before. */
  readonly stale: boolean;
  readonly player: Player | null;
  /** Counts its pictures. */
  readonly version: number;
  /** The first frame of each take that was seen finished, by its number. */
  readonly pictures: ReadonlyMap<number, ImageBitmap>;
}

const NOT_LOOKING = {
  subject: null, beside: false, status: null, step: 0, done: false, over: null, behind: false,
  kept: null, passing: false, stale: false, player: null, version: 0,
} as const;

export const useLooking = create<Looking>(() => ({ ...NOT_LOOKING, pictures: new Map() }));

const turns = new Turns(() => useStudio.getState().session);
let look: Look | null = null;
let rest: ReturnType<typeof setTimeout> | undefined;

/**
 * Look at something, or at something else; null: back to the clip. `passing`: only on the way to
 * another moment of the past.
 */
export function lookAt(subject: Subject | null, passing = false): void {
  if (!subject) {
    leave();
    return;
  }
  const reason = whyMute(useStudio.getState());
  if (reason !== null) {
    toast(reason);
    return;
  }
  const before = useLooking.getState();
  const kin = before.subject?.kind === subject.kind;
  useLooking.setState({
    subject,
    passing,
    // One thing is missing, or all is earlier: that is seen where it was. Two clips are compared
    // side by side.
    beside: kin ? before.beside : subject.kind !== 'muted' && subject.kind !== 'past',
    player: kin ? before.player : newPlayer(),
  });
  useStudio.setState({ inPast: subject.kind === 'past' });
  ask();
}

/** Back to the clip. */
export function leave(): void {
  clearTimeout(rest);
  look?.end();
  look = null;
  useLooking.setState(NOT_LOOKING);
  useStudio.setState({ inPast: false });
}

/** Ask for what is looked at as it is now. */
export function ask(): void {
  const { subject } = useLooking.getState();
  if (!subject) return;
  clearTimeout(rest);
  const seq = seqOf(subject);
  if (seq === null) {
    make();
    return;
  }
  look?.end();
  look = null;
  useLooking.setState({ ...UNKNOWN, kept: null });
  void showKept();
}

const UNKNOWN = {
  status: null, step: 0, done: false, over: null, behind: false, stale: true,
} as const;

/** Have what is looked at made for us. */
function make(): void {
  const { subject, player } = useLooking.getState();
  const { session, log } = useStudio.getState();
  if (!subject || !session || !player) return;
  // The one before says nothing from here on.
  const asked = session.look(queryOf(subject, log));
  look = asked;
  useLooking.setState(UNKNOWN);
  asked.on('status', (status) => useLooking.setState({ status, step: status.step }));
  asked.on('preview', (preview) => {
    useLooking.setState({ stale: false, step: preview.step, done: preview.done, kept: null });
    player.show(preview);
    if (subject.kind === 'take' && preview.done) void keepPicture(subject.take, preview);
  });
  asked.on('ended', (over) => useLooking.setState({ over }));
}

/** What the server is asked for. */
function queryOf(subject: Subject, log: LogState): LookQuery {
  switch (subject.kind) {
    case 'muted': return { without: subject.groups, people: subject.people };
    case 'take': return { take: subject.take };
    case 'before': return queryBefore(subject.group, log, turns);
    case 'past':
    case 'origin': return { at: settledAt(log, subject.seq) };
  }
}

let fetching = false;

/** Show the kept picture of the moment looked at; while one is on its way only the newest waits. */
async function showKept(): Promise<void> {
  if (fetching) return;
  fetching = true;
  let shown: Subject | null = null;
  for (;;) {
    const { subject } = useLooking.getState();
    const { session, log } = useStudio.getState();
    const seq = seqOf(subject);
    if (!session || seq === null || subject === shown) break;
    const kept = await nearestKept(session.http, settledAt(log, seq));
    const { subject: now, player, passing } = useLooking.getState();
    if (seqOf(now) === null || !player) break;
    // Passing by, a picture that comes late is better than none.
    if (kept && now?.kind === subject?.kind) player.show(kept);
    shown = subject;
    if (now !== subject) continue;
    const exact = kept !== null && kept.exact;
    useLooking.setState({
      kept: exact ? 'exact' : kept ? 'near' : null, stale: !exact && !passing,
      ...(exact && { step: kept.step, done: kept.done }),
    });
    if (!exact && !passing) rest = setTimeout(make, STAY_MS);
  }
  fetching = false;
}

/** What keeping it would do, or why that cannot be. */
export function keepNow(subject: Subject): Keep {
  const { log, welcome } = useStudio.getState();
  const reason = whyNotKeep();
  if (reason !== null) return { does: null, says: reason };
  return keepOf(subject, { log, turns, me: welcome?.participant, role: roleOf({ log, welcome }) });
}

function whyNotKeep(): string | null {
  const state = useStudio.getState();
  return whyReadOnly(state) ?? (whyNoUndo(state) && 'This waits until the connection is back.');
}

/** Make the clip what is looked at, and go back to it. */
export function keep(subject: Subject): void {
  const { session } = useStudio.getState();
  const plan = keepNow(subject);
  if (plan.does === null || !session) return;
  leave();
  if (plan.does === 'restore') session.restore(plan.to);
  if (plan.does === 'settings') session.edit({ kind: 'settings', ...plan.change });
  if (plan.does === 'undo') for (const group of plan.groups) session.undo(group);
}

/** Follow every session that is opened from now on, and what is done on the page meanwhile. */
export function followLooks(): void {
  useStudio.subscribe(({ session, tool, card }, before) => {
    if (session && session !== before.session) follow(session);
    // Whoever takes a tool, or opens what lies on the clip, wants the clip.
    const turnsToClip = tool !== before.tool || (card !== null && card !== before.card);
    if (turnsToClip && useLooking.getState().subject) leave();
  });
  // A page in the background is sent no pictures: what was finished meanwhile has to be seen.
  document.addEventListener('visibilitychange', () => {
    const { status, done } = useLooking.getState();
    if (!document.hidden && status?.state === 'finished' && !done) ask();
  });
}

function follow(session: Session): void {
  session.on('welcome', ({ recovered }) => {
    if (recovered) return;
    // Another log: what was looked at is not in it.
    turns.clear();
    forgetKept();
    forgetPictures();
    if (useLooking.getState().subject) leave();
  });
  session.on('event', ({ event }) => {
    if (changesClip(event)) changed();
  });
  session.on('preview', (preview) => {
    if (preview.done) void keepPicture(preview.take, preview);
  });
}

/** Whether an event may change what a look at the clip as it is now shows. */
export function changesClip({ body }: Pick<Event, 'body'>): boolean {
  switch (body.kind) {
    case 'edited': return body.instruction.kind !== 'comment';
    case 'undone':
    case 'redone':
    case 'restored':
    case 'entered': return true;
    default: return false;
  }
}

function changed(): void {
  const { subject, over } = useLooking.getState();
  // One that has failed is asked for again by hand: it would fail again.
  if (!subject || subject.kind === 'before' || seqOf(subject) !== null || over !== null) return;
  useLooking.setState({ behind: true });
  clearTimeout(rest);
  rest = setTimeout(ask, REST_MS);
}

function newPlayer(): Player {
  return new Player(() => useLooking.setState(({ version }) => ({ version: version + 1 })));
}

function forgetPictures(): void {
  for (const picture of useLooking.getState().pictures.values()) picture.close();
  useLooking.setState({ pictures: new Map() });
}

async function keepPicture(take: number, { image, mime, width, height }: Preview): Promise<void> {
  try {
    const picture = await createImageBitmap(new Blob([image], { type: mime }), 0, 0, width, height);
    useLooking.setState(({ pictures }) => ({ pictures: new Map(pictures).set(take, picture) }));
  } catch {
    // A damaged picture: the list does without it.
  }
}
