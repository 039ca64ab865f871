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
  return log.drags.length > 0 ? 'drags set the motion' : null;
}
