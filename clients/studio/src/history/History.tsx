import type { EditRecord } from 'framejam';
import { memo, useState } from 'react';

import { Thumbnail } from '../image/Thumbnail.tsx';
import { usePersonName } from '../people/usePersonName.ts';
import { useStudio, whyNoUndo } from '../session/store.ts';
import { Icon } from '../shell/Icon.tsx';
import { describe, entryInWords, iconOf, timeOfDay } from './describe.ts';

const PAGE = 100;

/** Every edit, newest first, with what became of it. */
export function History() {
  const edits = useStudio((s) => s.log.edits);
  const [count, setCount] = useState(PAGE);
  const newest = edits.slice(-count).reverse();
  return (
    <section className="panel-section history" aria-label="History" data-testid="history">
      <header>
        <h2>History <span className="count">{edits.length}</span></h2>
        <UndoRedo />
      </header>
      {edits.length === 0 && (
        <p className="quiet">Every prompt, stroke, drag and picture is listed here, with who gave it.</p>
      )}
      <ol>
        {newest.map((edit) => <Item key={edit.seq} edit={edit} />)}
      </ol>
      {edits.length > count && (
        <button type="button" className="button wide" onClick={() => setCount(count + PAGE)}>
          Show earlier edits
        </button>
      )}
    </section>
  );
}

const Item = memo(function Item({ edit }: { edit: EditRecord }) {
  const author = usePersonName(edit.author);
  const realName = useStudio((s) => s.log.participants.get(edit.author)?.name ?? '');
  const color = useStudio((s) => s.log.participants.get(edit.author)?.color ?? 'currentColor');
  return (
    <li
      data-testid="history-item" data-seq={edit.seq} data-kind={edit.instruction.kind}
      data-author={realName} data-undone={edit.undone} data-entered={edit.entry?.step ?? ''}
    >
      <Mark edit={edit} />
      <span className="history-what">{describe(edit)}</span>
      <time dateTime={new Date(edit.at).toISOString()}>{timeOfDay(edit.at)}</time>
      <span className="history-who">
        <i style={{ background: color }} />
        <span>{author}</span>
        <span className="history-entry">{entryInWords(edit)}</span>
      </span>
    </li>
  );
});

/** The picture, the colour or the kind of an edit. */
function Mark({ edit }: { edit: EditRecord }) {
  const { instruction } = edit;
  if (instruction.kind === 'image' && instruction.blob) {
    return <Thumbnail blob={instruction.blob} size={28} />;
  }
  const swatch = instruction.kind === 'paint' ? instruction.color : undefined;
  return (
    <span className="mark">
      <Icon name={iconOf(edit)} />
      {swatch && <i style={{ background: swatch }} title={swatch} />}
    </span>
  );
}

function UndoRedo() {
  const session = useStudio((s) => s.session);
  const canUndo = useStudio((s) => s.log.seq > 0 && (s.session?.canUndo ?? false));
  const canRedo = useStudio((s) => s.log.seq > 0 && (s.session?.canRedo ?? false));
  const reason = useStudio(whyNoUndo);
  return (
    <div className="undo-redo">
      <button
        type="button" className="icon-button" data-testid="undo" aria-label="Undo my last edit"
        title={reason ?? 'Undo my last edit (Ctrl+Z)'} disabled={reason !== null || !canUndo}
        onClick={() => session?.undo()}
      >
        <Icon name="undo" />
      </button>
      <button
        type="button" className="icon-button" data-testid="redo" aria-label="Redo"
        title={reason ?? 'Redo (Ctrl+Shift+Z)'} disabled={reason !== null || !canRedo}
        onClick={() => session?.redo()}
      >
        <Icon name="redo" />
      </button>
    </div>
  );
}
