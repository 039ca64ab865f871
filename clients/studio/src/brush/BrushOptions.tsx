import { fromUnits } from 'framejam';

import { useStudio } from '../session/store.ts';
import { BIGGEST, resize, SMALLEST, SWATCHES } from './brush.ts';

/** The colour of the brush. */
export function Swatches() {
  const color = useStudio((s) => s.color);
  const pick = (next: string): void => useStudio.setState({ color: next });
  return (
    <div className="swatches" role="group" aria-label="Colour">
      {SWATCHES.map(([name, value]) => (
        <button
          key={value} type="button" className="swatch" style={{ background: value }}
          aria-label={name} title={name} aria-pressed={color === value} onClick={() => pick(value)}
        />
      ))}
      <label className="swatch-any" title="Any colour" data-on={!isSwatch(color)}>
        <input
          type="color" data-testid="brush-color" aria-label="Any colour" value={color}
          onChange={(event) => pick(event.target.value.toLowerCase())}
        />
      </label>
    </div>
  );
}

/** Of brushes and eraser alike. */
export function BrushSize() {
  const color = useStudio((s) => (s.tool === 'erase' ? undefined : s.color));
  const size = useStudio((s) => s.size);
  return (
    <label className="tool-size" title="Brush size ([ and ])">
      <i
        className={color ? undefined : 'hollow'}
        style={{ scale: String(0.25 + 0.75 * (size / BIGGEST)), background: color }}
      />
      <input
        type="range" data-testid="brush-size" aria-label="Brush size" min={SMALLEST}
        max={BIGGEST} step={1} value={size}
        aria-valuetext={`${Math.round(fromUnits(size) * 100)} percent of the width`}
        onChange={(event) => resize(event.target.valueAsNumber)}
      />
    </label>
  );
}

function isSwatch(color: string): boolean {
  return SWATCHES.some(([, value]) => value === color);
}
