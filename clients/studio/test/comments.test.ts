import { isKind, type Comment, type EditRecord } from 'framejam';
import { describe, expect, it } from 'vitest';

import { inOrder, mayResolve, mayRewrite, pinOpacity } from '../src/comments/comments.ts';
import { logOf } from './log.ts';

const comment = (text: string, resolved = false): Comment => (
  { kind: 'comment', text, at: [0, 0], frame: 5, resolved });

function record(by: string): EditRecord<Comment> {
  const edit = logOf({ by, edit: comment('x') }).edits[0];
  if (!edit || !isKind(edit, 'comment')) throw new Error('there is no comment');
  return edit;
}

describe('comments', () => {
  it('show on their frame, weaker beside it, and nowhere else', () => {
    expect([3, 4, 5, 6, 7].map((frame) => pinOpacity(comment('x'), frame)))
      .toEqual([0, 0.5, 1, 0.5, 0]);
  });

  it('stand in order, the settled ones last', () => {
    const log = logOf({ edit: comment('a', true) }, { edit: comment('b') }, { edit: comment('c') });
    expect(inOrder(log.comments).map((one) => one.instruction.text)).toEqual(['b', 'c', 'a']);
  });

  it('A1 are rewritten by their author and owners, and settled by whoever steers', () => {
    const ofGrace = record('grace');
    expect([mayRewrite(ofGrace, 'grace', 'viewer'), mayRewrite(ofGrace, 'ada', 'owner'),
      mayRewrite(ofGrace, 'ada', 'editor')]).toEqual([true, true, false]);
    expect([mayResolve(ofGrace, 'grace', 'viewer'), mayResolve(ofGrace, 'ada', 'editor'),
      mayResolve(ofGrace, 'ada', 'viewer')]).toEqual([true, true, false]);
  });
});
