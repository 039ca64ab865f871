/** The preview frame (C5): a big-endian header of 40 bytes, then image bytes. */

/** The first byte of a preview: the one byte that never occurs in MessagePack. */
const PREVIEW_MARK = 0xc1;
const PREVIEW_HEADER_BYTES = 40;

const HEADER_VERSION = 1;
const TIER_DECODED = 2;
const CODEC_JPEG = 1;

/** One step's picture of the whole clip: a contact sheet, frames in reading order. */
export interface Preview {
  /** 1: projected from the latents; 2: the finished clip; 3: decoded on the way (paused). */
  readonly tier: number;
  readonly codec: number;
  readonly columns: number;
  readonly rows: number;
  readonly frames: number;
  /** Size of one frame in the sheet, in pixels. */
  readonly width: number;
  readonly height: number;
  readonly take: number;
  readonly step: number;
  readonly steps: number;
  /** The number of the look it belongs to (T12); 0 for the take itself. */
  readonly look: number;
  /** All live edits up to it have entered (T13). */
  readonly seq: number;
  /** Server time, milliseconds since the Unix epoch. */
  readonly at: number;
  /** Whether this is the finished clip, fully decoded. */
  readonly done: boolean;
  readonly mime: string;
  readonly image: Uint8Array<ArrayBuffer>;
}

/** Whether a binary message is a preview and not MessagePack. */
export function isPreview(data: Uint8Array): boolean {
  return data[0] === PREVIEW_MARK;
}

/** Read a preview. Throws a RangeError where the bytes are none of header version 1. */
export function parsePreview(data: Uint8Array<ArrayBuffer>): Preview {
  if (data.byteLength < PREVIEW_HEADER_BYTES || !isPreview(data) || data[1] !== HEADER_VERSION) {
    throw new RangeError('not a preview of header version 1: check the first two bytes (C1 01)');
  }
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  const tier = view.getUint8(2);
  const codec = view.getUint8(3);
  if (codec !== CODEC_JPEG) {
    throw new RangeError(`preview codec ${codec} is unknown: this client reads JPEG (1)`);
  }
  return {
    tier,
    codec,
    columns: view.getUint8(4),
    rows: view.getUint8(5),
    frames: view.getUint16(6),
    width: view.getUint16(8),
    height: view.getUint16(10),
    take: view.getUint32(12),
    step: view.getUint16(16),
    steps: view.getUint16(18),
    look: view.getUint32(20),
    seq: Number(view.getBigUint64(24)),
    at: Number(view.getBigUint64(32)),
    done: tier === TIER_DECODED,
    mime: 'image/jpeg',
    image: data.subarray(PREVIEW_HEADER_BYTES),
  };
}
