import { useId, useState, type FormEvent } from 'react';

/** What the server takes, in characters. */
const MAX_CHARS = 80;

interface Props {
  readonly label: string;
  readonly known?: string;
  onName(name: string): void;
  onCancel(): void;
}

/** One line for the name of a version; Escape leaves it as it was. */
export function NameForm({ label, known = '', onName, onCancel }: Props) {
  const id = useId();
  const [name, setName] = useState(known);
  const given = name.trim();
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    if (given) onName(given);
  };
  return (
    <form className="name-form" onSubmit={submit}>
      <label htmlFor={id} className="unseen">{label}</label>
      <input
        id={id} className="field" data-testid="version-name" value={name} autoFocus
        maxLength={MAX_CHARS} placeholder="first cut" autoComplete="off"
        onFocus={(event) => event.target.select()}
        onChange={(event) => setName(event.target.value)}
        onKeyDown={(event) => {
          if (event.key !== 'Escape') return;
          event.stopPropagation();
          onCancel();
        }}
      />
      <button
        type="submit" className="button slim primary" data-testid="version-save" disabled={!given}
      >
        {known ? 'Rename' : 'Name it'}
      </button>
      <button type="button" className="button slim" onClick={onCancel}>Cancel</button>
    </form>
  );
}
