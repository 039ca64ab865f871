import type { Audited, Invite } from 'framejam';
import { useEffect, useState } from 'react';

import { useStudio } from '../session/store.ts';
import { AskFirst } from './AskFirst.tsx';
import { cameBy, isOpen, revokeInWords, standingInWords } from './invites.ts';
import { ROLE_WORDS } from './roles.ts';
import type { Invites } from './useInvites.ts';
import { usePersonName } from './usePersonName.ts';

/** As often as what is said about time may change. */
const TICK_MS = 30_000;

/** The links that let people in, newest first; below them those that do no longer. */
export function InviteList({ invites, trail, problem, refresh }: Invites) {
  const now = useNow();
  if (problem !== null) {
    return (
      <p className="quiet" role="alert">
        {problem} <button type="button" className="link" onClick={() => void refresh()}>Try again</button>
      </p>
    );
  }
  const newest = (invites ?? []).toReversed();
  const open = newest.filter((invite) => isOpen(invite, now));
  const spent = newest.filter((invite) => !isOpen(invite, now));
  if (newest.length === 0) return null;
  const rows = (some: readonly Invite[]) => some.map((invite) => (
    <Row key={invite.id} invite={invite} trail={trail} now={now} refresh={refresh} />
  ));
  return (
    <section className="invites" aria-label="Links that let people in">
      <h3>Links that are open <span className="count">{open.length}</span></h3>
      {open.length > 0 && <ul>{rows(open)}</ul>}
      {spent.length > 0 && (
        <details>
          <summary>{spent.length} that {spent.length === 1 ? 'opens' : 'open'} no more</summary>
          <ul>{rows(spent)}</ul>
        </details>
      )}
    </section>
  );
}

interface RowProps extends Pick<Invites, 'refresh'> {
  readonly invite: Invite;
  readonly trail: readonly Audited[];
  readonly now: number;
}

/** What the links are that the server makes, by their labels. */
const OF_THE_SERVER: Readonly<Record<string, string>> = {
  launch: 'The link of the server’s start', import: 'The link of the import',
};

function Row({ invite, trail, now, refresh }: RowProps) {
  const maker = usePersonName(invite.created_by);
  const session = useStudio((s) => s.session);
  const loses = useStudio((s) =>
    revokeInWords(cameBy(invite, trail, s.log, s.welcome?.participant)));
  const own = invite.created_by === '' ? OF_THE_SERVER[invite.label] : undefined;
  const label = own ?? invite.label;
  const title = label || `${ROLE_WORDS[invite.role]} link`;
  return (
    <li data-testid="invite-row" data-role={invite.role} data-label={invite.label}>
      <span className="invite-what">
        <b>{title}</b>
        <small>{label && `${ROLE_WORDS[invite.role]}, `}{standingInWords(invite, now)}</small>
        {invite.created_by && <small>made by {maker === 'You' ? 'you' : maker}</small>}
      </span>
      <AskFirst
        words="Revoke" label={`Revoke ${title}`} className="button slim" testid="invite-revoke"
        question={loses} yes="Revoke"
        act={async () => {
          await session?.http.access.revoke(invite.id);
          await refresh();
        }}
      />
    </li>
  );
}

function useNow(): number {
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), TICK_MS);
    return () => clearInterval(timer);
  }, []);
  return now;
}
