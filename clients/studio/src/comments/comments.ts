/** Comments: when they are seen, and who may change them. */

import type { Comment, EditRecord, Standing } from 'framejam';

/** Frames before and after its own on which a pin is still seen: it passes, it does not flash. */
const NEAR = 1;

/** How strongly a pin shows on a frame: 1 on its own, 0 where it is out of sight. */
export function pinOpacity(comment: Comment, frame: number): number {
  const away = Math.abs(comment.frame - frame);
  return away > NEAR ? 0 : 1 / (1 + away);
}

/** Those to be answered first, each part in the order they were given. */
export function inOrder(comments: readonly EditRecord<Comment>[]): EditRecord<Comment>[] {
  const open = comments.filter((one) => !one.instruction.resolved);
  return [...open, ...comments.filter((one) => one.instruction.resolved)];
}

/** Everybody rewrites their own comments; an owner anybody's. */
export function mayRewrite(comment: EditRecord<Comment>, me: string, role: Standing): boolean {
  return comment.author === me || role === 'owner';
}

/** A comment is resolved by whoever steers, and by its author. */
export function mayResolve(comment: EditRecord<Comment>, me: string, role: Standing): boolean {
  return comment.author === me || role !== 'viewer';
}
