/** What the folded log is made of. */

import type { Event, Standing } from './events.ts';
import type {
  Camera, Comment, Drag, Erase, Image, Instruction, Lock, Paint, Region, Settings, Trajectory,
} from './instructions.ts';

/** Someone who ever joined, as the log knows them. */
export interface Participant {
  readonly participant: string;
  readonly name: string;
  readonly color: string;
  /** The one they have now; "none" where they were removed (A1). */
  readonly role: Standing;
}

/** One edit of the log with what became of it. */
export interface EditRecord<I extends Instruction = Instruction> {
  readonly seq: number;
  readonly at: number;
  readonly author: string;
  /** With every field as its last live writer left it (M2). */
  readonly instruction: I;
  /** As its author gave it. */
  readonly given: I;
  /** How much of the loop it may re-run, in 1/65536; null for the default of its kind (T3). */
  readonly depth: number | null;
  /** The seq of the first edit of its gesture (L6). */
  readonly group: number;
  readonly undone: boolean;
  /** The step it entered the take in force at, or null while it waits for a boundary. */
  readonly entry: { readonly take: number; readonly step: number } | null;
}

/** One gesture: the edits that undo takes out together (L6), or a restore, which has none (R3). */
export interface GroupRecord {
  /** The seq of its first edit, or of the restore: its name. */
  readonly group: number;
  readonly author: string;
  /** When it began. */
  readonly at: number;
  readonly edits: readonly EditRecord[];
  /** The event that a restore went back to; null of a gesture of edits. */
  readonly to: number | null;
  readonly undone: boolean;
  /** Who undid it, its author or an owner (U2), or whose restore took it out; null while live. */
  readonly undoneBy: string | null;
  /** The undo, or restore, that took it out; null while it is live. */
  readonly undoneIn: number | null;
  /** The later edit that kept that undo invisible (U3). */
  readonly shadowedBy: number | null;
}

/** A named version of the session (R3). */
export interface VersionRecord {
  /** It is the session as it stood after this event. */
  readonly of: number;
  readonly name: string;
  /** Who gave the name. */
  readonly author: string;
  /** The event that gave the name, and when. */
  readonly seq: number;
  readonly at: number;
}

/** Where a branch comes from: another session, as it stood after its event `seq` (R4). */
export interface Origin {
  readonly session: string;
  readonly seq: number;
}

/** One take of the log: what defines it, and the event that first put that in force (T8). */
export interface TakeRecord {
  readonly take: number;
  /** As they were then; only those of `DEFINING_SETTINGS` are the take's own. */
  readonly settings: Settings;
  readonly seq: number;
  readonly at: number;
  /** A participant, or "" for the first take, which the server began. */
  readonly author: string;
}

/** The log, folded. A new object whenever something changed; records keep their identity. */
export interface LogState {
  readonly seq: number;
  /** Those in force; null before event 1. */
  readonly settings: Settings | null;
  /** The number of the take they define: takes count in the order they were first in force (T8). */
  readonly take: number;
  /** All takes there ever were, the first first; every number has one. */
  readonly takes: readonly TakeRecord[];
  readonly participants: ReadonlyMap<string, Participant>;
  /** All edits in seq order, undone ones too. */
  readonly edits: readonly EditRecord[];
  /** All gestures in the order they began, restores among them. */
  readonly groups: readonly GroupRecord[];
  /** The named versions, in the order of the events they name. */
  readonly versions: readonly VersionRecord[];
  /** Where this session was branched from last; null where it was not. */
  readonly origin: Origin | null;
  /** All events but those that edits are made of or entered by, in seq order. */
  readonly milestones: readonly Event[];
  /** The texts of the prompts. */
  readonly content: string;
  readonly motion: string;
  readonly negative: string;
  /** The newest live edit of the reference image (M2). */
  readonly image: EditRecord<Image> | null;
  /** Live strokes in seq order: later ones lie on top (M4). */
  readonly strokes: readonly EditRecord<Paint | Erase>[];
  /** Live drags in seq order. They all count, and their order does not matter (M4). */
  readonly drags: readonly EditRecord<Drag>[];
  /** Live trajectories, cameras and locks, each in seq order: as drags. */
  readonly trajectories: readonly EditRecord<Trajectory>[];
  readonly cameras: readonly EditRecord<Camera>[];
  readonly locks: readonly EditRecord<Lock>[];
  /** Live regions in seq order: later ones are made on top of earlier ones (M4). */
  readonly regions: readonly EditRecord<Region>[];
  /** Live comments in seq order, resolved ones too. */
  readonly comments: readonly EditRecord<Comment>[];
}

/** Narrow a record by the kind of its instruction. */
export function isKind<K extends Instruction['kind']>(
  edit: EditRecord, kind: K,
): edit is EditRecord<Extract<Instruction, { kind: K }>> {
  return edit.instruction.kind === kind;
}
