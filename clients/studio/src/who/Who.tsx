import { fromUnits, type Weighing } from 'framejam';

import { describe, editOf, groupOf, iconOf } from '../history/describe.ts';
import { usePersonName } from '../people/usePersonName.ts';
import { useStudio } from '../session/store.ts';
import { Icon } from '../shell/Icon.tsx';
import type { Card } from '../stage/card.ts';
import { OnStage } from '../stage/OnStage.tsx';

type Asked = Extract<Card, { kind: 'who' }>;

/** Who did what there, strongest first. */
export function Who({ card }: { card: Asked }) {
  const { at, frame, answer, problem } = card;
  return (
    <OnStage at={at} label="Who did this" testid="who">
      <h3>Who did this <small>frame {frame + 1}</small></h3>
      <div role="status">
        {problem !== null ? <p className="quiet">{problem}</p>
          : answer === null ? <p className="quiet busy">Asking…</p>
          : answer.length === 0 && <p className="quiet">Nobody gave anything here.</p>}
      </div>
      {answer !== null && answer.length > 0 && (
        <ol className="weights">
          {answer.map((one) => <Weight key={one.edit} weighing={one} />)}
        </ol>
      )}
    </OnStage>
  );
}

/** One instruction with its author, and how much of what is seen there is its. */
function Weight({ weighing }: { weighing: Weighing }) {
  const { edit: seq, weight, revised_by: reviser } = weighing;
  const edit = useStudio((s) => editOf(s.log, seq));
  const words = useStudio((s) => {
    const group = edit && groupOf(s.log, edit.group);
    return group ? describe(group, s.log) : '';
  });
  const author = usePersonName(edit?.author ?? '');
  const changer = usePersonName(reviser ?? '');
  const color = useStudio((s) => s.log.participants.get(edit?.author ?? '')?.color);
  if (!edit) return null;
  const percent = Math.round(fromUnits(weight) * 100);
  return (
    <li>
      <button
        type="button" data-testid="weight" title={`${words} · show it in the history`}
        onClick={() => useStudio.setState({ tab: 'history', chosen: edit.group })}
      >
        <Icon name={iconOf(edit)} />
        <span className="weight-what"><b>{author}</b> {words}</span>
        <span className="weight-share">{percent} %</span>
        {reviser !== null && (
          <small className="weight-changed">
            changed by {changer === 'You' ? 'you' : changer}
          </small>
        )}
        <i className="weight-bar"><i style={{ width: `${percent}%`, background: color }} /></i>
      </button>
    </li>
  );
}
