import type { Role } from 'framejam';
import { useId, useRef, useState } from 'react';

import { sayWhy, useStudio } from '../session/store.ts';
import { MOST_USES, usesOf, VALID, type Valid } from './invites.ts';
import { ROLE_MEANING, ROLES } from './roles.ts';

const CAN: Readonly<Record<Role, string>> = {
  editor: 'Can steer', viewer: 'Can watch', owner: 'Owns it, too',
};

/** A note that the owners see beside a link. */
const MAX_LABEL_CHARS = 64;

interface Wanted {
  readonly role: Role;
  readonly valid: Valid;
  readonly uses: string;
  readonly label: string;
}

const USUAL: Wanted = { role: 'editor', valid: 'week', uses: '', label: '' };

/** Whom a link lets in, for how long and how many; then the link. `made` is told of a new one. */
export function InviteForm({ made }: { made: () => Promise<void> }) {
  const session = useStudio((s) => s.session);
  const [wanted, setWanted] = useState(USUAL);
  const [link, setLink] = useState<string | null>(null);
  const [problem, setProblem] = useState<string | null>(null);
  const [making, setMaking] = useState(false);
  const uses = usesOf(wanted.uses);

  const change = (part: Partial<Wanted>): void => {
    setWanted({ ...wanted, ...part });
    // A link that is shown does what is chosen beside it.
    setLink(null);
    setProblem(null);
  };
  const make = async (): Promise<void> => {
    if (!session || uses === undefined) return;
    setMaking(true);
    setProblem(null);
    try {
      const { path } = await session.http.access.invite(wanted.role, {
        expiresInS: VALID[wanted.valid].seconds, maxUses: uses, label: wanted.label.trim(),
      });
      setLink(new URL(path, location.origin).href);
      await made();
    } catch (error) {
      setProblem(sayWhy(error));
    }
    setMaking(false);
  };

  return (
    <form
      className="invite-form"
      onSubmit={(event) => {
        event.preventDefault();
        if (link === null && !making) void make();
      }}
    >
      <Roles role={wanted.role} onChange={(role) => change({ role })} />
      <Bounds wanted={wanted} wrong={uses === undefined} onChange={change} />
      {link === null
        ? (
          <button
            type="submit" className="button primary wide" data-testid="invite-make"
            disabled={making || uses === undefined}
          >
            {making ? 'Making a link…' : 'Make a link'}
          </button>
        )
        : <Link link={link} />}
      {problem !== null && <small role="alert" className="wrong">{problem}</small>}
    </form>
  );
}

function Roles({ role, onChange }: { role: Role; onChange: (role: Role) => void }) {
  const name = useId();
  return (
    <fieldset>
      <legend>Whoever opens the link</legend>
      {ROLES.map((value) => (
        <label key={value} className="choice">
          <input
            type="radio" name={name} checked={role === value} data-testid={`invite-${value}`}
            autoFocus={role === value} onChange={() => onChange(value)}
          />
          <span><b>{CAN[value]}</b><small>{ROLE_MEANING[value]}</small></span>
        </label>
      ))}
    </fieldset>
  );
}

interface BoundsProps {
  readonly wanted: Wanted;
  /** Whether the number of people is none. */
  readonly wrong: boolean;
  readonly onChange: (part: Partial<Wanted>) => void;
}

function Bounds({ wanted, wrong, onChange }: BoundsProps) {
  const id = useId();
  return (
    <div className="invite-bounds">
      <span id={`${id}-valid`}>It opens for</span>
      <span className="segmented wordy" role="group" aria-labelledby={`${id}-valid`}>
        {(Object.keys(VALID) as Valid[]).map((valid) => (
          <button
            key={valid} type="button" aria-pressed={wanted.valid === valid}
            data-testid={`invite-valid-${valid}`} onClick={() => onChange({ valid })}
          >
            {VALID[valid].words}
          </button>
        ))}
      </span>
      <label htmlFor={`${id}-uses`}>For how many</label>
      <input
        id={`${id}-uses`} className="field" inputMode="numeric" data-testid="invite-uses"
        placeholder="any number" autoComplete="off" value={wanted.uses} aria-invalid={wrong}
        onChange={({ target }) => onChange({ uses: target.value })}
      />
      <label htmlFor={`${id}-label`}>Note</label>
      <input
        id={`${id}-label`} className="field" data-testid="invite-label" autoComplete="off"
        placeholder="only owners see it" maxLength={MAX_LABEL_CHARS} value={wanted.label}
        onChange={({ target }) => onChange({ label: target.value })}
      />
      {wrong && <small role="alert" className="wrong">Give a number from 1 to {MOST_USES}, or none.</small>}
    </div>
  );
}

function Link({ link }: { link: string }) {
  const [copied, setCopied] = useState(false);
  const field = useRef<HTMLInputElement>(null);
  return (
    <>
      <div className="invite-row">
        <input
          ref={field} type="text" className="field" readOnly data-testid="invite-link"
          aria-label="Invite link" value={link} onFocus={({ target }) => target.select()}
        />
        <button
          type="button" className="button primary" data-testid="invite-copy" autoFocus
          onClick={() => {
            field.current?.select();
            void copy(link).then(setCopied);
          }}
        >
          {copied ? 'Copied' : 'Copy'}
        </button>
      </div>
      <small role="status">
        {copied ? 'The link is on your clipboard.'
          : 'Copy it now: the server keeps no copy that it could show again.'}
      </small>
    </>
  );
}

/** Whether it worked: browsers give no clipboard to pages without HTTPS, except on localhost. */
async function copy(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false;
  }
}
