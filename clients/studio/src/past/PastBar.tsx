import { useState } from 'react';

import { capital } from '../history/names.ts';
import { useStudio } from '../session/store.ts';
import { useEscape } from '../session/useEscape.ts';
import { timeOfDay } from '../history/describe.ts';
import { Icon } from '../shell/Icon.tsx';
import { useLooking } from '../takes/looking.ts';
import { AskRestore } from '../versions/AskRestore.tsx';
import { branchAt, whyNotVersion } from '../versions/give.ts';
import { NameForm } from '../versions/NameForm.tsx';
import { backToNow, eventAt, useWalk } from './past.ts';
import { placeOf, stopsOf } from './stops.ts';
import { momentInWords } from './words.ts';

/** In the place of the tools while one looks at the past: which moment it is, and what to make of it. */
export function PastBar({ seq }: { seq: number }) {
  const [doing, setDoing] = useState<'name' | 'restore' | null>(null);
  const session = useStudio((s) => s.session);
  const done = (): void => setDoing(null);
  useEscape(backToNow);
  return (
    <section className="look-bar past-bar" aria-label="The past" data-testid="past-bar">
      <Icon name="history" />
      {doing === 'restore' && <AskRestore seq={eventAt(seq)} onCancel={done} />}
      {doing === 'name' && (
        <NameForm
          label="Name of this version" onCancel={done}
          onName={(name) => {
            session?.mark(name, eventAt(seq));
            done();
          }}
        />
      )}
      {doing === null && (
        <>
          <Moment seq={seq} />
          <Actions seq={seq} onAsk={setDoing} />
        </>
      )}
    </section>
  );
}

function Moment({ seq }: { seq: number }) {
  const words = useStudio((s) => momentInWords(seq, s.log, s.welcome?.participant));
  const at = useStudio((s) => stopsOf(s.log)[placeOf(stopsOf(s.log), seq)]?.at);
  // A film tells too much to be read out.
  const playing = useWalk((s) => s.playing);
  return (
    <p
      className="past-moment" role={playing ? undefined : 'status'} title={words}
      data-testid="past-moment"
    >
      <span><b>{capital(words)}</b>{at !== undefined && `, ${timeOfDay(at)}`}</span>
      <span>The past: the tools are off.</span>
    </p>
  );
}

interface ActionsProps {
  readonly seq: number;
  onAsk(what: 'name' | 'restore'): void;
}

function Actions({ seq, onAsk }: ActionsProps) {
  const reason = useStudio(whyNotVersion);
  const beside = useLooking((s) => s.beside);
  const off = reason !== null;
  return (
    <span className="past-actions">
      <button
        type="button" className="icon-button slim" data-testid="past-name" disabled={off}
        aria-label="Name this version" title={reason ?? 'Give this moment a name, to find back to it'}
        onClick={() => onAsk('name')}
      >
        <Icon name="flag" />
      </button>
      <button
        type="button" className="button slim" data-testid="past-restore" disabled={off}
        title={reason ?? 'Put the clip back to this, for everybody'} onClick={() => onAsk('restore')}
      >
        <Icon name="reset" /> Restore
      </button>
      <button
        type="button" className="button slim" data-testid="past-branch" disabled={off}
        aria-label="Branch from here" title={reason ?? 'Make a session of your own of it, in a new tab'}
        onClick={() => void branchAt(eventAt(seq))}
      >
        <Icon name="branch" /> Branch
      </button>
      <button
        type="button" className="icon-button slim" data-testid="past-beside" aria-pressed={beside}
        aria-label="Side by side with now" title="Side by side with the clip now"
        onClick={() => useLooking.setState({ beside: !beside })}
      >
        <Icon name="compare" />
      </button>
      <button
        type="button" className="button slim primary" data-testid="past-leave" title="Esc"
        onClick={backToNow}
      >
        Back to now
      </button>
    </span>
  );
}
