import {
  memo, useRef, useState, type CSSProperties, type KeyboardEvent, type PointerEvent,
} from 'react';

import { useStudio } from '../session/store.ts';
import { Icon } from '../shell/Icon.tsx';
import { useLooking } from '../takes/looking.ts';
import { SPEEDS, SPEED_WORDS, type Speed } from './film.ts';
import { backToNow, goTo, holdFilm, playFilm, setSpeed, useWalk } from './past.ts';
import { placeOf, stopsOf } from './stops.ts';
import { markedPlaces, placeAt, shareOf } from './strip.ts';
import { placeInWords } from './words.ts';

/** So many stops at a time with the page keys. */
const PAGE = 10;

/** The whole history in one line below the clip: to drag through, or to play as a film. */
export function Strip() {
  const count = useStudio((s) => stopsOf(s.log).length);
  const speed = useWalk((s) => s.speed);
  const playing = useWalk((s) => s.playing);
  const past = useLooking((s) => s.subject?.kind === 'past');
  const off = count < 2;
  return (
    <section className="history-strip" aria-label="The history of the session" data-past={past}>
      <span className="strip-title"><Icon name="history" /> History</span>
      <button
        type="button" className="icon-button slim" data-testid="film" disabled={off}
        aria-label={playing ? 'Hold the film' : 'Play the history as a film'}
        title={playing ? 'Hold the film' : 'Play the history as a film'}
        onClick={playing ? holdFilm : playFilm}
      >
        <Icon name={playing ? 'pause' : 'film'} />
      </button>
      <Slider count={count} />
      <select
        className="field strip-speed" aria-label="Speed of the film" data-testid="film-speed"
        title={SPEED_WORDS[speed][1]} value={speed} disabled={off}
        onChange={(event) => setSpeed(event.target.value as Speed)}
      >
        {SPEEDS.map((one) => (
          <option key={one} value={one} title={SPEED_WORDS[one][1]}>{SPEED_WORDS[one][0]}</option>
        ))}
      </select>
      <button
        type="button" className="button slim strip-now" data-testid="strip-now" disabled={!past}
        aria-label="Back to now" title={past ? 'Back to now (Esc)' : 'This is the clip now'}
        onClick={backToNow}
      >
        Now
      </button>
    </section>
  );
}

function Slider({ count }: { count: number }) {
  const box = useRef<HTMLDivElement>(null);
  const held = useRef(false);
  const [pointed, setPointed] = useState<number | null>(null);
  const scale = useWalk((s) => s.scale) ?? count;
  const seq = useLooking((s) => (s.subject?.kind === 'past' ? s.subject.seq : null));
  const place = useStudio((s) => (seq === null ? count - 1 : placeOf(stopsOf(s.log), seq)));
  const words = useStudio((s) => placeInWords(place, s.log, s.welcome?.participant));

  const placeUnder = (event: PointerEvent): number => {
    const { left, width } = box.current!.getBoundingClientRect();
    return placeAt((event.clientX - left) / width, count, scale);
  };
  const press = (event: PointerEvent): void => {
    if (event.button !== 0 || count === 0) return;
    held.current = true;
    box.current?.setPointerCapture(event.pointerId);
    goTo(placeUnder(event), true);
  };
  const move = (event: PointerEvent): void => {
    const under = placeUnder(event);
    setPointed(under);
    if (held.current && under !== place) goTo(under, true);
  };
  const lift = (event: PointerEvent): void => {
    if (!held.current) return;
    held.current = false;
    goTo(placeUnder(event));
  };
  const key = (event: KeyboardEvent): void => {
    const next = placeAfter(event.key, place, count);
    if (next === null || count === 0) return;
    event.preventDefault();
    goTo(Math.max(0, Math.min(count - 1, next)));
  };
  return (
    <div
      ref={box} className="strip" role="slider" tabIndex={count ? 0 : -1} data-testid="strip"
      aria-label="History" aria-disabled={count === 0} aria-valuemin={Math.min(1, count)}
      aria-valuemax={count} aria-valuenow={place + 1} aria-valuetext={words}
      data-place={place} data-count={count} data-now={seq === null}
      onPointerDown={press} onPointerMove={move} onPointerUp={lift} onPointerCancel={lift}
      onPointerLeave={() => setPointed(null)} onKeyDown={key}
    >
      <Marks count={count} scale={scale} place={place} />
      <Flags scale={scale} />
      {count > 0 && <span className="strip-thumb" style={at(shareOf(place, scale))} />}
      {pointed !== null && pointed >= 0 && pointed < count && (
        <Label place={pointed} share={shareOf(pointed, scale)} />
      )}
    </div>
  );
}

function placeAfter(key: string, place: number, count: number): number | null {
  switch (key) {
    case 'ArrowLeft':
    case 'ArrowDown': return place - 1;
    case 'ArrowRight':
    case 'ArrowUp': return place + 1;
    case 'PageDown': return place - PAGE;
    case 'PageUp': return place + PAGE;
    case 'Home': return 0;
    case 'End': return count - 1;
    default: return null;
  }
}

interface MarksProps {
  readonly count: number;
  readonly scale: number;
  readonly place: number;
}

/** A mark for each stop, in the colour of whose it was; what had not come yet is faint. */
const Marks = memo(function Marks({ count, scale, place }: MarksProps) {
  const stops = useStudio((s) => stopsOf(s.log));
  const people = useStudio((s) => s.log.participants);
  return markedPlaces(Math.min(count, stops.length)).map((one) => {
    const { seq, author, what } = stops[one]!;
    const style = { ...at(shareOf(one, scale)), background: people.get(author)?.color };
    return <i key={seq} data-what={what} data-later={one > place} style={style} />;
  });
});

/** The named versions. */
function Flags({ scale }: { scale: number }) {
  const versions = useStudio((s) => s.log.versions);
  const stops = useStudio((s) => stopsOf(s.log));
  return versions.map(({ of, name }) => {
    const place = placeOf(stops, of);
    return place >= 0 && (
      <b
        key={of} className="strip-flag" data-testid="strip-flag" data-name={name} title={name}
        style={at(shareOf(place, scale))}
      />
    );
  });
}

/** What lies under the pointer. */
function Label({ place, share }: { place: number; share: number }) {
  const words = useStudio((s) => placeInWords(place, s.log, s.welcome?.participant));
  return <span className="strip-label" aria-hidden="true" style={at(share)}>{words}</span>;
}

function at(share: number): CSSProperties {
  return { '--at': share } as CSSProperties;
}
