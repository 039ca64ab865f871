/** The newest contact sheet, decoded: what the stage draws its frames from. */

import type { Preview } from 'framejam';

/** What a drawn preview says about itself. */
export type Shown = Pick<Preview, 'seq' | 'take' | 'step' | 'steps' | 'frames' | 'done'>;

/** A contact sheet, of now or of the past. */
export type Sheet = Shown & Pick<Preview, 'columns' | 'width' | 'height' | 'mime' | 'image'>;

export class Player {
  readonly #onShown: (shown: Shown) => void;
  readonly #cell = document.createElement('canvas');
  #sheet: ImageBitmap | null = null;
  #preview: Sheet | null = null;
  #next: Sheet | null = null;
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
  show(preview: Sheet): void {
    this.#next = preview;
    if (!this.#decoding) void this.#decode();
  }

  /** Draw one frame over the whole canvas. */
  draw(context: CanvasRenderingContext2D, frame: number): void {
    const { width, height } = context.canvas;
    const cell = this.#cut(frame);
    if (!cell) return;
    context.imageSmoothingEnabled = true;
    context.imageSmoothingQuality = 'high';
    context.drawImage(cell, 0, 0, width, height);
  }

  /** One frame alone: scaled from the sheet its edges would take colour from its neighbours. */
  #cut(frame: number): HTMLCanvasElement | null {
    const context = this.#cell.getContext('2d');
    if (!context || !this.#sheet || !this.#preview) return null;
    const { columns, width, height } = this.#preview;
    if (this.#cell.width !== width) this.#cell.width = width;
    if (this.#cell.height !== height) this.#cell.height = height;
    context.drawImage(this.#sheet, -(frame % columns) * width,
                      -Math.floor(frame / columns) * height);
    return this.#cell;
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
