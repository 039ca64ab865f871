import { EditorState, type Transaction } from '@codemirror/state';
import { EditorView } from '@codemirror/view';
import { Session, type Person, type Presence, type SharedPrompts } from 'framejam';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import * as Y from 'yjs';

import { FakeSocket } from '../../typescript/test/fake-server.ts';
import { fieldExtensions } from '../src/prompts/editor.ts';
import { boundText } from '../src/prompts/shared.ts';
import { newestTyping } from '../src/prompts/standing.ts';
import { FIRST, logOf, typed } from './log.ts';

vi.stubGlobal('window', { matchMedia: () => ({ matches: false }) });
vi.stubGlobal('document', { createElement: () => ({}) });
const { keysToShow } = await import('../src/prompts/useField.ts');

describe('what an editor binds to', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it('M3 is the text that goes out, also after a refusal that the words outlive', () => {
    const socket = new FakeSocket();
    const session = new Session({
      origin: 'http://h', session: 's1', token: 't', openSocket: () => socket,
    });
    let prompts: SharedPrompts = session.prompts;
    session.on('prompts', (now) => { prompts = now; });
    session.connect();
    socket.welcome();
    const bound = (): Y.Text => boundText({ prompts }, 'content')!;
    const first = bound();
    first.insert(0, 'red ball');
    vi.advanceTimersByTime(150);
    expect([bound() === first, socket.of('edit').length]).toEqual([true, 1]);

    socket.deliver({
      type: 'refusal', client_seq: 1, code: 'invalid', message: 'no', field: null, rule: 'M3',
      expected: null, retry_after_ms: null, used: true,
    });
    vi.advanceTimersByTime(150);
    expect([bound() === first, bound().toString()]).toEqual([false, 'red ball']);
    const before = socket.of('edit').length;
    bound().insert(8, ' over the sea');
    vi.advanceTimersByTime(150);
    expect(socket.of('edit').length).toBe(before + 1);
    expect(session.prompts.content.text.toString()).toBe('red ball over the sea');
    session.leave();
  });

  it('C2 is nothing before there is a session', () => {
    expect(boundText({ prompts: null }, 'motion')).toBeNull();
  });
});

describe('a prompt with a line end of two characters', () => {
  const GIVEN = 'red\r\nball';
  const nothing = (): void => undefined;

  function fieldOf(text: Y.Text): EditorState {
    const extensions = fieldExtensions({
      text, label: '', example: '', testid: '', describedBy: '', limit: () => 500,
      tooLong: nothing, done: nothing, undo: nothing, redo: nothing, selected: nothing,
    });
    return EditorState.create({ doc: text.toString(), extensions });
  }

  /** As the binding does: changes of the editor, at the same places of the shared text. */
  function carried(text: Y.Text, { changes }: Transaction): void {
    let moved = 0;
    changes.iterChanges((from, to, _a, _b, insert) => {
      text.delete(from + moved, to - from);
      text.insert(from + moved, insert.sliceString(0, insert.length, '\n'));
      moved += insert.length - (to - from);
    });
  }

  function shared(): Y.Text {
    const text = new Y.Doc().getText('text');
    text.insert(0, GIVEN);
    return text;
  }

  it('M3 is as long for the editor as for everybody, and reads the same', () => {
    const state = fieldOf(shared());
    expect([state.doc.length, state.doc.toString()]).toEqual([GIVEN.length, GIVEN]);
  });

  it('M3 is typed on at its end', () => {
    const text = shared();
    const state = fieldOf(text);
    const letter = state.update({ changes: { from: state.doc.length, insert: 's' } });
    carried(text, letter);
    expect([letter.state.doc.toString(), text.toString()]).toEqual([`${GIVEN}s`, `${GIVEN}s`]);
  });

  it('M3 is one line when it is pasted', () => {
    const state = fieldOf(shared());
    const filters = state.facet(EditorView.clipboardInputFilter);
    const pasted = (text: string): string =>
      filters.reduce((words, filter) => filter(words, state), text);
    expect(['a\nb', 'a \r\n b', 'a\rb'].map(pasted)).toEqual(['a b', 'a b', 'a b']);
  });

  it('M3 is gone when all of it is deleted', () => {
    const text = shared();
    const state = fieldOf(text);
    carried(text, state.update({ changes: { from: 0, to: state.doc.length } }));
    expect(text.toString()).toBe('');
  });
});

describe('C4 carets of others', () => {
  const presence = new Map([['grace:1', {} as Presence], ['ada:1', {} as Presence]]);
  const people: readonly Person[] = [];

  it('are shown once we know whose they are, though the presence came before', () => {
    expect(keysToShow({ presence, people: [{} as Person] }, { presence, people }))
      .toEqual(['grace:1', 'ada:1']);
  });

  it('are left alone where only other things change', () => {
    expect(keysToShow({ presence, people }, { presence, people })).toEqual([]);
    const moved = new Map(presence).set('ada:1', {} as Presence);
    expect(keysToShow({ presence: moved, people }, { presence, people })).toEqual(['ada:1']);
    expect(keysToShow({ presence: new Map(), people }, { presence, people }))
      .toEqual(['grace:1', 'ada:1']);
  });
});

describe('the newest typing', () => {
  it('U2 is the newest that is not undone, of this prompt', () => {
    const log = logOf({ edit: typed([0, '', 'a']) }, { edit: typed([1, '', 'b']) },
                      { undone: { groups: [FIRST + 1] } });
    expect(newestTyping(log, 'content')?.seq).toBe(FIRST);
    expect(newestTyping(log, 'motion')).toBeNull();
  });

  it('is looked for once in a state of the log, however often pointers move', () => {
    const log = logOf({ edit: typed([0, '', 'a']) });
    let reads = 0;
    const counted = { ...log, get edits() {
      reads += 1;
      return log.edits;
    } };
    newestTyping(counted, 'content');
    newestTyping(counted, 'motion');
    const once = reads;
    expect(once).toBeGreaterThan(0);
    newestTyping(counted, 'content');
    newestTyping(counted, 'motion');
    expect(reads).toBe(once);
    expect(newestTyping(logOf(), 'content')).toBeNull();
  });
});
