import { useId, useState } from 'react';

import { useStudio } from '../session/store.ts';
import { Icon } from '../shell/Icon.tsx';
import { giveCamera, resetCamera } from './give.ts';
import { isStill, NUMBERS, readNumber, showNumber } from './view.ts';

/** Where the camera ends up, in numbers; given when it is as one wants it. */
export function CameraOptions() {
  const still = useStudio((s) => isStill(s.view));
  return (
    <form
      className="camera-options" data-testid="camera-options" noValidate
      onSubmit={(event) => {
        event.preventDefault();
        giveCamera();
      }}
    >
      {NUMBERS.map((number) => <ViewNumber key={number.name} number={number} />)}
      <button
        type="button" className="icon-button" aria-label="Reset the camera" disabled={still}
        title="Reset the camera (Esc)" data-testid="camera-reset" onClick={resetCamera}
      >
        <Icon name="reset" />
      </button>
      <button
        type="submit" className="button primary" data-testid="camera-give" disabled={still}
        title={still ? 'Pull the frame on the stage first' : 'Move the camera so (Enter)'}
      >
        Move
      </button>
    </form>
  );
}

function ViewNumber({ number }: { number: (typeof NUMBERS)[number] }) {
  const { name, title, unit, hint, from, to, step } = number;
  const id = useId();
  const value = useStudio((s) => s.view[name]);
  const [typed, setTyped] = useState<string | null>(null);
  const take = (entered: string): void => {
    const next = readNumber(number, entered);
    if (next !== null) useStudio.setState(({ view }) => ({ view: { ...view, [name]: next } }));
  };
  return (
    <span className="view-number" title={hint}>
      <label htmlFor={id}>{title}</label>
      <input
        id={id} type="number" className="field" data-testid={`camera-${name}`} min={from} max={to}
        step={step} value={typed ?? showNumber(number, value)}
        onChange={({ target }) => {
          setTyped(target.value);
          take(target.value);
        }}
        onBlur={() => setTyped(null)}
        onKeyDown={(event) => {
          if (event.key === 'Enter') setTyped(null);
        }}
      />
      <span aria-hidden="true">{unit}</span>
    </span>
  );
}
