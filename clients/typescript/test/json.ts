/** The JSON form of messages (C7): the same maps, with bytes as base64. */

/** A message of the JSON form as the SDK has it. `update` is the only field of bytes. */
export function fromJson(value: unknown): unknown {
  return walk(value, (update) =>
    typeof update === 'string' ? Uint8Array.from(Buffer.from(update, 'base64')) : update);
}

/** A message of the SDK in its JSON form. */
export function toJson(value: unknown): unknown {
  return walk(value, (update) =>
    update instanceof Uint8Array ? Buffer.from(update).toString('base64') : update);
}

function walk(value: unknown, convert: (update: unknown) => unknown): unknown {
  if (Array.isArray(value)) return value.map((one) => walk(one, convert));
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return value;
  return Object.fromEntries(Object.entries(value).map(([name, field]) =>
    [name, name === 'update' ? convert(field) : walk(field, convert)]));
}

/** The bytes that a vector tells in hexadecimal. */
export function fromHex(hex: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(Buffer.from(hex, 'hex'));
}
