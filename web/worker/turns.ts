/** Works of which each waits until those asked for before are through. */
export class Turns {
  #last: Promise<unknown> = Promise.resolve();

  async take<T>(work: () => Promise<T>): Promise<T> {
    // Whoever asked for the one before has heard of its failure.
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
