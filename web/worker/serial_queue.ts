/** A serial queue: each task starts when the one before it has settled. */
export class SerialQueue {
  #last: Promise<unknown> = Promise.resolve();

  async add<T>(task: () => Promise<T>): Promise<T> {
    // The caller that added the previous task handles its rejection.
    const mine = this.#last.then(task, task);
    this.#last = mine;
    return mine;
  }

  /** Resolves when the queue is empty, tasks added in the meantime included. */
  async onIdle(): Promise<void> {
    for (let last: unknown; last !== this.#last;) {
      last = this.#last;
      await this.#last.catch(() => undefined); // As above.
    }
  }
}
