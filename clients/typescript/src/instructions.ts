/**
 * The instructions people give (M1). Integers only, so that every language agrees (L3).
 *
 * A client gives a `Given`; the log keeps an `Instruction`. They differ in the prompts only, which
 * several people write at once: the log keeps every change of one as a `Text` (M3).
 */

import type { Point } from './geometry.ts';

/** The texts people write together: what is visible, how it moves, what should not be there. */
export type Prompt = 'content' | 'motion' | 'negative';

export const PROMPTS: readonly Prompt[] = ['content', 'motion', 'negative'];

/** The first and the last frame of a range, both in it; the first frame of a clip is 0. */
export type FrameRange = readonly [first: number, last: number];

/**
 * `removed` stood at `at` and gives way to `inserted`. `at` counts Unicode code points from the
 * start of the text that the splices before it in the same edit have left.
 */
export type Splice = readonly [at: number, removed: string, inserted: string];

/** What one edit, undo or redo did to a prompt: as a Yjs update (v1) and as splices (M3). */
export interface Text {
  readonly kind: 'text';
  readonly prompt: Prompt;
  readonly update: Uint8Array;
  readonly splices: readonly Splice[];
}

/**
 * The whole content prompt: what is visible. It replaces the text as it stood after event
 * `base_seq` and keeps what others typed since; without one it replaces whatever is there (M3).
 */
export interface Content {
  readonly kind: 'content';
  readonly text: string;
  readonly base_seq?: number | null;
}

/** The whole motion prompt: how it moves. As `Content`. */
export interface Motion {
  readonly kind: 'motion';
  readonly text: string;
  readonly base_seq?: number | null;
}

/**
 * The whole negative prompt: what should not be there. As `Content`. It has an effect where
 * guidance is above 100, for there it stands for the empty text.
 */
export interface Negative {
  readonly kind: 'negative';
  readonly text: string;
  readonly base_seq?: number | null;
}

/** Changes of a prompt as it stood after event `base_seq`, by a client without Yjs (M3). */
export interface Spliced {
  readonly kind: 'spliced';
  readonly prompt: Prompt;
  readonly base_seq: number;
  readonly splices: readonly Splice[];
}

/** Changes of a prompt as a Yjs update (v1), under the client id the welcome gave (M3). */
export interface Typed {
  readonly kind: 'typed';
  readonly prompt: Prompt;
  readonly update: Uint8Array;
}

/** The reference image, by the SHA-256 of an uploaded file; null takes it away. */
export interface Image {
  readonly kind: 'image';
  readonly blob: string | null;
}

/** How paint lies on what is under it: "normal" covers it, "color" gives it another hue (M4). */
export type Blend = 'normal' | 'color';

/** One stroke of opaque paint; `width` is the brush's diameter in 1/65536 of the frame's width. */
export interface Paint {
  readonly kind: 'paint';
  readonly points: readonly Point[];
  readonly color: string;
  readonly width: number;
  /** How strongly the stroke holds, 65536 for fully; the server's default where missing. */
  readonly strength?: number;
  /** The frames it is on; all of them where null or missing. */
  readonly frames?: FrameRange | null;
  /** "normal" where missing. */
  readonly blend?: Blend;
}

/** A stroke that takes away the paint under it, down to the picture; nothing else (M4). */
export interface Erase {
  readonly kind: 'erase';
  readonly points: readonly Point[];
  readonly width: number;
  readonly frames?: FrameRange | null;
}

/**
 * Move what lies within `radius` of `start` so that it ends displaced by `end` minus `start`.
 *
 * Both points are on the picture of the first frame: the object stands at `start` there, moves
 * along the arrow and rests at its end. `radius` is in 1/65536 of the frame's width.
 */
export interface Drag {
  readonly kind: 'drag';
  readonly start: Point;
  readonly end: Point;
  readonly radius: number;
  /** How strongly the drag holds, 65536 for fully; the server's default where missing. */
  readonly strength?: number;
  /** The frames in which the way is made; all of them where null or missing. */
  readonly frames?: FrameRange | null;
}

/**
 * Move what lies within `radius` of `path[0]` along `path`, at an even speed.
 *
 * The points are on the picture of the first frame, two at least. The object starts at the first of
 * them in the first frame of `frames` and reaches the last in the last. All else as for `Drag`.
 */
export interface Trajectory {
  readonly kind: 'trajectory';
  readonly path: readonly Point[];
  readonly radius: number;
  readonly strength?: number;
  readonly frames?: FrameRange | null;
}

/**
 * Move the camera from the first to the last frame of `frames`.
 *
 * `pan` and `tilt` are how far it turns to the right and down, in signed 1/65536 of the frame's
 * width and height: the picture moves the other way. `zoom` is 65536 for none, 131072 for twice as
 * near. What is missing stays as it is: 0, 0 and 65536.
 */
export interface Camera {
  readonly kind: 'camera';
  readonly pan?: number;
  readonly tilt?: number;
  readonly zoom?: number;
  readonly strength?: number;
  readonly frames?: FrameRange | null;
}

/** What lies inside the closed line `outline` becomes what `text` says; nothing else changes. */
export interface Region {
  readonly kind: 'region';
  /** Three corners at least. What the line goes around an odd number of times is inside. */
  readonly outline: readonly Point[];
  readonly text: string;
  readonly strength?: number;
  readonly frames?: FrameRange | null;
}

/** Hold still what is inside `outline`: it stays as the take shows it when this is given (T11). */
export interface Lock {
  readonly kind: 'lock';
  readonly outline: readonly Point[];
  readonly frames?: FrameRange | null;
}

/** Words pinned to a point of a frame. They are part of the state and never of the take. */
export interface Comment {
  readonly kind: 'comment';
  readonly text: string;
  readonly at: Point;
  readonly frame: number;
  readonly resolved?: boolean;
}

/** What a revision can set; each kind of instruction has some of these. */
export interface Revisable {
  readonly color?: string;
  readonly width?: number;
  readonly strength?: number;
  readonly frames?: FrameRange | null;
  readonly start?: Point;
  readonly end?: Point;
  readonly radius?: number;
  readonly path?: readonly Point[];
  readonly pan?: number;
  readonly tilt?: number;
  readonly zoom?: number;
  readonly text?: string;
  readonly resolved?: boolean;
}

/** New values for fields of the instruction of edit `target`; the others stay (M2). */
export interface Revise extends Revisable {
  readonly kind: 'revise';
  readonly target: number;
}

/** A LoRA file of the model by its name, and its weight in hundredths. */
export type Lora = readonly [name: string, weight: number];

/** What a take is made with besides the instructions: see `DEFINING_SETTINGS` (T8). */
export interface Settings {
  readonly model: string;
  readonly seed: number;
  readonly steps: number;
  readonly frames: number;
  readonly width: number;
  readonly height: number;
  readonly fps: number;
  /** In hundredths: 100 is 1.0, no classifier-free guidance. */
  readonly guidance: number;
  /** A name the model offers; "" for its default. */
  readonly scheduler: string;
  /** LoRA files that are not named weigh 0. */
  readonly loras: readonly Lora[];
  /** How much of P_img's noise paint is re-denoised from, in hundredths; 0: it lies as painted. */
  readonly harmonize: number;
  /** 1 - lambda of the paper's equation 4, in hundredths; 0: one residual field instead. */
  readonly mix: number;
  /** How far frames are re-aligned to the intermediate image, in hundredths; 0: not at all. */
  readonly align: number;
}

/** The settings of which each value has takes of its own; the others enter a take or its clip. */
export const DEFINING_SETTINGS = [
  'model', 'seed', 'steps', 'frames', 'width', 'height', 'scheduler',
] as const satisfies readonly (keyof Settings)[];

/** New values for some settings; each is its own field, last writer wins (M2, T8). */
export interface Adjust extends Partial<Settings> {
  readonly kind: 'settings';
}

/** What the log keeps of an edit. */
export type Instruction =
  | Text
  | Image
  | Paint
  | Erase
  | Drag
  | Trajectory
  | Camera
  | Region
  | Lock
  | Revise
  | Adjust
  | Comment;

/** What a client gives. */
export type Given =
  | Content
  | Motion
  | Negative
  | Spliced
  | Typed
  | Image
  | Paint
  | Erase
  | Drag
  | Trajectory
  | Camera
  | Region
  | Lock
  | Revise
  | Adjust
  | Comment;
