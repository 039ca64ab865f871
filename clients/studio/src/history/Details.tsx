import { fromUnits, isKind, UNIT, type EditRecord, type FrameRange, type GroupRecord } from 'framejam';
import { useEffect, useId, useRef, useState } from 'react';

import { useStudio, whyReadOnly } from '../session/store.ts';
import { framesOf, hasStrength, isLayer, revise, strengthOf } from './revise.ts';
import { ViewFields, Wish } from './Shapes.tsx';

/** Whether something of a gesture can be changed after it was given. */
export function hasDetails(group: GroupRecord): boolean {
  return !group.undone && group.edits.some(isLayer);
}

/** How strongly something holds, what it is, and its frames. */
export function Details({ group }: { group: GroupRecord }) {
  const reason = useStudio(whyReadOnly);
  const edit = group.edits.find(isLayer);
  if (!edit) return null;
  const off = reason !== null;
  const { instruction } = edit;
  return (
    <div className="details" title={reason ?? undefined} data-testid="details">
      {isKind(edit, 'region') && (
        <Wish key={edit.instruction.text} group={group} text={edit.instruction.text} off={off} />
      )}
      {isKind(edit, 'camera') && <ViewFields group={group} camera={edit.instruction} off={off} />}
      {hasStrength(edit) && <Strength group={group} edit={edit} off={off} />}
      {instruction.kind === 'paint' && (
        <Color group={group} color={instruction.color} off={off} />
      )}
      <Frames group={group} frames={framesOf(edit)} off={off} />
    </div>
  );
}

interface StrengthProps {
  readonly group: GroupRecord;
  readonly edit: EditRecord;
  readonly off: boolean;
}

/** Given when the hand lets go: on the way it is only shown here. */
function Strength({ group, edit, off }: StrengthProps) {
  const id = useId();
  const given = Math.round(fromUnits(strengthOf(edit)) * 100);
  const [held, setHeld] = useState<number | null>(null);
  const value = held ?? given;
  const give = (): void => {
    if (held !== null && held !== given) {
      revise(group, 'strength', Math.round((held / 100) * UNIT));
    }
    setHeld(null);
  };
  return (
    <>
      <label htmlFor={id}>Strength</label>
      <input
        id={id} type="range" min={0} max={100} value={value} disabled={off} data-testid="strength"
        aria-valuetext={`${value} percent`}
        onChange={(event) => setHeld(event.target.valueAsNumber)}
        onPointerUp={give} onKeyUp={give} onBlur={give}
      />
      <output htmlFor={id}>{value} %</output>
    </>
  );
}

interface ColorProps {
  readonly group: GroupRecord;
  readonly color: string;
  readonly off: boolean;
}

/** The browser says `change` once, when its colour picker closes; React only knows `input`. */
function Color({ group, color, off }: ColorProps) {
  const id = useId();
  const field = useRef<HTMLInputElement>(null);
  const newest = useRef({ group, color });
  useEffect(() => {
    newest.current = { group, color };
  });
  // Not at every event of the gesture: the picker may be open, and would lose what is chosen.
  useEffect(() => {
    if (field.current) field.current.value = color;
  }, [color]);
  useEffect(() => {
    const element = field.current;
    if (!element) return;
    const give = (): void => {
      const { group: now, color: given } = newest.current;
      if (element.value !== given) revise(now, 'color', element.value.toLowerCase());
    };
    element.addEventListener('change', give);
    return () => element.removeEventListener('change', give);
  }, []);
  return (
    <>
      <label htmlFor={id}>Colour</label>
      <input
        ref={field} id={id} type="color" className="color-field" defaultValue={color}
        disabled={off} data-testid="stroke-color"
      />
      <span />
    </>
  );
}

interface FramesProps {
  readonly group: GroupRecord;
  readonly frames: FrameRange | null;
  readonly off: boolean;
}

/** The first and the last frame, counted from 1 as everywhere on the page. */
function Frames({ group, frames, off }: FramesProps) {
  const id = useId();
  const count = useStudio((s) => s.log.settings?.frames ?? 1);
  const [first, last] = frames ?? [0, count - 1];
  const give = (from: number, to: number): void => {
    const within = (frame: number): number => Math.max(0, Math.min(count - 1, frame));
    const range: FrameRange = [within(Math.min(from, to)), within(Math.max(from, to))];
    const all = range[0] === 0 && range[1] === count - 1;
    if (all ? frames !== null : range[0] !== first || range[1] !== last) {
      revise(group, 'frames', all ? null : range);
    }
  };
  return (
    <>
      <label htmlFor={id}>Frames</label>
      <span className="frame-range">
        <FrameNumber
          id={id} name="First frame" value={first + 1} count={count} off={off}
          give={(frame) => give(frame - 1, last)}
        />
        –
        <FrameNumber
          name="Last frame" value={last + 1} count={count} off={off}
          give={(frame) => give(first, frame - 1)}
        />
      </span>
      {frames === null ? <span className="quiet">All</span> : (
        <button
          type="button" className="link" disabled={off} onClick={() => give(0, count - 1)}
        >
          All
        </button>
      )}
    </>
  );
}

interface FrameNumberProps {
  readonly id?: string;
  readonly name: string;
  readonly value: number;
  readonly count: number;
  readonly off: boolean;
  give(frame: number): void;
}

function FrameNumber({ id, name, value, count, off, give }: FrameNumberProps) {
  const [typed, setTyped] = useState<string | null>(null);
  const done = (): void => {
    const frame = Number(typed);
    if (typed !== null && Number.isInteger(frame) && frame >= 1) give(frame);
    setTyped(null);
  };
  return (
    <input
      id={id} type="number" className="field number" aria-label={name} min={1} max={count}
      value={typed ?? value} disabled={off}
      onChange={(event) => setTyped(event.target.value)} onBlur={done}
      onKeyDown={(event) => {
        if (event.key === 'Enter') done();
      }}
    />
  );
}
