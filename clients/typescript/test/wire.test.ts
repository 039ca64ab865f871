import { describe, expect, it } from 'vitest';

import {
  decodeMessage, encodeMessage, isPreview, parseLink, parsePreview, socketUrl, toPoint, toUnits,
} from '../src/index.ts';

describe('geometry (L3)', () => {
  it.each([
    [0, 0], [1, 65536], [0.5, 32768], [1.5 / 65536, 2], [2.5 / 65536, 3],
    [-0.5 / 65536, 0], [-1.5 / 65536, -1], [1 / 3, 21845],
  ])('rounds %d half up to %d', (share, units) => {
    expect(toUnits(share)).toBe(units);
  });

  it('refuses what is no number and keeps points in range', () => {
    expect(() => toUnits(Number.NaN)).toThrow(RangeError);
    expect(toPoint(-7, 7)).toEqual([-65536, 131072]);
  });

  it('writes integers as integers', () => {
    const bytes = encodeMessage({ type: 'presence', cursor: toPoint(-1e-9, 1), frame: null,
                                  stroke: null, drag: null });
    expect([...bytes]).not.toContain(0xcb);
  });
});

describe('previews (C5)', () => {
  function header(): Uint8Array<ArrayBuffer> {
    const bytes = new Uint8Array(43);
    const view = new DataView(bytes.buffer);
    bytes.set([0xc1, 1, 2, 1, 4, 5]);
    view.setUint16(6, 16);
    view.setUint16(8, 64);
    view.setUint16(10, 48);
    view.setUint32(12, 3);
    view.setUint16(16, 7);
    view.setUint16(18, 20);
    view.setUint32(20, 4_000_000_001);
    view.setBigUint64(24, 41n);
    view.setBigUint64(32, 1_790_000_000_123n);
    bytes.set([1, 2, 3], 40);
    return bytes;
  }

  it('reads every field of the header, also from within a larger buffer', () => {
    const padded = new Uint8Array(50);
    padded.set(header(), 7);
    const { image, ...fields } = parsePreview(padded.subarray(7));
    expect(fields).toEqual({
      tier: 2, codec: 1, columns: 4, rows: 5, frames: 16, width: 64, height: 48, take: 3, step: 7,
      steps: 20, look: 4_000_000_001, seq: 41, at: 1_790_000_000_123, done: true, mime: 'image/jpeg',
    });
    expect([...image]).toEqual([1, 2, 3]);
  });

  it('says what is wrong with other bytes', () => {
    expect(isPreview(new Uint8Array())).toBe(false);
    expect(() => parsePreview(new Uint8Array(10))).toThrow('not a preview');
    const codec = header();
    codec[3] = 9;
    expect(() => parsePreview(codec)).toThrow('codec 9');
  });
});

describe('messages and links', () => {
  it('skips a message type of a newer server, refuses what is no message', () => {
    expect(decodeMessage(new Uint8Array([0x81, 0xa4, 0x74, 0x79, 0x70, 0x65, 0xa1, 0x78])))
      .toBeNull();
    expect(() => decodeMessage(new Uint8Array([0x01]))).toThrow('`type`');
  });

  it('reads an invite link', () => {
    expect(parseLink('https://host/s/abc#tok')).toEqual(
      { origin: 'https://host', session: 'abc', token: 'tok' });
    expect(parseLink('http://host:1/s/abc')?.token).toBeNull();
    expect(parseLink('https://host/')).toBeNull();
    expect(socketUrl('https://host')).toBe('wss://host/socket');
  });
});
