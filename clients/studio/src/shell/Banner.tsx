import { CLOSE, type Status } from 'framejam';

import { nameOf } from '../history/names.ts';
import { dismissNews, useTold } from '../people/following.ts';
import { endInWords, roleInWords } from '../people/news.ts';
import { useStudio } from '../session/store.ts';
import { Wordmark } from './Wordmark.tsx';

interface Notice {
  readonly title: string;
  readonly advice: string;
  readonly action?: 'reload' | 'retry' | 'dismiss';
}

/**
 * What is wrong with the connection or the server's disk, or what became of one's own access, calmly;
 * nothing while all is well.
 */
export function Banner() {
  const status = useStudio((s) => s.status);
  const notStored = useStudio((s) => s.notStored);
  const news = useRoleNews();
  const end = useEnd();
  const notice = end ?? (status.phase === 'live' ? notStoredWords(notStored) ?? news : noticeOf(status));
  if (!notice) return null;
  return (
    <div className="banner" data-testid="banner" role="status" title={notice.advice}>
      <span className="banner-dot" data-over={status.phase === 'ended'} data-good={notice === news} />
      <p><b>{notice.title}</b> {notice.advice}</p>
      <Action notice={notice} />
    </div>
  );
}

function Action({ notice: { action } }: { notice: Notice }) {
  const session = useStudio((s) => s.session);
  if (!action) return null;
  const [words, act] = {
    retry: ['Try now', () => session?.connect()],
    reload: ['Reload', () => location.reload()],
    dismiss: ['OK', dismissNews],
  }[action] as [string, () => void];
  return <button type="button" className="button" onClick={act}>{words}</button>;
}

const KEPT = 'Your edits are kept.';

/** The end of a connection; in the place of the page where there was never anything to show. */
export function Ended() {
  const status = useStudio((s) => s.status);
  const end = useEnd();
  const notice = end ?? noticeOf(status);
  if (!notice) return null;
  return (
    <main className="threshold">
      <div className="card threshold-card" data-testid="banner" role="alert">
        <Wordmark />
        <h1>{notice.title}</h1>
        <p>{notice.advice}</p>
        <Action notice={notice} />
      </div>
    </main>
  );
}

/** What to say of one's own new role, until one has read it. */
function useRoleNews(): Notice | null {
  const news = useTold((s) => s.role);
  const name = useStudio((s) => (news === null || news.by === s.welcome?.participant
    ? null : nameOf(news.by, s.log)));
  return news && { ...roleInWords(news, name), action: 'dismiss' };
}

/** What to say where one's access has ended. */
function useEnd(): Notice | null {
  const status = useStudio((s) => s.status);
  const wasHere = useStudio((s) => s.welcome !== null);
  const by = useTold((s) => s.remover);
  const remover = useStudio((s) => (by === null ? null : nameOf(by, s.log)));
  if (status.phase !== 'ended') return null;
  return endInWords({ code: status.code, wasHere, remover });
}

/** The server gives the reason; what was given stays on the page and is sent until it is taken. */
function notStoredWords(reason: string | null): Notice | null {
  if (reason === null) return null;
  const sentence = reason.charAt(0).toUpperCase() + reason.slice(1);
  return { title: 'Your edits are kept here and sent again.', advice: sentence };
}

function noticeOf(status: Status): Notice | null {
  switch (status.phase) {
    // The same words while waiting and trying: a banner that flickers is not calm.
    case 'connecting':
    case 'waiting':
      return status.code === null
        ? { title: 'Connecting…', advice: '' }
        : { title: waitingWords(status.code), advice: KEPT, action: 'retry' };
    case 'ended': return endedWords(status.code, status.reason);
    default: return null;
  }
}

function waitingWords(code: number): string {
  switch (code) {
    case CLOSE.RESTARTING: return 'The server is restarting.';
    case CLOSE.SLOW: return 'This page fell behind and is catching up.';
    case CLOSE.UNAVAILABLE: return 'The session cannot be reached just now. Trying again…';
    case CLOSE.FULL: return 'The session is full. Trying again…';
    default: return 'Connection lost. Trying again…';
  }
}

function endedWords(code: number, reason: string): Notice {
  switch (code) {
    case CLOSE.TOO_OLD:
      return { title: 'This page is older than the server.', advice: 'Reload to get the new one.',
               action: 'reload' };
    case CLOSE.TOO_NEW:
      return { title: 'The server is older than this page.', advice: 'Ask who runs it to update.' };
    default:
      return { title: 'The connection ended.', advice: reason || `The server said ${code}.`,
               action: 'reload' };
  }
}
