/**
 * Folding the log into what a page shows.
 *
 * The server folds the same events; this one keeps what people look at (who gave which
 * instruction, what is undone, where it entered) and leaves the state hash to the server.
 */

import type { Event, Role } from './events.ts';
import type {
  Content, Drag, Image, Instruction, Motion, Paint, Settings,
} from './instructions.ts';

/** Someone who ever joined, as the log knows them. */
export interface Participant {
  readonly participant: string;
  readonly name: string;
  readonly color: string;
  readonly role: Role;
}

/** One edit of the log with what became of it. */
export interface EditRecord<I extends Instruction = Instruction> {
  readonly seq: number;
  readonly at: number;
  readonly author: string;
  readonly instruction: I;
  readonly undone: boolean;
  /** The step of the newest take it entered at, or null while it waits for a boundary. */
  readonly entry: { readonly take: number; readonly step: number } | null;
}

/** The log, folded. A new object whenever something changed; records keep their identity. */
export interface LogState {
  readonly seq: number;
  readonly settings: Settings | null;
  readonly participants: ReadonlyMap<string, Participant>;
  /** All edits in seq order, undone ones too. */
  readonly edits: readonly EditRecord[];
  /** The live edits that own the three single fields: last writer wins (M2). */
  readonly content: EditRecord<Content> | null;
  readonly motion: EditRecord<Motion> | null;
  readonly image: EditRecord<Image> | null;
  /** Live strokes in seq order: later ones lie on top (M4). */
  readonly strokes: readonly EditRecord<Paint>[];
  /** Live drags in seq order. They all count, and their order does not matter (M4). */
  readonly drags: readonly EditRecord<Drag>[];
}

/** Applies events in seq order; `state` is what they add up to. */
export class LogFold {
  #seq = 0;
  #settings: Settings | null = null;
  readonly #participants = new Map<string, Participant>();
  readonly #edits = new Map<number, EditRecord>();
  /** How many live edits each person has. */
  readonly #live = new Map<string, number>();
  readonly #redo = new Map<string, (readonly number[])[]>();
  #state: LogState | null = null;

  get seq(): number {
    return this.#seq;
  }

  /** Apply the event after the last one. Throws where it is another: ask for what is missing. */
  apply(event: Event): void {
    if (event.seq !== this.#seq + 1) {
      throw new RangeError(`event ${event.seq} came after ${this.#seq}: ask for those between`);
    }
    this.#seq = event.seq;
    this.#state = null;
    const { body } = event;
    switch (body.kind) {
      case 'created':
        this.#settings = body.settings;
        break;
      case 'joined':
        this.#participants.set(body.participant, body);
        break;
      case 'edited':
        this.#edits.set(event.seq, {
          seq: event.seq, at: event.at, author: event.author, instruction: body.instruction,
          undone: false, entry: null,
        });
        this.#count(event.author, 1);
        // A new edit clears its author's redo stack and nobody else's (U4).
        this.#redo.delete(event.author);
        break;
      case 'undone':
        this.#change(body.groups, { undone: true });
        this.#count(event.author, -body.groups.length);
        this.#redo.set(event.author, [...(this.#redo.get(event.author) ?? []), body.groups]);
        break;
      case 'redone':
        this.#change(body.groups, { undone: false });
        this.#count(event.author, body.groups.length);
        this.#redo.set(event.author, (this.#redo.get(event.author) ?? []).slice(0, -1));
        break;
      case 'entered':
        this.#change(body.edits, { entry: { take: body.take, step: body.step } });
        break;
    }
  }

  /** How many live edits of their own this person has to undo (U2). */
  undoable(participant: string): number {
    return this.#live.get(participant) ?? 0;
  }

  /** How many undos of theirs this person can take back (U4). */
  redoable(participant: string): number {
    return this.#redo.get(participant)?.length ?? 0;
  }

  get state(): LogState {
    this.#state ??= this.#fold();
    return this.#state;
  }

  /** People undo and redo their own edits only (U2): the event's author is the edits'. */
  #count(author: string, change: number): void {
    this.#live.set(author, this.undoable(author) + change);
  }

  #change(seqs: readonly number[], change: Partial<Pick<EditRecord, 'undone' | 'entry'>>): void {
    for (const seq of seqs) {
      const edit = this.#edits.get(seq);
      if (edit) this.#edits.set(seq, { ...edit, ...change });
    }
  }

  #fold(): LogState {
    let content: EditRecord<Content> | null = null;
    let motion: EditRecord<Motion> | null = null;
    let image: EditRecord<Image> | null = null;
    const strokes: EditRecord<Paint>[] = [];
    const drags: EditRecord<Drag>[] = [];
    const edits = [...this.#edits.values()];
    for (const edit of edits) {
      if (edit.undone) continue;
      if (isKind(edit, 'content')) content = edit;
      else if (isKind(edit, 'motion')) motion = edit;
      else if (isKind(edit, 'image')) image = edit;
      else if (isKind(edit, 'paint')) strokes.push(edit);
      else if (isKind(edit, 'drag')) drags.push(edit);
    }
    return {
      seq: this.#seq, settings: this.#settings, participants: new Map(this.#participants),
      edits, content, motion, image, strokes, drags,
    };
  }
}

/** Narrow a record by the kind of its instruction. */
export function isKind<K extends Instruction['kind']>(
  edit: EditRecord, kind: K,
): edit is EditRecord<Extract<Instruction, { kind: K }>> {
  return edit.instruction.kind === kind;
}
