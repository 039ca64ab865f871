/** Golden messages of the protocol (C7): every client reads the same bytes the same way. */

import { existsSync, readdirSync, readFileSync } from 'node:fs';

import { decode, encode } from '@msgpack/msgpack';
import { describe, expect, it } from 'vitest';

import { decodeMessage } from '../src/index.ts';

interface Vector {
  readonly name: string;
  readonly direction: string;
  readonly hex: string;
  readonly json: { readonly type: string };
}

const folder = new URL('../../../protocol/vectors/', import.meta.url);
const files = existsSync(folder) ? readdirSync(folder).filter((f) => f.endsWith('.json')) : [];

describe.skipIf(files.length === 0)('golden vectors', () => {
  const vectors = files.flatMap((file): Vector[] => {
    const content: unknown = JSON.parse(readFileSync(new URL(file, folder), 'utf8'));
    return Array.isArray(content) ? content as Vector[] : [];
  });

  it('are there', () => {
    expect(vectors.length).toBeGreaterThan(0);
  });

  it.each(vectors.map((v) => [v.name, v] as const))('%s', (_name, vector) => {
    const bytes = Uint8Array.from(Buffer.from(vector.hex, 'hex'));
    const fromServer = vector.direction.startsWith('server');
    expect(fromServer ? decodeMessage(bytes) : decode(bytes)).toEqual(vector.json);
    // Written again by this encoder it is still the same message.
    expect(decode(encode(vector.json))).toEqual(vector.json);
  });
});
