/** A text that is being typed, and when it may be given. */

export interface Draft {
  readonly text: string;
  /** The session's text when typing began, or what was given last: what the draft differs from. */
  readonly base: string;
}

/** Typed and not given yet; a space at an end is not an edit. */
export function isDirty(draft: Draft | null): boolean {
  return draft !== null && draft.text.trim() !== draft.base.trim();
}

/** The session's text changed while something here is unsent: one would overwrite the other. */
export function isOvertaken(draft: Draft | null, latest: string): boolean {
  return isDirty(draft) && draft?.base !== latest;
}

/**
 * The text to give now, or null.
 *
 * A pause or leaving the field gives only what overwrites nobody; by hand it is a decision.
 */
export function textToGive(draft: Draft | null, latest: string, byHand: boolean): string | null {
  if (draft === null || !isDirty(draft)) return null;
  return byHand || !isOvertaken(draft, latest) ? draft.text.trim() : null;
}
