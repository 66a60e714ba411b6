/** The points of the loss curve that are kept: all of them at first, then evenly fewer, so that there are never many. */
import type { StepPoint } from '../protocol.js';

/** More than a screen is wide. */
const mostPoints = 4096;

/** As it is kept: `[step, loss, accuracy]`, null for NaN, which JSON cannot hold. */
export interface SavedCurve {
  readonly stride: number;
  readonly points: readonly (readonly [step: number, loss: number | null, accuracy: number])[];
}

/**
 * Keeps the steps 1, 1 + s, 1 + 2·s, … for the least power of two s with which they are at most `most`. Which ones these
 * are depends on how far training has come and on nothing else.
 */
export class Curve {
  #stride = 1;
  #points: StepPoint[] = [];

  constructor(private readonly most = mostPoints) {}

  /** Steps count from 1 on and rise. */
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

  /** As they are now. */
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
