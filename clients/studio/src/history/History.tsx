import { useMemo, useState } from 'react';

import { useStudio } from '../session/store.ts';
import { HistoryRow } from './HistoryRow.tsx';
import { NEWEST, PAGE, rowsOf, withPlace } from './rows.ts';

/** Every gesture, newest first, with what became of it. */
export function History() {
  const groups = useStudio((s) => s.log.groups);
  const chosen = useStudio((s) => s.chosen);
  const [view, setView] = useState(NEWEST);
  const place = useMemo(
    () => (chosen === null ? -1 : groups.findIndex((one) => one.group === chosen)),
    [groups, chosen],
  );
  const shown = withPlace(view, place, groups.length);
  // React renders again before anything is shown.
  if (shown !== view) setView(shown);
  const [from, to] = rowsOf(shown, groups.length);
  const rows = groups.slice(from, to).reverse();
  return (
    <div className="history" data-testid="history">
      {groups.length === 0 && (
        <p className="quiet">
          Every word, stroke, drag and picture is listed here, with who gave it.
        </p>
      )}
      {to < groups.length && (
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
        {rows.map((group) => (
          <HistoryRow key={group.group} group={group} open={group.group === chosen} />
        ))}
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
