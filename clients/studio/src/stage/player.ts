/** The newest contact sheet, decoded: what the stage draws its frames from. */

import type { Preview } from 'framejam';

/** What a drawn preview says about itself. */
export type Shown = Pick<Preview, 'seq' | 'take' | 'step' | 'steps' | 'frames' | 'done'>;

export class Player {
  readonly #onShown: (shown: Shown) => void;
  #sheet: ImageBitmap | null = null;
  #preview: Preview | null = null;
  #next: Preview | null = null;
  #decoding = false;
  /** Counts sheets, so that the stage knows when to draw again. */
  version = 0;

  constructor(onShown: (shown: Shown) => void) {
    this.#onShown = onShown;
  }

  get frames(): number {
    return this.#preview?.frames ?? 0;
  }

  /** Decode a preview and show it; while one is being decoded only the newest waits. */
  show(preview: Preview): void {
    this.#next = preview;
    if (!this.#decoding) void this.#decode();
  }

  /** Draw one frame over the whole canvas. */
  draw(context: CanvasRenderingContext2D, frame: number): void {
    const { width, height } = context.canvas;
    if (!this.#sheet || !this.#preview) {
      context.clearRect(0, 0, width, height);
      return;
    }
    const { columns, width: w, height: h } = this.#preview;
    context.imageSmoothingEnabled = true;
    context.imageSmoothingQuality = 'high';
    context.drawImage(this.#sheet, (frame % columns) * w, Math.floor(frame / columns) * h, w, h,
                      0, 0, width, height);
  }

  async #decode(): Promise<void> {
    this.#decoding = true;
    while (this.#next) {
      const preview = this.#next;
      this.#next = null;
      try {
        const sheet = await createImageBitmap(new Blob([preview.image], { type: preview.mime }));
        this.#sheet?.close();
        this.#sheet = sheet;
        this.#preview = preview;
        this.version += 1;
        this.#onShown(preview);
      } catch {
        // A damaged picture is skipped: the next step brings another.
      }
    }
    this.#decoding = false;
  }
}
