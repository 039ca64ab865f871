/** One session at a socket whose other end is the test. Every test file that imports it gets one. */

import { afterEach, beforeEach, expect, vi } from 'vitest';

import {
  Session, type Body, type Event, type Pending, type Refusal, type SessionEvents,
} from '../src/index.ts';
import { FakeSocket } from './fake-server.ts';

export let sockets: FakeSocket[];
export let session: Session;

beforeEach(() => {
  vi.useFakeTimers();
  sockets = [];
  session = new Session({
    origin: 'http://host:1', session: 's1', token: 'invite', name: 'Ada', random: () => 1,
    openSocket: (url) => {
      expect(url).toBe('ws://host:1/socket');
      const socket = new FakeSocket();
      sockets.push(socket);
      return socket;
    },
  });
  session.connect();
});

afterEach(() => {
  session.leave();
  vi.useRealTimers();
});

export const socket = (): FakeSocket => sockets.at(-1)!;

function event(seq: number, body: Body, more: Partial<Event> = {}): Event {
  return {
    type: 'event', seq, at: 0, author: 'ada1', body, client_id: null, client_seq: null, ...more,
  };
}

/** An event that puts `text` before what stands in the content prompt. */
export const content = (seq: number, text: string, more: Partial<Event> = {}): Event => event(seq, {
  kind: 'edited', depth: null, group: null, v: 2,
  instruction: {
    kind: 'text', prompt: 'content', update: new Uint8Array(2), splices: [[0, '', text]],
  },
}, more);

export function refusal(clientSeq: number, changes: Partial<Refusal>): Refusal {
  return {
    type: 'refusal', client_seq: clientSeq, code: 'invalid', message: 'no', field: null,
    rule: null, expected: null, retry_after_ms: null, used: true, ...changes,
  };
}

export function heard<N extends keyof SessionEvents>(name: N, who = session): SessionEvents[N][] {
  const list: SessionEvents[N][] = [];
  who.on(name, (payload) => list.push(payload));
  return list;
}

export const edit = (text: string): Pending => session.edit({ kind: 'content', text });

/** The texts that were given, with their numbers. */
export const sentEdits = (): [number, string][] => socket().of('edit').map((m) =>
  [m.client_seq, (m.instruction as { text: string }).text]);
