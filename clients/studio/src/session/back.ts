/** What to say when a connection that was lost is back. */

/**
 * `resumed`: the server went on from where this page stopped (C2). `sent`: how many of our edits
 * waited for it and go out now.
 */
export function backInWords(resumed: boolean, sent: number): string {
  const edits = sent === 1 ? 'Your edit is sent now.' : `Your ${sent} edits are sent now.`;
  const state = resumed ? 'Back. Nothing was lost.' : 'Back. The session is as the server has it.';
  return sent ? `${state} ${edits}` : state;
}
