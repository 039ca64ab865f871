/** Changing what was given: how strongly it holds, when, and what it is (M2). */

import {
  UNIT, type EditRecord, type FrameRange, type GroupRecord, type Revisable,
} from 'framejam';

import { useStudio } from '../session/store.ts';

/** The kinds of which something can be changed here, and which of them have a strength. */
const LAYERS: Readonly<Partial<Record<EditRecord['instruction']['kind'], { strength: boolean }>>> = {
  paint: { strength: true }, erase: { strength: false }, region: { strength: true },
  drag: { strength: true }, trajectory: { strength: true }, camera: { strength: true },
  lock: { strength: false },
};

/** Whether something of an edit can be changed after it was given. */
export function isLayer({ instruction }: EditRecord): boolean {
  return LAYERS[instruction.kind] !== undefined;
}

export function hasStrength({ instruction }: EditRecord): boolean {
  return LAYERS[instruction.kind]?.strength ?? false;
}

/** Fully, where its author said nothing. */
export function strengthOf({ instruction }: EditRecord): number {
  return 'strength' in instruction ? instruction.strength ?? UNIT : UNIT;
}

export function framesOf({ instruction }: EditRecord): FrameRange | null {
  return ('frames' in instruction ? instruction.frames as FrameRange | null : null) ?? null;
}

/** Give all layers of a gesture a new value; several changes in a row are one gesture (L6). */
export function revise<F extends keyof Revisable>(
  group: GroupRecord, field: F, value: Exclude<Revisable[F], undefined>,
): void {
  const { session } = useStudio.getState();
  const name = `revise-${group.group}-${field}`;
  for (const edit of group.edits) {
    if (!isLayer(edit)) continue;
    session?.edit({ kind: 'revise', target: edit.seq, [field]: value }, { group: name });
  }
}
