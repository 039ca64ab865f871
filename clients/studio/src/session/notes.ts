/** What the loop says in a sentence, for as long as people need to read it. */

import type { TakeStatus } from 'framejam';

/** Steps may take 100 ms; nobody reads a sentence in that time. */
const READING_MS = 2_000;

/**
 * Keeps a note up for its reading time, whatever the loop does meanwhile; then shows the newest
 * that came, if any. A loop that runs has no more to say then, one that waits still means it.
 */
export class Notes {
  readonly #show: (note: string) => void;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #shown = '';
  /** What came while another was being read. */
  #next: string | null = null;
  #runs = true;

  constructor(show: (note: string) => void) {
    this.#show = show;
  }

  heard({ note, state }: Pick<TakeStatus, 'note' | 'state'>): void {
    this.#runs = state === 'running' || state === 'finished';
    if (this.#timer === undefined) this.#put(note);
    else this.#next = note;
  }

  #put(note: string): void {
    this.#next = null;
    if (note !== this.#shown) this.#show(note);
    this.#shown = note;
    this.#timer = note ? setTimeout(() => this.#read(), READING_MS) : undefined;
  }

  #read(): void {
    this.#timer = undefined;
    if (this.#next !== null) this.#put(this.#next);
    else if (this.#runs) this.#put('');
  }
}
