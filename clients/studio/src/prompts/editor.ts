/** A prompt as a text field that several people write in: CodeMirror bound to the shared text. */

import { EditorState, Prec, type Extension, type Transaction } from '@codemirror/state';
import { EditorView, keymap, placeholder } from '@codemirror/view';
import { yCollab, ySyncAnnotation } from 'y-codemirror.next';
import type * as Y from 'yjs';

import { remoteCarets } from './carets.ts';

/** What the field is for and what it tells the page. */
export interface Field {
  readonly text: Y.Text;
  readonly label: string;
  readonly example: string;
  readonly testid: string;
  /** The id of the line that says what became of the text. */
  readonly describedBy: string;
  /** The longest prompt in code points. */
  limit(): number;
  /** Somebody typed beyond the limit: it was not taken. */
  tooLong(): void;
  /** Enter: what was typed is a whole. */
  done(): void;
  undo(): void;
  redo(): void;
  /** The selection in UTF-16 units; null when the field was left. */
  selected(range: { readonly anchor: number; readonly head: number } | null): void;
}

/** Everything the field is made of but the text itself. */
export function fieldExtensions(field: Field): Extension {
  return [
    // A program may give "\r\n": the editor would count it as one unit, the shared text as two.
    EditorState.lineSeparator.of('\n'),
    yCollab(field.text, null, { undoManager: false }),
    EditorView.lineWrapping,
    EditorView.clipboardInputFilter.of((text) => text.replace(/\s*[\r\n]\s*/g, ' ')),
    EditorState.transactionFilter.of((transaction) => accepted(transaction, field)),
    placeholder(field.example),
    remoteCarets,
    keys(field),
    EditorView.domEventHandlers({
      keydown: (event) => undoes(event, field),
      // The browser's own menu undoes its own history, which knows nothing of the others.
      beforeinput: ({ inputType }) => {
        if (inputType === 'historyUndo') field.undo();
        else if (inputType === 'historyRedo') field.redo();
        else return false;
        return true;
      },
      // A picture is dropped on the stage; a field would take it for text.
      drop: (event) => event.dataTransfer?.types.includes('Files') ?? false,
    }),
    EditorView.updateListener.of((update) => {
      if (!update.selectionSet && !update.docChanged && !update.focusChanged) return;
      field.selected(update.view.hasFocus ? update.state.selection.main : null);
    }),
    EditorView.contentAttributes.of({
      'aria-label': field.label, 'aria-describedby': field.describedBy, 'aria-multiline': 'false',
      'data-testid': field.testid, spellcheck: 'false', autocapitalize: 'off', enterkeyhint: 'done',
    }),
  ];
}

/** Whether people may write here, and if not, why. */
export function openTo(reason: string | null): Extension {
  return [
    EditorView.editable.of(reason === null),
    EditorState.readOnly.of(reason !== null),
    reason === null ? [] : EditorView.contentAttributes.of({
      'aria-disabled': 'true', title: reason,
    }),
  ];
}

function keys(field: Field): Extension {
  const done = (): boolean => {
    field.done();
    return true;
  };
  return Prec.highest(keymap.of([
    { key: 'Enter', run: done, shift: done },
    // Leaves the field: the page's own keys work from here on.
    { key: 'Escape', run: (view) => {
      view.contentDOM.blur();
      return true;
    } },
  ]));
}

/** Ctrl+Z and the like; not as key bindings, for which a shifted z is a z with Caps Lock on. */
function undoes(event: KeyboardEvent, field: Field): boolean {
  const key = event.key.toLowerCase();
  if (!(event.ctrlKey || event.metaKey) || event.altKey || (key !== 'z' && key !== 'y')) {
    return false;
  }
  if (key === 'z' && !event.shiftKey) field.undo();
  else field.redo();
  return true;
}

/** A prompt is one line and no longer than the server takes; what others typed always comes in. */
function accepted(transaction: Transaction, field: Field): readonly Transaction[] | Transaction {
  const { startState, newDoc } = transaction;
  if (!transaction.docChanged || transaction.annotation(ySyncAnnotation)) return transaction;
  if (newDoc.lines > startState.doc.lines) return [];
  const before = lengthOf(startState.doc.toString());
  const after = lengthOf(newDoc.toString());
  if (after > field.limit() && after > before) {
    field.tooLong();
    return [];
  }
  return transaction;
}

function lengthOf(text: string): number {
  return [...text].length;
}
