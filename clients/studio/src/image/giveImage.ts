/** From a file of the visitor's to the session's reference image. */

import { sayWhy, toast, useStudio, whyReadOnly, type StudioState } from '../session/store.ts';

const MIB = 1024 * 1024;

/** Upload a picture and give it as the reference image; says why where that is not possible. */
export async function giveImage(file: File): Promise<void> {
  const state = useStudio.getState();
  const reason = whyReadOnly(state) ?? whyBusy(state) ?? whyNot(file, state.welcome?.limits.blob_bytes ?? Infinity);
  if (reason !== null || !state.session) {
    toast(reason ?? 'Connecting…');
    return;
  }
  useStudio.setState({ uploading: true });
  try {
    const { blob } = await state.session.http.uploadImage(file);
    state.session.edit({ kind: 'image', blob });
  } catch (error) {
    toast(sayWhy(error));
  } finally {
    useStudio.setState({ uploading: false });
  }
}

/** One at a time: of two, the one that is uploaded last would win, not the one chosen last. */
function whyBusy({ uploading }: StudioState): string | null {
  return uploading ? 'A picture is still uploading. Give the next one when it is here.' : null;
}

function whyNot(file: File, limit: number): string | null {
  if (!file.type.startsWith('image/')) return `“${file.name}” is not a picture.`;
  if (file.size > limit) return `“${file.name}” is larger than ${Math.floor(limit / MIB)} MiB.`;
  return null;
}
