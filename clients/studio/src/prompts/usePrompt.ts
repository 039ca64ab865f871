/** One prompt field: what is typed here, what the session has, and when one becomes the other. */

import { useEffect, useRef, useState } from 'react';

import { useStudio } from '../session/store.ts';

export type PromptKind = 'content' | 'motion';

/** A pause in typing after which the text is given. */
const PAUSE_MS = 900;

export interface Prompt {
  /** What the field shows. */
  readonly value: string;
  /** Typed and not given yet. */
  readonly dirty: boolean;
  /** Given and not in the log yet. */
  readonly sending: boolean;
  /** Who changed the text while we are in the field. */
  readonly changedBy: string | null;
  change(text: string): void;
  send(): void;
  /** Take the session's text in the place of what is typed. */
  revert(): void;
  focus(): void;
  blur(): void;
}

export function usePrompt(kind: PromptKind): Prompt {
  const session = useStudio((s) => s.session);
  const me = useStudio((s) => s.welcome?.participant);
  const record = useStudio((s) => s.log[kind]);
  const participants = useStudio((s) => s.log.participants);
  const onItsWay = useStudio((s) => {
    for (const { command } of s.pending.toReversed()) {
      if (command.type === 'edit' && command.instruction.kind === kind) {
        return command.instruction.text;
      }
    }
    return null;
  });
  const latest = onItsWay ?? record?.instruction.text ?? '';
  // While somebody is in the field it shows the draft: a trailing space is not an edit.
  const [draft, setDraft] = useState<string | null>(null);
  const [base, setBase] = useState('');
  const [focusSeq, setFocusSeq] = useState<number | null>(null);
  // Leaving the field gives the draft, unless it was just thrown away.
  const abandoned = useRef(false);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  const dirty = draft !== null && draft.trim() !== base;
  const value = draft ?? latest;

  // Nothing of ours is unsent: follow the others, also while the cursor is in the field.
  if (draft !== null && !dirty && latest !== base) setDraft(null);

  useEffect(() => () => clearTimeout(timer.current), []);

  const send = (text: string | null): void => {
    clearTimeout(timer.current);
    if (text === null) return;
    const given = text.trim();
    setBase(given);
    if (given !== latest) session?.edit({ kind, text: given });
  };
  // The timer of a keystroke must give the text of its own time, with the state of the later one.
  const newest = useRef(send);
  useEffect(() => {
    newest.current = send;
  });

  const theirs = record !== null && focusSeq !== null && record.seq > focusSeq
    && record.author !== me;
  return {
    value,
    dirty,
    sending: onItsWay !== null,
    changedBy: theirs ? participants.get(record.author)?.name ?? 'somebody' : null,
    change: (text) => {
      abandoned.current = false;
      if (draft === null) setBase(latest);
      setDraft(text);
      clearTimeout(timer.current);
      timer.current = setTimeout(() => newest.current(text), PAUSE_MS);
    },
    send: () => send(draft),
    revert: () => {
      abandoned.current = true;
      clearTimeout(timer.current);
      setDraft(null);
    },
    focus: () => setFocusSeq(useStudio.getState().log.seq),
    blur: () => {
      if (!abandoned.current) send(draft);
      abandoned.current = false;
      setDraft(null);
      setFocusSeq(null);
    },
  };
}
