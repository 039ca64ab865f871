import { useStudio } from '../session/store.ts';
import { Icon } from '../shell/Icon.tsx';
import type { Shape } from './shapes.ts';

const SHAPES: readonly (readonly [shape: Shape, name: string])[] = [
  ['lasso', 'Draw freely'], ['rectangle', 'Draw a rectangle'],
];

/** What the pointer draws around a part of the clip. */
export function ShapeChoice() {
  const chosen = useStudio((s) => s.shape);
  return (
    <div className="segmented" role="group" aria-label="Shape">
      {SHAPES.map(([shape, name]) => (
        <button
          key={shape} type="button" aria-pressed={chosen === shape} aria-label={name} title={name}
          data-testid={`shape-${shape}`} onClick={() => useStudio.setState({ shape })}
        >
          <Icon name={shape} />
        </button>
      ))}
    </div>
  );
}
