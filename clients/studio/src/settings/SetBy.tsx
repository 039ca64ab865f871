import type { Settings } from 'framejam';

import { usePersonName } from '../people/usePersonName.ts';
import { useStudio } from '../session/store.ts';
import { setterOf } from './settings.ts';

/** Who set it so; before anybody did, what it is. */
export function SetBy({ name, meaning }: { name: keyof Settings; meaning: string }) {
  const setter = useStudio((s) => setterOf(s.log, name));
  const color = useStudio((s) => s.log.participants.get(setter ?? '')?.color);
  const person = usePersonName(setter ?? '');
  if (setter === null) return <small>{meaning}</small>;
  return (
    <small className="set-by" data-testid={`set-by-${name}`} title={meaning}>
      <i style={{ background: color }} /> {person} set it
    </small>
  );
}
