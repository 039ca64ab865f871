/** The canonical encoding of a state and its hash (L3), as SPEC.md describes for every language. */

import type { EditRecord, LogState } from './records.ts';

/**
 * What the state hash is taken over: JSON in UTF-8, keys sorted, integers, no spaces.
 *
 * Only what people see counts: the texts of the prompts, the image in force, the settings, and
 * the live edits of each other kind in seq order with their fields as last written.
 */
export function canonical(state: LogState): string {
  return sorted({
    camera: state.cameras.map(visible),
    comment: state.comments.map(visible),
    content: state.content,
    drag: state.drags.map(visible),
    image: state.image && visible(state.image),
    lock: state.locks.map(visible),
    motion: state.motion,
    negative: state.negative,
    paint: state.strokes.map(visible),
    region: state.regions.map(visible),
    settings: state.settings,
    trajectory: state.trajectories.map(visible),
  });
}

/**
 * SHA-256 of `canonical(state)`, lower-case hexadecimal.
 *
 * Rejects where a browser has no `crypto.subtle`: on a page that came neither by https nor from
 * localhost.
 */
export async function stateHash(state: LogState): Promise<string> {
  const bytes = new TextEncoder().encode(canonical(state));
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

function visible({ author, depth, seq, instruction }: EditRecord): object {
  return { author, depth, edit: seq, instruction };
}

function sorted(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(sorted).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const fields = Object.entries(value).filter(([, field]) => field !== undefined);
  fields.sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${fields.map(([name, field]) => `${JSON.stringify(name)}:${sorted(field)}`).join(',')}}`;
}
