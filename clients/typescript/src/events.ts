/** Events: what the log of a session is made of (L1). */

import type { Instruction, Settings, Text } from './instructions.ts';

export type Role = 'owner' | 'editor' | 'viewer';

/** A role, or "none": of somebody who has been removed (A1). */
export type Standing = Role | 'none';

/** Event 1 of every log: the session and the settings of its first take. */
export interface Created {
  readonly kind: 'created';
  readonly settings: Settings;
  readonly v: number;
}

/** A person entered the session for the first time. */
export interface Joined {
  readonly kind: 'joined';
  readonly participant: string;
  readonly name: string;
  readonly color: string;
  readonly role: Role;
  readonly v: number;
}

/**
 * Someone gave an instruction. `depth` is how much of the loop it may re-run, in 1/65536 (T3);
 * `group` the seq of the first edit of its gesture (L6), null where it is that edit itself.
 */
export interface Edited {
  readonly kind: 'edited';
  readonly instruction: Instruction;
  readonly depth: number | null;
  readonly group: number | null;
  readonly v: number;
}

/**
 * The author took these groups out of the state, newest first (U1); whose they were may be
 * somebody else (U2).
 */
export interface Undone {
  readonly kind: 'undone';
  readonly groups: readonly number[];
  /** The later edit that keeps the result invisible (U3). */
  readonly shadowed_by: number | null;
  /** What it did to the prompts (U6). */
  readonly texts: readonly Text[];
  readonly v: number;
}

/** The author brought these groups back, with the entry steps they had (U4). */
export interface Redone {
  readonly kind: 'redone';
  readonly groups: readonly number[];
  readonly texts: readonly Text[];
  readonly v: number;
}

/** These edits have entry step `step` in take `take` from now on (T2, T7). */
export interface Entered {
  readonly kind: 'entered';
  readonly take: number;
  readonly step: number;
  readonly edits: readonly number[];
  readonly v: number;
}

/** The author named the log as it stood after event `of`; null takes the name away (R3). */
export interface Marked {
  readonly kind: 'marked';
  readonly of: number;
  readonly name: string | null;
  readonly v: number;
}

/**
 * The author put the session back to what it was after event `to` (R3): a group of its own, and
 * undoing it turns back exactly what it turned.
 */
export interface Restored {
  readonly kind: 'restored';
  readonly to: number;
  readonly texts: readonly Text[];
  readonly v: number;
}

/** The author gave somebody a role, or with "none" removed them (A1). */
export interface Assigned {
  readonly kind: 'assigned';
  readonly participant: string;
  readonly role: Standing;
  readonly v: number;
}

/**
 * All events before are those of another session up to its event `seq`; nobody has a role from here
 * on but `participant`, who owns the branch (R4).
 */
export interface Branched {
  readonly kind: 'branched';
  readonly session: string;
  readonly seq: number;
  readonly participant: string;
  readonly v: number;
}

export type Body =
  | Created
  | Joined
  | Edited
  | Undone
  | Redone
  | Entered
  | Marked
  | Restored
  | Assigned
  | Branched;

/** One entry of the log. `seq`, `at` and `author` are stamped by the server (L1). */
export interface Event {
  readonly type: 'event';
  readonly seq: number;
  /** Milliseconds since the Unix epoch, for people to read; nothing is folded from it. */
  readonly at: number;
  /** A participant, or "" for the server. */
  readonly author: string;
  readonly body: Body;
  readonly client_id: string | null;
  readonly client_seq: number | null;
}
