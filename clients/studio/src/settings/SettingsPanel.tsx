import type { Settings } from 'framejam';
import { useId, useState } from 'react';

import { Ownership } from '../people/Ownership.tsx';
import { toast, useStudio, whyReadOnly } from '../session/store.ts';
import { Icon } from '../shell/Icon.tsx';
import { Loras } from './Loras.tsx';
import { Sampler } from './Sampler.tsx';
import { SetBy } from './SetBy.tsx';
import {
  fromWire, RANGES, rollSeed, settingSoon, toWire, type Knob,
} from './settings.ts';

const KNOBS: readonly (readonly [knob: Knob, title: string, meaning: string, step: number])[] = [
  ['seed', 'Seed', 'Another number is another clip of the same instructions', 1],
  ['steps', 'Steps', 'More take longer and look finer', 1],
  ['guidance', 'Guidance', 'How strictly the prompts are obeyed', 0.5],
  ['fps', 'Frames a second', 'How fast the clip plays', 1],
];

/** How paint and frames are worked in: for those who want to know. */
const MORE: typeof KNOBS = [
  ['harmonize', 'Repaint paint',
   'How much of what you paint is painted anew, in percent; 0 leaves strokes as they are', 5],
  ['mix', 'Mix predictions',
   'How much new instructions weigh beside what was there, in percent (equation 4 of the paper); '
   + '0 pulls only where they are', 5],
  ['align', 'Keep to the picture',
   'How far every frame is drawn to the picture the clip starts from, in percent (equation 5)', 5],
];

/** What the clip is made with, besides instructions; for everybody, and undone like an edit. */
export function SettingsPanel() {
  const settings = useStudio((s) => s.log.settings ?? s.welcome?.settings ?? null);
  const reason = useStudio(whyReadOnly);
  if (!settings) return null;
  return (
    <div className="settings" data-testid="settings" title={reason ?? undefined}>
      <Numbers of={KNOBS} settings={settings} off={reason !== null} />
      <p className="quiet">
        A new seed or number of steps starts a take of its own; undo brings the old one back.
      </p>
      <details className="more" data-testid="settings-more">
        <summary>How it is made</summary>
        <Numbers of={MORE} settings={settings} off={reason !== null} />
        <Sampler settings={settings} off={reason !== null} />
        <Loras settings={settings} off={reason !== null} />
      </details>
      <Ownership />
    </div>
  );
}

interface NumbersProps {
  readonly of: typeof KNOBS;
  readonly settings: Settings;
  readonly off: boolean;
}

function Numbers({ of, settings, off }: NumbersProps) {
  return of.map(([knob, title, meaning, step]) => (
    <Setting
      key={knob} knob={knob} title={title} meaning={meaning} step={step} settings={settings}
      off={off}
    />
  ));
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
      <SetBy name={knob} meaning={meaning} />
    </div>
  );
}

function give(knob: Knob, value: number): void {
  useStudio.getState().session?.edit({ kind: 'settings', [knob]: value });
}

