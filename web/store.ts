/** An observable value. */
export class Store<T> {
  readonly #listeners = new Set<(value: T, before: T) => void>();
  #value: T;

  constructor(value: T) {
    this.#value = value;
  }

  get value(): T {
    return this.#value;
  }

  set(value: T): void {
    const before = this.#value;
    this.#value = value;
    for (const listener of this.#listeners) listener(value, before);
  }

  /** Calls `listener` at every `set` until the returned function is called. */
  listen(listener: (value: T, before: T) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Calls `listener` now and at every `set`. */
  watch(listener: (value: T) => void): () => void {
    listener(this.#value);
    return this.listen(listener);
  }
}
