/** Giving the way of the camera that was pulled, or forgetting it. */

import { givenWith } from '../how/set.ts';
import { calm, useStudio } from '../session/store.ts';
import { isStill, STILL } from './view.ts';

/** What the frame on the stage shows becomes the end of the clip; a still camera gives nothing. */
export function giveCamera(): void {
  const { view, session } = useStudio.getState();
  if (isStill(view)) return;
  const { fields, options } = givenWith('camera');
  session?.edit({ kind: 'camera', ...view, ...fields }, options);
  useStudio.setState(calm ? { view: STILL } : { view: STILL, playing: true });
}

export function resetCamera(): void {
  useStudio.setState({ view: STILL });
}
