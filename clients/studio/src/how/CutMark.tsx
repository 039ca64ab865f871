import type { CSSProperties } from 'react';
import { useShallow } from 'zustand/react/shallow';

import { useStudio } from '../session/store.ts';
import { toolInHand } from '../stage/tools.ts';
import { cutAhead, type Cut } from './cut.ts';
import { framesIn, isGiver } from './how.ts';

/** How deep what is under the pointer, or is being set, will cut; null where nothing is. */
export function useCut(): Cut | null {
  return useStudio(useShallow(cutAhead));
}

/** On the bar of the take: the step at which it will go on, and what of it is run again. */
export function CutMark({ cut: { from, to, steps } }: { cut: Cut }) {
  const style = { '--from': from / steps, '--to': to / steps, '--at': from / steps } as CSSProperties;
  return (
    <>
      <span className="cut" style={style} data-testid="cut" data-from={from} data-to={to} />
      <span className="cut-mark" style={style} />
    </>
  );
}

/** On the scrubber: the frames that the tool in hand gives for, where these are not all. */
export function FramesInHand({ count }: { count: number }) {
  const frames = useStudio((s) => {
    const tool = toolInHand(s);
    return isGiver(tool) ? s.hows[tool].frames : null;
  });
  const within = framesIn(frames, count);
  if (within === null) return null;
  const end = Math.max(1, count - 1);
  const style = { '--from': within[0] / end, '--to': within[1] / end } as CSSProperties;
  return <i style={style} data-testid="frames-in-hand" aria-hidden="true" />;
}
