/**
 * Folding the log into what a page shows, by the rules the server folds it by (L3).
 *
 * Prompts are folded by splices alone, which is what they read for everybody (M3); the shared
 * documents of `prompt.ts` are for writing in them.
 */

import type { Event, Standing } from './events.ts';
import { Fields } from './fields.ts';
import { DEFINING_SETTINGS, type Prompt, type Settings } from './instructions.ts';
import { Past, pastAt, type Flips, type Turned } from './past.ts';
import type {
  EditRecord, GroupRecord, LogState, Origin, Participant, TakeRecord, VersionRecord,
} from './records.ts';
import { isStaged, stageOf, type Stage } from './staged.ts';
import { applySplices, textsOf } from './texts.ts';

/** A gesture while it is folded; `place` is that of its record among those of the state. */
interface Group {
  readonly group: number;
  readonly author: string;
  readonly at: number;
  readonly members: number[];
  readonly to: number | null;
  readonly place: number;
  undoneBy: string | null;
  undoneIn: number | null;
  shadowedBy: number | null;
}

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
  /** The takes by the settings that define them (T8). */
  readonly #takes = new Map<string, number>();
  readonly #takeRecords: TakeRecord[] = [];
  /** A copy of them for the state; null where there is one more. */
  #takeList: readonly TakeRecord[] | null = [];
  /** The edits of the kind `settings`. */
  readonly #adjusts: number[] = [];
  /** What each restore turned; the groups undone, and the entry steps in each take. */
  readonly #restores = new Map<number, Turned>();
  readonly #past = new Past();
  /** All events that changed any of that. */
  readonly #turns: Event[] = [];
  readonly #named = new Map<number, VersionRecord>();
  #versions: readonly VersionRecord[] = [];
  #origin: Origin | null = null;
  readonly #passed: Event[] = [];
  /** A copy of them for the state; null where there is one more. */
  #milestones: readonly Event[] | null = [];
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
    if (body.kind !== 'edited' && body.kind !== 'entered') {
      this.#passed.push(event);
      this.#milestones = null;
    }
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
        this.#turn(event, body.groups, true, body.shadowed_by);
        this.#redo.set(author, this.redoable(author) + 1);
        break;
      case 'redone':
        this.#turn(event, body.groups, false);
        this.#redo.set(author, this.redoable(author) - 1);
        break;
      case 'restored':
        this.#restore(event, body.to);
        break;
      case 'entered':
        this.#turns.push(event);
        this.#past.enter(body.take, body.step, body.edits);
        if (body.take === this.#take) this.#enter(body.edits);
        break;
      case 'marked':
        this.#mark(body.of, body.name, event);
        break;
      case 'assigned':
        this.#assign([body.participant], body.role);
        break;
      case 'branched':
        this.#origin = { session: body.session, seq: body.seq };
        this.#assign([...this.#participants.keys()], 'none');
        this.#assign([body.participant], 'owner');
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

  /** What was live after event `seq`, and where it had entered; walks through the log. */
  past(seq: number): Past {
    return pastAt(seq, this.#turns, this.#restores);
  }

  get state(): LogState {
    this.#state ??= this.#fold();
    return this.#state;
  }

  #add(edit: EditRecord): void {
    const group = this.#groups.get(edit.group) ?? this.#begin(edit, edit.group);
    group.members.push(edit.seq);
    this.#places.set(edit.seq, this.#edits.length);
    this.#edits.push(edit);
    if (isStaged(edit)) this.#staged.push(edit.seq);
    if (edit.given.kind === 'settings') this.#adjusts.push(edit.seq);
    this.#change(edit.seq, { undone: group.undoneBy !== null });
    // A new edit clears its author's redo stack and nobody else's (U4).
    this.#redo.delete(edit.author);
    if (group.undoneBy === null) this.#write(edit, true);
  }

  #begin({ author, at }: Pick<Event, 'author' | 'at'>, name: number,
         to: number | null = null): Group {
    const group: Group = {
      group: name, author, at, members: [], to, place: this.#groups.size, undoneBy: null,
      undoneIn: null, shadowedBy: null,
    };
    this.#groups.set(name, group);
    this.#changed.add(group);
    this.#live.set(author, this.undoable(author) + 1);
    return group;
  }

  /** Take groups out of the state or bring them back, and with a restore what it turned. */
  #turn(event: Event, names: readonly number[], dying: boolean, shadow: number | null = null): void {
    this.#turns.push(event);
    this.#flip(this.#past.turn(names, dying), event);
    for (const name of names) {
      const group = this.#groups.get(name);
      if (group) group.shadowedBy = shadow;
      const turned = this.#restores.get(name);
      if (turned) this.#enter(turned.steps.keys());
    }
  }

  #restore(event: Event, to: number): void {
    if (to >= event.seq) throw new RangeError(`event ${event.seq} restores ${to}, not before it`);
    const turned = this.#turned(to);
    this.#restores.set(event.seq, turned);
    this.#turns.push(event);
    this.#begin(event, event.seq, to);
    this.#redo.delete(event.author);
    this.#flip(this.#past.restore(event.seq, turned), event);
    this.#enter(turned.steps.keys());
  }

  /** What putting the session back to event `to` turns (R3). */
  #turned(to: number): Turned {
    const { dead, entries } = this.#past;
    const then = this.past(to);
    const alive = new Set([...this.#groups.keys()]
      .filter((group) => group <= to && !then.dead.has(group)));
    const take = this.#takeAt(to, alive);
    const now = entries.get(take);
    return {
      out: new Set([...this.#groups.keys()].filter((one) => !dead.has(one) && !alive.has(one))),
      back: new Set([...dead].filter((one) => alive.has(one))),
      take,
      steps: new Map([...then.entries.get(take) ?? []].flatMap(([edit, after]) => {
        const before = now?.get(edit);
        return before === undefined || before === after ? [] : [[edit, { before, after }]];
      })),
    };
  }

  /** The take that was in force after event `seq`, when the groups `alive` were live. */
  #takeAt(seq: number, alive: ReadonlySet<number>): number {
    const adjusted = new Fields();
    for (const adjust of this.#adjusts) {
      const edit = this.#edit(adjust);
      if (edit?.given.kind === 'settings' && adjust <= seq && alive.has(edit.group)) {
        adjusted.add(adjust, edit.given);
      }
    }
    return (this.#base && this.#takes.get(keyOf(adjusted.over(this.#base)))) ?? this.#take;
  }

  #flip({ dies, comes }: Flips, { seq: by, author }: Event): void {
    for (const name of [...dies, ...comes].sort((a, b) => a - b)) {
      const group = this.#groups.get(name);
      if (!group) continue;
      const live = comes.has(name);
      this.#live.set(group.author, this.undoable(group.author) + (live ? 1 : -1));
      group.undoneBy = live ? null : author;
      group.undoneIn = live ? null : by;
      group.shadowedBy = null;
      this.#changed.add(group);
      for (const seq of group.members) {
        this.#change(seq, { undone: !live });
        this.#write(this.#edit(seq)!, live);
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

  /** The entry steps of these edits in the take in force have changed. */
  #enter(edits: Iterable<number>): void {
    for (const seq of edits) this.#change(seq, { entry: this.#entryOf(seq) });
  }

  #entryOf(seq: number): EditRecord['entry'] {
    const step = this.#past.entries.get(this.#take)?.get(seq);
    return step === undefined ? null : { take: this.#take, step };
  }

  #mark(of: number, name: string | null, { seq, at, author }: Event): void {
    if (name === null) this.#named.delete(of);
    else this.#named.set(of, { of, name, author, seq, at });
    this.#versions = [...this.#named.values()].sort((a, b) => a.of - b.of);
  }

  #assign(people: readonly string[], role: Standing): void {
    const all = new Map(this.#participants);
    for (const id of people) {
      const person = all.get(id);
      if (person) all.set(id, { ...person, role });
    }
    this.#participants = all;
  }

  /** The settings in force, and the take that those of `DEFINING_SETTINGS` define (T8). */
  #settle(): void {
    if (!this.#base) return;
    const settings = this.#adjusted.over(this.#base);
    this.#settings = settings;
    const key = keyOf(settings);
    const take = this.#takes.get(key) ?? this.#takes.size + 1;
    this.#takes.set(key, take);
    if (take === this.#take) return;
    this.#take = take;
    this.#elsewhere = true;
  }

  #moveEntries(): void {
    for (const { seq, entry } of this.#edits) {
      const now = this.#entryOf(seq);
      if (entry !== null || now !== null) this.#change(seq, { entry: now });
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
    if (isStaged(edit)) this.#stage = null;
    const group = this.#groups.get(edit.group);
    if (group) this.#changed.add(group);
  }

  #fold(): LogState {
    if (this.#elsewhere) this.#moveEntries();
    for (const group of this.#changed) this.#groupRecords[group.place] = this.#record(group);
    this.#changed.clear();
    this.#stage ??= stageOf(this.#staged.map((seq) => this.#edit(seq)!));
    this.#takeList ??= this.#takeRecords.slice();
    this.#milestones ??= this.#passed.slice();
    return {
      seq: this.#seq, settings: this.#settings, take: this.#take,
      takes: this.#takeList, participants: this.#participants, edits: this.#edits.slice(),
      groups: this.#groupRecords.slice(), versions: this.#versions, origin: this.#origin,
      milestones: this.#milestones, ...this.#texts, ...this.#stage,
    };
  }

  #record(
    { group, author, at, members, to, undoneBy, undoneIn, shadowedBy }: Group,
  ): GroupRecord {
    return {
      group, author, at, edits: members.map((seq) => this.#edit(seq)!), to,
      undone: undoneBy !== null, undoneBy, undoneIn, shadowedBy,
    };
  }
}

/** What tells a take from others (T8). */
function keyOf(settings: Settings): string {
  return JSON.stringify(DEFINING_SETTINGS.map((name) => settings[name]));
}
