import type { VersionRecord } from 'framejam';
import { useState } from 'react';

import { timeOfDay } from '../history/describe.ts';
import { usePersonName } from '../people/usePersonName.ts';
import { eventAt, goToSeq } from '../past/past.ts';
import { PastThumb } from '../past/PastThumb.tsx';
import { useStudio } from '../session/store.ts';
import { Icon, type IconName } from '../shell/Icon.tsx';
import { lookAt, useLooking } from '../takes/looking.ts';
import { AskRestore } from './AskRestore.tsx';
import { branchAt, whyNotVersion } from './give.ts';
import { NameForm } from './NameForm.tsx';

/** The named versions, newest first, and where a branch comes from. */
export function Versions() {
  const versions = useStudio((s) => s.log.versions);
  const session = useStudio((s) => s.session);
  const origin = useStudio((s) => s.log.origin);
  const reason = useStudio(whyNotVersion);
  const empty = useStudio((s) => s.log.edits.length === 0);
  const past = useLooking((s) => (s.subject?.kind === 'past' ? s.subject.seq : null));
  const [naming, setNaming] = useState(false);
  const [open, setOpen] = useState<number | null>(null);
  return (
    <section className="versions" aria-label="Versions" data-testid="versions">
      {naming ? (
        <NameForm
          label="Name of this version" onCancel={() => setNaming(false)}
          onName={(name) => {
            session?.mark(name, past === null ? null : eventAt(past));
            setNaming(false);
          }}
        />
      ) : (
        <header>
          <h3>Versions {versions.length > 0 && <span className="count">{versions.length}</span>}</h3>
          <button
            type="button" className="button slim" data-testid="name-version"
            disabled={reason !== null || empty}
            title={reason ?? (past === null ? 'Give what is on the stage now a name, to find back to it'
              : 'Give the moment you are looking at a name')}
            onClick={() => setNaming(true)}
          >
            <Icon name="flag" /> Name this version
          </button>
        </header>
      )}
      {origin && (
        <p className="origin">
          <Icon name="branch" /> A branch of another session
          <button
            type="button" className="link" data-testid="compare-origin"
            title="See this branch beside the session as it was when you branched"
            onClick={() => lookAt({ kind: 'origin', seq: origin.seq })}
          >
            Compare with the origin
          </button>
        </p>
      )}
      <ol>
        {[...versions].reverse().map((version) => (
          <VersionRow
            key={version.of} version={version} open={open === version.of}
            onOpen={(it) => setOpen(it ? version.of : null)}
          />
        ))}
      </ol>
    </section>
  );
}

interface RowProps {
  readonly version: VersionRecord;
  readonly open: boolean;
  onOpen(open: boolean): void;
}

function VersionRow({ version: { of, name, author, at }, open, onOpen }: RowProps) {
  const who = usePersonName(author);
  const looked = useLooking((s) => s.subject?.kind === 'past' && s.subject.seq === of);
  const [doing, setDoing] = useState<'rename' | 'restore' | null>(null);
  const session = useStudio((s) => s.session);
  const done = (): void => setDoing(null);
  return (
    <li data-testid="version" data-name={name} data-of={of} data-here={looked}>
      <button
        type="button" className="version-row" aria-expanded={open}
        title="See the session as it was then"
        onClick={() => {
          onOpen(!open);
          done();
          if (!open) goToSeq(of);
        }}
      >
        <PastThumb seq={of} size={40} />
        <span className="version-words">
          <b>{name}</b>
          <small>{who}, {timeOfDay(at)}</small>
        </span>
      </button>
      {open && doing === null && <Actions of={of} name={name} onAsk={setDoing} />}
      {open && doing === 'restore' && <AskRestore seq={of} onCancel={done} />}
      {open && doing === 'rename' && (
        <NameForm
          label={`Another name for ${name}`} known={name} onCancel={done}
          onName={(other) => {
            if (other !== name) session?.mark(other, of);
            done();
          }}
        />
      )}
    </li>
  );
}

interface ActionsProps {
  readonly of: number;
  readonly name: string;
  onAsk(what: 'rename' | 'restore'): void;
}

function Actions({ of, name, onAsk }: ActionsProps) {
  const session = useStudio((s) => s.session);
  return (
    <span className="version-actions">
      <Act
        testid="version-restore" icon="reset" words="Restore" label={`Restore ${name}`}
        title="Put the clip back to this version, for everybody" act={() => onAsk('restore')}
      />
      <Act
        testid="version-branch" icon="branch" words="Branch" label={`Branch from ${name}`}
        title="Make a session of your own of it, in a new tab" act={() => void branchAt(of)}
      />
      <Act
        testid="version-rename" icon="pencil" label={`Rename ${name}`} title="Another name"
        act={() => onAsk('rename')}
      />
      <Act
        testid="version-remove" icon="close" label={`Take the name ${name} away`}
        title="Take the name away: the history stays as it is"
        act={() => session?.mark(null, of)}
      />
    </span>
  );
}

interface ActProps {
  readonly testid: string;
  readonly icon: IconName;
  readonly words?: string;
  readonly label: string;
  readonly title: string;
  act(): void;
}

function Act({ testid, icon, words, label, title, act }: ActProps) {
  const reason = useStudio(whyNotVersion);
  return (
    <button
      type="button" className={words ? 'button slim' : 'icon-button slim'} data-testid={testid}
      aria-label={label} title={reason ?? title} disabled={reason !== null} onClick={act}
    >
      <Icon name={icon} /> {words}
    </button>
  );
}
