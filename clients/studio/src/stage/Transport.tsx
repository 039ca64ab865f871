import { takeState, useStudio, whyReadOnly, type StudioState } from '../session/store.ts';
import { Icon } from '../shell/Icon.tsx';
import { cutInFull, cutInWords } from '../how/cut.ts';
import { CutMark, FramesInHand, useCut } from '../how/CutMark.tsx';
import { NewTake, Takes } from '../takes/TakeBar.tsx';

/** Play, scrub, and how far the loop is. Its height never changes. */
export function Transport() {
  const playing = useStudio((s) => s.playing);
  const frame = useStudio((s) => s.frame);
  const frames = useStudio((s) => s.shown?.frames ?? s.welcome?.settings.frames ?? 1);
  const idle = useStudio((s) => s.shown === null);
  const scrub = (to: number): void => useStudio.setState({ frame: to, playing: false });
  return (
    <div className="transport">
      <button
        type="button" className="icon-button" data-testid="play" disabled={idle}
        aria-label={playing ? 'Pause' : 'Play'} title={`${playing ? 'Pause' : 'Play'} (Space)`}
        onClick={() => useStudio.setState({ playing: !playing })}
      >
        <Icon name={playing ? 'pause' : 'play'} />
      </button>
      <span className="scrubber-box">
        <input
          type="range" className="scrubber" min={0} max={frames - 1} aria-label="Frame"
          value={Math.min(frame, frames - 1)} disabled={idle}
          aria-valuetext={`Frame ${frame + 1} of ${frames}`}
          onChange={(event) => scrub(event.target.valueAsNumber)}
        />
        <FramesInHand count={frames} />
      </span>
      <span className="frame-number">{Math.min(frame, frames - 1) + 1} / {frames}</span>
      <Progress />
      <span className="take-bar">
        <Hold />
        <NewTake />
        <Takes />
      </span>
      <Note />
    </div>
  );
}

function Progress() {
  const take = useStudio((s) => s.take);
  const step = useStudio((s) => s.step);
  const shown = useStudio((s) => s.shown);
  const state = useStudio(takeState) ?? 'none';
  const cut = useCut();
  const now = useStudio(stateInWords);
  const words = cut ? cutInWords(cut) : now;
  const steps = take?.steps ?? 0;
  const share = steps ? step / steps : 0;
  return (
    <div className="progress" data-state={state} data-cut={cut !== null}>
      <div className="progress-words">
        <span
          data-testid="step" data-step={step} data-steps={steps}
          data-state={state} data-shown-step={shown?.step ?? 0} data-shown-seq={shown?.seq ?? 0}
        >
          {take ? `Step ${step} of ${steps}` : 'No take yet'}
        </span>
        <span className="progress-state">{words}</span>
      </div>
      <div
        className="progress-bar" role="progressbar" aria-label="Denoising" aria-valuemin={0}
        aria-valuemax={steps} aria-valuenow={step}
      >
        <i style={{ transform: `scaleX(${share})` }} />
        {cut && <CutMark cut={cut} />}
      </div>
    </div>
  );
}

/** Hold the loop for everybody, let it go on, or give up what it has computed (T5). */
function Hold() {
  const state = useStudio(takeState);
  const session = useStudio((s) => s.session);
  const off = useStudio(whyReadOnly) !== null || session === null;
  const paused = state === 'paused' || state === 'cancelled';
  const holds = state === 'running' || state === 'waiting';
  return (
    <span className="hold" role="group" aria-label="The take">
      <button
        type="button" className="icon-button" data-testid="hold" disabled={off || state === null}
        aria-label={paused ? 'Resume the take' : 'Pause the take'}
        title={paused ? 'Resume the take' : 'Pause the take, for everybody'}
        onClick={() => session?.control(paused ? 'resume' : 'pause')}
      >
        <Icon name={paused ? 'resume' : 'hold'} />
      </button>
      <button
        type="button" className="icon-button" data-testid="cancel" disabled={off || !(holds || state === 'paused')}
        aria-label="Cancel the take" title="Cancel the take: the next edit starts it again"
        onClick={() => session?.control('cancel')}
      >
        <Icon name="stop" />
      </button>
    </span>
  );
}

/** What the loop says: why it is where it is, or what stops it. Its place is reserved. */
function Note() {
  const heard = useStudio((s) => s.note);
  const state = useStudio((s) => s.take?.state ?? 'none');
  const cut = useCut();
  const note = cut ? cutInFull(cut) : heard;
  return (
    <p className="note" role="status" data-testid="note" data-state={state} title={note}>{note}</p>
  );
}

function stateInWords(state: StudioState): string {
  const { log, shown, status } = state;
  if (status.phase !== 'live') return 'Not connected';
  const waiting = log.edits.filter((e) => !e.undone && e.seq > (shown?.seq ?? 0)).length;
  switch (takeState(state)) {
    case null: return '';
    case 'running': return waiting ? `${waiting} to take up` : 'Denoising';
    case 'finished': return log.edits.length ? 'Finished' : 'Nothing asked for yet';
    case 'waiting': return log.edits.length ? 'Waiting' : 'Waiting for a first instruction';
    case 'failed': return 'Stopped';
    case 'paused': return 'Paused';
    case 'cancelled': return 'Cancelled';
  }
}
