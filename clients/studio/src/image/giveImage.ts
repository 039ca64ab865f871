/** From a file of the visitor's to the session's reference image. */

import { ApiError } from 'framejam';

import { toast, useStudio, whyReadOnly } from '../session/store.ts';

const MIB = 1024 * 1024;


/** Upload a picture and give it as the reference image; says why where that is not possible. */
export async function giveImage(file: File): Promise<void> {
  const state = useStudio.getState();
  const reason = whyReadOnly(state) ?? whyNot(file, state.welcome?.limits.blob_bytes ?? Infinity);
  if (reason !== null || !state.session) {
    toast('problem', reason ?? 'Connecting…');
    return;
  }
  useStudio.setState({ uploading: true });
  try {
    const { blob } = await state.session.http.uploadImage(file);
    state.session.edit({ kind: 'image', blob });
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    toast('problem', error.message);
  } finally {
    useStudio.setState({ uploading: false });
  }
}

function whyNot(file: File, limit: number): string | null {
  if (!file.type.startsWith('image/')) return `“${file.name}” is not a picture.`;
  if (file.size > limit) return `“${file.name}” is larger than ${Math.floor(limit / MIB)} MiB.`;
  return null;
}
