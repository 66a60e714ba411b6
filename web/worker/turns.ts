/** A serial queue: each task starts when the one before it has settled. */
export class Turns {
  #last: Promise<unknown> = Promise.resolve();

  async take<T>(work: () => Promise<T>): Promise<T> {
    // The caller of the one before handles its rejection.
    const mine = this.#last.then(work, work);
    this.#last = mine;
    return mine;
  }

  /** Resolves when all are through, those asked for meanwhile too. */
  async over(): Promise<void> {
    for (let last: unknown; last !== this.#last;) {
      last = this.#last;
      await this.#last.catch(() => undefined); // As above.
    }
  }
}
