/** The HTTP side of a session: files, invites, takes, the finished clip, and who did what. */

import type { Role } from './events.ts';
import type { Prompt, Settings } from './instructions.ts';

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

export interface Invite {
  readonly path: string;
  readonly role: Role;
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

export class HttpApi {
  readonly #base: string;
  readonly #token: () => string;

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

  /** Make a link that lets people in with this role (owners only). */
  async invite(role: Role): Promise<Invite> {
    const body = JSON.stringify({ role });
    const headers = { 'Content-Type': 'application/json' };
    return this.#call('/invites', (response) => response.json(),
                      { method: 'POST', body, headers });
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
