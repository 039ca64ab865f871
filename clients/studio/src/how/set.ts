/** Setting how a tool gives, and giving with it. */

import { useStudio, type Giver } from '../session/store.ts';
import { clipOf, fieldsOf, type How } from './how.ts';

/** Remembered for this tool and no other. */
export function setHow(tool: Giver, change: Partial<How>): void {
  useStudio.setState(({ hows }) => ({ hows: { ...hows, [tool]: { ...hows[tool], ...change } } }));
}

/** What the instruction in hand is given with: its fields, and how deep it may go (T3). */
export function givenWith(tool: Giver): {
  readonly fields: ReturnType<typeof fieldsOf>; readonly options: { readonly depth: number | null };
} {
  const state = useStudio.getState();
  const how = state.hows[tool];
  return { fields: fieldsOf(tool, how, clipOf(state).count), options: { depth: how.depth } };
}
