import type { Person, Role } from 'framejam';
import { useRef } from 'react';

import { sayWhy, toast, useStudio } from '../session/store.ts';
import { AskFirst } from './AskFirst.tsx';
import { ROLE_MEANING, ROLE_WORDS, ROLES } from './roles.ts';

interface Props {
  readonly id: string;
  readonly person: Person;
  readonly role: Role;
  readonly close: () => void;
}

/** What an owner can do about somebody: another role, the whole session, or out. */
export function PersonCard({ id, person: { participant, name }, role, close }: Props) {
  const access = useStudio((s) => s.session?.http.access);
  const card = useRef<HTMLDivElement>(null);
  if (!access) return null;
  const assign = (next: Role): void => {
    if (next !== role) access.assign(participant, next).catch((error) => toast(sayWhy(error)));
  };
  return (
    <div
      className="person-card" id={id} ref={card} role="group" aria-label={name}
      data-testid="person-card"
      onKeyDown={(event) => {
        if (event.key !== 'Escape') return;
        card.current?.parentElement?.querySelector<HTMLElement>('.person-role')?.focus();
        close();
      }}
    >
      <div className="segmented wordy" role="group" aria-label={`Role of ${name}`}>
        {ROLES.map((one) => (
          <button
            key={one} type="button" aria-pressed={one === role} data-testid={`role-${one}`}
            title={ROLE_MEANING[one]} onClick={() => assign(one)}
          >
            {ROLE_WORDS[one]}
          </button>
        ))}
      </div>
      <small>{name} {ROLE_MEANING[role]}.</small>
      <AskFirst
        words="Hand the session over" label={`Hand the session over to ${name}`}
        className="link" testid="hand-over"
        question={`${name} owns the session then, and you are an editor.`} yes="Hand over"
        act={() => access.assign(participant, 'owner', true)}
      />
      <AskFirst
        words="Remove from the session" label={`Remove ${name} from the session`}
        className="link" testid="remove"
        question={`${name} is put out at once; what they gave stays. `
          + 'Invite links that are still open would let them in again.'}
        yes="Remove" act={() => access.remove(participant)}
      />
    </div>
  );
}
