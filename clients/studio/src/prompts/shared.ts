/** What the page shows of a shared prompt, kept up with it. */

import type { Prompt, SharedPrompt } from 'framejam';
import { useEffect, useState, useSyncExternalStore } from 'react';
import type * as Y from 'yjs';

import type { StudioState } from '../session/store.ts';

/**
 * What an editor binds to. It is another one after a refusal that the words outlive (M3) and after
 * a log that begins anew (C2), though the prompt is the same and may read the same.
 */
export function boundText({ prompts }: Pick<StudioState, 'prompts'>, kind: Prompt): Y.Text | null {
  return prompts?.[kind].text ?? null;
}

/** What the prompt reads here, with what is not in the log yet. */
export function usePromptText(prompt: SharedPrompt | null): string {
  return useSyncExternalStore(
    (changed) => prompt?.onChange(changed) ?? nothing,
    () => prompt?.text.toString() ?? '',
  );
}

/** Between two letters all is sent for a moment; that is no pause in typing. */
const PAUSE_MS = 700;

/** Whether somebody types here, or what was typed is not in the log. */
export function useUnsent(prompt: SharedPrompt | null): boolean {
  const unsent = useSyncExternalStore(
    (changed) => prompt?.onChange(changed) ?? nothing,
    () => prompt?.unsent ?? false,
  );
  const [lingers, setLingers] = useState(false);
  useEffect(() => {
    if (unsent) {
      setLingers(true);
      return;
    }
    const timer = setTimeout(() => setLingers(false), PAUSE_MS);
    return () => clearTimeout(timer);
  }, [unsent]);
  return unsent || lingers;
}

function nothing(): void {
  // There was nothing to listen to.
}
