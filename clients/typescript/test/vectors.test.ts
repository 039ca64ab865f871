/** Golden messages of the protocol (C7): every client reads the same bytes the same way. */

import { readFileSync } from 'node:fs';

import { decode } from '@msgpack/msgpack';
import { describe, expect, it } from 'vitest';

import {
  decodeMessage, encodeMessage, LogFold, parsePreview, type ClientMessage, type Preview,
} from '../src/index.ts';
import { fromHex, fromJson, toJson } from './json.ts';

interface Vector {
  readonly name: string;
  readonly direction: 'client' | 'server' | 'preview';
  readonly hex: string;
  readonly json: unknown;
}

const folder = new URL('../../../protocol/vectors/', import.meta.url);
// What a server refuses is the server's to read; states and conversations have a test of their own.
const vectors = ['client', 'server', 'preview'].flatMap((name) =>
  JSON.parse(readFileSync(new URL(`${name}.json`, folder), 'utf8')) as Vector[]);

describe('golden vectors', () => {
  it.each(vectors.map((v) => [`${v.direction}: ${v.name}`, v] as const))('%s', (_name, vector) => {
    const message = read(vector.direction, fromHex(vector.hex));
    expect(toJson(message)).toEqual(vector.json);
    if (vector.direction === 'preview') return;
    expect(message).toEqual(fromJson(vector.json));
    // What this client writes is the same message, whatever its choice of integer widths.
    const written = encodeMessage(fromJson(vector.json) as ClientMessage);
    expect(toJson(decode(written))).toEqual(vector.json);
  });

  it('C7 there is one of every message and every instruction', () => {
    const told = new Set(vectors.flatMap(({ json }) => {
      const { type, instruction, body } = json as Record<string, Record<string, unknown>>;
      return [type, instruction?.kind, body?.kind,
              (body?.instruction as Record<string, unknown> | undefined)?.kind];
    }));
    expect([...told]).toEqual(expect.arrayContaining([
      'hello', 'edit', 'undo', 'redo', 'end_group', 'control', 'presence', 'watch', 'look', 'end_look',
      'mark', 'restore', 'need', 'ping', 'welcome', 'events', 'event', 'ack', 'refusal', 'fault', 'people', 'take',
      'look_status', 'pong', 'content', 'motion', 'negative', 'spliced', 'typed', 'text', 'image',
      'paint', 'erase', 'drag', 'trajectory', 'camera', 'region', 'lock', 'revise', 'settings',
      'comment', 'created', 'joined', 'edited', 'undone', 'redone', 'entered',
      'marked', 'restored', 'assigned', 'branched',
    ]));
  });
});

describe('golden drags and lines', () => {
  const named = (name: string): Vector => {
    const found = vectors.find((v) => v.name === name);
    if (!found) throw new Error(`there is no vector ${name}`);
    return found;
  };
  const bytes = (name: string) => fromHex(named(name).hex);

  it('M2 a drag of the log is folded with its author and every field', () => {
    const event = decodeMessage(bytes('event edited drag'));
    if (event?.type !== 'event') throw new Error('not an event');
    const fold = new LogFold();
    fold.apply({ ...event, seq: 1 });
    expect(fold.state.drags).toMatchObject([{
      author: 'p0002',
      instruction: {
        kind: 'drag', start: [32768, 32768], end: [52429, 131072], radius: 9830, strength: 65536,
      },
    }]);
  });

  it('C4 an outline under way is written as the server reads it', () => {
    expect(decode(encodeMessage({
      type: 'presence', cursor: null, frame: 0, stroke: null, drag: null,
      line: { kind: 'lock', points: [[1, 1]] }, caret: null,
    }))).toEqual(decode(bytes('presence with a lock')));
  });

  it('C4 an arrow under way is written as the server reads it', () => {
    expect(decode(encodeMessage({
      type: 'presence', cursor: [5, 5], frame: null, stroke: null,
      drag: { start: [32768, 32768], end: [65536, 0], radius: 9830 },
      line: null, caret: null,
    }))).toEqual(decode(bytes('presence with an arrow')));
  });
});

function read(direction: Vector['direction'], bytes: Uint8Array<ArrayBuffer>): unknown {
  switch (direction) {
    case 'client': return decode(bytes);
    case 'server': return decodeMessage(bytes);
    case 'preview': return plain(parsePreview(bytes));
  }
}

/** A preview as the vectors write it: the header's fields, the picture in hexadecimal. */
function plain({ done, mime, image, ...header }: Preview): unknown {
  expect(done).toBe(header.tier === 2);
  expect(mime).toBe('image/jpeg');
  return { ...header, image: Buffer.from(image).toString('hex') };
}
