import { useId } from 'react';

import { entryInWords } from '../history/describe.ts';
import { usePersonName } from '../people/usePersonName.ts';
import { useStudio, whyReadOnly } from '../session/store.ts';
import { usePrompt, type Prompt, type PromptKind } from './usePrompt.ts';
import { unknownIn } from './words.ts';
import { Words } from './Words.tsx';

interface Props {
  readonly kind: PromptKind;
  readonly title: string;
  readonly example: string;
}

/** One of the two prompts, with what became of it and words the model knows. */
export function PromptField({ kind, title, example }: Props) {
  const id = useId();
  const prompt = usePrompt(kind);
  const reason = useStudio(whyReadOnly);
  const limit = useStudio((s) => s.welcome?.limits.prompt_chars ?? 500);

  return (
    <section className="panel-section prompt">
      <label htmlFor={id}>{title}</label>
      <textarea
        id={id} className="field" data-testid={kind} rows={2} maxLength={limit} spellCheck={false}
        value={prompt.value} placeholder={example} disabled={reason !== null}
        title={reason ?? undefined} aria-describedby={`${id}-fate`}
        onFocus={prompt.focus} onBlur={prompt.blur}
        onChange={({ target, nativeEvent }) => {
          prompt.change(inOneLine(target.value),
                        nativeEvent instanceof InputEvent && nativeEvent.isComposing);
        }}
        onCompositionEnd={({ currentTarget }) => {
          prompt.change(inOneLine(currentTarget.value), false);
        }}
        onKeyDown={(event) => {
          // Enter inside an input method's composition chooses a word, it does not send.
          if (event.nativeEvent.isComposing) return;
          if (event.key === 'Enter') {
            event.preventDefault();
            prompt.send();
          } else if (event.key === 'Escape') {
            // Leaves the field, too: the page's own undo keys work from here on.
            prompt.revert();
            event.currentTarget.blur();
          }
        }}
      />
      <Fate id={`${id}-fate`} kind={kind} prompt={prompt} />
      <Words
        kind={kind} text={prompt.value} limit={limit} off={reason !== null} onPick={prompt.give}
      />
    </section>
  );
}

const NONE: readonly string[] = [];

/** “dragon”, or “dragon” and 2 more words. */
function quoted([first, ...others]: readonly string[]): string {
  const more = others.length === 1 ? ` and “${others[0]}”` : ` and ${others.length} more words`;
  return `“${first}”${others.length > 0 ? more : ''}`;
}

function inOneLine(text: string): string {
  return text.replaceAll('\n', ' ');
}

/** One line under the field: typed, sent, taken up, changed by somebody. Its place is reserved. */
function Fate({ id, kind, prompt }: { id: string; kind: PromptKind; prompt: Prompt }) {
  const record = useStudio((s) => s.log[kind]);
  const connection = useStudio((s) => s.status.phase);
  const author = usePersonName(record?.author ?? '');
  const pictureRules = useStudio((s) => kind === 'content' && s.log.image?.instruction.blob != null);
  const dragRules = useStudio((s) => kind === 'motion' && s.log.drags.length > 0);
  const unknown = useStudio((s) => s.take?.unknown ?? NONE);
  const { dirty, sending, changedBy } = prompt;
  let phase = 'empty';
  let words = 'Enter sends it';
  let full: string | undefined;
  if (dirty) {
    phase = 'typing';
    words = 'Not sent yet · Enter sends it';
  } else if (sending) {
    phase = 'sending';
    words = connection === 'live' ? 'Sending…'
      : connection === 'ended' ? 'Not sent: the connection has ended'
      : 'Kept here until the connection is back';
  } else if (record) {
    phase = record.entry ? 'entered' : 'sent';
    const entry = record.entry ? `taken up ${entryInWords(record)}` : 'sent, enters at the next step';
    const strange = unknownIn(record.instruction.text, unknown);
    if (strange.length > 0) {
      phase = 'unknown';
      full = `The model never learnt: ${strange.join(', ')}`;
    }
    words = strange.length > 0 ? `The model never learnt ${quoted(strange)}`
      : pictureRules ? `${author} · the picture sets the scene`
      : dragRules ? `${author} · drags set the motion`
      : `${author} · ${entry}`;
  }
  return (
    <p className="fate" id={id} role="status" data-testid={`${kind}-fate`} data-phase={phase}>
      {changedBy !== null ? (
        <>
          <span>Changed by {changedBy}{dirty && ' · Enter sends yours'}</span>
          {dirty && (
            <button
              type="button" className="link" onMouseDown={(event) => event.preventDefault()}
              onClick={prompt.revert}
            >
              Take theirs
            </button>
          )}
        </>
      ) : <span title={full}>{words}</span>}
    </p>
  );
}
