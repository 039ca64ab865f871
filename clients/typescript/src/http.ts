/** The HTTP side of a session: files, invites, takes, its past, and who did what. */

import { AccessApi } from './access.ts';
import type { Prompt, Settings } from './instructions.ts';
import type { Preview } from './preview.ts';

/** The server said no; `message` tells a person what to do. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly status: number;
  readonly code: string;
  readonly field: string | null;

  constructor(status: number, code: string, message: string, field: string | null = null) {
    super(message);
    this.status = status;
    this.code = code;
    this.field = field;
  }
}

export interface UploadedImage {
  readonly blob: string;
  readonly width: number;
  readonly height: number;
}

/** One edit that weighs on a point of a frame (M6). */
export interface Weighing {
  readonly edit: number;
  readonly group: number;
  readonly kind: string;
  readonly author: string;
  readonly name: string;
  /** In 1/65536. */
  readonly weight: number;
  /** The prompt that an edit of kind `text` wrote in; null for other kinds. */
  readonly prompt: Prompt | null;
  /** The author of the newest revision of it that the take knows, or null. */
  readonly revised_by: string | null;
}

/** Who did what is seen at a point of a frame (M6). */
export interface Who {
  readonly take: number;
  /** That of the log which the take reflects (T13). */
  readonly seq: number;
  readonly frame: number;
  readonly x: number;
  readonly y: number;
  /** Strongest first. */
  readonly instructions: readonly Weighing[];
}

/** One take of the session, as the server has made it (T8). */
export interface MadeTake {
  readonly take: number;
  /** Those that define it; those that enter a take are as the session began with them. */
  readonly settings: Settings;
  readonly in_force: boolean;
  /** Its newest finished clip; null before one. */
  readonly finished: {
    /** That of the log which it reflects (T13). */
    readonly seq: number;
    /** The SHA-256 of its latents. */
    readonly digest: string;
    /** When, in milliseconds since the Unix epoch; null where that was not recorded. */
    readonly at: number | null;
  } | null;
}

/** What a server keeps of its previews (R1): the one that reflects `seq` (T13), at its last step. */
export type KeptMark = Pick<Preview, 'seq' | 'take' | 'step' | 'steps'>;

/** A picture of the session as it was, as the server kept it (R1); a contact sheet. */
export interface KeptPreview extends KeptMark, Pick<Preview,
  'columns' | 'rows' | 'frames' | 'width' | 'height' | 'mime' | 'image'> {
  /** Whether nothing changed the take between `seq` and the event asked for. */
  readonly exact: boolean;
}

/** A new session made of the beginning of this one (R4). */
export interface Branch {
  readonly session: string;
  /** The link of the one who branched, without the host. */
  readonly path: string;
  readonly participant: string;
}

export class HttpApi {
  readonly #base: string;
  readonly #token: () => string;
  /** Invites, roles and the rest of what owners do about people. */
  readonly access: AccessApi = new AccessApi((method, path, body) => this.#json(method, path, body));

  /** `token` is asked at every call: it changes when an invite becomes a participant. */
  constructor(origin: string, session: string, token: () => string) {
    this.#base = `${origin}/api/sessions/${encodeURIComponent(session)}`;
    this.#token = token;
  }

  /** Upload an image file; its id goes into an `image` instruction. */
  async uploadImage(file: Blob): Promise<UploadedImage> {
    return this.#call('/blobs', (response) => response.json(), { method: 'POST', body: file });
  }

  async image(blob: string): Promise<Blob> {
    return this.#call(`/blobs/${blob}`, (response) => response.blob());
  }

  /**
   * Who is seen at a point, in wire units, of a frame of the take in force (M6); refused as
   * `not_ready` where nothing can be told yet.
   */
  async who(x: number, y: number, frame: number): Promise<Who> {
    return this.#call(`/who?x=${x}&y=${y}&frame=${frame}`, (response) => response.json());
  }

  /** All takes of the session, the first first, with the newest clip that each has finished. */
  async takes(): Promise<readonly MadeTake[]> {
    return this.#call('/takes', async (response) =>
      (await response.json() as { readonly takes: readonly MadeTake[] }).takes);
  }

  /** The finished take as MP4; refused as `not_ready` while it is denoising. */
  async clip(): Promise<Blob> {
    return this.#call('/clip.mp4', (response) => response.blob());
  }

  /** What is kept of the session's previews, by seq (R1). */
  async kept(): Promise<readonly KeptMark[]> {
    return this.#call('/history', async (response) =>
      (await response.json() as { readonly kept: readonly number[][] }).kept.map(
        ([seq = 0, take = 0, step = 0, steps = 0]) => ({ seq, take, step, steps })));
  }

  /**
   * The session as it was after event `seq`, in the picture kept nearest before it (R1); null where
   * none is kept.
   */
  async history(seq: number): Promise<KeptPreview | null> {
    try {
      return await this.#call(`/history/${seq}`, readKept);
    } catch (error) {
      if (error instanceof ApiError && error.code === 'not_found') return null;
      throw error;
    }
  }

  /** Make a new session of the events up to `seq`; the caller owns it (R4). */
  async branch(seq: number, name: string | null = null): Promise<Branch> {
    return this.#json('POST', '/branches', name === null ? { seq } : { seq, name });
  }

  /** All of the session in one file: its log, images and takes (R5). */
  async bundle(): Promise<Blob> {
    return this.#call('/bundle', (response) => response.blob());
  }

  /** Send a body as JSON; the JSON that comes back, null where nothing does. */
  async #json<T>(method: string, path: string, body?: object): Promise<T> {
    const sent = body && {
      headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body),
    };
    return this.#call(path, async (response) => JSON.parse(await response.text() || 'null') as T,
                      { method, ...sent });
  }

  /** Every failure is an ApiError, also that of a network that breaks in mid-answer. */
  async #call<T>(
    path: string, read: (response: Response) => Promise<T>, init: RequestInit = {},
  ): Promise<T> {
    const headers = { ...init.headers, Authorization: `Bearer ${this.#token()}` };
    try {
      const response = await fetch(this.#base + path, { ...init, headers });
      if (!response.ok) throw await readError(response);
      return await read(response);
    } catch (error) {
      if (error instanceof ApiError) throw error;
      throw new ApiError(0, 'unreachable', 'The server cannot be reached just now.');
    }
  }
}

async function readKept(response: Response): Promise<KeptPreview> {
  const header = (name: string): string => response.headers.get(`X-Framejam-${name}`) ?? '';
  const number = (name: string): number => Number(header(name));
  const [columns = 1, rows = 1, frames = 1, width = 1, height = 1] =
    header('Grid').split('x').map(Number);
  return {
    seq: number('Seq'), take: number('Take'), step: number('Step'), steps: number('Steps'),
    columns, rows, frames, width, height, exact: header('Exact') === '1',
    mime: 'image/jpeg', image: new Uint8Array(await response.arrayBuffer()),
  };
}

async function readError(response: Response): Promise<ApiError> {
  const fallback = `The server answered ${response.status} ${response.statusText}.`;
  try {
    const { error } = await response.json() as {
      error?: { code?: string; message?: string; field?: string | null };
    };
    return new ApiError(response.status, error?.code ?? 'unknown', error?.message ?? fallback,
                        error?.field ?? null);
  } catch {
    // A proxy in between answers with a page of its own.
    return new ApiError(response.status, 'unknown', fallback);
  }
}
