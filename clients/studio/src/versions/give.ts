/** What can be made of a moment: a name for it, the session as it was, a session of its own. */

import { parseLink } from 'framejam';

import { loadVisit, saveVisit } from '../session/visit.ts';
import { sayWhy, toast, useStudio, whyNoUndo, whyReadOnly } from '../session/store.ts';

/** Why nothing can be made of a moment; null where it can. */
export function whyNotVersion(state: ReturnType<typeof useStudio.getState>): string | null {
  const away = whyNoUndo(state) && 'This waits until the connection is back.';
  return whyReadOnly(state) ?? away;
}

/** Make a new session of the events up to `seq`, and open it in a tab as the same person. */
export async function branchAt(seq: number): Promise<void> {
  const { session, welcome, log } = useStudio.getState();
  if (!session || !welcome) return;
  // Only a press opens a tab: by the time of the answer it is long over.
  const tab = window.open('', '_blank');
  try {
    const { path } = await session.http.branch(seq);
    const url = new URL(path, location.origin).href;
    const link = parseLink(url);
    if (link?.token) {
      const name = loadVisit(welcome.session)?.name
        ?? log.participants.get(welcome.participant)?.name ?? '';
      saveVisit(link.session, { token: link.token, invite: link.token, name });
    }
    if (tab) {
      tab.opener = null;
      tab.location.replace(url);
    } else toast(`The branch is made; your browser held its tab back. It is at ${url}`, 'good', true);
  } catch (error) {
    tab?.close();
    toast(sayWhy(error));
  }
}
