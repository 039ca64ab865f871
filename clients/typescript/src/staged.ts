/** What lies on the stage: all that people give but words, settings and revisions. */

import type {
  Camera, Comment, Drag, Erase, Image, Instruction, Lock, Paint, Region, Trajectory,
} from './instructions.ts';
import { isKind, type EditRecord, type LogState } from './records.ts';

/** The kinds of edits that lie on the stage. */
const STAGED: ReadonlySet<string> = new Set<Instruction['kind']>([
  'image', 'paint', 'erase', 'drag', 'trajectory', 'camera', 'region', 'lock', 'comment',
]);

/** The live edits that lie on the stage. */
export type Stage = Pick<LogState,
  'image' | 'strokes' | 'drags' | 'trajectories' | 'cameras' | 'regions' | 'locks' | 'comments'>;

/** Whether an edit lies on the stage while it is live. */
export function isStaged({ given }: EditRecord): boolean {
  return STAGED.has(given.kind);
}

/** Those of some edits in seq order that lie there. */
export function stageOf(edits: readonly EditRecord[]): Stage {
  let image: EditRecord<Image> | null = null;
  const strokes: EditRecord<Paint | Erase>[] = [];
  const drags: EditRecord<Drag>[] = [];
  const trajectories: EditRecord<Trajectory>[] = [];
  const cameras: EditRecord<Camera>[] = [];
  const regions: EditRecord<Region>[] = [];
  const locks: EditRecord<Lock>[] = [];
  const comments: EditRecord<Comment>[] = [];
  for (const edit of edits) {
    if (edit.undone) continue;
    if (isKind(edit, 'image')) image = edit;
    else if (isKind(edit, 'paint') || isKind(edit, 'erase')) strokes.push(edit);
    else if (isKind(edit, 'drag')) drags.push(edit);
    else if (isKind(edit, 'trajectory')) trajectories.push(edit);
    else if (isKind(edit, 'camera')) cameras.push(edit);
    else if (isKind(edit, 'region')) regions.push(edit);
    else if (isKind(edit, 'lock')) locks.push(edit);
    else if (isKind(edit, 'comment')) comments.push(edit);
  }
  return { image, strokes, drags, trajectories, cameras, regions, locks, comments };
}
