import type { Prompt } from 'framejam';
import { useMemo, useState } from 'react';

import { useStudio } from '../session/store.ts';
import { groupsFor, withWord, wordsIn } from './words.ts';

interface Props {
  readonly kind: Exclude<Prompt, 'negative'>;
  readonly text: string;
  /** The longest prompt, in characters. */
  readonly limit: number;
  readonly off: boolean;
  /** A click is a complete edit. */
  onPick(text: string): void;
}

/** Chips shown before "more": about four lines. */
const FEW = 16;

/** Words the model knows, one group at a time; a click puts one in or takes it out. */
export function Words({ kind, text, limit, off, onPick }: Props) {
  const vocabulary = useStudio((s) => s.welcome?.vocabulary);
  const groups = useMemo(() => (vocabulary ? groupsFor(kind, vocabulary) : []), [kind, vocabulary]);
  const [chosen, setChosen] = useState<string | null>(null);
  const [all, setAll] = useState(false);
  // The subject first: it is what a clip is of.
  const group = groups.find((g) => g.name === chosen) ?? groups.find((g) => /subject/i.test(g.name))
    ?? groups[0];
  if (!group) return null;
  const present = new Set(wordsIn(text, groups).map((found) => found.word));
  const words = all ? group.words : group.words.slice(0, FEW);
  // Focus stays in the field: whoever types there goes on typing.
  const keepFocus = (event: { preventDefault(): void }): void => event.preventDefault();

  return (
    <div className="words" role="group" aria-label="Words the model knows" onMouseDown={keepFocus}>
      {groups.length > 1 && (
        <div className="word-groups">
          {groups.map(({ name }) => (
            <button
              key={name} type="button" aria-pressed={group.name === name}
              onClick={() => setChosen(name)}
            >
              {name}
            </button>
          ))}
        </div>
      )}
      <div className="chips">
        {words.map((word) => (
          <button
            key={word} type="button" className="chip" disabled={off} data-testid={`${kind}-word`}
            aria-pressed={present.has(word)}
            onClick={() => {
              const next = withWord(text, word, group, groups, limit);
              if (next !== null) onPick(next);
            }}
          >
            {word}
          </button>
        ))}
        {group.words.length > FEW && (
          <button type="button" className="link" onClick={() => setAll(!all)}>
            {all ? 'Fewer' : `${group.words.length - FEW} more`}
          </button>
        )}
      </div>
    </div>
  );
}
