import { fromUnits } from 'framejam';
import { useEffect, useRef, type RefObject } from 'react';

interface Props {
  readonly stage: RefObject<HTMLElement | null>;
  /** In 1/65536 of the frame's width. */
  readonly diameter: number;
  /** What it is filled with, where the tool leaves something there. */
  readonly fill?: string;
}

/** The pointer on the stage, as large as what it would paint or take along. */
export function PointerRing({ stage, diameter, fill }: Props) {
  const ring = useRef<HTMLDivElement>(null);

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
      ref={ring} className="pointer-ring" aria-hidden="true"
      style={{ width: `${fromUnits(diameter) * 100}%`, background: fill }}
    />
  );
}
