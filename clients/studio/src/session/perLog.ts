/** What a whole log has to be read for, found once for each state of it. */

import type { LogState } from 'framejam';

/**
 * `find`, asked again only when the log is another: components ask at every change of the store,
 * and pointers and frames change it far more often than events do.
 */
export function perLog<K, T>(
  find: (log: LogState, key: K) => T,
): (log: LogState, key: K) => T {
  const known = new WeakMap<LogState, Map<K, T>>();
  return (log, key) => {
    const found = known.get(log) ?? new Map<K, T>();
    known.set(log, found);
    if (!found.has(key)) found.set(key, find(log, key));
    return found.get(key) as T;
  };
}
