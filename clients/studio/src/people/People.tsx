import type { Person } from 'framejam';
import { useId, useState } from 'react';

import { roleOf, useStudio } from '../session/store.ts';
import { MutePerson } from '../takes/Mute.tsx';
import { Avatar } from './Avatar.tsx';
import { PersonCard } from './PersonCard.tsx';
import { ROLE_WORDS } from './roles.ts';

/** Who is here; who was here before, on demand. */
export function People() {
  const known = useStudio((s) => s.people);
  const participants = useStudio((s) => s.log.participants);
  // The list comes a moment after the event that somebody was removed by.
  const people = known.filter((p) => participants.get(p.participant)?.role !== 'none');
  const me = useStudio((s) => s.welcome?.participant);
  const here = people.filter((p) => p.connections > 0);
  const away = people.filter((p) => p.connections === 0);
  return (
    <section className="panel-section people" aria-label="People">
      <h2>People <span className="count">{here.length}</span></h2>
      <ul>
        {here.map((person) => (
          <PersonRow key={person.participant} person={person} isMe={person.participant === me} />
        ))}
      </ul>
      {away.length > 0 && (
        <details>
          <summary>{away.length} away</summary>
          <ul>
            {away.map((person) => (
              <PersonRow key={person.participant} person={person} isMe={false} />
            ))}
          </ul>
        </details>
      )}
    </section>
  );
}

function PersonRow({ person, isMe }: { person: Person; isMe: boolean }) {
  const id = useId();
  const here = person.connections > 0;
  const owner = useStudio((s) => roleOf(s) === 'owner' && s.status.phase !== 'ended');
  const standing = useStudio((s) =>
    s.log.participants.get(person.participant)?.role ?? person.role);
  const [open, setOpen] = useState(false);
  if (standing === 'none') return null;
  const role = ROLE_WORDS[standing];
  const manage = owner && !isMe;
  return (
    <li data-testid="person" data-name={person.name} data-here={here} data-role={standing}>
      <div className="person-row">
        <Avatar name={person.name} color={person.color} size={26} />
        <span className="person-name">
          {person.name}
          {isMe && <small> you</small>}
        </span>
        {manage ? (
          <button
            type="button" className="person-role" data-testid="person-role" aria-expanded={open}
            aria-controls={open ? id : undefined}
            aria-label={`${person.name}, ${role}: change what they may do`}
            onClick={() => setOpen(!open)}
          >
            {role}
          </button>
        ) : <small>{role}</small>}
        <MutePerson participant={person.participant} />
      </div>
      {manage && open && (
        <PersonCard id={id} person={person} role={standing} close={() => setOpen(false)} />
      )}
    </li>
  );
}
