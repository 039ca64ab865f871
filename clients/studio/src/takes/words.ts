/** Takes and looks in words. */

import {
  DEFINING_SETTINGS, type GroupRecord, type LogState, type LookStatus, type Settings,
  type TakeRecord,
} from 'framejam';

import { groupOf, nounOf } from '../history/describe.ts';
import { capital, listed, nameOf } from '../history/names.ts';
import { momentInWords } from '../past/words.ts';
import type { Subject } from './subject.ts';

/** How many muted gestures are named one by one. */
const NAMED = 2;

/** Whose a gesture is, and what: "your drag", "Grace’s brush stroke". */
export function whoseGesture(group: GroupRecord, log: LogState, me: string | undefined): string {
  return `${whose(group.author, log, me)} ${nounOf(group, log)}`;
}

function whose(person: string, log: LogState, me: string | undefined): string {
  return person === me ? 'your' : `${nameOf(person, log)}’s`;
}

/** What is looked at, to follow "the clip" or to stand alone: "without Grace’s edits", "take 2". */
export function subjectInWords(subject: Subject, log: LogState, me: string | undefined): string {
  switch (subject.kind) {
    case 'muted': {
      const named = subject.groups.slice(0, NAMED).map((name) => gesture(name, log, me));
      const more = subject.groups.length - named.length;
      return `without ${listed([
        ...subject.people.map((person) =>
          (person === me ? 'your own edits' : `${nameOf(person, log)}’s edits`)),
        ...named, ...(more > 0 ? [`${more} more`] : []),
      ])}`;
    }
    case 'take': {
      const record = log.takes.find((one) => one.take === subject.take);
      return record ? `take ${record.take} (${takeInWords(record, log.takes)})` : 'another take';
    }
    case 'before': return `before ${gesture(subject.group, log, me)}`;
    case 'past': return momentInWords(subject.seq, log, me);
    case 'origin': return 'the origin, where this branched off';
  }
}

function gesture(name: number, log: LogState, me: string | undefined): string {
  const group = groupOf(log, name);
  return group ? whoseGesture(group, log, me) : 'a gesture';
}

const SETTING_WORDS: Readonly<
  Record<(typeof DEFINING_SETTINGS)[number], (settings: Settings) => string>
> = {
  seed: ({ seed }) => `seed ${seed}`,
  steps: ({ steps }) => (steps === 1 ? '1 step' : `${steps} steps`),
  frames: ({ frames }) => (frames === 1 ? '1 frame' : `${frames} frames`),
  width: ({ width }) => `${width} px wide`,
  height: ({ height }) => `${height} px high`,
  scheduler: ({ scheduler }) => (scheduler ? `sampler ${scheduler}` : 'default sampler'),
  model: ({ model }) => model,
};

/** What tells a take from the others: its seed, and all else in which they differ. */
export function takeInWords(take: TakeRecord, takes: readonly TakeRecord[]): string {
  const differ = DEFINING_SETTINGS.filter((name) =>
    name !== 'seed' && takes.some((other) => other.settings[name] !== take.settings[name]));
  return (['seed', ...differ] as const).map((name) => SETTING_WORDS[name](take.settings)).join(', ');
}

/** How far a look is, as far as the page knows. */
export interface Progress {
  readonly live: boolean;
  readonly status: LookStatus | null;
  readonly step: number;
  /** Why nothing more will come; null while something may. */
  readonly over: string | null;
  /** Whether the clip has changed since it was asked for. */
  readonly behind: boolean;
  /** Whether a kept picture shows it (R1), or one from a little before; null where none does. */
  readonly kept: 'exact' | 'near' | null;
}

/** What to say over the picture of a look, in one or two sentences; null where it says it all. */
export function progressInWords(
  { live, status, step, over, behind, kept }: Progress,
): string | null {
  if (kept === 'exact') return null;
  if (over !== null) return sentence(over || 'it has ended');
  const finished = status?.state === 'finished';
  if (behind && finished) return 'The clip has changed: this is made again in a moment.';
  if (finished) return null;
  if (!live) return 'This waits for the connection.';
  if (!status) return kept ? 'The picture of just then is not kept: making it again…' : 'Asking for it…';
  const words = status.state === 'waiting' ? status.note || 'it waits for its turn'
    : `step ${step} of ${status.steps}${status.note ? `: ${status.note}` : ''}`;
  return sentence(words);
}

/** A note of the server's as a sentence. */
function sentence(words: string): string {
  return /[.!?…]$/.test(words) ? capital(words) : `${capital(words)}.`;
}
