import { fromUnits } from 'framejam';

import { useStudio, whyReadOnly } from '../session/store.ts';
import { Icon } from '../shell/Icon.tsx';
import { BIGGEST, resize, SMALLEST, SWATCHES } from './brush.ts';

/** The tools above the stage: point or paint, colour, size. */
export function BrushBar() {
  const tool = useStudio((s) => s.tool);
  const color = useStudio((s) => s.color);
  const size = useStudio((s) => s.size);
  const reason = useStudio(whyReadOnly);
  const off = reason !== null;
  const pick = (next: string): void => useStudio.setState({ color: next, tool: 'brush' });

  return (
    <div className="brush-bar" role="toolbar" aria-label="Tools" title={reason ?? undefined}>
      <div className="segmented">
        <button
          type="button" aria-pressed={tool === 'select' || off} data-testid="tool-select"
          title="Point (V)" aria-label="Point"
          onClick={() => useStudio.setState({ tool: 'select' })}
        >
          <Icon name="pointer" />
        </button>
        <button
          type="button" aria-pressed={tool === 'brush' && !off} disabled={off} title="Paint (B)"
          aria-label="Paint" data-testid="tool-brush"
          onClick={() => useStudio.setState({ tool: 'brush' })}
        >
          <Icon name="brush" />
        </button>
      </div>
      <div className="swatches" role="group" aria-label="Colour">
        {SWATCHES.map(([name, value]) => (
          <button
            key={value} type="button" className="swatch" style={{ background: value }}
            aria-label={name} title={name} aria-pressed={color === value} disabled={off}
            onClick={() => pick(value)}
          />
        ))}
        <label className="swatch-any" title="Any colour" data-on={!isSwatch(color)}>
          <input
            type="color" data-testid="brush-color" aria-label="Any colour" value={color}
            disabled={off} onChange={(event) => pick(event.target.value.toLowerCase())}
          />
        </label>
      </div>
      <label className="brush-size" title="Brush size ([ and ])">
        <i style={{ scale: String(0.25 + 0.75 * (size / BIGGEST)), background: color }} />
        <input
          type="range" data-testid="brush-size" aria-label="Brush size" min={SMALLEST}
          max={BIGGEST} step={1} value={size} disabled={off}
          aria-valuetext={`${Math.round(fromUnits(size) * 100)} percent of the width`}
          onChange={(event) => resize(event.target.valueAsNumber)}
        />
      </label>
      {off && <span className="read-only">{reason}</span>}
    </div>
  );
}

function isSwatch(color: string): boolean {
  return SWATCHES.some(([, value]) => value === color);
}
