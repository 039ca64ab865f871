/** Uploaded pictures as addresses an <img> can show: fetched with our token, once each. */

import { useEffect, useState } from 'react';

import { useStudio } from '../session/store.ts';

// Kept for the life of the page: thumbnails of a session are few, and undo brings them back.
const urls = new Map<string, Promise<string>>();

export function useBlobUrl(blob: string | null): string | null {
  const session = useStudio((s) => s.session);
  const [loaded, setLoaded] = useState<{ blob: string; url: string } | null>(null);

  useEffect(() => {
    if (!blob || !session) return;
    let current = true;
    const url = urls.get(blob) ?? session.http.image(blob).then(URL.createObjectURL);
    urls.set(blob, url);
    url.then(
      (ready) => current && setLoaded({ blob, url: ready }),
      // Shown as an empty frame; asked for again the next time it is needed.
      () => urls.delete(blob),
    );
    return () => {
      current = false;
    };
  }, [blob, session]);

  return loaded?.blob === blob ? loaded.url : null;
}
