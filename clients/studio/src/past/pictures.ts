/** The pictures that the server keeps of the past (R1), fetched once each. */

import type { HttpApi, KeptPreview } from 'framejam';

/** A kept picture as the stage draws one. */
export interface KeptPicture extends KeptPreview {
  readonly done: boolean;
}

/** Sheets are tens of kilobytes: this many are kept at hand. */
const MOST = 300;

const known = new Map<number, KeptPicture>();

/** The kept picture nearest at or before event `seq`; null where none is, or none can be had now. */
export async function nearestKept(
  http: Pick<HttpApi, 'history'>, seq: number,
): Promise<KeptPicture | null> {
  const before = known.get(seq);
  if (before) return before;
  try {
    const kept = await http.history(seq);
    const picture = kept && { ...kept, done: kept.step === kept.steps };
    // Another may still be kept that shows more of it.
    if (picture?.exact && picture.done) remember(seq, picture);
    return picture;
  } catch {
    // It can be made again.
    return null;
  }
}

function remember(seq: number, picture: KeptPicture): void {
  const oldest = known.keys().next();
  if (known.size >= MOST && !oldest.done) known.delete(oldest.value);
  known.set(seq, picture);
}

/** Another log takes the place of this one. */
export function forgetKept(): void {
  known.clear();
}
