/** Paths, outlines and ways of the camera over the clip: whose they are, and whether it shows them. */

import {
  outlook, type EditRecord, type FrameRange, type Given, type Instruction, type Point,
} from 'framejam';

import { isStill, viewIn, type View } from '../camera/view.ts';
import type { StudioState } from '../session/store.ts';

/** What can be seen of a line that somebody draws or gave. */
export type Mark = {
  /** The person's who gives it. */
  readonly color: string;
  /** The clip shows it already: drawn thin, as a reminder. */
  readonly done: boolean;
} & (
  | {
    readonly kind: 'trajectory'; readonly path: readonly Point[];
    /** Missing while it is another's that is still being drawn. */
    readonly radius: number | null; readonly frames: FrameRange | null;
  }
  | {
    readonly kind: 'region'; readonly outline: readonly Point[]; readonly text: string;
  }
  | {
    readonly kind: 'lock'; readonly outline: readonly Point[];
    /** Somebody points at its sign. */
    readonly held: boolean;
  }
  | { readonly kind: 'camera'; readonly view: View }
);

/** What marks over the clip come from. */
export type MarkLayers = Pick<
  StudioState, 'log' | 'pending' | 'presence' | 'line' | 'reach' | 'shown' | 'cameAt' | 'tool'
  | 'welcome' | 'hows' | 'held'
>;

/** Of somebody whom the log does not know yet. */
const NOBODY = '#ffffff';

/**
 * The marks to be seen, lowest first: what is locked; given but not shown (anybody's), on their way
 * to the log (ours), and under a pointer (theirs, then ours). With its tool in hand those that the
 * clip shows already lie beneath.
 */
export function marksOnTop(state: MarkLayers): Mark[] {
  const { log, tool } = state;
  const shownSeq = state.shown?.seq ?? state.cameAt;
  const colorOf = (person: string | undefined): string =>
    log.participants.get(person ?? '')?.color ?? NOBODY;
  const me = colorOf(state.welcome?.participant);
  const locked = log.locks.map(({ seq, author, instruction: { outline } }): Mark => (
    { kind: 'lock', outline, held: seq === state.held, color: colorOf(author),
      done: tool !== 'lock' }));
  const given = [...log.regions, ...log.trajectories, ...log.cameras]
    .sort((a: EditRecord, b: EditRecord) => a.seq - b.seq)
    .flatMap(({ seq, author, instruction }) => markOf(instruction, colorOf(author), seq <= shownSeq));
  const sent = outlook(state.pending).edits.flatMap(({ command: { instruction } }) =>
    markOf(instruction, me, false));
  const theirs = [...state.presence.values()].flatMap(({ line, participant }): Mark[] =>
    (line ? [drawn(line.kind, line.points, colorOf(participant), null, null)] : []));
  const { line } = state;
  const frames = line && state.hows[line.kind].frames;
  return [
    ...locked,
    ...given.filter((mark) => mark.done && mark.kind === tool),
    ...given.filter((mark) => !mark.done),
    ...sent,
    ...theirs,
    ...(line ? [drawn(line.kind, line.points, me, state.reach, frames)] : []),
  ];
}

function markOf(given: Instruction | Given, color: string, done: boolean): Mark[] {
  switch (given.kind) {
    case 'trajectory': {
      const { kind, path, radius, frames = null } = given;
      return [{ kind, path, radius, frames, color, done }];
    }
    case 'region': return [{ kind: 'region', outline: given.outline, text: given.text, color, done }];
    case 'lock': return [{ kind: 'lock', outline: given.outline, held: false, color, done }];
    case 'camera': {
      const view = viewIn(given);
      return isStill(view) ? [] : [{ kind: 'camera', view, color, done }];
    }
    default: return [];
  }
}

function drawn(
  kind: 'trajectory' | 'region' | 'lock', points: readonly Point[], color: string,
  radius: number | null, frames: FrameRange | null,
): Mark {
  switch (kind) {
    case 'trajectory': return { kind, path: points, radius, frames, color, done: false };
    case 'region': return { kind, outline: points, text: '', color, done: false };
    case 'lock': return { kind, outline: points, held: false, color, done: false };
  }
}
