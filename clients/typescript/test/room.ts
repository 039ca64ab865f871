/**
 * A server in memory, as far as prompts go: it orders what several sessions type, merges it with
 * Yjs, tells everybody, and undoes by who typed what (M3, U6, L4, L6).
 *
 * Every connection has a line in each direction; what is on it arrives when the test says so.
 */

import { decode, encode } from '@msgpack/msgpack';
import * as Y from 'yjs';

import {
  applySplices, PROMPTS, type Body, type ClientMessage, type Command, type Event, type Prompt,
  type Refusal, type ServerMessage, type Splice, type Text, type Welcome,
} from '../src/index.ts';
import { FakeSocket, welcome } from './fake-server.ts';

/** The Yjs client id under which the server writes. */
const SERVER = 1;

/** A character ever typed: shown iff its edit is live and none of those that deleted it is. */
interface Char {
  readonly text: string;
  readonly by: number;
  readonly gone: number[];
  shown: boolean;
}

interface Client {
  readonly participant: string;
  readonly yjs: number;
  readonly answers: Map<number, ServerMessage>;
  next: number;
  open: { readonly name: string; readonly first: number } | null;
}

/** One connection: what is on its way up and down. */
export class Line extends FakeSocket {
  readonly up: ClientMessage[] = [];
  readonly down: Uint8Array<ArrayBuffer>[] = [];
  client: Client | null = null;
  opened = false;

  override send(data: Uint8Array): void {
    super.send(data);
    this.up.push(decode(data) as ClientMessage);
  }
}

export class Room {
  epoch = 'e1';
  /** Answers the next typed edit of whoever; null lets it through. */
  refuse: ((command: Command) => Partial<Refusal> | null) | null = null;
  promptChars = 500;
  lines: Line[] = [];
  log: Event[] = [];
  readonly clients = new Map<string, Client>();
  #docs: Record<Prompt, Y.Doc> = { content: new Y.Doc(), motion: new Y.Doc(), negative: new Y.Doc() };
  #chars: Record<Prompt, Char[]> = { content: [], motion: [], negative: [] };
  #redo = new Map<string, number[][]>();
  #dead = new Set<number>();

  constructor() {
    for (const prompt of PROMPTS) this.#docs[prompt].clientID = SERVER;
  }

  /** What a session connects by; `participant` is who its token says. */
  readonly open = (participant: string) => (): Line => {
    const line = new Line();
    this.lines.push(line);
    line.client = { participant, yjs: 0, answers: new Map(), next: 1, open: null };
    return line;
  };

  text(prompt: Prompt): string {
    return this.#chars[prompt].filter(({ shown }) => shown).map(({ text }) => text).join('');
  }

  /** One message arrives somewhere; false where none is on its way. */
  step(choose: (below: number) => number = () => 0): boolean {
    const ways = this.lines.flatMap((line) => (line.opened ? [] : [() => open(line)]).concat(
      line.up.length ? [() => this.#receive(line, line.up.shift()!)] : [],
      line.down.length ? [() => line.onmessage?.({ data: line.down.shift()!.buffer })] : [],
    ));
    ways[choose(ways.length || 1)]?.();
    return ways.length > 0;
  }

  settle(): void {
    while (this.step());
  }

  /** The connection breaks; what is on its way is lost. */
  drop(line: Line, code = 1006): void {
    this.lines = this.lines.filter((one) => one !== line);
    line.up.length = line.down.length = 0;
    if (line.client) line.client.open = null;
    line.drop(code);
  }

  /** Another log takes the place of this one: as it was after event `seq` (C2). */
  fallBack(seq: number): void {
    const kept = this.log.slice(0, seq);
    this.epoch += '+';
    this.log = [];
    this.#docs = { content: new Y.Doc(), motion: new Y.Doc(), negative: new Y.Doc() };
    this.#chars = { content: [], motion: [], negative: [] };
    this.#redo = new Map();
    this.#dead = new Set();
    for (const event of kept) this.#fold(event);
    // Not before: Yjs would take our own updates for an impostor's.
    for (const prompt of PROMPTS) this.#docs[prompt].clientID = SERVER;
    // What the server answered is stored beside the log, and lost with it.
    for (const [id, client] of this.clients) {
      const own = kept.filter(({ client_id }) => client_id === id);
      client.answers.clear();
      client.next = (own.at(-1)?.client_seq ?? 0) + 1;
      for (const { seq, client_seq } of own) {
        client.answers.set(client_seq!, { type: 'ack', client_seq: client_seq!, seq });
      }
      client.open = null;
    }
  }

  /** What somebody without Yjs typed: the server writes it (M3). */
  write(author: string, prompt: Prompt, splices: readonly Splice[]): void {
    const instruction = this.#compensate(prompt, splices);
    this.#append(author, { kind: 'edited', instruction, depth: null, group: null, v: 2 });
  }

  #receive(line: Line, message: ClientMessage): void {
    switch (message.type) {
      case 'hello': {
        const { client_id: id, resume } = message;
        const fresh = { ...line.client!, yjs: 100 + this.clients.size };
        const client = this.clients.get(id) ?? fresh;
        this.clients.set(id, client);
        line.client = client;
        client.open = null;
        const recovered = resume?.epoch === this.epoch && resume.last_seq <= this.log.length;
        this.#tell(line, this.#welcome(client, recovered));
        const events = this.log.slice(recovered ? resume.last_seq : 0);
        if (events.length) this.#tell(line, { type: 'events', events, more: false });
        break;
      }
      case 'end_group': line.client!.open = null; break;
      case 'edit': case 'undo': case 'redo': this.#command(line, message); break;
    }
  }

  #welcome(client: Client, recovered: boolean): Welcome {
    return welcome({
      epoch: this.epoch, head_seq: this.log.length, recovered, participant: client.participant,
      next_client_seq: client.next, yjs_client: client.yjs,
      schedulers: [], loras: [],
    });
  }

  #command(line: Line, command: Command): void {
    const client = line.client!;
    const number = command.client_seq;
    if (number < client.next) {
      const again = client.answers.get(number);
      this.#tell(line, again ?? refusal(number, { code: 'conflict', rule: 'L4', used: false }));
      return;
    }
    if (number > client.next) {
      this.#tell(line, refusal(number, { code: 'gap', expected: client.next, used: false }));
      return;
    }
    client.next += 1;
    const body = this.refuse?.(command) ?? this.#decide(client, command);
    if (!('kind' in body)) {
      const no = refusal(number, body);
      client.answers.set(number, no);
      this.#tell(line, no);
      return;
    }
    const id = [...this.clients].find(([, one]) => one === client)![0];
    const event = this.#append(client.participant, body, id, number);
    client.open = command.type !== 'edit' || command.group === null ? null
      : { name: command.group, first: (body as { group?: number | null }).group ?? event.seq };
    const ack: ServerMessage = { type: 'ack', client_seq: number, seq: event.seq };
    client.answers.set(number, ack);
    this.#tell(line, ack);
  }

  #decide(client: Client, command: Command): Body | Partial<Refusal> {
    const stack = this.#redo.get(client.participant) ?? [];
    switch (command.type) {
      case 'edit': {
        const group = client.open?.name === command.group ? client.open?.first ?? null : null;
        const given = command.instruction;
        if (given.kind !== 'typed') throw new Error('this server only knows typing');
        const text = this.#merge(given.prompt, given.update, client.yjs);
        if (!('splices' in text)) return text;
        return { kind: 'edited', instruction: text, depth: null, group, v: 2 };
      }
      case 'undo': {
        const newest = this.log.findLast(({ seq, author, body }) => body.kind === 'edited'
          && body.group === null && author === client.participant && !this.#dead.has(seq));
        if (!newest) return { code: 'nothing_to_undo', rule: 'U2' };
        const texts = this.#turn([newest.seq], true);
        return { kind: 'undone', groups: [newest.seq], shadowed_by: null, texts, v: 2 };
      }
      case 'redo': {
        const groups = stack.at(-1);
        if (!groups) return { code: 'nothing_to_redo', rule: 'U4' };
        return { kind: 'redone', groups, texts: this.#turn(groups, false), v: 2 };
      }
      case 'mark':
      case 'restore': throw new Error('this server only knows typing');
    }
  }

  /** An update of a client, tried on a copy first. */
  #merge(prompt: Prompt, update: Uint8Array, client: number): Text | Partial<Refusal> {
    const invalid = { code: 'invalid', rule: 'M3', field: 'instruction.update' };
    const foreign = Y.decodeUpdate(update).structs.some(({ id }) => id.client !== client);
    if (foreign) return { ...invalid, message: 'it writes as another Yjs client' };
    const trial = new Y.Doc();
    Y.applyUpdate(trial, Y.encodeStateAsUpdate(this.#docs[prompt]));
    const text = this.#watch(prompt, trial, () => Y.applyUpdate(trial, update));
    if (trial.store.pendingStructs ?? trial.store.pendingDs) {
      return { ...invalid, message: 'it builds on changes the server does not have' };
    }
    const read = trial.getText('text').toString();
    // Yjs puts U+FFFD where it was made to cut a character in two.
    const typed = Y.decodeUpdate(update).structs.map((one) =>
      ('content' in one && one.content instanceof Y.ContentString ? one.content.str : '')).join('');
    if (broken(read) > broken(typed + this.text(prompt))) {
      return { ...invalid, message: 'it cuts a character in two' };
    }
    if ([...read].length > this.promptChars) return { code: 'too_large', rule: 'M3' };
    Y.applyUpdate(this.#docs[prompt], update);
    return text;
  }

  /** Write as the server's own client. */
  #compensate(prompt: Prompt, splices: readonly Splice[]): Text {
    const doc = this.#docs[prompt];
    return this.#watch(prompt, doc, () => {
      const text = doc.getText('text');
      for (const [at, removed, inserted] of splices) {
        const unit = [...text.toString()].slice(0, at).join('').length;
        text.delete(unit, removed.length);
        text.insert(unit, inserted);
      }
    });
  }

  #watch(prompt: Prompt, doc: Y.Doc, change: () => void): Text {
    const before = doc.getText('text').toString();
    let update: Uint8Array = new Uint8Array(2);
    let splices: Splice[] = [];
    doc.once('update', (made: Uint8Array) => { update = made; });
    const reading = ({ delta }: Y.YTextEvent): void => { splices = splicesOf(before, delta); };
    doc.getText('text').observe(reading);
    doc.transact(change);
    doc.getText('text').unobserve(reading);
    return { kind: 'text', prompt, update, splices };
  }

  #append(author: string, body: Body, id: string | null = null, number: number | null = null): Event {
    const event: Event = {
      type: 'event', seq: this.log.length + 1, at: 0, author, body, client_id: id,
      client_seq: number,
    };
    this.#fold(event);
    for (const line of this.lines) if (line.client?.yjs) this.#tell(line, event);
    return event;
  }

  #fold(event: Event): void {
    const { seq, author, body } = event;
    this.log.push(event);
    const stack = this.#redo.get(author) ?? [];
    this.#redo.set(author, stack);
    if (body.kind === 'edited' && body.instruction.kind === 'text') {
      stack.length = 0;
      const { prompt, update, splices } = body.instruction;
      Y.applyUpdate(this.#docs[prompt], update);
      for (const splice of splices) this.#type(prompt, seq, splice);
    } else if (body.kind === 'undone') {
      body.groups.forEach((group) => this.#dead.add(group));
      stack.push([...body.groups]);
    } else if (body.kind === 'redone') {
      body.groups.forEach((group) => this.#dead.delete(group));
      stack.pop();
    }
    if (body.kind !== 'undone' && body.kind !== 'redone') return;
    for (const { prompt, update } of body.texts) Y.applyUpdate(this.#docs[prompt], update);
    for (const prompt of PROMPTS) this.#chars[prompt].forEach((char) => {
      char.shown = this.#shows(char, this.#dead);
    });
  }

  #type(prompt: Prompt, seq: number, [at, removed, inserted]: Splice): void {
    const chars = this.#chars[prompt];
    const shown = chars.filter((char) => char.shown);
    for (const char of shown.slice(at, at + [...removed].length)) {
      char.shown = false;
      char.gone.push(seq);
    }
    const place = at ? chars.indexOf(shown[at - 1]!) + 1 : 0;
    chars.splice(place, 0, ...Array.from(inserted, (text) =>
      ({ text, by: seq, gone: [], shown: true })));
  }

  #shows({ by, gone }: Char, dead: ReadonlySet<number>): boolean {
    const live = (seq: number): boolean => {
      const { body } = this.log[seq - 1]!;
      return !dead.has(body.kind === 'edited' ? body.group ?? seq : seq);
    };
    return live(by) && !gone.some(live);
  }

  /** What undoing or redoing these groups does to the prompts. */
  #turn(groups: readonly number[], undo: boolean): Text[] {
    const dead = new Set(this.#dead);
    for (const group of groups) dead[undo ? 'add' : 'delete'](group);
    return PROMPTS.flatMap((prompt) => {
      const splices: Splice[] = [];
      let at = 0;
      for (const char of this.#chars[prompt]) {
        const shows = this.#shows(char, dead);
        if (shows && !char.shown) splices.push([at, '', char.text]);
        else if (!shows && char.shown) splices.push([at, char.text, '']);
        at += Number(shows);
      }
      if (!splices.length) return [];
      const read = applySplices(this.text(prompt), splices);
      const text = this.#compensate(prompt, splices);
      if (this.#docs[prompt].getText('text').toString() !== read) throw new Error('undo is wrong');
      return [text];
    });
  }

  #tell(line: Line, message: ServerMessage): void {
    line.down.push(encode(message).slice());
  }
}

function open(line: Line): void {
  line.opened = true;
  line.onopen?.();
}

function broken(text: string): number {
  return text.match(/[\p{Surrogate}\ufffd]/gu)?.length ?? 0;
}

/** A delta of Yjs, which counts UTF-16 units, as splices. */
function splicesOf(before: string, delta: Y.YTextEvent['delta']): Splice[] {
  const splices: Splice[] = [];
  let read = 0;
  let at = 0;
  for (const { retain = 0, delete: gone = 0, insert } of delta) {
    at += [...before.slice(read, read + retain)].length;
    if (gone) splices.push([at, before.slice(read + retain, read + retain + gone), '']);
    read += retain + gone;
    if (typeof insert === 'string') {
      splices.push([at, '', insert]);
      at += [...insert].length;
    }
  }
  return splices;
}

function refusal(clientSeq: number, changes: Partial<Refusal>): Refusal {
  return {
    type: 'refusal', client_seq: clientSeq, code: 'invalid', message: 'no', field: null,
    rule: null, expected: null, retry_after_ms: null, used: true, ...changes,
  };
}
