/** Limits concurrent decoding: many small pictures, or few large ones. */

/** Limit of pixels being decoded at the same time; each takes about ten bytes meanwhile. */
const mostPixels = 64e6;

/** Tasks wait in order until there is room for their pixels; one larger than the limit runs alone. */
export class PixelRoom {
  #used = 0;
  readonly #waiting: { readonly pixels: number; readonly enter: () => void }[] = [];

  constructor(private readonly most = mostPixels) {}

  async take<Result>(pixels: number, work: () => Promise<Result>): Promise<Result> {
    await new Promise<void>((enter) => {
      this.#waiting.push({ pixels, enter });
      this.#admit();
    });
    try {
      return await work();
    } finally {
      this.#used -= pixels;
      this.#admit();
    }
  }

  #admit(): void {
    for (;;) {
      const [first] = this.#waiting;
      if (!first || (this.#used > 0 && this.#used + first.pixels > this.most)) return;
      this.#waiting.shift();
      this.#used += first.pixels;
      first.enter();
    }
  }
}
