/** Close codes of a framejam socket (C6): from 4500 on, coming back with the same words is vain. */

export const CLOSE = {
  RESTARTING: 4000,
  SLOW: 4001,
  UNAVAILABLE: 4002,
  FULL: 4003,
  HELLO_TIMEOUT: 4500,
  HELLO_EXPECTED: 4501,
  MALFORMED: 4502,
  UNAUTHORISED: 4503,
  TOO_OLD: 4504,
  TOO_NEW: 4505,
  GONE: 4506,
  CLIENT_TAKEN: 4507,
} as const;

const MESSAGE_TOO_BIG = 1009;

/**
 * Whether a client that was closed with this code should connect again.
 *
 * A hello that was too slow is worth another try (the machine slept); a taken client id is solved
 * by choosing another one. A message that was too big would be too big again.
 */
export function mayReconnect(code: number): boolean {
  if (code === CLOSE.HELLO_TIMEOUT || code === CLOSE.CLIENT_TAKEN) return true;
  if (code === MESSAGE_TOO_BIG) return false;
  return code < CLOSE.HELLO_TIMEOUT || code > 4999;
}
