import { useEffect, useRef } from 'react';

import { useStudio } from '../session/store.ts';
import { nearestKept } from './pictures.ts';
import { settledAt } from './stops.ts';

/** The first frame of the session as it was after an event, where a picture of that is kept. */
export function PastThumb({ seq, size }: { seq: number; size: number }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const session = useStudio((s) => s.session);
  const settled = useStudio((s) => settledAt(s.log, seq));
  // Of now there may be a better one when the take is through.
  const done = useStudio((s) => settled === s.log.seq && (s.shown?.done ?? false));
  useEffect(() => {
    if (!session) return;
    let current = true;
    void (async () => {
      const kept = await nearestKept(session.http, settled);
      const context = canvas.current?.getContext('2d');
      if (!current || !kept || !context) return;
      const { width, height, image, mime } = kept;
      const edge = Math.min(width, height);
      try {
        const picture = await createImageBitmap(
          new Blob([image], { type: mime }), (width - edge) / 2, (height - edge) / 2, edge, edge);
        context.drawImage(picture, 0, 0, context.canvas.width, context.canvas.height);
        picture.close();
      } catch {
        // A damaged picture: the row does without it.
      }
    })();
    return () => {
      current = false;
    };
  }, [session, settled, done]);
  return (
    <canvas
      ref={canvas} className="take-picture" width={2 * size} height={2 * size}
      style={{ width: size, height: size }} aria-hidden="true"
    />
  );
}
