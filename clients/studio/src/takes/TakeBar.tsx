import type { TakeRecord } from 'framejam';
import { useCallback, useEffect, useId, useRef, useState } from 'react';

import { timeOfDay } from '../history/describe.ts';
import { usePersonName } from '../people/usePersonName.ts';
import { rollSeed } from '../settings/settings.ts';
import { useStudio, whyReadOnly } from '../session/store.ts';
import { Icon } from '../shell/Icon.tsx';
import { usePopover } from '../shell/usePopover.ts';
import { keep, keepNow, lookAt, useLooking } from './looking.ts';
import { lastChangeOf } from './subject.ts';
import { takeInWords } from './words.ts';

/** Another take of the same instructions, for everybody; an edit like others, undone like them. */
export function NewTake() {
  const session = useStudio((s) => s.session);
  const reason = useStudio(whyReadOnly);
  return (
    <button
      type="button" className="button slim" data-testid="new-take" disabled={reason !== null}
      title={reason ?? 'The same instructions with another seed; undo brings this take back'}
      onClick={() => session?.edit({ kind: 'settings', seed: rollSeed() })}
    >
      <Icon name="dice" /> New take
    </button>
  );
}

/** The takes of the session: to go back to one, or to see it beside the clip. */
export function Takes() {
  const take = useStudio((s) => s.log.take);
  const count = useStudio((s) => s.log.takes.length);
  const [open, setOpen] = useState(false);
  const box = useRef<HTMLSpanElement>(null);
  const id = useId();
  const toggle = useRef<HTMLButtonElement>(null);
  const close = useCallback(() => {
    // What had the focus goes: the keyboard starts again from where the list was opened.
    if (box.current?.contains(document.activeElement)) toggle.current?.focus();
    setOpen(false);
  }, []);
  usePopover(box, open, close);
  if (count === 0) return null;
  return (
    <span className="takes" ref={box}>
      <button
        ref={toggle} type="button" className="button slim" data-testid="takes" aria-expanded={open}
        aria-haspopup="dialog" aria-controls={open ? id : undefined}
        title="All takes, and comparing them" onClick={() => setOpen(!open)}
      >
        <Icon name="takes" /> Take {take}
      </button>
      {open && <TakesCard id={id} close={close} />}
    </span>
  );
}

function TakesCard({ id, close }: { id: string; close: () => void }) {
  const takes = useStudio((s) => s.log.takes);
  return (
    <div id={id} className="card takes-card" role="dialog" aria-label="Takes">
      <ol>
        {[...takes].reverse().map((one) => (
          <TakeRow key={one.take} record={one} takes={takes} close={close} />
        ))}
      </ol>
      <Before close={close} />
    </div>
  );
}

interface RowProps {
  readonly record: TakeRecord;
  readonly takes: readonly TakeRecord[];
  readonly close: () => void;
}

function TakeRow({ record, takes, close }: RowProps) {
  const { take, author, at } = record;
  const inForce = useStudio((s) => s.log.take === take);
  const name = usePersonName(author);
  // What can be done depends on the log, on who we are, and on the connection.
  useStudio((s) => s.log.seq);
  const reason = useStudio(whyReadOnly);
  const subject = { kind: 'take', take } as const;
  const plan = keepNow(subject);
  const act = (what: () => void): void => {
    what();
    close();
  };
  return (
    <li data-testid="take" data-take={take} data-in-force={inForce}>
      <Picture take={take} />
      <span className="take-words">
        <b>Take {take}</b> {author === '' ? 'The first' : `${name}, ${timeOfDay(at)}`}
        <small>{takeInWords(record, takes)}</small>
      </span>
      {inForce ? <small className="take-now">on the stage</small> : (
        <>
          <button
            type="button" className="button slim" data-testid="take-compare"
            aria-label={`Compare take ${take} with the clip`} title="See both side by side"
            onClick={() => act(() => lookAt(subject))}
          >
            Compare
          </button>
          <button
            type="button" className="button slim" data-testid="take-back"
            aria-label={`Go back to take ${take}`} title={reason ?? plan.says}
            disabled={plan.does === null} onClick={() => act(() => keep(subject))}
          >
            Go back
          </button>
        </>
      )}
    </li>
  );
}

/** The clip as it was before what this person changed last. */
function Before({ close }: { close: () => void }) {
  const last = useStudio((s) => lastChangeOf(s.welcome?.participant, s.log)?.group);
  return (
    <footer>
      <span>Before and after</span>
      <button
        type="button" className="button slim" data-testid="compare-last"
        disabled={last === undefined}
        title={last === undefined ? 'You have changed nothing yet' : 'See both side by side'}
        onClick={() => {
          if (last !== undefined) lookAt({ kind: 'before', group: last });
          close();
        }}
      >
        <Icon name="compare" /> Before my last change
      </button>
    </footer>
  );
}

const PICTURE_PX = 40;

/** The first frame of a take as it was last seen finished on this page. */
function Picture({ take }: { take: number }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const picture = useLooking((s) => s.pictures.get(take));
  useEffect(() => {
    const context = canvas.current?.getContext('2d');
    if (!context || !picture) return;
    const { width, height } = context.canvas;
    // As much of the middle as fills the square.
    const edge = Math.min(picture.width, picture.height);
    context.drawImage(picture, (picture.width - edge) / 2, (picture.height - edge) / 2, edge, edge,
                      0, 0, width, height);
  }, [picture]);
  return (
    <canvas
      ref={canvas} className="take-picture" width={2 * PICTURE_PX} height={2 * PICTURE_PX}
      style={{ width: PICTURE_PX, height: PICTURE_PX }} aria-hidden="true"
    />
  );
}
