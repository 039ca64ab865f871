/** The instructions people give (M1). Integers only, so that every language agrees (L3). */

import type { Point } from './geometry.ts';

/** The content prompt: what is visible. One field, last writer wins (M2). */
export interface Content {
  readonly kind: 'content';
  readonly text: string;
}

/** The motion prompt: how it moves. One field, last writer wins (M2). */
export interface Motion {
  readonly kind: 'motion';
  readonly text: string;
}

/** The reference image, by the SHA-256 of an uploaded file; null takes it away. */
export interface Image {
  readonly kind: 'image';
  readonly blob: string | null;
}

/** One stroke of opaque paint; `width` is the brush's diameter in 1/65536 of the frame's width. */
export interface Paint {
  readonly kind: 'paint';
  readonly points: readonly Point[];
  readonly color: string;
  readonly width: number;
  /** How strongly the stroke holds, 65536 for fully; the server's default where missing. */
  readonly strength?: number;
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
}

export type Instruction = Content | Motion | Image | Paint | Drag;

/** What defines a take besides the instructions (T8); fixed when the session is created. */
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
}
