import { PastBar } from '../past/PastBar.tsx';
import { useStudio } from '../session/store.ts';
import { Icon, type IconName } from '../shell/Icon.tsx';
import { leave, useLooking } from './looking.ts';
import { subjectInWords } from './words.ts';

const WAYS: readonly (readonly [beside: boolean, title: string, icon: IconName])[] = [
  [false, 'In the place of the clip', 'frame'],
  [true, 'Side by side with the clip', 'compare'],
];

/** In the place of the tools while one looks: nothing can be drawn on what is not the clip. */
export function LookBar() {
  const subject = useLooking((s) => s.subject);
  const beside = useLooking((s) => s.beside);
  const words = useStudio((s) =>
    subject && subjectInWords(subject, s.log, s.welcome?.participant));
  if (!subject) return null;
  if (subject.kind === 'past') return <PastBar seq={subject.seq} />;
  return (
    <section className="look-bar" aria-label="Your look" data-testid="look-bar">
      <Icon name="eye" />
      {/* What may be long comes last, and is all in the tooltip. */}
      <p role="status" title={words ?? undefined}>
        Only you see this. You are looking at {subject.kind === 'take' || subject.kind === 'origin' ? '' : 'the clip '}
        <b>{words}</b>
      </p>
      <div className="segmented" role="group" aria-label="Where it is shown">
        {WAYS.map(([value, title, icon]) => (
          <button
            key={title} type="button" aria-pressed={beside === value} aria-label={title}
            title={title} data-testid={value ? 'look-beside' : 'look-alone'}
            onClick={() => useLooking.setState({ beside: value })}
          >
            <Icon name={icon} />
          </button>
        ))}
      </div>
      <button
        type="button" className="button primary" data-testid="look-leave" onClick={leave}
      >
        Back to the clip
      </button>
    </section>
  );
}
