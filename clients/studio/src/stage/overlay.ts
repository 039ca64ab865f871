/** What lies over the clip: strokes, arrows and lines that it does not show yet. */

import { useEffect } from 'react';

import { shownFrame, useStudio, type StudioState } from '../session/store.ts';
import { arrowsOnTop, drawArrow } from './arrows.ts';
import { drawMark } from './drawMark.ts';
import { marksOnTop } from './lines.ts';
import { drawStroke, isOn, strokesOnTop } from './strokes.ts';

/** The parts of the store that the overlay is drawn from. */
const PARTS: readonly (keyof StudioState)[] = [
  'drawing', 'pulling', 'line', 'reach', 'held', 'hows', 'log', 'shown', 'pending', 'presence',
  'tool', 'welcome',
];

/** Draw on a canvas over the clip, at most once a screen refresh; nothing passes through React. */
export function useOverlay(canvas: { readonly current: HTMLCanvasElement | null }): void {
  useEffect(() => {
    const element = canvas.current;
    const context = element?.getContext('2d');
    if (!element || !context) return;
    let request = 0;
    /** Whether what is drawn is another on each frame of the clip. */
    let follows = false;
    const draw = (): void => {
      cancelAnimationFrame(request);
      request = 0;
      context.clearRect(0, 0, element.width, element.height);
      const state = useStudio.getState();
      const frame = shownFrame(state);
      context.setLineDash([]);
      const strokes = strokesOnTop(state);
      follows = strokes.some(({ frames, blend }) => frames || blend === 'color');
      for (const stroke of strokes) {
        if (isOn(stroke.frames, frame)) {
          drawStroke(context, stroke, (clip) => state.player.draw(clip, frame));
        }
      }
      const frames = state.log.settings?.frames ?? 1;
      for (const mark of marksOnTop(state)) drawMark(context, mark, devicePixelRatio, frames);
      for (const arrow of arrowsOnTop(state)) drawArrow(context, arrow, devicePixelRatio);
    };
    const ask = (): void => {
      request ||= requestAnimationFrame(draw);
    };
    const stop = useStudio.subscribe((now, before) => {
      const turned = follows && now.frame !== before.frame;
      if (turned || PARTS.some((part) => now[part] !== before[part])) ask();
    });
    element.addEventListener('resized', draw);
    return () => {
      stop();
      cancelAnimationFrame(request);
      element.removeEventListener('resized', draw);
    };
  }, [canvas]);
}
