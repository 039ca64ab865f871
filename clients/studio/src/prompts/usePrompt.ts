/** One prompt field: what is typed here, what the session has, and when one becomes the other. */

import { outlook, type PendingEdit } from 'framejam';
import { useEffect, useRef, useState } from 'react';

import { useStudio, type StudioState } from '../session/store.ts';
import { isDirty, isOvertaken, textToGive, type Draft } from './draft.ts';

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
  /** `composing`: an input method is in the middle of a word, which is no pause in typing. */
  change(text: string, composing: boolean): void;
  /** Give what is typed. */
  send(): void;
  /** Give this text at once, as a complete edit. */
  give(text: string): void;
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
  const onItsWay = useStudio((s) => editOnItsWay(s, kind));
  const latest = textOf(onItsWay) ?? record?.instruction.text ?? '';
  // While somebody is in the field it shows the draft: a trailing space is not an edit.
  const [draft, setDraft] = useState<Draft | null>(null);
  const [focusSeq, setFocusSeq] = useState<number | null>(null);
  // Leaving the field gives the draft, unless it was just thrown away.
  const abandoned = useRef(false);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  const dirty = isDirty(draft);
  const overtaken = isOvertaken(draft, latest);

  // Nothing of ours is unsent: follow the others, also while the cursor is in the field.
  if (draft !== null && !dirty && latest !== draft.base) setDraft(null);

  // A pause counts for the draft it is a pause of.
  const idle = draft === null;
  useEffect(() => {
    if (idle) clearTimeout(timer.current);
  }, [idle]);
  useEffect(() => () => clearTimeout(timer.current), []);

  const submit = (text: string): void => {
    if (text === latest) return;
    const instruction = { kind, text };
    // While the connection is away the field is one edit, however often it is changed.
    if (onItsWay && session?.replace(onItsWay.key, instruction)) return;
    session?.edit(instruction);
  };
  const send = (byHand: boolean): void => {
    clearTimeout(timer.current);
    const text = textToGive(draft, latest, byHand);
    if (draft === null || text === null) return;
    setDraft({ ...draft, base: text });
    submit(text);
  };
  // The timer of a keystroke must give what the field and the session have when it ends.
  const newest = useRef(send);
  useEffect(() => {
    newest.current = send;
  });
  const type = (text: string): void => {
    abandoned.current = false;
    setDraft({ text, base: draft?.base ?? latest });
    clearTimeout(timer.current);
  };

  const theirs = record !== null && focusSeq !== null && record.seq > focusSeq
    && record.author !== me;
  const author = record?.author === me ? 'you' : participants.get(record?.author ?? '')?.name;
  return {
    value: draft?.text ?? latest,
    dirty,
    sending: onItsWay !== null,
    changedBy: theirs || overtaken ? author ?? 'somebody' : null,
    change: (text, composing) => {
      type(text);
      if (!composing) timer.current = setTimeout(() => newest.current(false), PAUSE_MS);
    },
    send: () => send(true),
    give: (text) => {
      // What is typed and overtaken waits for Enter, with this in it.
      if (overtaken) return type(text);
      clearTimeout(timer.current);
      setDraft(null);
      submit(text);
    },
    revert: () => {
      abandoned.current = true;
      clearTimeout(timer.current);
      setDraft(null);
    },
    focus: () => setFocusSeq(useStudio.getState().log.seq),
    blur: () => {
      const kept = overtaken && !abandoned.current;
      if (!kept) {
        if (!abandoned.current) send(false);
        setDraft(null);
        setFocusSeq(null);
      }
      clearTimeout(timer.current);
      abandoned.current = false;
    },
  };
}

/** The newest edit of ours to this field that is pending and not taken back again. */
function editOnItsWay({ pending }: StudioState, kind: PromptKind): PendingEdit | null {
  return outlook(pending).edits.findLast((e) => e.command.instruction.kind === kind) ?? null;
}

function textOf(edit: PendingEdit | null): string | null {
  const instruction = edit?.command.instruction;
  return instruction && 'text' in instruction ? instruction.text : null;
}
