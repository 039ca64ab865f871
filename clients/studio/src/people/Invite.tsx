import { useCallback, useRef, useState } from 'react';

import { roleOf, useStudio } from '../session/store.ts';
import { Icon } from '../shell/Icon.tsx';
import { usePopover } from '../shell/usePopover.ts';
import { InviteForm } from './InviteForm.tsx';
import { InviteList } from './InviteList.tsx';
import { useInvites } from './useInvites.ts';

/** The owner's button to the links that let people in. */
export function Invite() {
  const owner = useStudio((s) => roleOf(s) === 'owner' && s.status.phase !== 'ended');
  const [open, setOpen] = useState(false);
  const box = useRef<HTMLDivElement>(null);
  const button = useRef<HTMLButtonElement>(null);
  const close = useCallback(() => {
    // What had the focus goes away with the card, or went before with its row.
    const at = document.activeElement;
    if (at === document.body || box.current?.contains(at)) button.current?.focus();
    setOpen(false);
  }, []);
  usePopover(box, open, close);

  if (!owner) return null;
  return (
    <div className="invite" ref={box}>
      <button
        ref={button} type="button" className="button primary" data-testid="invite"
        aria-expanded={open} aria-haspopup="dialog" onClick={() => setOpen(!open)}
      >
        <Icon name="invite" /> Invite
      </button>
      {open && <InviteCard />}
    </div>
  );
}

function InviteCard() {
  const invites = useInvites();
  return (
    <div className="card invite-card" role="dialog" aria-label="Invite people">
      <InviteForm made={invites.refresh} />
      <InviteList {...invites} />
    </div>
  );
}
