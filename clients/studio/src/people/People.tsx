import type { Person } from 'framejam';

import { useStudio } from '../session/store.ts';
import { MutePerson } from '../takes/Mute.tsx';
import { Avatar } from './Avatar.tsx';

const ROLE_WORDS = { owner: 'Owner', editor: 'Editor', viewer: 'Viewer' } as const;

/** Who is here; who was here before, on demand. */
export function People() {
  const people = useStudio((s) => s.people);
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
  const here = person.connections > 0;
  return (
    <li data-testid="person" data-name={person.name} data-here={here}>
      <Avatar name={person.name} color={person.color} size={26} />
      <span className="person-name">
        {person.name}
        {isMe && <small> you</small>}
      </span>
      <small>{here ? ROLE_WORDS[person.role] : 'Away'}</small>
      <MutePerson participant={person.participant} />
    </li>
  );
}
