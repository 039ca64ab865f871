import { useState } from 'react';

import { sayWhy, takeState, toast, useStudio, type StudioState } from '../session/store.ts';
import { Icon } from './Icon.tsx';

/** The finished clip as an MP4 file; says why where there is none yet. And the whole session. */
export function Download() {
  const reason = useStudio(whyNot);
  const session = useStudio((s) => s.session);
  const take = useStudio((s) => s.take?.take ?? 0);
  const [busy, setBusy] = useState(false);

  const download = async (): Promise<void> => {
    if (!session) return;
    setBusy(true);
    try {
      save(await session.http.clip(), `framejam-take-${take}.mp4`);
    } catch (error) {
      toast(sayWhy(error));
    } finally {
      setBusy(false);
    }
  };

  return (
    <div className="download">
      <small id="download-reason">{reason}</small>
      <button
        type="button" className="button" data-testid="download" disabled={reason !== null || busy}
        aria-describedby="download-reason" title={reason ?? 'Download the clip as MP4'}
        onClick={() => void download()}
      >
        <Icon name="download" /> {busy ? 'Preparing…' : 'MP4'}
      </button>
      <Bundle />
    </div>
  );
}

/** The session in one file: its log, pictures and takes, for another server or to keep (R5). */
function Bundle() {
  const session = useStudio((s) => s.session);
  const id = useStudio((s) => s.welcome?.session ?? '');
  const off = useStudio((s) => s.status.phase !== 'live');
  const [busy, setBusy] = useState(false);

  const download = async (): Promise<void> => {
    if (!session) return;
    setBusy(true);
    try {
      save(await session.http.bundle(), `${id}.framejam`);
    } catch (error) {
      toast(sayWhy(error));
    } finally {
      setBusy(false);
    }
  };

  return (
    <button
      type="button" className="button" data-testid="download-session" disabled={off || busy}
      aria-label="Download the session"
      title={off ? 'Not connected' : 'Download the session: its history, pictures and takes in one file'}
      onClick={() => void download()}
    >
      <Icon name="archive" /> {busy ? 'Preparing…' : 'Session'}
    </button>
  );
}

function whyNot(state: StudioState): string | null {
  if (state.status.phase !== 'live') return 'Not connected';
  switch (takeState(state)) {
    case null:
    case 'waiting': return 'Nothing to download yet';
    case 'failed': return 'The take failed';
    // Held when it was through: the clip is there.
    case 'paused': return state.shown?.done ? null : 'The take is paused';
    case 'cancelled': return 'The take is cancelled';
    case 'running': return 'Ready when the take is finished';
    case 'finished': return null;
  }
}

function save(file: Blob, name: string): void {
  const anchor = document.createElement('a');
  anchor.href = URL.createObjectURL(file);
  anchor.download = name;
  anchor.click();
  // The browser has taken the file over by then.
  setTimeout(() => URL.revokeObjectURL(anchor.href), 60_000);
}
