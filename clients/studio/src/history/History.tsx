import { useMemo, useState } from 'react';

import { placeOf, stopsOf } from '../past/stops.ts';
import { useStudio } from '../session/store.ts';
import { useLooking } from '../takes/looking.ts';
import { Versions } from '../versions/Versions.tsx';
import { entriesOf, type Entry, type When } from './entries.ts';
import { HistoryRow } from './HistoryRow.tsx';
import { MilestoneRow } from './MilestoneRow.tsx';
import { NEWEST, PAGE, rowsOf, withPlace } from './rows.ts';

/** The named versions; below, every gesture, newest first, with what became of it. */
export function History() {
  const log = useStudio((s) => s.log);
  const past = useLooking((s) => (s.subject?.kind === 'past' ? s.subject.seq : null));
  const entries = entriesOf(log);
  const chosen = useStudio((s) => s.chosen);
  const [view, setView] = useState(NEWEST);
  const place = useMemo(
    () => (chosen === null ? -1
      : entries.findIndex((one) => 'group' in one && one.seq === chosen)),
    [entries, chosen],
  );
  const shown = withPlace(view, place, entries.length);
  // React renders again before anything is shown.
  if (shown !== view) setView(shown);
  const [from, to] = rowsOf(shown, entries.length);
  const rows = entries.slice(from, to).reverse();
  const here = past === null ? [] : stopsOf(log)[placeOf(stopsOf(log), past)]?.groups ?? [];
  return (
    <div className="history" data-testid="history">
      <Versions />
      {entries.length === 0 && (
        <p className="quiet">
          Every word, stroke, drag and picture is listed here, with who gave it.
        </p>
      )}
      {to < entries.length && (
        <button
          type="button" className="button wide"
          onClick={() => {
            setView(NEWEST);
            useStudio.setState({ chosen: null });
          }}
        >
          Show the newest
        </button>
      )}
      <ol>
        {rows.map((entry) => ('group' in entry ? (
          <HistoryRow
            key={entry.seq} group={entry.group} open={entry.seq === chosen}
            when={whenOf(entry, past, here)}
          />
        ) : (
          <MilestoneRow key={entry.seq} event={entry.event} when={whenOf(entry, past, here)} />
        )))}
      </ol>
      {from > 0 && (
        <button
          type="button" className="button wide"
          onClick={() => setView({ ...shown, count: to - from + PAGE })}
        >
          Show earlier ones
        </button>
      )}
    </div>
  );
}

function whenOf({ seq }: Entry, past: number | null, here: readonly number[]): When {
  if (past === null) return null;
  if (here.includes(seq)) return 'here';
  return seq > past ? 'later' : 'before';
}
