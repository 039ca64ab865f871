/** Changing what was given: strength, colour and frames of strokes and drags (M2). */

import {
  isKind, UNIT, type EditRecord, type FrameRange, type GroupRecord, type Revisable,
} from 'framejam';

import { useStudio } from '../session/store.ts';

/** Whether an edit is a stroke or a drag. */
export function isLayer(edit: EditRecord): boolean {
  return isKind(edit, 'paint') || isKind(edit, 'erase') || isKind(edit, 'drag');
}

/** Fully, where its author said nothing. */
export function strengthOf({ instruction }: EditRecord): number {
  return 'strength' in instruction ? instruction.strength ?? UNIT : UNIT;
}

export function framesOf({ instruction }: EditRecord): FrameRange | null {
  return ('frames' in instruction ? instruction.frames as FrameRange | null : null) ?? null;
}

/** Give all layers of a gesture a new value; several changes in a row are one gesture (L6). */
export function revise<F extends 'strength' | 'color' | 'frames'>(
  group: GroupRecord, field: F, value: Exclude<Revisable[F], undefined>,
): void {
  const { session } = useStudio.getState();
  const name = `revise-${group.group}-${field}`;
  for (const edit of group.edits) {
    if (!isLayer(edit)) continue;
    session?.edit({ kind: 'revise', target: edit.seq, [field]: value }, { group: name });
  }
}
