import type { Camera, GroupRecord } from 'framejam';
import { useId, useState } from 'react';

import { NUMBERS, readNumber, showNumber, viewIn } from '../camera/view.ts';
import { useStudio } from '../session/store.ts';
import { revise } from './revise.ts';

interface WishProps {
  readonly group: GroupRecord;
  readonly text: string;
  readonly off: boolean;
}

/** What a region becomes; Enter gives other words. */
export function Wish({ group, text, off }: WishProps) {
  const id = useId();
  const limit = useStudio((s) => s.welcome?.limits.prompt_chars);
  const [typed, setTyped] = useState(text);
  const done = (): void => {
    const next = typed.trim();
    if (next !== '' && next !== text) revise(group, 'text', next);
    else setTyped(text);
  };
  return (
    <>
      <label htmlFor={id}>Becomes</label>
      <input
        id={id} className="field wide" data-testid="region-words" value={typed} disabled={off}
        maxLength={limit} autoComplete="off" onBlur={done}
        onChange={({ target }) => setTyped(target.value)}
        onKeyDown={(event) => {
          if (event.key === 'Enter') done();
          else if (event.key === 'Escape') setTyped(text);
        }}
      />
    </>
  );
}

interface ViewProps {
  readonly group: GroupRecord;
  readonly camera: Camera;
  readonly off: boolean;
}

/** Where the camera ends up, in numbers. */
export function ViewFields({ group, camera, off }: ViewProps) {
  const view = viewIn(camera);
  return NUMBERS.map((number) => (
    <ViewField
      key={number.name} number={number} value={view[number.name]} off={off}
      give={(value) => revise(group, number.name, value)}
    />
  ));
}

interface FieldProps {
  readonly number: (typeof NUMBERS)[number];
  readonly value: number;
  readonly off: boolean;
  give(value: number): void;
}

function ViewField({ number, value, off, give }: FieldProps) {
  const id = useId();
  const [typed, setTyped] = useState<string | null>(null);
  const done = (): void => {
    const next = typed === null ? null : readNumber(number, typed);
    if (next !== null && next !== value) give(next);
    setTyped(null);
  };
  return (
    <>
      <label htmlFor={id} title={number.hint}>{number.title}</label>
      <span className="frame-range">
        <input
          id={id} type="number" className="field number" data-testid={`revise-${number.name}`}
          min={number.from} max={number.to} step={number.step} disabled={off}
          value={typed ?? showNumber(number, value)}
          onChange={({ target }) => setTyped(target.value)} onBlur={done}
          onKeyDown={(event) => {
            if (event.key === 'Enter') done();
            else if (event.key === 'Escape') setTyped(null);
          }}
        />
        {number.unit}
      </span>
      <span />
    </>
  );
}
