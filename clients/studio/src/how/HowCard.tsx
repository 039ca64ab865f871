import { fromUnits, UNIT } from 'framejam';
import { useEffect, useId, useRef } from 'react';

import { useStudio, type Giver } from '../session/store.ts';
import { FrameSpan } from './FrameSpan.tsx';
import { clipOf, depthFor, framesIn, hasStrength, reruns } from './how.ts';
import { setHow } from './set.ts';

/** What the three mean, and what they are set with; each tool remembers its own. */
export function HowCard({ tool }: { tool: Giver }) {
  const how = useStudio((s) => s.hows[tool]);
  const count = useStudio((s) => clipOf(s).count);
  const frames = framesIn(how.frames, count);
  const card = useRef<HTMLDivElement>(null);
  // Whoever opened it by its key goes on with the arrows.
  useEffect(() => card.current?.querySelector('input')?.focus(), []);
  return (
    <div
      ref={card} className="card how-card" role="dialog" aria-label="How it is given"
      data-testid="how-card"
    >
      {hasStrength(tool) && <Strength tool={tool} strength={how.strength} />}
      <Depth tool={tool} depth={how.depth} />
      <div className="how-part">
        <div className="how-line">
          <b>Frames</b>
          <output>
            {frames === null ? `All ${count}` : `${frames[0] + 1} to ${frames[1] + 1}`}
          </output>
          {frames !== null && (
            <button type="button" className="link" onClick={() => setHow(tool, { frames: null })}>
              All
            </button>
          )}
        </div>
        <FrameSpan
          frames={frames ?? [0, count - 1]} count={count}
          onChange={(range) => setHow(tool, { frames: framesIn(range, count) })}
        />
        <small>When in the clip it holds</small>
      </div>
    </div>
  );
}

function Strength({ tool, strength }: { tool: Giver; strength: number }) {
  const id = useId();
  const value = Math.round(fromUnits(strength) * 100);
  return (
    <div className="how-part">
      <div className="how-line">
        <label htmlFor={id}>Strength</label>
        <output htmlFor={id}>{value} %</output>
      </div>
      <input
        id={id} type="range" min={5} max={100} step={5} value={value} data-testid="how-strength-set"
        aria-valuetext={`${value} percent`}
        onChange={({ target }) =>
          setHow(tool, { strength: Math.round((target.valueAsNumber / 100) * UNIT) })}
      />
      <small>How firmly the clip is held to it</small>
    </div>
  );
}

/** In steps of the take: what it is measured in on the wire says nothing to people. */
function Depth({ tool, depth }: { tool: Giver; depth: number | null }) {
  const id = useId();
  const steps = useStudio((s) => clipOf(s).steps);
  const again = reruns(tool, depth, steps);
  return (
    <div className="how-part">
      <div className="how-line">
        <label htmlFor={id}>Depth</label>
        <output htmlFor={id}>re-runs {again} of {steps} steps</output>
        {depth !== null && (
          <button type="button" className="link" onClick={() => setHow(tool, { depth: null })}>
            Usual
          </button>
        )}
      </div>
      <input
        id={id} type="range" min={1} max={steps} value={again} data-testid="how-depth-set"
        aria-valuetext={`re-runs ${again} of ${steps} steps`}
        onChange={({ target }) =>
          setHow(tool, { depth: depthFor(target.valueAsNumber, steps) })}
      />
      <div className="how-ends"><small>only the finish</small><small>from the start</small></div>
    </div>
  );
}
