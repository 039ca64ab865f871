import { useEffect, useRef, type CSSProperties, type RefObject } from 'react';

import { useStudio } from '../session/store.ts';
import { useEscape } from '../session/useEscape.ts';
import { resetCamera } from './give.ts';
import { zoomBy } from './pull.ts';
import { cornerBeside, frameOf, isStill, viewInWords } from './view.ts';

interface Props {
  readonly stage: RefObject<HTMLElement | null>;
  readonly picture: RefObject<HTMLCanvasElement | null>;
}

/** A turn of the wheel by this much is nearer or farther by as much again. */
const WHEEL = 900;

/** How wide the small picture is and how much higher with its words, in shares of the stage. */
const END_SHARE = 0.27;
const CAPTION = 0.1;

/** The part of the picture that fills the frame at the end, and how that will look. */
export function CameraFrame({ stage, picture }: Props) {
  const view = useStudio((s) => s.view);
  const { left, top, size } = frameOf(view);
  const still = isStill(view);
  const [x, y] = cornerBeside({ left, top, size }, END_SHARE, END_SHARE + CAPTION);
  useEscape(forgetView);
  useWheel(stage);
  const place = {
    left: `${left * 100}%`, top: `${top * 100}%`, width: `${size * 100}%`, height: `${size * 100}%`,
  } as CSSProperties;
  return (
    <>
      <div className="camera-dim" aria-hidden="true">
        <div className="camera-frame" data-testid="camera-frame" data-still={still} style={place}>
          <i /><i /><i /><i />
        </div>
      </div>
      {!still && (
        <figure className="camera-end" data-testid="camera-end" data-x={x} data-y={y}>
          <End picture={picture} />
          <figcaption>At the end: {viewInWords(view)}</figcaption>
        </figure>
      )}
    </>
  );
}

/** Escape closes the card that lies over the stage first. */
function forgetView(): void {
  if (!useStudio.getState().howOpen) resetCamera();
}

/** The wheel goes nearer and farther. */
function useWheel(stage: RefObject<HTMLElement | null>): void {
  useEffect(() => {
    const element = stage.current;
    if (!element) return;
    const turn = (event: WheelEvent): void => {
      event.preventDefault();
      zoomBy(Math.exp(-event.deltaY / WHEEL));
    };
    element.addEventListener('wheel', turn, { passive: false });
    return () => element.removeEventListener('wheel', turn);
  }, [stage]);
}

/** The pixels of the small picture on its longer side. */
const END_PX = 180;

/** The picture as the camera sees it at the end; what nobody has painted yet is left bare. */
function End({ picture }: Pick<Props, 'picture'>) {
  const canvas = useRef<HTMLCanvasElement>(null);
  useEffect(() => {
    const context = canvas.current?.getContext('2d');
    if (!context) return;
    let request = 0;
    const draw = (): void => {
      request = 0;
      const source = picture.current;
      if (!source || source.width === 0) return;
      const scale = END_PX / Math.max(source.width, source.height);
      const { canvas: target } = context;
      target.width = Math.round(source.width * scale);
      target.height = Math.round(source.height * scale);
      const { left, top, size } = frameOf(useStudio.getState().view);
      const [width, height] = [target.width / size, target.height / size];
      context.drawImage(source, -left * width, -top * height, width, height);
    };
    const ask = (): void => {
      request ||= requestAnimationFrame(draw);
    };
    ask();
    const stop = useStudio.subscribe((now, before) => {
      if (now.view !== before.view || now.shown !== before.shown) ask();
    });
    return () => {
      stop();
      cancelAnimationFrame(request);
    };
  }, [picture]);
  return <canvas ref={canvas} aria-hidden="true" />;
}
