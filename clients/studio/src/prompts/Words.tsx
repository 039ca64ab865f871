import { useMemo, useState } from 'react';

import { useStudio } from '../session/store.ts';
import type { PromptKind } from './usePrompt.ts';
import { groupsFor, hasWord, withWord } from './words.ts';

interface Props {
  readonly kind: PromptKind;
  readonly text: string;
  readonly off: boolean;
  onChange(text: string): void;
}

/** Words the model knows, one group at a time; a click puts one in or takes it out. */
export function Words({ kind, text, off, onChange }: Props) {
  const vocabulary = useStudio((s) => s.welcome?.vocabulary);
  const groups = useMemo(() => (vocabulary ? groupsFor(kind, vocabulary) : []), [kind, vocabulary]);
  const [chosen, setChosen] = useState(0);
  const group = groups[chosen] ?? groups[0];
  if (!group) return null;
  // Focus stays in the field: leaving it would send half a change.
  const keepFocus = (event: { preventDefault(): void }): void => event.preventDefault();

  return (
    <div className="words" role="group" aria-label="Words the model knows" onMouseDown={keepFocus}>
      {groups.length > 1 && (
        <div className="word-groups">
          {groups.map(({ name }, index) => (
            <button
              key={name} type="button" aria-pressed={group.name === name}
              onClick={() => setChosen(index)}
            >
              {name}
            </button>
          ))}
        </div>
      )}
      <div className="chips">
        {group.words.map((word) => (
          <button
            key={word} type="button" className="chip" disabled={off} data-testid={`${kind}-word`}
            aria-pressed={hasWord(text, word)} onClick={() => onChange(withWord(text, word, group))}
          >
            {word}
          </button>
        ))}
      </div>
    </div>
  );
}
