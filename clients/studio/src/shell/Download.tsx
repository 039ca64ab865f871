import { useState } from 'react';

import { sayWhy, takeState, toast, useStudio, type StudioState } from '../session/store.ts';
import { Icon } from './Icon.tsx';

/** The finished clip as an MP4 file; says why where there is none yet. */
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
    </div>
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
