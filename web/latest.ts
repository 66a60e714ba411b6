/**
 * Runs work for the latest request, such as a preview while a slider moves: one request at a time; a newer request replaces
 * the one that waits.
 */
export class Latest<Request> {
  #waiting: { readonly request: Request } | undefined;
  #isBusy = false;

  /** `work` must handle its errors. */
  constructor(readonly work: (request: Request) => Promise<void>) {}

  /** Runs the work for this request: now, or when the running work has ended, unless a newer request replaces it. */
  ask(request: Request): void {
    this.#waiting = { request };
    if (!this.#isBusy) void this.#run();
  }

  async #run(): Promise<void> {
    this.#isBusy = true;
    try {
      while (this.#waiting) {
        const { request } = this.#waiting;
        this.#waiting = undefined;
        await this.work(request);
      }
    } finally {
      this.#isBusy = false;
    }
  }
}
