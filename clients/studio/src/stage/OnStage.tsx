import { fromUnits, type Point } from 'framejam';
import type { CSSProperties, ReactNode } from 'react';

import type { Side } from './card.ts';

interface Props {
  readonly at: Point;
  /** Where it lies; the side where there is more room, unless somebody knows better. */
  readonly side?: Side;
  readonly label: string;
  readonly testid: string;
  readonly children: ReactNode;
}

/** A card beside a point of the stage, on the side where there is room. */
export function OnStage({ at, side, label, testid, children }: Props) {
  const [x, y] = [fromUnits(at[0]), fromUnits(at[1])];
  const style = { '--x': x, '--y': y } as CSSProperties;
  return (
    <div
      className="card stage-card" role="dialog" aria-label={label} data-testid={testid}
      data-on-stage data-left={side ? side === 'left' : x > 0.5} data-above={y > 0.5} style={style}
    >
      {children}
    </div>
  );
}
