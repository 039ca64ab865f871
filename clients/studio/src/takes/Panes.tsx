import { capital } from '../history/names.ts';
import { useStudio } from '../session/store.ts';
import { Stage } from '../stage/Stage.tsx';
import { ToolRail } from '../stage/ToolRail.tsx';
import { LookPicture } from './LookPicture.tsx';
import { keep, keepNow, leave, useLooking } from './looking.ts';
import type { Subject } from './subject.ts';
import { subjectInWords } from './words.ts';

/**
 * The clip; or what one looks at in its place; or both side by side.
 *
 * The stage is never taken away: its clock drives both pictures, and what is drawn on it stays.
 */
export function Panes() {
  const subject = useLooking((s) => s.subject);
  const beside = useLooking((s) => s.beside);
  const mode = subject === null ? 'clip' : beside ? 'beside' : 'alone';
  const both = mode === 'beside' && subject !== null;
  return (
    <div className="panes" data-testid="panes" data-mode={mode} data-kind={subject?.kind}>
      <ToolRail />
      <section className="pane" data-pane="clip" aria-label={both ? 'The clip now' : undefined}>
        {both && <ClipHead subject={subject} />}
        <div className="pane-stage" inert={subject !== null}><Stage /></div>
        {both && (
          <KeepThis says="Nothing changes." testid="keep-clip" onKeep={leave} off={false} />
        )}
      </section>
      {subject && (
        <section className="pane" data-pane="look" aria-label="What you look at">
          {both && <LookHead subject={subject} />}
          <div className="pane-stage"><div className="well"><LookPicture /></div></div>
          {both && <KeepLook subject={subject} />}
        </section>
      )}
    </div>
  );
}

function ClipHead({ subject }: { subject: Subject }) {
  const take = useStudio((s) => subjectInWords({ kind: 'take', take: s.log.take }, s.log, undefined));
  return <Head words={subject.kind === 'take' ? `Now: ${take}` : 'Now'} />;
}

function LookHead({ subject }: { subject: Subject }) {
  const words = useStudio((s) => subjectInWords(subject, s.log, s.welcome?.participant));
  return <Head words={capital(words)} />;
}

function Head({ words }: { words: string }) {
  return <h2 className="pane-head" title={words}>{words}</h2>;
}

function KeepLook({ subject }: { subject: Subject }) {
  // What keeping would do depends on all of these.
  useStudio((s) => s.log);
  useStudio((s) => s.status);
  useStudio((s) => s.welcome);
  const plan = keepNow(subject);
  return (
    <KeepThis
      says={plan.says} testid="keep-look" off={plan.does === null} onKeep={() => keep(subject)}
    />
  );
}

interface KeepProps {
  readonly says: string;
  readonly testid: string;
  readonly off: boolean;
  readonly onKeep: () => void;
}

function KeepThis({ says, testid, off, onKeep }: KeepProps) {
  return (
    <div className="pane-foot">
      <button
        type="button" className="button" data-testid={testid} disabled={off}
        aria-describedby={`${testid}-says`} title={says} onClick={onKeep}
      >
        Keep this one
      </button>
      <small id={`${testid}-says`} data-testid={`${testid}-says`}>{says}</small>
    </div>
  );
}
