import { fromUnits, type EditRecord, type Lock } from 'framejam';

import { framesInWords } from '../history/describe.ts';
import { boxOf } from '../outline/shapes.ts';
import { inkOn } from '../people/colors.ts';
import { usePersonName } from '../people/usePersonName.ts';
import { roleOf, useStudio, whyNoUndo } from '../session/store.ts';
import { undoGesture } from '../session/undo.ts';
import { Icon } from '../shell/Icon.tsx';

/** A lock on every part that is held still; pressing it lets go. */
export function Locks() {
  const locks = useStudio((s) => s.log.locks);
  return locks.map((lock) => <Padlock key={lock.seq} lock={lock} />);
}

function Padlock({ lock }: { lock: EditRecord<Lock> }) {
  const { seq, group, instruction: { outline, frames } } = lock;
  const author = usePersonName(lock.author);
  const color = useStudio((s) => s.log.participants.get(lock.author)?.color ?? '#ffffff');
  const mayUndo = useStudio((s) =>
    lock.author === s.welcome?.participant || roleOf(s) === 'owner');
  const reason = useStudio(whyNoUndo);
  const { left, top, right } = boxOf(outline);
  const within = (units: number): number => Math.min(0.97, Math.max(0.03, fromUnits(units)));
  const held = `Held still by ${author === 'You' ? 'you' : author}${
    frames ? `, ${framesInWords(frames)}` : ''}`;
  const why = mayUndo ? reason : 'Its author or the owner can let go';
  const words = `${held}. ${why ?? 'Press to let go'}`;
  return (
    <button
      type="button" className="padlock" data-testid="padlock" data-on-stage data-seq={seq}
      aria-label={words} title={words} aria-disabled={why !== null}
      style={{
        left: `${within((left + right) / 2) * 100}%`, top: `${within(top) * 100}%`,
        background: color, color: inkOn(color),
      }}
      onPointerEnter={() => useStudio.setState({ held: seq })}
      onPointerLeave={() => useStudio.setState({ held: null })}
      onFocus={() => useStudio.setState({ held: seq })}
      onBlur={() => useStudio.setState({ held: null })}
      onClick={() => {
        if (why !== null) return;
        useStudio.setState({ held: null });
        undoGesture(group);
      }}
    >
      <Icon name="lock" />
    </button>
  );
}
