/** The name of the project with its sign: two frames, one playing. */
export function Wordmark() {
  return (
    <span className="wordmark">
      <svg width="22" height="22" viewBox="0 0 32 32" aria-hidden="true">
        <rect x="2" y="8" width="20" height="20" rx="5" fill="var(--accent)" opacity=".4" />
        <rect x="10" y="4" width="20" height="20" rx="5" fill="var(--accent)" />
        <path d="M17.5 9.6v8.8l7-4.4z" fill="var(--on-accent)" />
      </svg>
      framejam
    </span>
  );
}
