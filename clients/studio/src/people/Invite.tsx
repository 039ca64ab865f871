import type { Role, Session } from 'framejam';
import { useCallback, useEffect, useId, useRef, useState } from 'react';

import { sayWhy, useStudio } from '../session/store.ts';
import { Icon } from '../shell/Icon.tsx';
import { usePopover } from '../shell/usePopover.ts';

const ROLES: readonly (readonly [role: Role, title: string, meaning: string])[] = [
  ['editor', 'Can steer', 'writes prompts, paints, drags, gives pictures'],
  ['viewer', 'Can watch', 'sees everything and points'],
];

/** The owner's button that makes links. */
export function Invite() {
  const owner = useStudio((s) => s.welcome?.role === 'owner');
  const [open, setOpen] = useState(false);
  const box = useRef<HTMLDivElement>(null);
  usePopover(box, open, useCallback(() => setOpen(false), []));

  if (!owner) return null;
  return (
    <div className="invite" ref={box}>
      <button
        type="button" className="button primary" data-testid="invite" aria-expanded={open}
        onClick={() => setOpen(!open)}
      >
        <Icon name="invite" /> Invite
      </button>
      {open && <InviteCard />}
    </div>
  );
}

function InviteCard() {
  const name = useId();
  const session = useStudio((s) => s.session);
  const [role, setRole] = useState<Role>('editor');
  const [copied, setCopied] = useState(false);
  const field = useRef<HTMLInputElement>(null);
  const { link, problem, again } = useLink(session, role);

  return (
    <div className="card invite-card" role="dialog" aria-label="Invite people">
      <fieldset>
        <legend>Whoever opens the link</legend>
        {ROLES.map(([value, title, meaning]) => (
          <label key={value} className="choice">
            <input
              type="radio" name={name} checked={role === value} data-testid={`invite-${value}`}
              onChange={() => {
                setRole(value);
                setCopied(false);
              }}
            />
            <span><b>{title}</b><small>{meaning}</small></span>
          </label>
        ))}
      </fieldset>
      <div className="invite-row">
        <input
          ref={field} type="text" className="field" readOnly data-testid="invite-link"
          aria-label="Invite link" value={link ?? ''}
          placeholder={problem === null ? 'Making a link…' : 'No link'}
          onFocus={(event) => event.target.select()}
        />
        {problem === null ? (
          <button
            type="button" className="button" disabled={link === null} data-testid="invite-copy"
            onClick={() => {
              field.current?.select();
              if (link) void copy(link).then(setCopied);
            }}
          >
            {copied ? 'Copied' : 'Copy'}
          </button>
        ) : <button type="button" className="button" onClick={again}>Try again</button>}
      </div>
      <small role="status">
        {problem
          ?? (copied ? 'The link is on your clipboard.' : 'Send it to the people you want here.')}
      </small>
    </div>
  );
}

interface Made {
  readonly link: string | null;
  /** Why there is no link. */
  readonly problem: string | null;
}

const MAKING: Made = { link: null, problem: null };

/** A link for this role: one for each role is enough while the card is open. */
function useLink(session: Session | null, role: Role): Made & { again(): void } {
  const [made, setMade] = useState<Partial<Record<Role, Made>>>({});
  const asked = useRef(new Set<Role>());

  const make = useCallback(async (): Promise<void> => {
    if (!session) return;
    asked.current.add(role);
    const done = (result: Made): void => setMade((all) => ({ ...all, [role]: result }));
    done(MAKING);
    try {
      const { path } = await session.http.invite(role);
      done({ link: new URL(path, location.origin).href, problem: null });
    } catch (error) {
      done({ link: null, problem: sayWhy(error) });
    }
  }, [session, role]);

  useEffect(() => {
    if (!asked.current.has(role)) void make();
  }, [make, role]);

  return { ...(made[role] ?? MAKING), again: () => void make() };
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
