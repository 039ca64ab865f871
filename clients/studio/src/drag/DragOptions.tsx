import { fromUnits } from 'framejam';

import { useStudio } from '../session/store.ts';
import { atFirstFrame } from '../stage/tools.ts';
import { BIGGEST, resizeReach, SMALLEST } from './drag.ts';

const READY = {
  drag: 'What lies in the circle moves along the arrow. Cover the object: [ and ].',
  trajectory: 'Press on the object and draw its way. Cover it with the circle: [ and ].',
} as const;

const ELSEWHERE = {
  drag: 'Press on the clip to go back to its first frame, then drag.',
  trajectory: 'Press on the clip to go back to its first frame, then draw.',
} as const;

/** What to do now, and why the clip stands still. */
export function DragHint({ tool }: { tool: 'drag' | 'trajectory' }) {
  const ready = useStudio(atFirstFrame);
  return (
    <p className="tool-hint" role="status" data-testid={`${tool}-hint`} data-ready={ready}>
      {(ready ? READY : ELSEWHERE)[tool]}
    </p>
  );
}

/** The radius of what is taken along. */
export function Reach() {
  const reach = useStudio((s) => s.reach);
  return (
    <label className="tool-size" title="How much is taken along ([ and ])">
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
