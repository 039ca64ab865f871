/** Messages of the socket: MessagePack maps named by `type` (C7). */

import type { Event, Role } from './events.ts';
import type { Point } from './geometry.ts';
import type { Blend, Given, Prompt, Settings } from './instructions.ts';

/** The protocol version this SDK speaks. */
export const VERSION = 1;

/** The server keeps only the newest part of a stroke that is still being drawn (C4). */
export const MAX_LIVE_POINTS = 512;

// ---- client to server

/** Where a returning client stopped (C2). */
export interface Resume {
  readonly epoch: string;
  readonly last_seq: number;
}

/** The first message of a connection (C1). */
export interface Hello {
  readonly type: 'hello';
  readonly versions: readonly number[];
  readonly session: string;
  readonly token: string;
  readonly client_id: string;
  readonly name: string | null;
  readonly color: string | null;
  readonly capabilities: readonly string[];
  readonly resume: Resume | null;
}

/** Give an instruction; edits of one `group`, one after the other, are undone together (L6). */
export interface EditCommand {
  readonly type: 'edit';
  readonly client_seq: number;
  readonly instruction: Given;
  readonly depth: number | null;
  /** The client's own name for a gesture: up to 64 of A-Z, a-z, 0-9, _ and -. */
  readonly group: string | null;
}

/** Undo one's own newest live group, or the one whose first edit has the seq `group` (U2). */
export interface UndoCommand {
  readonly type: 'undo';
  readonly client_seq: number;
  readonly group: number | null;
}

export interface RedoCommand {
  readonly type: 'redo';
  readonly client_seq: number;
}

/**
 * Name the session as it stood after event `of` (null: as it stands now), or with `name` null take
 * that name away (R3).
 */
export interface MarkCommand {
  readonly type: 'mark';
  readonly client_seq: number;
  readonly of: number | null;
  readonly name: string | null;
}

/** Put the session back to what it was after event `to` (R3). */
export interface RestoreCommand {
  readonly type: 'restore';
  readonly client_seq: number;
  readonly to: number;
}

/** The messages that change the log and are counted by client_seq (L4). */
export type Command = EditCommand | UndoCommand | RedoCommand | MarkCommand | RestoreCommand;

/** The gesture is over: edits that come later belong to another group (L6). No answer. */
export interface EndGroup {
  readonly type: 'end_group';
}

/** A stroke that is still being drawn: shown to others, never stored (C4). */
export interface LiveStroke {
  readonly points: readonly Point[];
  readonly color: string;
  readonly width: number;
  readonly erase?: boolean;
  readonly blend?: Blend;
}

/** A trajectory, or the outline of a region or lock, that is still being drawn (C4). */
export interface LiveLine {
  readonly kind: 'trajectory' | 'region' | 'lock';
  readonly points: readonly Point[];
}

/** An arrow that is still being pulled: shown to others, never stored (C4). */
export interface LiveDrag {
  readonly start: Point;
  readonly end: Point;
  readonly radius: number;
}

/** Where somebody writes: the selection from `anchor` to `head`, in code points (C4). */
export interface Caret {
  readonly prompt: Prompt;
  readonly anchor: number;
  readonly head: number;
}

/** Where this person points and writes now; null and missing mean "nowhere" (C4). */
export interface PresenceUpdate {
  readonly type: 'presence';
  readonly cursor: Point | null;
  readonly frame: number | null;
  readonly stroke: LiveStroke | null;
  readonly drag: LiveDrag | null;
  readonly line?: LiveLine | null;
  readonly caret?: Caret | null;
}

/** The longer side of a preview's frames: at most 64, 128 or 256 pixels, never enlarged (C5). */
export type Tier = 'small' | 'sheet' | 'large';

/** Which previews to send, and at most how many a second (C5). */
export interface Watch {
  readonly type: 'watch';
  readonly tier: Tier | 'none';
  readonly rate: number;
}

/** Ask for the events after `after` (C3). */
export interface Need {
  readonly type: 'need';
  readonly after: number;
}

/** Hold the loop of this session, or let it go on (T5). */
export interface Control {
  readonly type: 'control';
  readonly action: 'pause' | 'resume' | 'cancel';
}

/**
 * Show me what it would be, and nobody else (T12). It is take `take` (null: the one in force) as the
 * log stood after event `at` (null: now), without the groups of `without` and all that `people` did.
 */
export interface LookCommand {
  readonly type: 'look';
  /** One's own choice, from 1; the answers carry it. */
  readonly number: number;
  readonly take: number | null;
  readonly at: number | null;
  readonly without: readonly number[];
  readonly people: readonly string[];
}

/** I have seen enough: give up my look (T12). No answer. */
export interface EndLook {
  readonly type: 'end_look';
}

export interface Ping {
  readonly type: 'ping';
  readonly nonce: number;
}

export type ClientMessage =
  | Hello
  | Command
  | EndGroup
  | Control
  | PresenceUpdate
  | Watch
  | LookCommand
  | EndLook
  | Need
  | Ping;

// ---- server to client

/** What the server accepts, so that a client can split or warn before it is refused. */
export interface Limits {
  readonly message_bytes: number;
  readonly blob_bytes: number;
  readonly blob_pixels: number;
  readonly stroke_points: number;
  /** Characters (code points) of one prompt. */
  readonly prompt_chars: number;
  readonly comment_chars: number;
  /** Bytes of one Yjs update. */
  readonly update_bytes: number;
}

/** Words the model knows, in groups; empty where it takes any text. */
export interface Vocabulary {
  readonly groups: Readonly<Record<string, readonly string[]>>;
}

/** The answer to a hello (C1); the events the client lacks follow. */
export interface Welcome {
  readonly type: 'welcome';
  readonly version: number;
  readonly session: string;
  readonly epoch: string;
  readonly head_seq: number;
  readonly state_hash: string;
  /** False: forget what you have, all events from 1 follow (C2). */
  readonly recovered: boolean;
  readonly participant: string;
  readonly role: Role;
  readonly next_client_seq: number;
  /** The Yjs client id that our updates must come under (M3). */
  readonly yjs_client: number;
  readonly settings: Settings;
  readonly vocabulary: Vocabulary;
  readonly limits: Limits;
  /** The participant's own token; only given when it is new. */
  readonly token: string | null;
  /** The names that the setting `scheduler` takes, the model's own first. */
  readonly schedulers: readonly string[];
  /** The names of the model's LoRA files. */
  readonly loras: readonly string[];
}

/** A piece of the log in seq order; with `more`, ask for the rest (C3). */
export interface Events {
  readonly type: 'events';
  readonly events: readonly Event[];
  readonly more: boolean;
}

/** The command is durable as event `seq` (L2). */
export interface Ack {
  readonly type: 'ack';
  readonly client_seq: number;
  readonly seq: number;
}

/** The command changed nothing, and why (L5). */
export interface Refusal {
  readonly type: 'refusal';
  readonly client_seq: number;
  readonly code: string;
  readonly message: string;
  readonly field: string | null;
  readonly rule: string | null;
  readonly expected: number | null;
  readonly retry_after_ms: number | null;
  /** Whether client_seq is used up (L4). */
  readonly used: boolean;
}

/** Something other than a command was wrong (L5). */
export interface Fault {
  readonly type: 'fault';
  readonly code: string;
  readonly message: string;
  readonly field: string | null;
  readonly rule: string | null;
}

/** One participant, and in how many connections they are here now. */
export interface Person {
  readonly participant: string;
  readonly name: string;
  readonly color: string;
  readonly role: Role;
  readonly connections: number;
}

export interface People {
  readonly type: 'people';
  readonly people: readonly Person[];
}

/** Where one connection of a participant points (C4). */
export interface Presence {
  readonly type: 'presence';
  readonly participant: string;
  readonly connection: number;
  readonly cursor: Point | null;
  readonly frame: number | null;
  readonly stroke: LiveStroke | null;
  readonly drag: LiveDrag | null;
  readonly line: LiveLine | null;
  readonly caret: Caret | null;
}

/** What the loop is doing (T13 for `seq`); `note` is one sentence for people. */
export interface TakeStatus {
  readonly type: 'take';
  readonly take: number;
  readonly step: number;
  readonly steps: number;
  readonly state: 'running' | 'finished' | 'waiting' | 'failed' | 'paused' | 'cancelled';
  readonly seq: number;
  readonly note: string;
  readonly digest: string | null;
  /** Words of the prompts in force that the model has never learnt. */
  readonly unknown: readonly string[];
}

/** How far a look is: to the one who asked for it only (T12). `note` and `digest` as in `take`. */
export interface LookStatus {
  readonly type: 'look_status';
  readonly number: number;
  /** The take it varies. */
  readonly take: number;
  readonly step: number;
  readonly steps: number;
  /** "failed" and "ended" are final. */
  readonly state: 'waiting' | 'running' | 'finished' | 'failed' | 'ended';
  readonly note: string;
  readonly digest: string | null;
}

export interface Pong {
  readonly type: 'pong';
  readonly nonce: number;
}

export type ServerMessage =
  | Welcome
  | Events
  | Event
  | Ack
  | Refusal
  | Fault
  | People
  | Presence
  | TakeStatus
  | LookStatus
  | Pong;
