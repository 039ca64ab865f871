import { useState } from 'react';

import { useStudio } from '../session/store.ts';
import { HistoryRow } from './HistoryRow.tsx';

const PAGE = 100;

/** Every gesture, newest first, with what became of it. */
export function History() {
  const groups = useStudio((s) => s.log.groups);
  const chosen = useStudio((s) => s.chosen);
  const [count, setCount] = useState(PAGE);
  const place = chosen === null ? -1 : groups.findIndex((g) => g.group === chosen);
  const seen = Math.max(count, place < 0 ? 0 : groups.length - place);
  const newest = groups.slice(-seen).reverse();
  return (
    <div className="history" data-testid="history">
      {groups.length === 0 && (
        <p className="quiet">
          Every word, stroke, drag and picture is listed here, with who gave it.
        </p>
      )}
      <ol>
        {newest.map((group) => (
          <HistoryRow key={group.group} group={group} open={group.group === chosen} />
        ))}
      </ol>
      {groups.length > seen && (
        <button type="button" className="button wide" onClick={() => setCount(seen + PAGE)}>
          Show earlier ones
        </button>
      )}
    </div>
  );
}
