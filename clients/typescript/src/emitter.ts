/** Typed events of an object: `on` returns the function that stops listening. */
export class Emitter<Names extends object> {
  readonly #listeners = new Map<keyof Names, Set<(payload: never) => void>>();

  on<Name extends keyof Names>(name: Name, listener: (payload: Names[Name]) => void): () => void {
    const set = this.#listeners.get(name) ?? new Set();
    this.#listeners.set(name, set);
    set.add(listener as (payload: never) => void);
    return () => set.delete(listener as (payload: never) => void);
  }

  protected emit<Name extends keyof Names>(name: Name, payload: Names[Name]): void {
    for (const listener of this.#listeners.get(name) ?? []) {
      (listener as (payload: Names[Name]) => void)(payload);
    }
  }
}
