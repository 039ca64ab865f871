import { fromUnits, type Presence } from 'framejam';

import { inkOn } from '../people/colors.ts';
import { useStudio } from '../session/store.ts';

/** Where the others point, with their names. */
export function Cursors() {
  const presence = useStudio((s) => s.presence);
  return [...presence].map(([key, place]) => <Cursor key={key} place={place} />);
}

function Cursor({ place }: { place: Presence }) {
  const person = useStudio((s) => s.people.find((p) => p.participant === place.participant));
  const stroke = place.stroke?.points.at(-1);
  const at = place.cursor ?? stroke ?? place.drag?.end ?? place.line?.points.at(-1);
  if (!person || !at) return null;
  const style = {
    left: `${fromUnits(at[0]) * 100}%`, top: `${fromUnits(at[1]) * 100}%`, color: person.color,
  };
  return (
    <div className="cursor" data-testid="cursor" data-name={person.name} style={style}>
      <svg width="18" height="18" viewBox="0 0 18 18" aria-hidden="true">
        <path d="M2 2l5.2 13.2 2-5.8 5.9-2z" fill="currentColor" stroke="#fff"
              strokeWidth="1.2" strokeLinejoin="round" />
      </svg>
      <span style={{ background: person.color, color: inkOn(person.color) }}>{person.name}</span>
    </div>
  );
}
