import { initials, inkOn } from './colors.ts';

/** A person as a disc in their colour. */
export function Avatar({ name, color, size }: { name: string; color: string; size: number }) {
  const style = {
    width: size, height: size, fontSize: size * 0.4, background: color, color: inkOn(color),
  };
  return <span className="avatar" style={style} aria-hidden="true">{initials(name)}</span>;
}
