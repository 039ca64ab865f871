/** Golden logs and conversations (L3): after every event this client knows what the server knows. */

import { readFileSync } from 'node:fs';

import { describe, expect, it } from 'vitest';
import * as Y from 'yjs';

import {
  canonical, decodeMessage, LogFold, PROMPTS, stateHash, textsOf, type Event,
} from '../src/index.ts';
import { fromHex, toJson } from './json.ts';

interface Told {
  readonly hex: string;
  readonly json: unknown;
  readonly content: string;
  readonly motion: string;
  readonly negative: string;
  readonly take: number;
  readonly canonical?: string;
  readonly hash: string;
}

interface Step extends Told {
  readonly what: 'message' | 'event' | 'answer' | 'leaves' | 'restart';
}

interface State {
  readonly name: string;
  readonly events: readonly Told[];
}

interface Conversation {
  readonly name: string;
  readonly steps: readonly Step[];
}

const folder = new URL('../../../protocol/vectors/', import.meta.url);
const read = (name: string): unknown => JSON.parse(readFileSync(new URL(name, folder), 'utf8'));

const states = read('states.json') as readonly State[];
const conversations = read('conversations.json') as readonly Conversation[];
const logs: State[] = [
  ...states,
  ...conversations.map(({ name, steps }) =>
    ({ name: `${name} (conversation)`, events: steps.filter(({ what }) => what === 'event') })),
];

function eventOf(told: Told): Event {
  const message = decodeMessage(fromHex(told.hex));
  if (message?.type !== 'event') throw new Error('the vector is no event');
  expect(toJson(message)).toEqual(told.json);
  return message;
}

describe('golden logs', () => {
  it('hold something to fold', () => {
    expect(states.length).toBeGreaterThan(3);
    expect(conversations.length).toBeGreaterThan(3);
    expect(Math.min(...logs.map(({ events }) => events.length))).toBeGreaterThan(0);
  });

  it.each(logs.map((log) => [log.name, log] as const))('L3 %s', async (_name, { events }) => {
    const fold = new LogFold();
    const docs = { content: new Y.Doc(), motion: new Y.Doc(), negative: new Y.Doc() };
    for (const told of events) {
      const event = eventOf(told);
      fold.apply(event);
      for (const { prompt, update } of textsOf(event)) Y.applyUpdate(docs[prompt], update);
      const { content, motion, negative, take } = fold.state;
      expect({ content, motion, negative, take }).toEqual({
        content: told.content, motion: told.motion, negative: told.negative, take: told.take,
      });
      // M3: who has Yjs reads the same as who has splices.
      for (const prompt of PROMPTS) {
        expect(docs[prompt].getText('text').toString()).toBe(told[prompt]);
      }
      if (told.canonical !== undefined) expect(canonical(fold.state)).toBe(told.canonical);
      expect(await stateHash(fold.state)).toBe(told.hash);
    }
  });

  it('M5 a log folded whole is the log folded event by event', () => {
    for (const { events } of logs) {
      const slow = new LogFold();
      const fast = new LogFold();
      for (const event of events.map(eventOf)) {
        slow.apply(event);
        void slow.state;
        fast.apply(event);
      }
      expect(fast.state).toEqual(slow.state);
    }
  });
});
