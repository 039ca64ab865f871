/** A socket whose other end is the test: it records what was sent and answers on command. */

import { decode, encode } from '@msgpack/msgpack';

import type { ClientMessage, ServerMessage, SocketLike, Welcome } from '../src/index.ts';

export class FakeSocket implements SocketLike {
  binaryType = '';
  onopen: (() => void) | null = null;
  onmessage: ((event: { data: unknown }) => void) | null = null;
  onclose: ((event: { code: number; reason: string }) => void) | null = null;
  onerror: (() => void) | null = null;
  closed = false;
  readonly sent: ClientMessage[] = [];

  send(data: Uint8Array): void {
    this.sent.push(decode(data) as ClientMessage);
  }

  close(): void {
    this.closed = true;
  }

  /** What the client sent of one type. */
  of<T extends ClientMessage['type']>(type: T): Extract<ClientMessage, { type: T }>[] {
    return this.sent.filter((m): m is Extract<ClientMessage, { type: T }> => m.type === type);
  }

  deliver(message: ServerMessage | Uint8Array<ArrayBuffer>): void {
    const bytes = message instanceof Uint8Array ? message : encode(message);
    this.onmessage?.({ data: bytes.slice().buffer });
  }

  welcome(changes: Partial<Welcome> = {}): void {
    this.onopen?.();
    this.deliver(welcome(changes));
  }

  drop(code = 1006, reason = ''): void {
    this.onclose?.({ code, reason });
  }
}

export function welcome(changes: Partial<Welcome> = {}): Welcome {
  return {
    type: 'welcome', version: 1, session: 's1', epoch: 'e1', head_seq: 0, state_hash: '',
    recovered: false, participant: 'ada1', role: 'owner', next_client_seq: 1,
    yjs_client: 77,
    schedulers: [],
    loras: [],
    settings: {
      model: 'embedded', seed: 1, steps: 20, frames: 16, width: 64, height: 64, fps: 8,
      guidance: 250, scheduler: '', loras: [], harmonize: 0, mix: 0, align: 0,
    },
    vocabulary: { groups: {} },
    limits: {
      message_bytes: 262144, blob_bytes: 1, blob_pixels: 1, stroke_points: 4096,
      prompt_chars: 500, comment_chars: 2000, update_bytes: 131072,
    },
    token: null,
    ...changes,
  };
}
