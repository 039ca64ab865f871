/**
 * Folding the log into what a page shows, by the rules the server folds it by (L3).
 *
 * Prompts are folded by splices alone, which is what they read for everybody (M3); the shared
 * documents of `prompt.ts` are for writing in them.
 */

import type { Event } from './events.ts';
import { Fields } from './fields.ts';
import {
  DEFINING_SETTINGS, type Camera, type Comment, type Drag, type Erase, type Image,
  type Instruction, type Lock, type Paint, type Prompt, type Region, type Settings,
  type Trajectory,
} from './instructions.ts';
import {
  isKind, type EditRecord, type GroupRecord, type LogState, type Participant, type TakeRecord,
} from './records.ts';
import { applySplices, textsOf } from './texts.ts';

/** The kinds of edits that lie on the stage. */
const STAGED: ReadonlySet<string> = new Set<Instruction['kind']>([
  'image', 'paint', 'erase', 'drag', 'trajectory', 'camera', 'region', 'lock', 'comment',
]);

/** A gesture while it is folded; `place` is that of its record among those of the state. */
interface Group {
  readonly group: number;
  readonly author: string;
  readonly at: number;
  readonly members: number[];
  readonly place: number;
  undoneBy: string | null;
  shadowedBy: number | null;
}

/** The live edits that lie on the stage. */
type Stage = Pick<LogState,
  'image' | 'strokes' | 'drags' | 'trajectories' | 'cameras' | 'regions' | 'locks' | 'comments'>;

/** Applies events in seq order; `state` is what they add up to. */
export class LogFold {
  #seq = 0;
  #base: Settings | null = null;
  #settings: Settings | null = null;
  #take = 1;
  #participants: ReadonlyMap<string, Participant> = new Map();
  readonly #texts: Record<Prompt, string> = { content: '', motion: '', negative: '' };
  readonly #edits: EditRecord[] = [];
  /** The place of each edit among them, by its seq. */
  readonly #places = new Map<number, number>();
  /** The seqs of the edits of those kinds: most edits of a long log are typing. */
  readonly #staged: number[] = [];
  readonly #groups = new Map<number, Group>();
  readonly #adjusted = new Fields();
  readonly #revised = new Map<number, Fields>();
  /** The takes by the settings that define them, and the entry steps in each (T8). */
  readonly #takes = new Map<string, number>();
  readonly #takeRecords: TakeRecord[] = [];
  /** A copy of them for the state; null where there is one more. */
  #takeList: readonly TakeRecord[] | null = [];
  readonly #entries = new Map<number, Map<number, number>>();
  /** The take changed: the records still tell where edits entered the one before. */
  #elsewhere = false;
  /** How many live groups each person has. */
  readonly #live = new Map<string, number>();
  /** How many undos each person can take back. */
  readonly #redo = new Map<string, number>();
  readonly #groupRecords: GroupRecord[] = [];
  /** The groups whose records are to be made anew. */
  readonly #changed = new Set<Group>();
  #stage: Stage | null = null;
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
    const { author, body } = event;
    switch (body.kind) {
      case 'created':
        this.#base = body.settings;
        this.#settle();
        break;
      case 'joined':
        this.#participants = new Map(this.#participants).set(body.participant, body);
        break;
      case 'edited':
        this.#add({
          seq: event.seq, at: event.at, author, instruction: body.instruction,
          given: body.instruction, depth: body.depth, group: body.group ?? event.seq,
          undone: false, entry: null,
        });
        break;
      case 'undone':
        this.#turn(body.groups, author, body.shadowed_by);
        this.#redo.set(author, this.redoable(author) + 1);
        break;
      case 'redone':
        this.#turn(body.groups, null, null);
        this.#redo.set(author, this.redoable(author) - 1);
        break;
      case 'entered':
        this.#enter(body.take, body.step, body.edits);
        break;
    }
    if (this.#settings && this.#take > this.#takeRecords.length) {
      const { seq, at } = event;
      this.#takeRecords.push({ take: this.#take, settings: this.#settings, seq, at, author });
      this.#takeList = null;
    }
    for (const { prompt, splices } of textsOf(event)) {
      this.#texts[prompt] = applySplices(this.#texts[prompt], splices);
    }
  }

  /** How many live groups of their own this person has to undo (U2). */
  undoable(participant: string): number {
    return this.#live.get(participant) ?? 0;
  }

  /** How many undos of theirs this person can take back (U4). */
  redoable(participant: string): number {
    return this.#redo.get(participant) ?? 0;
  }

  /** Whose gesture this is, or null where there is none of this name. */
  authorOf(group: number): string | null {
    return this.#groups.get(group)?.author ?? null;
  }

  get state(): LogState {
    this.#state ??= this.#fold();
    return this.#state;
  }

  #add(edit: EditRecord): void {
    const group = this.#groups.get(edit.group) ?? this.#begin(edit);
    group.members.push(edit.seq);
    this.#places.set(edit.seq, this.#edits.length);
    this.#edits.push(edit);
    if (STAGED.has(edit.given.kind)) this.#staged.push(edit.seq);
    this.#change(edit.seq, { undone: group.undoneBy !== null });
    // A new edit clears its author's redo stack and nobody else's (U4).
    this.#redo.delete(edit.author);
    if (group.undoneBy === null) this.#write(edit, true);
  }

  #begin({ group: name, author, at }: EditRecord): Group {
    const group: Group = {
      group: name, author, at, members: [], place: this.#groups.size, undoneBy: null,
      shadowedBy: null,
    };
    this.#groups.set(name, group);
    this.#live.set(author, this.undoable(author) + 1);
    return group;
  }

  /** Take groups out of the state, or, where nobody undid them, bring them back. */
  #turn(names: readonly number[], by: string | null, shadowedBy: number | null): void {
    for (const name of names) {
      const group = this.#groups.get(name);
      if (!group) continue;
      const turned = Number(by === null) - Number(group.undoneBy === null);
      this.#live.set(group.author, this.undoable(group.author) + turned);
      group.undoneBy = by;
      group.shadowedBy = shadowedBy;
      for (const seq of group.members) {
        this.#change(seq, { undone: by !== null });
        this.#write(this.#edit(seq)!, by === null);
      }
    }
  }

  /** An edit that sets fields of something begins to count, or no longer does. */
  #write({ seq, given }: EditRecord, counts: boolean): void {
    if (given.kind === 'settings') {
      this.#adjusted[counts ? 'add' : 'remove'](seq, given);
      this.#settle();
    } else if (given.kind === 'revise') {
      const fields = this.#revised.get(given.target) ?? new Fields();
      this.#revised.set(given.target, fields);
      fields[counts ? 'add' : 'remove'](seq, given);
      const target = this.#edit(given.target);
      if (target) this.#change(target.seq, { instruction: fields.over(target.given) });
    }
  }

  #enter(take: number, step: number, edits: readonly number[]): void {
    const entries = this.#entries.get(take) ?? new Map<number, number>();
    this.#entries.set(take, entries);
    for (const seq of edits) {
      entries.set(seq, step);
      if (take === this.#take) this.#change(seq, { entry: { take, step } });
    }
  }

  /** The settings in force, and the take that those of `DEFINING_SETTINGS` define (T8). */
  #settle(): void {
    if (!this.#base) return;
    const settings = this.#adjusted.over(this.#base);
    this.#settings = settings;
    const key = JSON.stringify(DEFINING_SETTINGS.map((name) => settings[name]));
    const take = this.#takes.get(key) ?? this.#takes.size + 1;
    this.#takes.set(key, take);
    if (take === this.#take) return;
    this.#take = take;
    this.#elsewhere = true;
  }

  #moveEntries(): void {
    const entries = this.#entries.get(this.#take);
    for (const { seq, entry } of this.#edits) {
      const step = entries?.get(seq);
      if (entry === null && step === undefined) continue;
      this.#change(seq, { entry: step === undefined ? null : { take: this.#take, step } });
    }
    this.#elsewhere = false;
  }

  #edit(seq: number): EditRecord | undefined {
    return this.#edits[this.#places.get(seq) ?? -1];
  }

  #change(seq: number, change: Partial<EditRecord>): void {
    const edit = this.#edit(seq);
    if (!edit) return;
    this.#edits[this.#places.get(seq)!] = { ...edit, ...change };
    if (STAGED.has(edit.given.kind)) this.#stage = null;
    const group = this.#groups.get(edit.group);
    if (group) this.#changed.add(group);
  }

  #fold(): LogState {
    if (this.#elsewhere) this.#moveEntries();
    for (const group of this.#changed) this.#groupRecords[group.place] = this.#record(group);
    this.#changed.clear();
    this.#stage ??= stageOf(this.#staged.map((seq) => this.#edit(seq)!));
    this.#takeList ??= this.#takeRecords.slice();
    return {
      seq: this.#seq, settings: this.#settings, take: this.#take,
      takes: this.#takeList, participants: this.#participants, edits: this.#edits.slice(),
      groups: this.#groupRecords.slice(), ...this.#texts, ...this.#stage,
    };
  }

  #record({ group, author, at, members, undoneBy, shadowedBy }: Group): GroupRecord {
    return {
      group, author, at, edits: members.map((seq) => this.#edit(seq)!),
      undone: undoneBy !== null, undoneBy, shadowedBy,
    };
  }
}

function stageOf(edits: readonly EditRecord[]): Stage {
  let image: EditRecord<Image> | null = null;
  const strokes: EditRecord<Paint | Erase>[] = [];
  const drags: EditRecord<Drag>[] = [];
  const trajectories: EditRecord<Trajectory>[] = [];
  const cameras: EditRecord<Camera>[] = [];
  const regions: EditRecord<Region>[] = [];
  const locks: EditRecord<Lock>[] = [];
  const comments: EditRecord<Comment>[] = [];
  for (const edit of edits) {
    if (edit.undone) continue;
    if (isKind(edit, 'image')) image = edit;
    else if (isKind(edit, 'paint') || isKind(edit, 'erase')) strokes.push(edit);
    else if (isKind(edit, 'drag')) drags.push(edit);
    else if (isKind(edit, 'trajectory')) trajectories.push(edit);
    else if (isKind(edit, 'camera')) cameras.push(edit);
    else if (isKind(edit, 'region')) regions.push(edit);
    else if (isKind(edit, 'lock')) locks.push(edit);
    else if (isKind(edit, 'comment')) comments.push(edit);
  }
  return { image, strokes, drags, trajectories, cameras, regions, locks, comments };
}
