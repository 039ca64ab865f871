/** The field of a prompt on the page: made for the shared text, told who else writes in it. */

import { Compartment, EditorState } from '@codemirror/state';
import { EditorView } from '@codemirror/view';
import { pointOf, textsOf, type Caret, type Prompt, type SharedPrompt } from 'framejam';
import { useEffect, useRef, useState, type RefObject } from 'react';

import { tellCaret, tellCaretAgain } from '../session/presence.ts';
import { useStudio, whyReadOnly, type StudioState } from '../session/store.ts';
import { redo, undo } from '../session/undo.ts';
import { aheadOf, tellCarets, type RemoteCaret } from './carets.ts';
import { fieldExtensions, openTo } from './editor.ts';
import { boundText } from './shared.ts';

/** Under what a field is known to its readers and to the tests. */
export interface Names {
  readonly label: string;
  readonly example: string;
  readonly describedBy: string;
}

/** How long it is said that a prompt is full. */
const NOTE_MS = 3_000;

/** Where the cursor was in a field that gives way to one of the same prompt. */
interface Left {
  readonly anchor: number;
  readonly head: number;
}

/**
 * Put the field of `prompt` into `host`. Returns the editor, and whether somebody just typed
 * beyond the limit.
 */
export function useField(
  host: RefObject<HTMLElement | null>, kind: Prompt, prompt: SharedPrompt | null,
  reason: string | null, names: Names,
): { view: EditorView | null; full: boolean } {
  const [view, setView] = useState<EditorView | null>(null);
  const [full, setFull] = useState(false);
  const open = useRef(new Compartment());
  const left = useRef<Left | null>(null);
  const { label, example, describedBy } = names;
  const text = useStudio((s) => boundText(s, kind));

  useEffect(() => {
    if (!host.current || !prompt || !text) return;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const made = new EditorView({
      parent: host.current,
      state: EditorState.create({
        doc: text.toString(),
        extensions: [
          fieldExtensions({
            text, label, example, describedBy, testid: kind, undo, redo,
            limit: () => useStudio.getState().welcome?.limits.prompt_chars ?? Infinity,
            tooLong: () => {
              clearTimeout(timer);
              setFull(true);
              timer = setTimeout(() => setFull(false), NOTE_MS);
            },
            done: () => prompt.endBurst(),
            selected: (range) => tellCaret(range && caretAt(made, kind, range)),
          }),
          open.current.of(openTo(whyReadOnly(useStudio.getState()))),
        ],
      }),
    });
    if (left.current) goOn(made, left.current);
    setView(made);
    return () => {
      clearTimeout(timer);
      left.current = made.hasFocus ? made.state.selection.main : null;
      made.destroy();
      setView(null);
    };
  }, [host, kind, prompt, text, label, example, describedBy]);

  useEffect(() => {
    view?.dispatch({ effects: open.current.reconfigure(openTo(reason)) });
  }, [view, reason]);

  useEffect(() => (view ? followCarets(view, kind) : undefined), [view, kind]);
  return { view, full };
}

/** Whoever was writing goes on writing. */
function goOn(view: EditorView, { anchor, head }: Left): void {
  const end = view.state.doc.length;
  view.dispatch({ selection: { anchor: Math.min(anchor, end), head: Math.min(head, end) } });
  view.focus();
}

function caretAt(view: EditorView, prompt: Prompt, { anchor, head }: Left): Caret {
  const text = view.state.doc.toString();
  return { prompt, anchor: pointOf(text, anchor), head: pointOf(text, head) };
}

/** Show where the others write, and tell them again where we do once our letters are with them. */
function followCarets(view: EditorView, kind: Prompt): () => void {
  const { session, presence } = useStudio.getState();
  const show = (keys: Iterable<string>): void => {
    const state = useStudio.getState();
    const text = view.state.doc.toString();
    const told = new Map([...keys].map((key) => [key, caretOf(state, key, kind, text)]));
    if (told.size > 0) view.dispatch({ effects: tellCarets.of(told) });
  };
  show(presence.keys());
  const stopPresence = useStudio.subscribe((now, before) => {
    show(keysToShow(now, before));
    if (now.pending.length === 0 && before.pending.length > 0 && view.hasFocus) tellCaretAgain();
  });
  // Whoever typed told where their caret is behind these letters, and told it before them.
  const stopEvents = session?.on('event', ({ event, live }) => {
    if (!live || textsOf(event).length === 0) return;
    const { presence: now } = useStudio.getState();
    show([...now.keys()].filter((key) => now.get(key)?.participant === event.author));
  });
  return () => {
    stopPresence();
    stopEvents?.();
  };
}

type Others = Pick<StudioState, 'presence' | 'people'>;

/** Whose caret may be another than before; somebody's presence may come before their name. */
export function keysToShow(now: Others, before: Others): string[] {
  if (now.people === before.people && now.presence === before.presence) return [];
  const keys = new Set([...now.presence.keys(), ...before.presence.keys()]);
  return now.people !== before.people ? [...keys]
    : [...keys].filter((key) => now.presence.get(key) !== before.presence.get(key));
}

function caretOf(
  { presence, people }: StudioState, key: string, kind: Prompt, text: string,
): RemoteCaret | null {
  const place = presence.get(key);
  const person = people.find((one) => one.participant === place?.participant);
  if (!person || place?.caret?.prompt !== kind) return null;
  return {
    key, name: person.name, color: person.color,
    anchor: aheadOf(text, place.caret.anchor), head: aheadOf(text, place.caret.head),
  };
}
