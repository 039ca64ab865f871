import type { Audited } from 'framejam';
import { useCallback, useId, useState } from 'react';

import { nameOf } from '../history/names.ts';
import { roleOf, sayWhy, toast, useStudio } from '../session/store.ts';
import { auditInWords } from './trail.ts';

/** What is an owner's business only: who came and was invited, and the end of the session. */
export function Ownership() {
  const owner = useStudio((s) => roleOf(s) === 'owner');
  if (!owner) return null;
  return (
    <section className="ownership" aria-label="For owners">
      <Trail />
      <DeleteSession />
    </section>
  );
}

function Trail() {
  const session = useStudio((s) => s.session);
  const [entries, setEntries] = useState<readonly Audited[] | null>(null);
  const [problem, setProblem] = useState<string | null>(null);
  const load = useCallback(async (): Promise<void> => {
    if (!session) return;
    try {
      setEntries(await session.http.access.audit());
      setProblem(null);
    } catch (error) {
      setProblem(sayWhy(error));
    }
  }, [session]);
  return (
    <details className="more" data-testid="trail"
             onToggle={({ currentTarget }) => currentTarget.open && void load()}>
      <summary>Who came, who was invited</summary>
      {problem !== null && <p className="quiet" role="alert">{problem}</p>}
      {entries !== null && (
        <ol className="trail">
          {entries.map((entry) => <Entry key={entry.id} entry={entry} />)}
        </ol>
      )}
    </details>
  );
}

function Entry({ entry }: { entry: Audited }) {
  const words = useStudio((s) => auditInWords(entry, (person) =>
    (person === s.welcome?.participant ? 'You' : nameOf(person, s.log))));
  const at = new Date(entry.at);
  return (
    <li data-testid="trail-entry" data-kind={entry.kind}>
      <span>{words}</span>
      <time dateTime={at.toISOString()} title={at.toLocaleString()}>
        {at.toLocaleString(undefined, { month: 'short', day: 'numeric', hour: 'numeric', minute: '2-digit' })}
      </time>
    </li>
  );
}

/** What has to be typed before everything is gone. */
const WORD = 'delete';

function DeleteSession() {
  const id = useId();
  const session = useStudio((s) => s.session);
  const live = useStudio((s) => s.status.phase === 'live');
  const [typed, setTyped] = useState('');
  const [busy, setBusy] = useState(false);
  const sure = typed.trim().toLowerCase() === WORD;
  const doIt = async (): Promise<void> => {
    setBusy(true);
    try {
      await session?.http.access.deleteSession();
    } catch (error) {
      // The connections end first: then the answer has nothing to add.
      if (useStudio.getState().status.phase !== 'ended') toast(sayWhy(error));
    }
    setBusy(false);
  };
  return (
    <details className="more" data-testid="delete">
      <summary>Delete the session</summary>
      <form
        className="delete-session"
        onSubmit={(event) => {
          event.preventDefault();
          if (sure && live && !busy) void doIt();
        }}
      >
        <p className="quiet" id={`${id}-what`}>
          The clip, its takes and images, the history and everybody’s access are gone then, for
          everybody and for good. A bundle that you exported before keeps a copy.
        </p>
        <label htmlFor={id}>Type <b>{WORD}</b> to go on</label>
        <input
          id={id} className="field" data-testid="delete-word" autoComplete="off" spellCheck={false}
          autoCapitalize="none" aria-describedby={`${id}-what`} value={typed}
          onChange={({ target }) => setTyped(target.value)}
        />
        <button type="submit" className="button danger wide" data-testid="delete-yes"
                disabled={!sure || !live || busy}>
          Delete the session for everybody
        </button>
      </form>
    </details>
  );
}
