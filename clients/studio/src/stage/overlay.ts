/** What lies over the clip: strokes and arrows that it does not show yet. */

import { useEffect } from 'react';

import { useStudio, type StudioState } from '../session/store.ts';
import { arrowsOnTop, drawArrow } from './arrows.ts';
import { drawStroke, strokesOnTop } from './strokes.ts';

/** The parts of the store that the overlay is drawn from. */
const PARTS: readonly (keyof StudioState)[] = [
  'drawing', 'pulling', 'log', 'shown', 'pending', 'presence', 'tool', 'welcome',
];

/** Draw on a canvas over the clip, at most once a screen refresh; nothing passes through React. */
export function useOverlay(canvas: { readonly current: HTMLCanvasElement | null }): void {
  useEffect(() => {
    const element = canvas.current;
    const context = element?.getContext('2d');
    if (!element || !context) return;
    let request = 0;
    const draw = (): void => {
      cancelAnimationFrame(request);
      request = 0;
      context.clearRect(0, 0, element.width, element.height);
      const state = useStudio.getState();
      context.setLineDash([]);
      for (const stroke of strokesOnTop(state)) drawStroke(context, stroke);
      for (const arrow of arrowsOnTop(state)) drawArrow(context, arrow, devicePixelRatio);
    };
    const ask = (): void => {
      request ||= requestAnimationFrame(draw);
    };
    const stop = useStudio.subscribe((now, before) => {
      if (PARTS.some((part) => now[part] !== before[part])) ask();
    });
    element.addEventListener('resized', draw);
    return () => {
      stop();
      cancelAnimationFrame(request);
      element.removeEventListener('resized', draw);
    };
  }, [canvas]);
}
