import type { GroupRecord } from 'framejam';

import { nameOf } from '../history/names.ts';
import { useStudio, whyMute } from '../session/store.ts';
import { Icon } from '../shell/Icon.tsx';
import { lookAt, useLooking } from './looking.ts';
import { authorsOf, canMute, mutedOf, ofClip, toggled } from './subject.ts';
import { whoseGesture } from './words.ts';

/** Leave a gesture out of what one looks at, for oneself only. */
export function MuteGroup({ group }: { group: GroupRecord }) {
  const can = useStudio((s) => canMute(group, s.log));
  const what = useStudio((s) => whoseGesture(group, s.log, s.welcome?.participant));
  const muted = useLooking((s) => mutedOf(s.subject).groups.includes(group.group));
  const author = useLooking((s) => mutedOf(s.subject).people.includes(group.author));
  const reason = useStudio(whyMute);
  if (!can) return null;
  return (
    <MuteButton
      className="history-mute" testid="mute-this" muted={muted || author}
      reason={author ? 'All of this person is left out' : reason}
      words={muted ? `Look with ${what} again` : `Look without ${what}`}
      onPress={() => lookAt(toggled(useLooking.getState().subject, { group: group.group }))}
    />
  );
}

/** Leave all that a person did out of what one looks at, for oneself only. */
export function MutePerson({ participant }: { participant: string }) {
  const whose = useStudio((s) => (participant === s.welcome?.participant ? 'my own edits'
    : `${nameOf(participant, s.log)}’s edits`));
  const muted = useLooking((s) => mutedOf(s.subject).people.includes(participant));
  const me = useStudio((s) => s.welcome?.participant === participant);
  const nothing = useStudio((s) => !authorsOf(s.log).has(participant));
  const reason = useStudio(whyMute);
  return (
    <MuteButton
      className="small" testid="mute-person" muted={muted}
      reason={nothing && !muted ? `Nothing of ${me ? 'yours' : 'theirs'} is in the clip` : reason}
      words={muted ? `Look with ${whose} again` : `Look without ${whose}`}
      onPress={() => lookAt(toggled(useLooking.getState().subject, { person: participant }))}
    />
  );
}

interface Props {
  readonly className: string;
  readonly testid: string;
  readonly muted: boolean;
  /** Why it cannot be pressed; null where it can. */
  readonly reason: string | null;
  readonly words: string;
  readonly onPress: () => void;
}

function MuteButton({ className, testid, muted, reason, words, onPress }: Props) {
  return (
    <button
      type="button" className={`icon-button mute ${className}`} data-testid={testid}
      aria-pressed={muted} aria-label={words} title={reason ?? `${words}: only you see it`}
      disabled={reason !== null} onClick={onPress}
    >
      <Icon name={muted ? 'eyeOff' : 'eye'} />
    </button>
  );
}

/** From an open row of the history to the clip as it was before that gesture. */
export function CompareBefore({ group }: { group: GroupRecord }) {
  const reason = useStudio(whyMute);
  const what = useStudio((s) => whoseGesture(group, s.log, s.welcome?.participant));
  const can = useStudio((s) => !group.undone && ofClip(group, s.log));
  if (!can) return null;
  return (
    <p className="compare-before">
      <button
        type="button" className="link" data-testid="compare-before" disabled={reason !== null}
        aria-label={`Compare with the clip before ${what}`} title={reason ?? 'See both side by side'}
        onClick={() => lookAt({ kind: 'before', group: group.group })}
      >
        Compare with the clip before this
      </button>
    </p>
  );
}
