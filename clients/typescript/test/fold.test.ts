import { describe, expect, it } from 'vitest';

import { LogFold, type Body, type Event, type Instruction } from '../src/index.ts';

/** Applies bodies as events 1, 2, 3 ... of the given authors. */
class Log {
  readonly fold = new LogFold();
  #seq = 0;

  add(author: string, body: Body): number {
    this.#seq += 1;
    const event: Event = {
      type: 'event', seq: this.#seq, at: 0, author, body, client_id: null, client_seq: null,
    };
    this.fold.apply(event);
    return this.#seq;
  }

  edit(author: string, instruction: Instruction): number {
    return this.add(author, { kind: 'edited', instruction, depth: null, v: 1 });
  }

  content(author: string, text: string): number {
    return this.edit(author, { kind: 'content', text });
  }

  undo(author: string, ...groups: number[]): number {
    return this.add(author, { kind: 'undone', groups, shadowed_by: null, v: 1 });
  }

  redo(author: string, ...groups: number[]): number {
    return this.add(author, { kind: 'redone', groups, v: 1 });
  }

  get text(): string | undefined {
    return this.fold.state.content?.instruction.text;
  }
}

const stroke: Instruction = { kind: 'paint', points: [[0, 0]], color: '#ff0000', width: 100 };

const drag: Instruction = { kind: 'drag', start: [9, 9], end: [99, 9], radius: 5 };

describe('folding the log', () => {
  it('M2 the last live writer owns a field; fields do not touch each other', () => {
    const log = new Log();
    log.content('a', 'cat');
    log.edit('b', { kind: 'motion', text: 'left' });
    const dog = log.content('b', 'dog');
    expect(log.text).toBe('dog');
    log.undo('b', dog);
    expect(log.text).toBe('cat');
    expect(log.fold.state.motion?.instruction.text).toBe('left');
  });

  it('M4 strokes lie in seq order, undone ones are out', () => {
    const log = new Log();
    const seqs = [log.edit('a', stroke), log.edit('b', stroke), log.edit('a', stroke)];
    log.undo('b', seqs[1]!);
    expect(log.fold.state.strokes.map((s) => s.seq)).toEqual([seqs[0], seqs[2]]);
    expect(log.fold.state.edits.map((e) => e.undone)).toEqual([false, true, false]);
  });

  it('M2 drags all count, undone ones are out, and are neither strokes nor prompts', () => {
    const log = new Log();
    const seqs = [log.edit('a', drag), log.edit('b', drag), log.edit('a', stroke)];
    expect(log.fold.state.drags.map((d) => d.seq)).toEqual([seqs[0], seqs[1]]);
    expect(log.fold.state.strokes.map((s) => s.seq)).toEqual([seqs[2]]);
    log.undo('a', seqs[0]!);
    expect(log.fold.state.drags.map((d) => [d.seq, d.author])).toEqual([[seqs[1], 'b']]);
    log.redo('a', seqs[0]!);
    expect(log.fold.state.drags[0]?.instruction).toEqual(drag);
  });

  it('U2 U4 undo and redo belong to the person; a new edit clears the own redo stack only', () => {
    const log = new Log();
    const a = log.content('a', '1');
    const b = log.content('b', '2');
    expect(log.fold.redoable('a')).toBe(0);
    log.undo('a', a);
    log.undo('b', b);
    expect(log.fold.undoable('a')).toBe(0);
    expect([log.fold.redoable('a'), log.fold.redoable('b')]).toEqual([1, 1]);
    log.content('a', '3');
    expect([log.fold.redoable('a'), log.fold.redoable('b')]).toEqual([0, 1]);
    log.redo('b', b);
    expect(log.fold.redoable('b')).toBe(0);
    expect(log.fold.undoable('b')).toBe(1);
  });

  it('T7 an edit keeps the newest step it entered at, also over undo and redo', () => {
    const log = new Log();
    const seq = log.content('a', 'cat');
    expect(log.fold.state.edits[0]?.entry).toBeNull();
    log.add('', { kind: 'entered', take: 1, step: 9, edits: [seq], v: 1 });
    log.add('', { kind: 'entered', take: 1, step: 4, edits: [seq], v: 1 });
    log.undo('a', seq);
    log.redo('a', seq);
    expect(log.fold.state.edits[0]?.entry).toEqual({ take: 1, step: 4 });
  });

  it('keeps the identity of records that did not change', () => {
    const log = new Log();
    log.content('a', 'cat');
    const before = log.fold.state;
    log.content('a', 'dog');
    expect(log.fold.state).not.toBe(before);
    expect(log.fold.state.edits[0]).toBe(before.edits[0]);
  });

  it('C3 refuses an event out of order', () => {
    const fold = new LogFold();
    expect(() => fold.apply({
      type: 'event', seq: 2, at: 0, author: '', client_id: null, client_seq: null,
      body: { kind: 'redone', groups: [], v: 1 },
    })).toThrow('event 2 came after 0');
  });
});
