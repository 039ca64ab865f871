import { fromUnits } from 'framejam';
import { useEffect, useRef, type RefObject } from 'react';

import { useStudio } from '../session/store.ts';

/** The pointer on the stage: a disc as large as the dot it would paint. */
export function BrushRing({ stage }: { stage: RefObject<HTMLElement | null> }) {
  const ring = useRef<HTMLDivElement>(null);
  const color = useStudio((s) => s.color);
  const size = useStudio((s) => s.size);

  useEffect(() => {
    const element = stage.current;
    if (!element) return;
    // Moved without React: the ring must not lag behind the hand.
    const move = (event: PointerEvent): void => {
      const box = element.getBoundingClientRect();
      if (!ring.current) return;
      ring.current.style.translate = `${event.clientX - box.left}px ${event.clientY - box.top}px`;
      ring.current.style.visibility = 'visible';
    };
    const hide = (): void => {
      if (ring.current) ring.current.style.visibility = 'hidden';
    };
    element.addEventListener('pointermove', move);
    element.addEventListener('pointerleave', hide);
    return () => {
      element.removeEventListener('pointermove', move);
      element.removeEventListener('pointerleave', hide);
    };
  }, [stage]);

  return (
    <div
      ref={ring} className="brush-ring" aria-hidden="true"
      style={{ width: `${fromUnits(size) * 100}%`, background: `${color}55` }}
    />
  );
}
