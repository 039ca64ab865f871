/** Edits in words. */

import type { EditRecord } from 'framejam';

import type { IconName } from '../shell/Icon.tsx';

/** Where in the loop an edit is felt. */
export function entryInWords(edit: EditRecord): string {
  if (edit.undone) return 'undone';
  if (!edit.entry) return 'enters at the next step';
  return edit.entry.step === 0 ? 'from the start' : `at step ${edit.entry.step}`;
}

/** What an edit gave, in a few words. */
export function describe({ instruction }: EditRecord): string {
  switch (instruction.kind) {
    case 'content': return instruction.text ? `“${instruction.text}”` : 'Emptied the content';
    case 'motion': return instruction.text ? `“${instruction.text}”` : 'Emptied the motion';
    case 'image': return instruction.blob ? 'Reference image' : 'Removed the image';
    case 'paint': return 'Brush stroke';
    case 'drag': return 'Drag';
  }
}

export function iconOf({ instruction }: EditRecord): IconName {
  const icons = {
    content: 'text', motion: 'motion', image: 'image', paint: 'brush', drag: 'drag',
  } as const;
  return icons[instruction.kind];
}

/** The time of day of an edit, as the reader's clock shows it. */
export function timeOfDay(at: number): string {
  return new Date(at).toLocaleTimeString(undefined, { hour: '2-digit', minute: '2-digit' });
}
