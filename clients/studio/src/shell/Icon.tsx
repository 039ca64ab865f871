/** Line icons on a 16-pixel grid; the colour is the text's. */

const PATHS = {
  play: 'M5 3.2v9.6l7.6-4.8z',
  pause: 'M5.5 3v10M10.5 3v10',
  hold: 'M8 2.4a5.6 5.6 0 1 0 0 11.2A5.6 5.6 0 0 0 8 2.4zM6.6 5.9v4.2M9.4 5.9v4.2',
  resume: 'M8 2.4a5.6 5.6 0 1 0 0 11.2A5.6 5.6 0 0 0 8 2.4zM6.8 5.6v4.8L10.6 8z',
  stop: 'M8 2.4a5.6 5.6 0 1 0 0 11.2A5.6 5.6 0 0 0 8 2.4zM6.2 6.2h3.6v3.6H6.2z',
  pointer: 'M3.2 2.8l3.9 10 1.6-4.1 4.1-1.6z',
  brush: 'M13.4 2.6c-2.9 1-5.3 3-6.7 5.6l1.1 1.1c2.6-1.4 4.6-3.8 5.6-6.7zM6 9.2c-1.7.2-2 1.3-2.1 2.3-.1.8-.6 1.3-1.3 1.5 2 1 4.8.6 5.1-2.1z',
  drag: 'M4.6 13.6a2.3 2.3 0 1 0 0-4.6 2.3 2.3 0 0 0 0 4.6zM6.3 9.7l6.6-6.6M8.3 2.8h4.9v4.9',
  text: 'M3.5 4.5v-1.2h9v1.2M8 3.3v9.4M6.3 12.7h3.4',
  motion: 'M2.5 8h10M9 4.5l3.5 3.5-3.5 3.5M2.5 4.5h3M2.5 11.5h3',
  image: 'M2.5 3.5h11v9h-11zM2.8 11.3l3.2-3.3 2.3 2.3 1.7-1.6 3.2 3M10.6 6.3h.01',
  undo: 'M5.5 3.5l-3 3 3 3M2.8 6.5h6.4a3.3 3.3 0 0 1 0 6.6h-3',
  redo: 'M10.5 3.5l3 3-3 3M13.2 6.5h-6.4a3.3 3.3 0 0 0 0 6.6h3',
  close: 'M4 4l8 8M12 4l-8 8',
  eraser: 'M6.2 13.2L2.9 9.9a1 1 0 0 1 0-1.4l5.6-5.6a1 1 0 0 1 1.4 0l3.2 3.2a1 1 0 0 1 0 1.4l-5.7 5.7M5.6 5.8l4.6 4.6M5.5 13.2h7.5',
  comment: 'M2.8 3.2h10.4v7.6H7.4l-3 2.6v-2.6H2.8z',
  who: 'M8 2.6a5.4 5.4 0 1 0 0 10.8A5.4 5.4 0 0 0 8 2.6zM6.4 6.4a1.7 1.7 0 1 1 2.5 1.5c-.6.3-.9.7-.9 1.3M8 11.2h.01',
  tune: 'M2.5 5h5.5M11 5h2.5M2.5 11h2.5M8 11h5.5M9.5 3.4a1.6 1.6 0 1 0 0 3.2 1.6 1.6 0 0 0 0-3.2zM6.5 9.4a1.6 1.6 0 1 0 0 3.2 1.6 1.6 0 0 0 0-3.2z',
  dice: 'M3.2 3.2h9.6v9.6H3.2zM5.9 5.9h.01M10.1 5.9h.01M8 8h.01M5.9 10.1h.01M10.1 10.1h.01',
  pencil: 'M3 13l.6-2.8 7-7 2.2 2.2-7 7zM9.3 4.5l2.2 2.2',
  check: 'M3.2 8.4l3.2 3.2 6.4-6.8',
  download: 'M8 2.5v7.5M4.8 7l3.2 3.2 3.2-3.2M3 13.2h10',
  invite: 'M6.3 7.3a2.3 2.3 0 1 0 0-4.6 2.3 2.3 0 0 0 0 4.6zM2.3 13c.3-2.3 1.9-3.6 4-3.6s3.7 1.3 4 3.6M12 5v4M10 7h4',
} as const;

export type IconName = keyof typeof PATHS;

const FILLED: ReadonlySet<IconName> = new Set<IconName>(['play', 'pointer', 'brush']);

export function Icon({ name }: { name: IconName }) {
  return (
    <svg
      className="icon" width="16" height="16" viewBox="0 0 16 16" aria-hidden="true"
      fill={FILLED.has(name) ? 'currentColor' : 'none'} stroke="currentColor"
      strokeWidth={name === 'pause' ? 2.4 : 1.4} strokeLinecap="round" strokeLinejoin="round"
    >
      <path d={PATHS[name]} />
    </svg>
  );
}
