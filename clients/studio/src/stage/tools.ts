/** Which tool the pointer is, and the frame that goes with it. */

import {
  toast, useStudio, whyMute, whyReadOnly, type StudioState, type Tool,
} from '../session/store.ts';

const IN_PAST = 'You are looking at the past: go back to now to use the tools.';

/** Why a tool cannot be taken; null where it can. */
export function whyToolOff(state: StudioState, tool: Tool): string | null {
  if (state.inPast && tool !== 'select') return IN_PAST;
  switch (tool) {
    case 'select': return null;
    case 'comment':
    case 'who': return whyMute(state);
    default: return whyReadOnly(state);
  }
}

/** The tool that the pointer is now. */
export function toolInHand(state: StudioState): Tool {
  return whyToolOff(state, state.tool) === null ? state.tool : 'select';
}

/** Whether a tool is used on the first frame's picture, where what it moves stands. */
export function needsFirstFrame(tool: Tool): boolean {
  return tool === 'drag' || tool === 'trajectory' || tool === 'camera';
}

/**
 * Take a tool. One that moves something stops the clip at its first frame, the one that it is used
 * on; laying it down lets the clip play again where it did before.
 */
export function chooseTool(tool: Tool): void {
  const state = useStudio.getState();
  if (whyToolOff(state, tool) !== null) {
    if (state.inPast) toast(IN_PAST);
    return;
  }
  if (needsFirstFrame(tool)) {
    const playedBefore = needsFirstFrame(state.tool) ? state.playedBefore : state.playing;
    useStudio.setState({ tool, playedBefore });
    goToFirstFrame();
  } else {
    const resumes = needsFirstFrame(state.tool) && state.playedBefore && atFirstFrame(state);
    useStudio.setState({ tool, playing: state.playing || resumes });
  }
}

/** Whether the stage rests at the first frame. */
export function atFirstFrame({ playing, frame }: Pick<StudioState, 'playing' | 'frame'>): boolean {
  return !playing && frame === 0;
}

export function goToFirstFrame(): void {
  useStudio.setState({ playing: false, frame: 0 });
}
