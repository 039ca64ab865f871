/** What the page shows, in one store; components subscribe to the parts they need. */

import {
  ApiError, LogFold, UNIT, type LiveDrag, type LiveLine, type LiveStroke, type LogState,
  type Pending, type Person, type Presence, type Session, type SharedPrompts, type Standing, type Status,
  type TakeStatus, type Welcome,
} from 'framejam';
import { create } from 'zustand';

import { STILL, type View } from '../camera/view.ts';
import { USUAL_HOWS, type Hows } from '../how/how.ts';
import type { Shape } from '../outline/shapes.ts';
import type { Card } from '../stage/card.ts';
import { Player, type Shown } from '../stage/player.ts';

/** Which page is shown. */
export type Page =
  | { readonly name: 'nowhere' }
  | { readonly name: 'join'; readonly known: string | null }
  | { readonly name: 'studio' };

export interface Toast {
  readonly id: number;
  readonly text: string;
  readonly tone: 'good' | 'bad';
  /** Until it is dismissed: what somebody wrote is in it, and nowhere else. */
  readonly stays: boolean;
}

/** The tools that give an instruction, each with a strength, a depth and frames of its own. */
export type Giver =
  'brush' | 'recolour' | 'erase' | 'region' | 'drag' | 'trajectory' | 'camera' | 'lock';

export type Tool = Giver | 'select' | 'comment' | 'who';

/** What the lower half of the right side shows. */
export type Tab = 'history' | 'comments' | 'settings';

export interface StudioState {
  readonly page: Page;
  readonly session: Session | null;
  readonly status: Status;
  readonly welcome: Welcome | null;
  /** The head of the log when this page came to it; a later reconnect does not move it. */
  readonly cameAt: number;
  readonly log: LogState;
  /** The texts that everybody writes in; others take their place when the log begins anew. */
  readonly prompts: SharedPrompts | null;
  readonly pending: readonly Pending[];
  /** The server's sentence on why our newest edits are not stored; null while they are. */
  readonly notStored: string | null;
  readonly people: readonly Person[];
  /** By participant and connection: one person may point from two windows. */
  readonly presence: ReadonlyMap<string, Presence>;
  readonly take: TakeStatus | null;
  /** What the loop says, for as long as one reads it. */
  readonly note: string;
  /** How far the loop is, by the newest word on it: a status or a preview. */
  readonly step: number;
  readonly player: Player;
  /** What the newest drawn preview says about itself. */
  readonly shown: Shown | null;
  readonly playing: boolean;
  readonly frame: number;
  readonly tool: Tool;
  readonly color: string;
  /** The brush's diameter in 1/65536 of the frame's width. */
  readonly size: number;
  /** The stroke under our own pen. */
  readonly drawing: LiveStroke | null;
  /** The radius of a drag or a path in 1/65536 of the frame's width. */
  readonly reach: number;
  /** The arrow under our own pointer. */
  readonly pulling: LiveDrag | null;
  /** The path or outline under our own pointer; a region's stays while its card is open. */
  readonly line: LiveLine | null;
  /** What the pointer draws around regions and locks. */
  readonly shape: Shape;
  /** What was written of a region that was not given. */
  readonly wish: string;
  /** The lock whose sign one points at. */
  readonly held: number | null;
  /** Where the camera is to go, while it is pulled about. */
  readonly view: View;
  /** How what a tool gives is to be taken. */
  readonly hows: Hows;
  /** Whether the card is open that they are set on. */
  readonly howOpen: boolean;
  /** Whether the clip played before a tool stopped it. */
  readonly playedBefore: boolean;
  readonly uploading: boolean;
  /** Whether the page shows the session as it was: nothing can be drawn on that. */
  readonly inPast: boolean;
  /** What is open on the stage: a comment, or who did what there. */
  readonly card: Card | null;
  /** What was written of a comment that is neither posted nor cancelled. */
  readonly draft: string;
  readonly tab: Tab;
  /** The gesture whose row in the history is open, by the seq of its first edit. */
  readonly chosen: number | null;
  readonly toasts: readonly Toast[];
}

/** Whether this person asked for a screen on which nothing moves by itself. */
export const calm = window.matchMedia('(prefers-reduced-motion: reduce)').matches;

export const useStudio = create<StudioState>(() => ({
  page: { name: 'nowhere' },
  session: null,
  status: { phase: 'left' },
  welcome: null,
  cameAt: 0,
  log: new LogFold().state,
  prompts: null,
  pending: [],
  notStored: null,
  people: [],
  presence: new Map(),
  take: null,
  note: '',
  step: 0,
  player: new Player((shown) => useStudio.setState({ shown, step: shown.step })),
  shown: null,
  playing: !calm,
  frame: 0,
  tool: 'brush',
  color: '#e5484d',
  size: Math.round(UNIT * 0.06),
  drawing: null,
  reach: Math.round(UNIT * 0.25),
  pulling: null,
  line: null,
  shape: 'lasso',
  wish: '',
  held: null,
  view: STILL,
  hows: USUAL_HOWS,
  howOpen: false,
  playedBefore: false,
  uploading: false,
  inPast: false,
  card: null,
  draft: '',
  tab: 'history',
  chosen: null,
  toasts: [],
}));

/** Why nothing at all can be given, in words for a tooltip; null where it can. */
export function whyMute(state: StudioState): string | null {
  if (state.status.phase === 'ended') return 'The connection to this session has ended.';
  return state.welcome === null ? 'Connecting…' : null;
}

/** This person's role as it is now: an owner may change it at any time (A1). */
export function roleOf({ log, welcome }: Pick<StudioState, 'log' | 'welcome'>): Standing | null {
  if (welcome === null) return null;
  return log.participants.get(welcome.participant)?.role ?? welcome.role;
}

/** Why the clip cannot be changed from here; a viewer points and comments. */
export function whyReadOnly(state: StudioState): string | null {
  const reason = whyMute(state);
  if (reason !== null || roleOf(state) !== 'viewer') return reason;
  return 'You are here as a viewer. Ask an owner to make you an editor to change things.';
}

/**
 * Why undo and redo are off; null where they are on.
 *
 * Without a connection there is nothing on the page that an undo would change: what a person
 * pressed once more, for want of an effect, would take back older work later.
 */
export function whyNoUndo(state: StudioState): string | null {
  const reason = whyMute(state);
  if (reason !== null || state.status.phase === 'live') return reason;
  return 'Undo and redo wait until the connection is back.';
}

/** The frame on the stage, the first is 0. */
export function shownFrame({ frame, shown }: Pick<StudioState, 'frame' | 'shown'>): number {
  return Math.max(0, Math.min(frame, (shown?.frames ?? 1) - 1));
}

/** What the loop is doing; a shown picture that is not the finished one says that it runs. */
export function takeState({ take, shown }: Pick<StudioState, 'take' | 'shown'>):
    TakeStatus['state'] | null {
  if (take?.state === 'finished' && shown && !shown.done) return 'running';
  return take?.state ?? null;
}

let toastIds = 0;
const TOAST_MS = 7_000;
/** As many that pass by themselves are shown at a time. */
const PASSING = 3;

export function toast(text: string, tone: Toast['tone'] = 'bad', stays = false): void {
  toastIds += 1;
  const id = toastIds;
  useStudio.setState((s) => {
    // The same sentence twice is noise.
    const all = [...s.toasts.filter((t) => t.text !== text), { id, text, tone, stays }];
    const passing = all.filter((t) => !t.stays).slice(-PASSING);
    return { toasts: all.filter((t) => t.stays || passing.includes(t)) };
  });
  if (!stays) setTimeout(() => dismiss(id), TOAST_MS);
}

/** What to say where a request of ours failed. */
export function sayWhy(error: unknown): string {
  return error instanceof ApiError ? error.message : `Something went wrong: ${String(error)}`;
}

export function dismiss(id: number): void {
  useStudio.setState((s) => ({ toasts: s.toasts.filter((t) => t.id !== id) }));
}
