import type { FrameRange } from 'framejam';
import type { CSSProperties } from 'react';

interface Props {
  readonly frames: FrameRange;
  readonly count: number;
  onChange(frames: FrameRange): void;
}

/** A range of frames between two thumbs on one track; neither passes the other. */
export function FrameSpan({ frames: [first, last], count, onChange }: Props) {
  const end = Math.max(1, count - 1);
  const style = { '--from': first / end, '--to': last / end } as CSSProperties;
  return (
    <div className="frame-span" style={style} data-testid="frame-span">
      <i aria-hidden="true" />
      <input
        type="range" aria-label="From frame" min={0} max={count - 1} value={first}
        data-testid="frames-from" aria-valuetext={`frame ${first + 1}`}
        onChange={({ target }) => onChange([Math.min(target.valueAsNumber, last), last])}
      />
      <input
        type="range" aria-label="To frame" min={0} max={count - 1} value={last}
        data-testid="frames-to" aria-valuetext={`frame ${last + 1}`}
        onChange={({ target }) => onChange([first, Math.max(target.valueAsNumber, first)])}
      />
    </div>
  );
}
