/** Logs and commands for the tests, in few words. */

import {
  LogFold, type Body, type Command, type Given, type Instruction, type LogState, type Pending,
  type Splice, type Undone,
} from 'framejam';

const SETTINGS = {
  model: 'm', seed: 1, steps: 8, frames: 16, width: 64, height: 64, fps: 8, guidance: 100,
  scheduler: '', loras: [], harmonize: 0, mix: 0, align: 0,
};

/** Somebody's edit; `group` is the seq of the first edit of its gesture. */
export interface Step {
  readonly by?: string;
  readonly edit?: Instruction;
  readonly group?: number;
  readonly undone?: Partial<Undone>;
  readonly redone?: readonly number[];
  /** Any other body. */
  readonly body?: Body;
  /** When, in milliseconds; 0 where it does not matter. */
  readonly at?: number;
  readonly entered?: readonly [step: number, ...edits: number[]];
}

export const typed = (...splices: Splice[]): Instruction => (
  { kind: 'text', prompt: 'content', update: new Uint8Array([0, 0]), splices });

/** Ada is `ada`, Grace is `grace`: events 1 to 3 are the session and the two; then the steps. */
export function logOf(...steps: Step[]): LogState {
  const fold = new LogFold();
  let seq = 0;
  const add = (author: string, body: Body, at = 0): void => {
    seq += 1;
    fold.apply({ type: 'event', seq, at, author, body, client_id: null, client_seq: null });
  };
  add('', { kind: 'created', settings: SETTINGS, v: 1 });
  for (const [participant, name] of [['ada', 'Ada'], ['grace', 'Grace']] as const) {
    add(participant, {
      kind: 'joined', participant, name, color: '#aabbcc', role: 'editor', v: 1,
    });
  }
  for (const { by = 'ada', edit, group = null, undone, redone, body, at, entered } of steps) {
    if (edit) add(by, { kind: 'edited', instruction: edit, depth: null, group, v: 2 }, at);
    if (redone) add(by, { kind: 'redone', groups: redone, texts: [], v: 2 }, at);
    if (body) add(by, body, at);
    if (undone) add(by, { kind: 'undone', groups: [], shadowed_by: null, texts: [], v: 2, ...undone });
    if (entered) {
      const [step, ...edits] = entered;
      add('', { kind: 'entered', take: 1, step, edits, v: 1 });
    }
  }
  return fold.state;
}

/** The first of the steps above. */
export const FIRST = 4;

/** Commands of ours that the server has not answered. */
export function onTheirWay(...given: (Given | 'undo')[]): Pending[] {
  return given.map((one, key) => {
    const client_seq = key + 1;
    const command: Command = one === 'undo' ? { type: 'undo', client_seq, group: null }
      : { type: 'edit', client_seq, instruction: one, depth: null, group: null };
    return { key, command, seq: null, sent: true, joins: false, ends: false };
  });
}
