import { useId } from 'react';

import { usePersonName } from '../people/usePersonName.ts';
import { useStudio, whyReadOnly } from '../session/store.ts';
import { Icon } from '../shell/Icon.tsx';
import { stepInWords } from '../history/describe.ts';
import { giveImage } from './giveImage.ts';
import { Thumbnail } from './Thumbnail.tsx';

const TYPES = 'image/png,image/jpeg,image/webp,image/gif';

function taken(entry: { readonly step: number } | null): string {
  return entry ? stepInWords(entry.step) : 'enters at the next step';
}

/** The picture the clip starts from: choose, see, take away. */
export function ReferenceImage() {
  const id = useId();
  const edit = useStudio((s) => s.log.image);
  const uploading = useStudio((s) => s.uploading);
  const reason = useStudio(whyReadOnly);
  const session = useStudio((s) => s.session);
  const author = usePersonName(edit?.author ?? '');
  const blob = edit?.instruction.blob ?? null;
  const off = reason !== null || uploading;

  return (
    <section className="panel-section" aria-labelledby={`${id}-title`}>
      <h2 id={`${id}-title`}>Reference image</h2>
      <div className="reference" title={reason ?? undefined}>
        <label className="reference-pick" data-off={off} data-filled={blob !== null}>
          <input
            type="file" data-testid="image-drop" accept={TYPES} disabled={off}
            aria-label={blob ? 'Replace the reference image' : 'Choose a reference image'}
            onChange={(event) => {
              const file = event.target.files?.[0];
              // Emptied, so that choosing the same file again is a change too.
              event.target.value = '';
              if (file) void giveImage(file);
            }}
          />
          {blob ? <Thumbnail blob={blob} size={56} /> : <Icon name="image" />}
          <span className="reference-words">
            <b>{uploading ? 'Uploading…' : blob ? 'Replace picture' : 'Choose a picture'}</b>
            <small>
              {edit && blob ? `${author} · ${taken(edit.entry)}` : 'or drop one on the stage'}
            </small>
          </span>
        </label>
        {blob && (
          <button
            type="button" className="icon-button" disabled={off} aria-label="Remove the image"
            title="Remove the image" data-testid="image-remove"
            onClick={() => session?.edit({ kind: 'image', blob: null })}
          >
            <Icon name="close" />
          </button>
        )}
      </div>
    </section>
  );
}
