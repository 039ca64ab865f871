import type { Settings } from 'framejam';
import { useId, useState } from 'react';

import { usePersonName } from '../people/usePersonName.ts';
import { toast, useStudio, whyReadOnly } from '../session/store.ts';
import { Icon } from '../shell/Icon.tsx';
import {
  fromWire, RANGES, rollSeed, setterOf, settingSoon, toWire, type Knob,
} from './settings.ts';

const KNOBS: readonly (readonly [knob: Knob, title: string, meaning: string, step: number])[] = [
  ['seed', 'Seed', 'Another number is another clip of the same instructions', 1],
  ['steps', 'Steps', 'More take longer and look finer', 1],
  ['guidance', 'Guidance', 'How strictly the prompts are obeyed', 0.5],
  ['fps', 'Frames a second', 'How fast the clip plays', 1],
];

/** What the clip is made with, besides instructions; for everybody, and undone like an edit. */
export function SettingsPanel() {
  const settings = useStudio((s) => s.log.settings ?? s.welcome?.settings ?? null);
  const reason = useStudio(whyReadOnly);
  if (!settings) return null;
  return (
    <div className="settings" data-testid="settings" title={reason ?? undefined}>
      {KNOBS.map(([knob, title, meaning, step]) => (
        <Setting
          key={knob} knob={knob} title={title} meaning={meaning} step={step} settings={settings}
          off={reason !== null}
        />
      ))}
      <p className="quiet">
        A new seed or number of steps starts a take of its own; undo brings the old one back.
      </p>
    </div>
  );
}

interface Props {
  readonly knob: Knob;
  readonly title: string;
  readonly meaning: string;
  readonly step: number;
  readonly settings: Settings;
  readonly off: boolean;
}

function Setting({ knob, title, meaning, step, settings, off }: Props) {
  const id = useId();
  const now = useStudio((s) => settingSoon(knob, settings, s.pending));
  const [typed, setTyped] = useState<string | null>(null);
  const { from, to } = RANGES[knob];
  const done = (): void => {
    if (typed === null) return;
    const wire = toWire(knob, typed);
    if (wire === null) toast(`${title}: give a number from ${from} to ${to}.`);
    else if (wire !== now) give(knob, wire);
    setTyped(null);
  };
  return (
    <div className="setting">
      <label htmlFor={id}>{title}</label>
      <span className="setting-field">
        <input
          id={id} type="number" className="field number" data-testid={`setting-${knob}`}
          min={from} max={to} step={step} title={meaning} disabled={off}
          value={typed ?? fromWire(knob, now)}
          onChange={(event) => setTyped(event.target.value)} onBlur={done}
          onKeyDown={(event) => {
            if (event.key === 'Enter') done();
            else if (event.key === 'Escape') setTyped(null);
          }}
        />
        {knob === 'seed' && (
          <button
            type="button" className="icon-button" data-testid="dice" disabled={off}
            aria-label="Another seed by chance" title="Another seed by chance"
            onClick={() => give('seed', rollSeed())}
          >
            <Icon name="dice" />
          </button>
        )}
      </span>
      <SetBy knob={knob} meaning={meaning} />
    </div>
  );
}

function give(knob: Knob, value: number): void {
  useStudio.getState().session?.edit({ kind: 'settings', [knob]: value });
}

/** Who set it so; before anybody did, what it is. */
function SetBy({ knob, meaning }: { knob: Knob; meaning: string }) {
  const setter = useStudio((s) => setterOf(s.log, knob));
  const color = useStudio((s) => s.log.participants.get(setter ?? '')?.color);
  const name = usePersonName(setter ?? '');
  if (setter === null) return <small>{meaning}</small>;
  return (
    <small className="set-by" data-testid={`set-by-${knob}`}>
      <i style={{ background: color }} /> {name === 'You' ? 'You' : name} set it
    </small>
  );
}
