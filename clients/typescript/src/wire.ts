/** Messages to bytes and back (C7). */

import { decode, Encoder } from '@msgpack/msgpack';

import type { ClientMessage, ServerMessage } from './messages.ts';

const SERVER_TYPES: ReadonlySet<string> = new Set<ServerMessage['type']>([
  'welcome', 'events', 'event', 'ack', 'refusal', 'fault', 'people', 'presence', 'take',
  'look_status', 'pong',
]);

const encoder = new Encoder({ ignoreUndefined: true });

/** A message as MessagePack. */
export function encodeMessage(message: ClientMessage): Uint8Array<ArrayBuffer> {
  return encoder.encode(message);
}

/** The message in these bytes, or null where this client does not know its type. */
export function decodeMessage(data: Uint8Array): ServerMessage | null {
  const message: unknown = decode(data);
  if (typeof message !== 'object' || message === null || !('type' in message)) {
    throw new TypeError('a message is a MessagePack map with a field `type`');
  }
  // A newer server may say more than this client understands; that is no reason to hang up.
  if (typeof message.type !== 'string' || !SERVER_TYPES.has(message.type)) return null;
  return message as ServerMessage;
}
