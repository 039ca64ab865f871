import { fromUnits } from 'framejam';

import { useStudio } from '../session/store.ts';
import { chooseTool } from '../stage/tools.ts';
import { BIGGEST, resize, SMALLEST, SWATCHES } from './brush.ts';

interface Props {
  readonly off: boolean;
  /** Out of sight and reach; their place stays. */
  readonly hidden: boolean;
}

/** The brush's colour; choosing one takes up the brush. */
export function Swatches({ off, hidden }: Props) {
  const color = useStudio((s) => s.color);
  const pick = (next: string): void => {
    useStudio.setState({ color: next });
    chooseTool('brush');
  };
  return (
    <div className="swatches" role="group" aria-label="Colour" data-hidden={hidden}>
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
  );
}

/** Of brush and eraser alike. */
export function BrushSize({ off, hidden }: Props) {
  const color = useStudio((s) => (s.tool === 'erase' ? undefined : s.color));
  const size = useStudio((s) => s.size);
  return (
    <label className="tool-size" title="Brush size ([ and ])" data-hidden={hidden}>
      <i
        className={color ? undefined : 'hollow'}
        style={{ scale: String(0.25 + 0.75 * (size / BIGGEST)), background: color }}
      />
      <input
        type="range" data-testid="brush-size" aria-label="Brush size" min={SMALLEST}
        max={BIGGEST} step={1} value={size} disabled={off}
        aria-valuetext={`${Math.round(fromUnits(size) * 100)} percent of the width`}
        onChange={(event) => resize(event.target.valueAsNumber)}
      />
    </label>
  );
}

function isSwatch(color: string): boolean {
  return SWATCHES.some(([, value]) => value === color);
}
