import { useEffect, type RefObject } from 'react';

/** Close something that was opened over the page by a press beside it, or by Escape. */
export function usePopover(
  box: RefObject<HTMLElement | null>, open: boolean, close: () => void,
): void {
  useEffect(() => {
    if (!open) return;
    const listen = (event: Event): void => {
      const outside = event.target instanceof Node && !box.current?.contains(event.target);
      if (event instanceof KeyboardEvent ? event.key === 'Escape' : outside) close();
    };
    document.addEventListener('pointerdown', listen);
    document.addEventListener('keydown', listen);
    return () => {
      document.removeEventListener('pointerdown', listen);
      document.removeEventListener('keydown', listen);
    };
  }, [box, open, close]);
}
