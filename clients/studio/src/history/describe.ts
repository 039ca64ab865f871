/** Gestures in words. */

import {
  DEFINING_SETTINGS, fromUnits, isKind, type Adjust, type EditRecord, type GroupRecord,
  type LogState, type Prompt, type Revise,
} from 'framejam';

import { viewIn, viewInWords } from '../camera/view.ts';
import type { IconName } from '../shell/Icon.tsx';
import { perLog } from '../session/perLog.ts';
import { capital } from './names.ts';
import { partsOf, type Part, type Typing } from './typed.ts';

/** What a gesture is about, for tests and icons: a prompt by its name. */
export type Subject = Prompt | Exclude<EditRecord['instruction']['kind'], 'text'>;

const ICONS: Readonly<Record<Subject, IconName>> = {
  content: 'text', motion: 'motion', negative: 'without', image: 'image', paint: 'brush',
  erase: 'eraser', region: 'region', drag: 'drag', trajectory: 'path', camera: 'camera',
  lock: 'lock', revise: 'tune', settings: 'tune', comment: 'comment',
};

export function subjectOf({ instruction }: Pick<EditRecord, 'instruction'>): Subject {
  return instruction.kind === 'text' ? instruction.prompt : instruction.kind;
}

export function iconOf(edit: Pick<EditRecord, 'instruction'>): IconName {
  const { instruction } = edit;
  if (instruction.kind === 'revise' && instruction.resolved !== undefined) return 'comment';
  if (instruction.kind === 'revise' && instruction.text !== undefined) return 'pencil';
  if (instruction.kind === 'paint' && instruction.blend === 'color') return 'drop';
  return ICONS[subjectOf(edit)];
}

/** Nothing that comes later in the log changes what a gesture typed. */
const known = new WeakMap<GroupRecord, readonly Part[]>();

/** What typing came to; empty where the gesture is none, or took back what it typed. */
export function typedParts(group: GroupRecord, log: LogState): readonly Part[] {
  const parts = known.get(group) ?? foundParts(group, log);
  known.set(group, parts);
  return parts;
}

function foundParts(group: GroupRecord, log: LogState): Part[] {
  const first = group.edits[0];
  const last = group.edits.at(-1);
  if (!first || !last || !isKind(first, 'text')) return [];
  const { prompt } = first.instruction;
  const typing: Typing[] = [];
  for (let at = placeOf(log.edits, first.seq); at < log.edits.length; at += 1) {
    const edit = log.edits[at];
    if (!edit || edit.seq > last.seq) break;
    if (isKind(edit, 'text') && edit.instruction.prompt === prompt) {
      typing.push({ own: edit.group === group.group, splices: edit.instruction.splices });
    }
  }
  return partsOf(typing);
}

/** Where the edit `seq` is in a list in seq order. */
function placeOf(edits: readonly EditRecord[], seq: number): number {
  let [low, high] = [0, edits.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((edits[middle]?.seq ?? seq) < seq) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The edit `seq`; undefined where the log has none, or not yet. */
export function editOf({ edits }: LogState, seq: number): EditRecord | undefined {
  const edit = edits[placeOf(edits, seq)];
  return edit?.seq === seq ? edit : undefined;
}

/** The gesture that the edit `group` began. */
export const groupOf = perLog((log, group: number): GroupRecord | undefined =>
  log.groups.find((one) => one.group === group));

/** A gesture in one line, for a row, a tooltip or a toast. */
export function describe(group: GroupRecord, log: LogState): string {
  const first = group.edits[0];
  if (group.to !== null) return `Restored ${momentOf(group.to, log)}`;
  if (!first) return '';
  const { instruction } = first;
  switch (instruction.kind) {
    case 'text': {
      const parts = typedParts(group, log);
      return parts.map(({ sign, text }) => `${sign} ${text}`).join(' ') || 'Typed and took it back';
    }
    case 'image': return instruction.blob ? 'Reference image' : 'Removed the image';
    case 'paint': return instruction.blend === 'color' ? 'Recoloured' : 'Brush stroke';
    case 'erase': return 'Eraser';
    case 'region': return `Region: “${instruction.text}”`;
    case 'drag': return 'Drag';
    case 'trajectory': return 'Path';
    case 'camera': return `Camera: ${viewInWords(viewIn(instruction))}`;
    case 'lock': return 'Held still';
    case 'comment': return `“${instruction.text}”`;
    case 'revise': return revised(group, log);
    case 'settings': return adjusted(group);
  }
}

/** More of a text than this makes no sentence. */
const LONG = 48;

function short(words: string): string {
  const letters = [...words];
  return letters.length > LONG ? `${letters.slice(0, LONG).join('').trimEnd()}…` : words;
}

/** What is undone, after "your" or a name. */
export function nounOf(group: GroupRecord, log: LogState): string {
  const first = group.edits[0];
  if (group.to !== null) return `restore to ${momentOf(group.to, log)}`;
  switch (first?.instruction.kind) {
    case undefined: return 'edit';
    case 'text': return `typing “${short(describe(group, log))}”`;
    case 'image': return 'picture';
    case 'paint': return 'brush stroke';
    case 'erase': return 'eraser stroke';
    case 'region': return `region “${short(first.instruction.text)}”`;
    case 'drag': return 'drag';
    case 'trajectory': return 'path';
    case 'camera': return 'camera movement';
    case 'lock': return 'lock';
    case 'comment': return 'comment';
    case 'revise':
    case 'settings': return `change “${short(describe(group, log))}”`;
  }
}

/** What a restore went back to: a version by its name, or after which gesture it was. */
function momentOf(to: number, log: LogState): string {
  const version = log.versions.find(({ of }) => of === to);
  if (version) return `“${version.name}”`;
  const group = log.groups.findLast((one) => one.group <= to);
  if (!group) return 'the beginning';
  const whose = log.participants.get(group.author)?.name ?? 'somebody';
  // A restore of a restore is not told down to the first of them.
  const noun = group.to === null ? nounOf(group, log) : 'restore';
  return `the clip after ${whose}’s ${noun}`;
}

/** Each field as the gesture left it. */
function changesOf<I extends Revise | Adjust>(group: GroupRecord, kind: I['kind']): Partial<I> {
  let all: Partial<I> = {};
  for (const { given } of group.edits) if (given.kind === kind) all = { ...all, ...given };
  return all;
}

function adjusted(group: GroupRecord): string {
  const {
    seed, steps, guidance, fps, scheduler, harmonize, mix, align, loras,
  } = changesOf<Adjust>(group, 'settings');
  const words = [
    seed !== undefined && `Seed ${seed}`,
    steps !== undefined && `${steps} steps`,
    guidance !== undefined && `Guidance ${guidance / 100}`,
    fps !== undefined && `${fps} frames a second`,
    scheduler !== undefined && `Sampler ${scheduler}`,
    harmonize !== undefined && `Blend paint ${harmonize} %`,
    mix !== undefined && `Mix ${mix} %`,
    align !== undefined && `Align ${align} %`,
    loras !== undefined && `LoRA ${lorasInWords(loras)}`,
  ].filter((one) => one !== false);
  return words.join(', ') || 'Settings';
}

/** Each with its weight. */
function lorasInWords(loras: Exclude<Adjust['loras'], undefined>): string {
  return loras.map(([name, weight]) => `${name} ${weight / 100}`).join(', ') || 'none';
}

const THINGS: Readonly<Partial<Record<Subject, string>>> = {
  paint: 'stroke', erase: 'eraser', region: 'region', drag: 'drag', trajectory: 'path',
  camera: 'camera', lock: 'lock', comment: 'comment',
};

function revised(group: GroupRecord, log: LogState): string {
  const change = changesOf<Revise>(group, 'revise');
  const target = log.edits[placeOf(log.edits, change.target ?? 0)];
  if (change.resolved !== undefined) {
    return change.resolved ? 'Resolved a comment' : 'Reopened a comment';
  }
  const words = [
    change.text !== undefined && `now “${change.text}”`,
    movesView(change) && viewInWords(viewIn(
      target && isKind(target, 'camera') ? target.instruction : change)),
    change.path !== undefined && 'another way',
    change.radius !== undefined && `radius ${percent(change.radius)}`,
    change.strength !== undefined && `strength ${percent(change.strength)}`,
    change.color !== undefined && `colour ${change.color}`,
    change.frames !== undefined && framesInWords(change.frames),
  ].filter((one) => one !== false);
  const thing = (target && THINGS[subjectOf(target)]) ?? 'edit';
  const whose = target && target.author !== group.author
    ? `${log.participants.get(target.author)?.name ?? 'Somebody'}’s ${thing}` : thing;
  return capital(`${whose}: ${words.join(', ') || 'changed'}`);
}

function movesView({ pan, tilt, zoom }: Partial<Revise>): boolean {
  return pan !== undefined || tilt !== undefined || zoom !== undefined;
}

/** A share on the wire in percent. */
export function percent(units: number): string {
  return `${Math.round(fromUnits(units) * 100)} %`;
}

/** Some frames, counted from 1 as everywhere on the page. */
export function framesInWords(frames: readonly [number, number] | null): string {
  if (frames === null) return 'all frames';
  return frames[0] === frames[1] ? `frame ${frames[0] + 1}`
    : `frames ${frames[0] + 1} to ${frames[1] + 1}`;
}

/** The settings that are edits of a take like others (T8). */
const ENTERED = ['guidance', 'loras', 'harmonize', 'mix', 'align'] as const;

/** Whether an edit enters the loop: comments never do, and settings make another take. */
function enters(edit: EditRecord, log: LogState): boolean {
  const { instruction } = edit;
  if (instruction.kind === 'comment') return false;
  if (instruction.kind === 'settings') return ENTERED.some((one) => instruction[one] !== undefined);
  if (instruction.kind !== 'revise') return true;
  return log.edits[placeOf(log.edits, instruction.target)]?.instruction.kind !== 'comment';
}

/** The step at which all of a gesture is felt; null while some waits, undefined where none is. */
export function entryOf(group: GroupRecord, log: LogState): number | null | undefined {
  let step: number | undefined;
  for (const edit of group.edits) {
    if (!enters(edit, log)) continue;
    if (!edit.entry) return null;
    step = Math.max(step ?? 0, edit.entry.step);
  }
  return step;
}

/** Where in the loop something is felt that entered at this step. */
export function stepInWords(step: number): string {
  return step === 0 ? 'from the start' : `at step ${step}`;
}

/** What became of a gesture. */
export function fateInWords(group: GroupRecord, log: LogState): string {
  if (group.undone) {
    const restore = group.undoneIn !== null && groupOf(log, group.undoneIn);
    if (restore && restore.group !== group.group) return 'out by a restore';
    const other = group.undoneBy !== null && group.undoneBy !== group.author;
    return other ? `undone by ${log.participants.get(group.undoneBy ?? '')?.name ?? 'somebody'}`
      : 'undone';
  }
  const step = entryOf(group, log);
  if (step === null) return 'at the next step';
  if (step !== undefined) return stepInWords(step);
  return group.edits.some(makesTake) ? 'a take of its own' : '';
}

/** Whether an edit sets what defines a take (T8). */
function makesTake({ instruction }: EditRecord): boolean {
  return instruction.kind === 'settings'
    && DEFINING_SETTINGS.some((one) => instruction[one] !== undefined);
}

/** The time of day of an edit, as the reader's clock shows it. */
export function timeOfDay(at: number): string {
  return new Date(at).toLocaleTimeString(undefined, { hour: '2-digit', minute: '2-digit' });
}
