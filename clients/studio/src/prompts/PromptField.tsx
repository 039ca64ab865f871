import type { Prompt } from 'framejam';
import { useEffect, useId, useRef } from 'react';

import { stepInWords } from '../history/describe.ts';
import { usePersonName } from '../people/usePersonName.ts';
import { useStudio, whyReadOnly } from '../session/store.ts';
import { changesBetween } from './changes.ts';
import { fateOf } from './fate.ts';
import { newestTyping, overruled } from './standing.ts';
import { usePromptText, useUnsent } from './shared.ts';
import { useField } from './useField.ts';
import { Words } from './Words.tsx';

interface Props {
  readonly kind: Prompt;
  readonly title: string;
  readonly example: string;
  /** Whether one asked for it and wants to write at once. */
  readonly focused?: boolean;
}

/** One of the prompts, with what became of it and words the model knows. */
export function PromptField({ kind, title, example, focused = false }: Props) {
  const id = useId();
  const host = useRef<HTMLDivElement>(null);
  const prompt = useStudio((s) => s.prompts?.[kind] ?? null);
  const reason = useStudio(whyReadOnly);
  const limit = useStudio((s) => s.welcome?.limits.prompt_chars ?? Infinity);
  const text = usePromptText(prompt);
  const describedBy = `${id}-fate`;
  const { view, full } = useField(host, kind, prompt, reason, {
    label: title, example, describedBy,
  });
  useEffect(() => {
    if (focused) view?.focus();
  }, [view, focused]);

  /** A click is a gesture of its own; words others type at the same time stay. */
  const pick = (next: string): void => {
    if (!view || !prompt) return;
    prompt.endBurst();
    view.dispatch({ changes: changesBetween(view.state.doc.toString(), next) });
    prompt.endBurst();
  };

  return (
    <section className="panel-section prompt">
      <h2 onClick={() => view?.focus()}>{title}</h2>
      <div ref={host} className="field prompt-text" data-off={reason !== null} />
      <FateLine id={describedBy} kind={kind} text={text} full={full} limit={limit} />
      {kind !== 'negative' && (
        <Words kind={kind} text={text} limit={limit} off={reason !== null} onPick={pick} />
      )}
    </section>
  );
}

const NONE: readonly string[] = [];

interface FateProps {
  readonly id: string;
  readonly kind: Prompt;
  readonly text: string;
  /** Somebody just typed beyond the limit. */
  readonly full: boolean;
  readonly limit: number;
}

/** One line under the field: typing, sent, taken up. Its place is reserved. */
function FateLine({ id, kind, text, full, limit }: FateProps) {
  const unsent = useUnsent(useStudio((s) => s.prompts?.[kind] ?? null));
  const phase = useStudio((s) => s.status.phase);
  const edit = useStudio((s) => newestTyping(s.log, kind));
  const author = usePersonName(edit?.author ?? '');
  const why = useStudio((s) => overruled(s.log, kind));
  const unknown = useStudio((s) => s.take?.unknown ?? NONE);
  const fate = fateOf({
    text, unsent, unknown, overruled: why,
    connection: phase === 'live' || phase === 'ended' ? phase : 'away',
    newest: edit && { author, entry: edit.entry && stepInWords(edit.entry.step) },
  });
  const words = full ? `A prompt has at most ${limit} characters` : fate.words;
  return (
    <p
      className="fate" id={id} role="status" data-testid={`${kind}-fate`}
      data-phase={full ? 'full' : fate.phase}
    >
      <span title={fate.full}>{words}</span>
    </p>
  );
}
