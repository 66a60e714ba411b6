/** How fast training goes, over its last seconds: rests, pauses and validations do not count. */

const windowMs = 3000;

/** Steps done by a moment on a clock that stands still while training rests. */
interface Mark {
  readonly atMs: number;
  readonly steps: number;
  readonly images: number;
}

export class Speed {
  #marks: Mark[] = [];
  /** What the clock showed when it last stood, and since when it runs again; undefined while it stands. */
  #clockMs = 0;
  #runningSince: number | undefined;

  constructor(private readonly now: () => number = () => performance.now()) {}

  /** Steps are under way from now on; harmless when they were. */
  goOn(): void {
    if (this.#runningSince !== undefined) return;
    this.#runningSince = this.now();
    if (this.#marks.length === 0) this.#marks.push({ atMs: this.#clockMs, steps: 0, images: 0 });
  }

  /** None are, until `goOn`. */
  rest(): void {
    this.#clockMs = this.#readMs();
    this.#runningSince = undefined;
  }

  /** The metrics of one more step have come. */
  step(images: number): void {
    const atMs = this.#readMs();
    const { steps, images: before } = this.#marks.at(-1) ?? { steps: 0, images: 0 };
    this.#marks.push({ atMs, steps: steps + 1, images: before + images });
    // One mark may be older: what it dates is the beginning of the first step within.
    while (this.#marks.length > 2 && this.#marks[1]!.atMs < atMs - windowMs) this.#marks.shift();
  }

  #readMs(): number {
    return this.#clockMs + (this.#runningSince === undefined ? 0 : this.now() - this.#runningSince);
  }

  /** Milliseconds per step; null before the first. */
  get stepMs(): number | null {
    return this.#over((span) => span.ms / span.steps);
  }

  get imagesPerSecond(): number | null {
    return this.#over((span) => (span.images / span.ms) * 1000);
  }

  #over(figure: (span: { ms: number; steps: number; images: number }) => number): number | null {
    const [first, last] = [this.#marks[0], this.#marks.at(-1)];
    if (!first || !last) return null;
    const span = {
      ms: last.atMs - first.atMs,
      steps: last.steps - first.steps,
      images: last.images - first.images,
    };
    return span.ms > 0 ? figure(span) : null;
  }
}
