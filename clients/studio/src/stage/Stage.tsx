import { useEffect, useRef, useState, type CSSProperties, type DragEvent } from 'react';

import { BrushRing } from '../brush/BrushRing.tsx';
import { giveImage } from '../image/giveImage.ts';
import { useStudio, whyReadOnly } from '../session/store.ts';
import { Cursors } from './Cursors.tsx';
import { drawStroke, strokesOnTop } from './strokes.ts';
import { useBrush } from './useBrush.ts';

/** The clip, what is being painted on it, and who points where. */
export function Stage() {
  const stage = useRef<HTMLDivElement>(null);
  const picture = useRef<HTMLCanvasElement>(null);
  const strokes = useRef<HTMLCanvasElement>(null);
  const settings = useStudio((s) => s.log.settings ?? s.welcome?.settings ?? null);
  const painting = useStudio((s) => s.tool === 'brush' && whyReadOnly(s) === null);
  const untouched = useStudio((s) => s.welcome !== null && s.log.edits.length === 0);
  const aspect = settings ? settings.width / settings.height : 1;
  useBrush(stage);
  usePixels(picture);
  usePixels(strokes);
  usePicture(picture, settings?.fps ?? 8);
  useStrokes(strokes);
  const drop = useDrop();

  return (
    <div className="well">
      <div
        ref={stage} className="stage" data-testid="stage" data-tool={painting ? 'brush' : 'select'}
        style={{ '--aspect': aspect } as CSSProperties} role="group" aria-label="Stage" {...drop.on}
      >
        <canvas ref={picture} data-testid="picture" role="img" aria-label="The clip" />
        <canvas ref={strokes} data-testid="strokes" aria-hidden="true" />
        {untouched && (
          <p className="stage-hint">Describe what to see, paint, or drop a picture here</p>
        )}
        <Cursors />
        {painting && <BrushRing stage={stage} />}
        {drop.over && <p className="stage-drop">Drop to use it as the reference image</p>}
      </div>
    </div>
  );
}

/**
 * Keep a canvas as sharp as the screen: its pixels follow its size on the page.
 *
 * A new size empties it, so it has to be drawn again within the event, before the next paint.
 */
function usePixels(canvas: { readonly current: HTMLCanvasElement | null }): void {
  useEffect(() => {
    const element = canvas.current;
    if (!element) return;
    const observer = new ResizeObserver(([entry]) => {
      if (!entry) return;
      const width = Math.round(entry.contentRect.width * devicePixelRatio);
      const height = Math.round(entry.contentRect.height * devicePixelRatio);
      if (element.width === width && element.height === height) return;
      element.width = width;
      element.height = height;
      element.dispatchEvent(new Event('resized'));
    });
    observer.observe(element);
    return () => observer.disconnect();
  }, [canvas]);
}

/** Play the newest sheet in a loop; draws only when the frame, the sheet or the size changed. */
function usePicture(canvas: { readonly current: HTMLCanvasElement | null }, fps: number): void {
  useEffect(() => {
    const context = canvas.current?.getContext('2d');
    if (!context) return;
    const { player } = useStudio.getState();
    let drawn = '';
    let since = performance.now();
    let request = requestAnimationFrame(function tick(now) {
      request = requestAnimationFrame(tick);
      const { playing, frame } = useStudio.getState();
      const due = Math.floor(((now - since) * fps) / 1000);
      if (due > 0) {
        since += (due * 1000) / fps;
        if (playing && player.frames > 1) {
          useStudio.setState({ frame: (frame + due) % player.frames });
        }
      }
      draw();
    });
    function draw(): void {
      if (!context) return;
      const shown = Math.min(useStudio.getState().frame, Math.max(0, player.frames - 1));
      const key = `${player.version} ${shown} ${context.canvas.width} ${context.canvas.height}`;
      if (key === drawn) return;
      drawn = key;
      player.draw(context, shown);
    }
    context.canvas.addEventListener('resized', draw);
    return () => {
      cancelAnimationFrame(request);
      context.canvas.removeEventListener('resized', draw);
    };
  }, [canvas, fps]);
}

/** Draw strokes the clip does not show yet, at most once a screen refresh. */
function useStrokes(canvas: { readonly current: HTMLCanvasElement | null }): void {
  useEffect(() => {
    const element = canvas.current;
    const context = element?.getContext('2d');
    if (!element || !context) return;
    let request = 0;
    const draw = (): void => {
      cancelAnimationFrame(request);
      request = 0;
      context.clearRect(0, 0, element.width, element.height);
      for (const stroke of strokesOnTop(useStudio.getState())) drawStroke(context, stroke);
    };
    const ask = (): void => {
      request ||= requestAnimationFrame(draw);
    };
    const stop = useStudio.subscribe((now, before) => {
      if (now.drawing !== before.drawing || now.log !== before.log || now.shown !== before.shown
          || now.pending !== before.pending || now.presence !== before.presence) ask();
    });
    element.addEventListener('resized', draw);
    return () => {
      stop();
      cancelAnimationFrame(request);
      element.removeEventListener('resized', draw);
    };
  }, [canvas]);
}

/** A picture dropped anywhere on the stage becomes the reference image. */
function useDrop() {
  const [over, setOver] = useState(false);
  const bringsFile = (event: DragEvent): boolean => event.dataTransfer.types.includes('Files');
  return {
    over,
    on: {
      onDragOver: (event: DragEvent) => {
        if (!bringsFile(event)) return;
        event.preventDefault();
        setOver(whyReadOnly(useStudio.getState()) === null);
      },
      onDragLeave: () => setOver(false),
      onDrop: (event: DragEvent) => {
        event.preventDefault();
        setOver(false);
        const file = event.dataTransfer.files[0];
        if (file) void giveImage(file);
      },
    },
  };
}
