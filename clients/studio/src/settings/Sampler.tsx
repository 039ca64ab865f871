import type { Settings } from 'framejam';
import { useId, useState } from 'react';

import { useStudio } from '../session/store.ts';
import { SetBy } from './SetBy.tsx';
import { settingSoon } from './settings.ts';

const MEANING = 'The name of the way in which noise becomes a picture; each makes a take of its own';

const NONE: readonly string[] = [];

/** The scheduler by its name, of those that the model offers. */
export function Sampler({ settings, off }: { settings: Settings; off: boolean }) {
  const id = useId();
  const now = useStudio((s) => settingSoon('scheduler', settings, s.pending));
  const offered = useStudio((s) => s.welcome?.schedulers ?? NONE);
  const [typed, setTyped] = useState<string | null>(null);
  const done = (): void => {
    const name = typed?.trim() ?? now; // an empty field is the model's own
    if (name !== now) {
      useStudio.getState().session?.edit({ kind: 'settings', scheduler: name });
    }
    setTyped(null);
  };
  return (
    <div className="setting">
      <label htmlFor={id}>Sampler</label>
      <input
        id={id} className="field name" data-testid="setting-scheduler" maxLength={40} title={MEANING}
        list={`${id}-names`}
        placeholder={offered[0] ?? 'the model’s own'} autoComplete="off" spellCheck={false} disabled={off}
        value={typed ?? now} onChange={({ target }) => setTyped(target.value)} onBlur={done}
        onKeyDown={(event) => {
          if (event.key === 'Enter') done();
          else if (event.key === 'Escape') setTyped(null);
        }}
      />
      <datalist id={`${id}-names`}>
        {offered.map((name) => <option key={name} value={name} />)}
      </datalist>
      <SetBy name="scheduler" meaning={MEANING} />
    </div>
  );
}
