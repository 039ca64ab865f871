/** Closing the page: what was typed goes out before, and nothing is lost unasked. */

import type { Session } from 'framejam';

/** What tells whether a page may be closed. */
export type Closing = Pick<Session, 'status' | 'pending' | 'prompts'>;

/** Whether something given here would never come to the server if the page were closed now. */
export function wouldLose({ status, pending, prompts }: Closing): boolean {
  if (status.phase === 'live') return false;
  return pending.some((one) => one.seq === null) || prompts.content.unsent || prompts.motion.unsent;
}

export function askBeforeLoss(session: Session): void {
  window.addEventListener('pagehide', () => {
    session.prompts.content.flush();
    session.prompts.motion.flush();
  });
  window.addEventListener('beforeunload', (event) => {
    if (wouldLose(session)) event.preventDefault();
  });
}
