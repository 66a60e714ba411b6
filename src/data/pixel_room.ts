/** How much may be decoded at the same time: many small pictures, or few large ones. */

/** Pixels of pictures that are being decoded; one takes some ten bytes each while it is. */
const mostPixels = 64e6;

/** Works wait until there is room for their pixels, in the order in which they came; one that is too large goes alone. */
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
