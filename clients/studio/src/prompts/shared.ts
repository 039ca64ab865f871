/** What the page shows of a shared prompt, kept up with it. */

import type { SharedPrompt } from 'framejam';
import { useEffect, useState, useSyncExternalStore } from 'react';

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
