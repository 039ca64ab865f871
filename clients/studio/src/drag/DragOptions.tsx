import { fromUnits } from 'framejam';

import { useStudio } from '../session/store.ts';
import { atFirstFrame } from '../stage/tools.ts';
import { BIGGEST, resizeReach, SMALLEST } from './drag.ts';

/** What to do now, and why the clip stands still. */
export function DragHint() {
  const ready = useStudio(atFirstFrame);
  return (
    <p className="drag-hint" role="status" data-testid="drag-hint" data-ready={ready}>
      {ready ? 'What lies in the circle moves along the arrow. Cover the object: [ and ].'
        : 'Press on the clip to go back to its first frame, then drag.'}
    </p>
  );
}

/** The radius of what is taken along. */
export function DragReach() {
  const reach = useStudio((s) => s.reach);
  return (
    <label className="tool-size" title="Drag radius ([ and ])">
      <i className="hollow" style={{ scale: String(0.25 + 0.75 * (reach / BIGGEST)) }} />
      <input
        type="range" data-testid="drag-radius" aria-label="Drag radius" min={SMALLEST}
        max={BIGGEST} step={1} value={reach}
        aria-valuetext={`${Math.round(fromUnits(reach) * 100)} percent of the width`}
        onChange={(event) => resizeReach(event.target.valueAsNumber)}
      />
    </label>
  );
}
