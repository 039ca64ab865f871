import type { Lora, Settings } from 'framejam';
import { useId, useState } from 'react';

import { toast, useStudio } from '../session/store.ts';
import { Icon } from '../shell/Icon.tsx';
import { SetBy } from './SetBy.tsx';
import { settingSoon, withLora } from './settings.ts';

const MEANING = 'Files that teach the model a look or a subject, each with a weight; by their names';

/** The farthest a weight goes either way, in hundredths. */
const HEAVIEST = 200;

const NONE: readonly string[] = [];

/** The model's LoRA files in use; nothing where it has none. */
export function Loras({ settings, off }: { settings: Settings; off: boolean }) {
  const id = useId();
  const now = useStudio((s) => settingSoon('loras', settings, s.pending));
  const offered = useStudio((s) => s.welcome?.loras ?? NONE);
  const [name, setName] = useState('');
  const give = (loras: readonly Lora[]): void => {
    useStudio.getState().session?.edit({ kind: 'settings', loras });
  };
  if (offered.length === 0 && now.length === 0) return null;
  return (
    <div className="setting loras">
      <label htmlFor={id}>LoRA</label>
      <form
        className="setting-field"
        onSubmit={(event) => {
          event.preventDefault();
          if (name.trim() === '') return;
          give(withLora(now, name.trim(), 100));
          setName('');
        }}
      >
        <input
          id={id} className="field name" data-testid="lora-name" list={`${id}-names`} placeholder="name, then Enter"
          maxLength={80} autoComplete="off" spellCheck={false} disabled={off} value={name}
          onChange={({ target }) => setName(target.value)}
        />
      </form>
      <datalist id={`${id}-names`}>
        {offered.map((one) => <option key={one} value={one} />)}
      </datalist>
      {now.length > 0 && (
        <ul>
          {now.map((lora) => (
            <Weight key={lora[0]} lora={lora} off={off} give={(weight) =>
              give(withLora(now, lora[0], weight))} />
          ))}
        </ul>
      )}
      <SetBy name="loras" meaning={MEANING} />
    </div>
  );
}

interface WeightProps {
  readonly lora: Lora;
  readonly off: boolean;
  give(weight: number): void;
}

function Weight({ lora: [name, weight], off, give }: WeightProps) {
  const [typed, setTyped] = useState<string | null>(null);
  const done = (): void => {
    if (typed === null) return;
    const next = Math.round(Number(typed.replace(',', '.')) * 100);
    if (typed.trim() === '' || !(Math.abs(next) <= HEAVIEST)) {
      toast('Weight: give a number from -2 to 2.');
    } else if (next !== weight) give(next);
    setTyped(null);
  };
  return (
    <li>
      <span title={name}>{name}</span>
      <input
        type="number" className="field number" aria-label={`Weight of ${name}`} step={0.1} min={-2}
        max={2} disabled={off} value={typed ?? String(weight / 100)} onBlur={done}
        onChange={({ target }) => setTyped(target.value)}
        onKeyDown={(event) => {
          if (event.key === 'Enter') done();
          else if (event.key === 'Escape') setTyped(null);
        }}
      />
      <button
        type="button" className="icon-button small" disabled={off} aria-label={`Take ${name} off`}
        title={`Take ${name} off`} onClick={() => give(0)}
      >
        <Icon name="close" />
      </button>
    </li>
  );
}
