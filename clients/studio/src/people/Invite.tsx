import { ApiError, type Role } from 'framejam';
import { useEffect, useId, useRef, useState } from 'react';

import { toast, useStudio } from '../session/store.ts';
import { Icon } from '../shell/Icon.tsx';

const ROLES: readonly (readonly [role: Role, title: string, meaning: string])[] = [
  ['editor', 'Can steer', 'writes prompts, paints, gives pictures'],
  ['viewer', 'Can watch', 'sees everything and points'],
];

/** The owner's button that makes a link and copies it. */
export function Invite() {
  const owner = useStudio((s) => s.welcome?.role === 'owner');
  const [open, setOpen] = useState(false);
  const box = useRef<HTMLDivElement>(null);

  useEffect(() => {
    if (!open) return;
    const close = (event: Event): void => {
      const outside = event.target instanceof Node && !box.current?.contains(event.target);
      if (event instanceof KeyboardEvent ? event.key === 'Escape' : outside) setOpen(false);
    };
    document.addEventListener('pointerdown', close);
    document.addEventListener('keydown', close);
    return () => {
      document.removeEventListener('pointerdown', close);
      document.removeEventListener('keydown', close);
    };
  }, [open]);

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
  const [links, setLinks] = useState<Partial<Record<Role, string>>>({});
  const [copied, setCopied] = useState(false);
  const field = useRef<HTMLInputElement>(null);
  const link = links[role];

  useEffect(() => {
    // One link a role is enough while the card is open.
    if (link !== undefined || !session) return;
    let current = true;
    session.http.invite(role).then(
      ({ path }) => {
        if (!current) return;
        const made = new URL(path, location.origin).href;
        setLinks((all) => ({ ...all, [role]: made }));
        void copy(made).then(setCopied);
      },
      (error: unknown) => toast('problem', error instanceof ApiError ? error.message : String(error)),
    );
    return () => {
      current = false;
    };
  }, [session, role, link]);

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
          aria-label="Invite link" value={link ?? ''} placeholder="Making a link…"
          onFocus={(event) => event.target.select()}
        />
        <button
          type="button" className="button" disabled={!link}
          onClick={() => {
            field.current?.select();
            if (link) void copy(link).then(setCopied);
          }}
        >
          {copied ? 'Copied' : 'Copy'}
        </button>
      </div>
      <small role="status">
        {copied ? 'The link is on your clipboard.' : 'Send it to the people you want here.'}
      </small>
    </div>
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
