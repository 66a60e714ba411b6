/** The training speed over the last seconds, excluding pauses, sync points and validation. */

const windowMs = 3000;

/** The number of steps and images at a time, on a clock that runs only while steps do. */
interface Mark {
  readonly atMs: number;
  readonly steps: number;
  readonly images: number;
}

export class Speed {
  #marks: Mark[] = [];
  /** The clock's reading when it was last stopped, and the time when it was started again; undefined while it is stopped. */
  #clockMs = 0;
  #runningSince: number | undefined;

  constructor(private readonly now: () => number = () => performance.now()) {}

  /** Starts the clock; does nothing if it is running. */
  start(): void {
    if (this.#runningSince !== undefined) return;
    this.#runningSince = this.now();
    if (this.#marks.length === 0) this.#marks.push({ atMs: this.#clockMs, steps: 0, images: 0 });
  }

  stop(): void {
    this.#clockMs = this.#readMs();
    this.#runningSince = undefined;
  }

  /** Call it when the metrics of a step arrive. */
  step(images: number): void {
    const atMs = this.#readMs();
    const { steps, images: before } = this.#marks.at(-1) ?? { steps: 0, images: 0 };
    this.#marks.push({ atMs, steps: steps + 1, images: before + images });
    // Keeps one mark before the window: the start of the first step in it.
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
