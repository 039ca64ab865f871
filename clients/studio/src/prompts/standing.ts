/** Where a prompt stands in the log. */

import { isKind, type EditRecord, type LogState, type Prompt, type Text } from 'framejam';

import { perLog } from '../session/perLog.ts';

/** The newest edit of a prompt that is not undone. */
export const newestTyping = perLog((log, prompt: Prompt): EditRecord<Text> | null => {
  for (let at = log.edits.length - 1; at >= 0; at -= 1) {
    const edit = log.edits[at];
    if (edit && !edit.undone && isKind(edit, 'text') && edit.instruction.prompt === prompt) {
      return edit;
    }
  }
  return null;
});

/** Why the model does not go by a prompt just now; null where it does. */
export function overruled(log: LogState, prompt: Prompt): string | null {
  if (prompt === 'content') {
    return log.image?.instruction.blob != null ? 'the picture sets the scene' : null;
  }
  if (prompt === 'negative') {
    // Guidance of 1.0 asks the model one question; what is left out is the other side of two.
    return (log.settings?.guidance ?? 0) > 100 ? null : 'needs guidance above 1, in Settings';
  }
  if (log.drags.length > 0) return 'drags set the motion';
  if (log.trajectories.length > 0) return 'paths set the motion';
  return log.cameras.length > 0 ? 'the camera sets the motion' : null;
}
