import {
  useEffect, useRef, useState, type CSSProperties, type DragEvent, type RefObject,
} from 'react';

import { giveImage } from '../image/giveImage.ts';
import { Pins } from '../comments/Pins.tsx';
import { useStudio, whyReadOnly } from '../session/store.ts';
import { CameraFrame } from '../camera/CameraFrame.tsx';
import { Locks } from '../lock/Locks.tsx';
import { Cards } from './Cards.tsx';
import { Cursors } from './Cursors.tsx';
import { useOverlay } from './overlay.ts';
import { PointerRing } from './PointerRing.tsx';
import { atFirstFrame, toolInHand } from './tools.ts';
import { usePointer } from './usePointer.ts';

/** The clip, what is being painted and pulled on it, and who points where. */
export function Stage() {
  const stage = useRef<HTMLDivElement>(null);
  const picture = useRef<HTMLCanvasElement>(null);
  const overlay = useRef<HTMLCanvasElement>(null);
  const settings = useStudio((s) => s.log.settings ?? s.welcome?.settings ?? null);
  const tool = useStudio(toolInHand);
  const untouched = useStudio((s) => s.welcome !== null && s.log.edits.length === 0);
  const aspect = settings ? settings.width / settings.height : 1;
  usePointer(stage);
  usePixels(picture);
  usePixels(overlay);
  usePicture(picture, settings?.fps ?? 8);
  useOverlay(overlay);
  const drop = useDrop();

  return (
    <div className="well">
      <div
        ref={stage} className="stage" data-testid="stage" data-tool={tool} role="group"
        style={{ '--aspect': aspect } as CSSProperties} aria-label="Stage" {...drop.on}
      >
        <canvas ref={picture} data-testid="picture" role="img" aria-label="The clip" />
        <canvas ref={overlay} data-testid="overlay" aria-hidden="true" />
        {untouched && (
          <p className="stage-hint">Describe what to see, paint, or drop a picture here</p>
        )}
        {tool === 'camera' && <CameraFrame stage={stage} picture={picture} />}
        <Locks />
        <Pins />
        <Cursors />
        {(tool === 'brush' || tool === 'recolour') && <BrushRing stage={stage} />}
        {tool === 'erase' && <EraserRing stage={stage} />}
        {(tool === 'drag' || tool === 'trajectory') && <ReachRing stage={stage} />}
        <Cards />
        {drop.over && <p className="stage-drop">Drop to use it as the reference image</p>}
      </div>
    </div>
  );
}

function BrushRing({ stage }: { stage: RefObject<HTMLElement | null> }) {
  const color = useStudio((s) => s.color);
  const size = useStudio((s) => s.size);
  return <PointerRing stage={stage} diameter={size} fill={`${color}55`} />;
}

function EraserRing({ stage }: { stage: RefObject<HTMLElement | null> }) {
  const size = useStudio((s) => s.size);
  return <PointerRing stage={stage} diameter={size} fill="rgb(255 255 255 / 20%)" />;
}

/** Only where a press would take hold; from then on the arrow or path has circles of its own. */
function ReachRing({ stage }: { stage: RefObject<HTMLElement | null> }) {
  const reach = useStudio((s) => s.reach);
  const ready = useStudio((s) => atFirstFrame(s) && s.pulling === null && s.line === null);
  return ready && <PointerRing stage={stage} diameter={2 * reach} />;
}

/**
 * Keep a canvas as sharp as the screen: its pixels follow its size on the page.
 *
 * A new size empties it, so it has to be drawn again within the event, before the next paint.
 */
export function usePixels(canvas: { readonly current: HTMLCanvasElement | null }): void {
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
