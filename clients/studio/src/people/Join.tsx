import { useState } from 'react';

import { enter, join } from '../session/open.ts';
import { suggestName } from '../session/visit.ts';
import { Wordmark } from '../shell/Wordmark.tsx';

const MAX_NAME_CHARS = 40;

/** Asked once for each session: what to call you. */
export function Join({ known }: { known: string | null }) {
  const [name, setName] = useState(() => suggestName());
  const given = name.trim();
  return (
    <main className="threshold">
      <form
        className="card threshold-card"
        onSubmit={(event) => {
          event.preventDefault();
          if (given) join(given);
        }}
      >
        <Wordmark />
        <h1>Join the session</h1>
        <p>You will see one clip with everybody here, and steer it together.</p>
        <label htmlFor="name">Your name</label>
        <input
          id="name" className="field" data-testid="name" value={name} autoFocus
          maxLength={MAX_NAME_CHARS} autoComplete="nickname" spellCheck={false}
          onFocus={(event) => event.target.select()}
          onChange={(event) => setName(event.target.value)}
        />
        <button type="submit" className="button primary wide" data-testid="join" disabled={!given}>
          Join
        </button>
        {known !== null && (
          <button type="button" className="button wide" onClick={() => enter(known)}>
            Go on as {known}
          </button>
        )}
      </form>
    </main>
  );
}

/** An address that leads to no session. */
export function Nowhere() {
  return (
    <main className="threshold">
      <div className="card threshold-card">
        <Wordmark />
        <h1>Open an invite link</h1>
        <p>
          A session begins with a link that somebody sent you, or the one that
          {' '}<code>framejam serve</code> prints when it is ready.
        </p>
      </div>
    </main>
  );
}
