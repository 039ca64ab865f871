import { isKind, type GroupRecord } from 'framejam';
import { memo, useEffect, useRef } from 'react';

import { Thumbnail } from '../image/Thumbnail.tsx';
import { usePersonName } from '../people/usePersonName.ts';
import { roleOf, useStudio, whyNoUndo } from '../session/store.ts';
import { undoGesture } from '../session/undo.ts';
import { Icon } from '../shell/Icon.tsx';
import { openComment } from '../stage/card.ts';
import { SeeAfter } from '../past/SeeAfter.tsx';
import { CompareBefore, MuteGroup } from '../takes/Mute.tsx';
import {
  describe, entryOf, fateInWords, iconOf, nounOf, subjectOf, timeOfDay, typedParts,
} from './describe.ts';
import { Details, hasDetails } from './Details.tsx';
import type { When } from './entries.ts';

interface Props {
  readonly group: GroupRecord;
  readonly open: boolean;
  /** Where it is, seen from the moment that the page shows; null while that is now. */
  readonly when: When;
}

/** One gesture: what it gave, whose it is, what became of it; opened, what can be changed of it. */
export const HistoryRow = memo(function HistoryRow({ group, open, when }: Props) {
  const row = useRef<HTMLLIElement>(null);
  // No more than it shows: the log changes with every letter that anybody types.
  const words = useStudio((s) => describe(group, s.log));
  const fate = useStudio((s) => fateInWords(group, s.log));
  const entry = useStudio((s) => entryOf(group, s.log) ?? '');
  const author = usePersonName(group.author);
  const person = useStudio((s) => s.log.participants.get(group.author));
  const [first] = group.edits;
  const inView = open || when === 'here';
  useEffect(() => {
    if (inView) row.current?.scrollIntoView({ block: 'nearest' });
  }, [inView]);
  return (
    <li
      ref={row} data-testid="history-item" data-group={group.group} data-when={when}
      data-kind={first ? subjectOf(first) : 'restored'}
      data-seq={group.edits.at(-1)?.seq ?? group.group} data-author={person?.name ?? ''} data-open={open}
      data-undone={group.undone} data-entered={entry}
    >
      <div className="history-row">
        <Mark group={group} />
        <button
          type="button" className="history-what" aria-expanded={open} title={words}
          onClick={() => {
            useStudio.setState({ chosen: open ? null : group.group });
            if (!open && first && isKind(first, 'comment') && !group.undone) {
              openComment(first.seq, first.instruction.frame);
            }
          }}
        >
          <What group={group} words={words} />
        </button>
        <time dateTime={new Date(group.at).toISOString()}>{timeOfDay(group.at)}</time>
        <span className="history-who">
          <i style={{ background: person?.color ?? 'currentColor' }} />
          <span>{author}</span>
          <span className="history-entry">{fate}</span>
        </span>
        <MuteGroup group={group} />
        <UndoThis group={group} />
      </div>
      {open && hasDetails(group) && <Details group={group} />}
      {open && <CompareBefore group={group} />}
      {open && <SeeAfter group={group} />}
    </li>
  );
});

/** What typing came to, sign by sign; anything else in a few words. */
function What({ group, words }: { group: GroupRecord; words: string }) {
  const parts = typedParts(group, useStudio.getState().log);
  if (parts.length === 0) return words;
  return parts.map(({ sign, text }, at) => (
    <span key={at} className={sign === '+' ? 'typed' : 'deleted'}><b>{sign}</b> {text} </span>
  ));
}

/** The picture, the colour or the kind of a gesture. */
function Mark({ group }: { group: GroupRecord }) {
  const [first] = group.edits;
  if (!first) return <span className="mark"><Icon name="history" /></span>;
  const { instruction } = first;
  if (instruction.kind === 'image' && instruction.blob) {
    return <Thumbnail blob={instruction.blob} size={28} />;
  }
  const swatch = instruction.kind === 'paint' ? instruction.color : undefined;
  return (
    <span className="mark">
      <Icon name={iconOf(first)} />
      {swatch && <i style={{ background: swatch }} title={swatch} />}
    </span>
  );
}

/** Take this gesture back, out of turn: everybody their own, owners anybody's (U2). */
function UndoThis({ group }: { group: GroupRecord }) {
  const may = useStudio((s) =>
    group.author === s.welcome?.participant || roleOf(s) === 'owner');
  const mine = useStudio((s) => group.author === s.welcome?.participant);
  const reason = useStudio(whyNoUndo);
  const name = useStudio((s) => s.log.participants.get(group.author)?.name ?? 'somebody');
  const noun = useStudio((s) => nounOf(group, s.log));
  if (group.undone || !may) return null;
  const words = `Undo ${mine ? 'my' : `${name}’s`} ${noun}`;
  return (
    <button
      type="button" className="icon-button history-undo" data-testid="undo-this"
      aria-label={words} title={reason ?? words} disabled={reason !== null}
      onClick={() => undoGesture(group.group)}
    >
      <Icon name="undo" />
    </button>
  );
}
