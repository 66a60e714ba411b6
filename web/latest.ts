/**
 * Work that only its newest request matters for, such as a preview while a slider moves: one at a time, and of those
 * that come meanwhile only the last.
 */
export class Latest<Request> {
  #waiting: { readonly request: Request } | undefined;
  #isBusy = false;

  /** `work` deals with its own errors. */
  constructor(readonly work: (request: Request) => Promise<void>) {}

  /** Runs the work for this request: now, or when what is under way has ended, unless a newer request comes first. */
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
