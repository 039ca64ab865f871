/** Several sessions at one server in memory. Every test file that imports it gets one. */

import { afterEach, beforeEach, expect, vi } from 'vitest';

import { PROMPTS, Session, type SessionEvents } from '../src/index.ts';
import { Room, type Line } from './room.ts';

export let room: Room;
export let people: Session[];

beforeEach(() => {
  vi.useFakeTimers();
  room = new Room();
  people = [];
});

afterEach(() => {
  for (const session of people) session.leave();
  vi.useRealTimers();
});

/** Somebody who has not connected yet. */
export function newcomer(participant: string): Session {
  const session = new Session({
    origin: 'http://host:1', session: 's1', token: participant, random: () => 0,
    openSocket: room.open(participant),
  });
  people.push(session);
  return session;
}

export function join(participant: string): Session {
  const session = newcomer(participant);
  session.connect();
  room.settle();
  return session;
}

/** The connection of a person, while nobody's was lost. */
export const lineOf = (session: Session): Line => room.lines[people.indexOf(session)]!;

export const read = (session: Session): string => session.prompts.content.text.toString();
export const type = (session: Session, at: number, text: string): void =>
  session.prompts.content.text.insert(at, text);

/** Time passes, and everything on its way arrives. */
export function pass(ms: number): void {
  for (let left = ms; left > 0; left -= 50) {
    vi.advanceTimersByTime(Math.min(50, left));
    room.settle();
  }
}

/** Everybody reads the same, in the document and in the fold, and nothing is left to send. */
export function agree(...text: string[]): void {
  for (const session of people) {
    for (const prompt of PROMPTS) {
      expect(session.prompts[prompt].text.toString()).toBe(room.text(prompt));
      expect(session.state[prompt]).toBe(room.text(prompt));
      expect(session.prompts[prompt].unsent).toBe(false);
    }
    expect(session.pending).toEqual([]);
  }
  if (text.length) expect(room.text('content')).toBe(text[0]);
}

export function heard<N extends keyof SessionEvents>(
  session: Session, name: N,
): SessionEvents[N][] {
  const list: SessionEvents[N][] = [];
  session.on(name, (payload) => list.push(payload));
  return list;
}
