import { useEffect, useRef, type CSSProperties } from 'react';

import { useStudio } from '../session/store.ts';
import { usePixels } from '../stage/Stage.tsx';
import { ask, useLooking } from './looking.ts';
import { progressInWords } from './words.ts';

/** What is looked at, frame by frame with the clip, and how far it is. */
export function LookPicture() {
  const canvas = useRef<HTMLCanvasElement>(null);
  const settings = useStudio((s) => s.log.settings ?? s.welcome?.settings ?? null);
  const state = useLooking((s) => s.status?.state ?? 'asked');
  const number = useLooking((s) => s.status?.number ?? 0);
  const done = useLooking((s) => s.done);
  const stale = useLooking((s) => s.stale || s.behind);
  const aspect = settings ? settings.width / settings.height : 1;
  usePixels(canvas);
  useFrames(canvas);
  return (
    <div
      className="stage look-stage" data-testid="look" data-state={state} data-number={number}
      data-stale={stale} data-done={done} style={{ '--aspect': aspect } as CSSProperties}
    >
      <canvas ref={canvas} data-testid="look-picture" role="img" aria-label="What you look at" />
      <Progress />
    </div>
  );
}

/**
 * Draw the frame that the stage shows, in the same screen refresh: the clip's own clock sets the
 * frame, and this hears of it at once.
 */
function useFrames(canvas: { readonly current: HTMLCanvasElement | null }): void {
  useEffect(() => {
    const context = canvas.current?.getContext('2d');
    if (!context) return;
    const draw = (): void => {
      const { player } = useLooking.getState();
      const { frame } = useStudio.getState();
      if (!player?.frames) context.clearRect(0, 0, context.canvas.width, context.canvas.height);
      else player.draw(context, Math.min(frame, player.frames - 1));
    };
    draw();
    const stopFrames = useStudio.subscribe((now, before) => {
      if (now.frame !== before.frame) draw();
    });
    const stopPictures = useLooking.subscribe((now, before) => {
      if (now.version !== before.version || now.player !== before.player) draw();
    });
    context.canvas.addEventListener('resized', draw);
    return () => {
      stopFrames();
      stopPictures();
      context.canvas.removeEventListener('resized', draw);
    };
  }, [canvas]);
}

/** Over the picture, so that nothing moves when it comes and goes. */
function Progress() {
  const status = useLooking((s) => s.status);
  const step = useLooking((s) => s.step);
  const over = useLooking((s) => s.over);
  const behind = useLooking((s) => s.behind);
  const kept = useLooking((s) => s.kept);
  const passing = useLooking((s) => s.passing);
  const live = useStudio((s) => s.status.phase === 'live');
  const words = progressInWords({ live, status, step, over, behind, kept });
  if (words === null || passing) return null;
  const share = status && status.steps > 0 ? step / status.steps : 0;
  return (
    <div className="look-progress" role="status" data-testid="look-progress" data-over={over !== null}>
      <p>{words}</p>
      {over !== null ? (
        <button type="button" className="button slim" data-testid="look-again" onClick={ask}>
          Try again
        </button>
      ) : (
        <div
          className="progress-bar" role="progressbar" aria-label="Your look" aria-valuemin={0}
          aria-valuemax={status?.steps ?? 1} aria-valuenow={step}
        >
          <i style={{ transform: `scaleX(${share})` }} />
        </div>
      )}
    </div>
  );
}
