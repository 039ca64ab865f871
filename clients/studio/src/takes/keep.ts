/** Keeping what is looked at, by ordinary edits that everybody sees and that can be undone. */

import {
  DEFINING_SETTINGS, type GroupRecord, type LogState, type Settings, type Standing, type TakeRecord,
} from 'framejam';

import { capital, listed, nameOf } from '../history/names.ts';
import { lastBefore, since } from './before.ts';
import { canMute, type Subject } from './subject.ts';
import type { Turns } from './turns.ts';
import { takeInWords, whoseGesture } from './words.ts';

/** What "keep this one" would do, and a sentence that says so before it is pressed. */
export type Keep = { readonly says: string } & (
  | { readonly does: 'settings'; readonly change: Partial<Settings> }
  /** Newest first. */
  | { readonly does: 'undo'; readonly groups: readonly number[] }
  | { readonly does: 'restore'; readonly to: number }
  | { readonly does: 'nothing' }
  /** It cannot be kept, and `says` why. */
  | { readonly does: null });

export interface Keeper {
  readonly log: LogState;
  readonly turns: Pick<Turns, 'liveAt' | 'newestIn'>;
  readonly me: string | undefined;
  readonly role: Standing | null;
}

/** As many gestures are named before they are counted. */
const NAMED = 2;

export function keepOf(subject: Subject, keeper: Keeper): Keep {
  switch (subject.kind) {
    case 'take': return keepTake(subject.take, keeper);
    case 'before': return keepBefore(lastBefore(subject.group), keeper);
    case 'past':
    case 'origin': return keepPast(subject.seq);
    case 'muted': {
      const { groups, people } = subject;
      return undoing(keeper.log.groups.filter((group) => canMute(group, keeper.log)
        && (groups.includes(group.group) || people.includes(group.author))), keeper);
    }
  }
}

/** What would have to be set to be in this take again (T8). */
export function changeTo({ settings }: TakeRecord, now: Settings): Partial<Settings> {
  const other = DEFINING_SETTINGS.filter((name) => settings[name] !== now[name]);
  return Object.fromEntries(other.map((name) => [name, settings[name]]));
}

function keepTake(number: number, { log, turns }: Keeper): Keep {
  const take = log.takes.find((one) => one.take === number);
  if (!take || !log.settings) return { does: null, says: 'This take is not known here.' };
  const change = changeTo(take, log.settings);
  if (Object.keys(change).length === 0) return { does: 'nothing', says: 'This is the clip now.' };
  const newest = turns.newestIn(number, log.seq);
  const later = log.groups.filter((group) =>
    canMute(group, log) && group.edits.some(({ seq }) => seq > newest)).length;
  const rest = later === 0 ? ''
    : ` What came since is taken up there: ${later === 1 ? '1 gesture' : `${later} gestures`}.`;
  return { does: 'settings', change, says: `Goes back to ${takeInWords(take, log.takes)}.${rest}` };
}

function keepBefore(at: number, keeper: Keeper): Keep {
  const { log, turns, me } = keeper;
  const found = since(at, log, turns);
  if ('restored' in found) return keepPast(at);
  if ('undone' in found) {
    const what = capital(whoseGesture(found.undone, log, me));
    return { does: null, says: `${what} was undone since: bring that back by a redo first.` };
  }
  if ('cut' in found) {
    const what = capital(whoseGesture(found.cut, log, me));
    return { does: null, says: `${what} went on after that: an undo takes all of it or nothing.` };
  }
  return undoing(found.groups, keeper);
}

function keepPast(seq: number): Keep {
  return { does: 'restore', to: seq, says: 'Restores it for everybody. Undo brings back what is now.' };
}

/** Undo gestures, where one may undo each of them (U2). */
function undoing(groups: readonly GroupRecord[], { log, me, role }: Keeper): Keep {
  if (groups.length === 0) return { does: 'nothing', says: 'This is the clip now.' };
  const foreign = role === 'owner' ? undefined : groups.find((group) => group.author !== me);
  if (foreign) {
    const what = capital(whoseGesture(foreign, log, me));
    return {
      does: null, says: `${what} would go: only ${nameOf(foreign.author, log)} or an owner can undo it.`,
    };
  }
  const what = groups.length > NAMED ? `${groups.length} gestures`
    : listed(groups.map((group) => whoseGesture(group, log, me)));
  return {
    does: 'undo', groups: groups.map((group) => group.group).reverse(), says: `Undoes ${what}.`,
  };
}
