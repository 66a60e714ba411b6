/** The stored points of the loss curve: all steps at first, then every second, every fourth, … so that memory is bounded. */
import type { StepPoint } from '../protocol.js';

/** More than the pixels of a screen's width. */
const mostPoints = 4096;

/** The saved form: `[step, loss, accuracy]`, with null for NaN, which JSON cannot represent. */
export interface SavedCurve {
  readonly stride: number;
  readonly points: readonly (readonly [step: number, loss: number | null, accuracy: number])[];
}

/**
 * Keeps the steps 1, 1 + s, 1 + 2·s, … for the smallest power of two s that gives at most `most` points. The kept steps
 * depend only on the number of steps so far.
 */
export class Curve {
  #stride = 1;
  #points: StepPoint[] = [];

  constructor(private readonly most = mostPoints) {}

  /** Steps start at 1 and ascend. */
  add(point: StepPoint): void {
    if (!this.#isKept(point)) return;
    this.#points.push(point);
    while (this.#points.length > this.most) {
      this.#stride *= 2;
      this.#points = this.#points.filter((kept) => this.#isKept(kept));
    }
  }

  #isKept({ step }: StepPoint): boolean {
    return (step - 1) % this.#stride === 0;
  }

  /** A copy of the points. */
  get points(): readonly StepPoint[] {
    return [...this.#points];
  }

  save(): SavedCurve {
    return {
      stride: this.#stride,
      points: this.#points.map(({ step, loss, accuracy }) => [
        step,
        Number.isFinite(loss) ? loss : null,
        accuracy,
      ]),
    };
  }

  static from({ stride, points }: SavedCurve): Curve {
    const curve = new Curve();
    curve.#stride = stride;
    curve.#points = points.map(([step, loss, accuracy]) => ({ step, loss: loss ?? NaN, accuracy }));
    return curve;
  }
}
