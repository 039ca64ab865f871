/** Golden messages of the protocol (C7): every client reads the same bytes the same way. */

import { existsSync, readdirSync, readFileSync } from 'node:fs';

import { decode } from '@msgpack/msgpack';
import { describe, expect, it } from 'vitest';

import {
  decodeMessage, encodeMessage, LogFold, parsePreview, type ClientMessage, type Preview,
} from '../src/index.ts';

interface Vector {
  readonly name: string;
  readonly direction: 'client' | 'server' | 'preview';
  readonly hex: string;
  /** Missing in vectors of what a server refuses: those are the server's to read. */
  readonly json?: unknown;
}

const folder = new URL('../../../protocol/vectors/', import.meta.url);
const files = existsSync(folder) ? readdirSync(folder).filter((f) => f.endsWith('.json')) : [];
const vectors = files
  .flatMap((file) => JSON.parse(readFileSync(new URL(file, folder), 'utf8')) as Vector[])
  .filter((vector) => vector.json !== undefined);

describe.skipIf(vectors.length === 0)('golden vectors', () => {
  it.each(vectors.map((v) => [`${v.direction}: ${v.name}`, v] as const))('%s', (_name, vector) => {
    const bytes = Uint8Array.from(Buffer.from(vector.hex, 'hex'));
    expect(read(vector.direction, bytes)).toEqual(vector.json);
    if (vector.direction === 'client') {
      // What this client writes is the same message, whatever its choice of integer widths.
      expect(decode(encodeMessage(vector.json as ClientMessage))).toEqual(vector.json);
    }
  });
});

describe.skipIf(vectors.length === 0)('golden drags', () => {
  const named = (name: string): Vector => {
    const found = vectors.find((v) => v.name === name);
    if (!found) throw new Error(`there is no vector ${name}`);
    return found;
  };
  const bytes = (name: string) => Uint8Array.from(Buffer.from(named(name).hex, 'hex'));

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

  it('C4 an arrow under way is written as the server reads it', () => {
    expect(decode(encodeMessage({
      type: 'presence', cursor: [5, 5], frame: null, stroke: null,
      drag: { start: [32768, 32768], end: [65536, 0], radius: 9830 },
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
