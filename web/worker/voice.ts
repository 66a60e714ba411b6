/**
 * Tells the page what happens, each kind at most eight times a second: what comes in between is put together, and the
 * last state always arrives. Notes are too rare to be held back, and each is another.
 *
 * Nothing waits for these timers but the page's own picture: where a hidden tab holds them up, training goes on.
 */
import type { StepPoint, WorkerEvent, WorkerEvents } from '../protocol.js';

type Name = keyof WorkerEvents;

export const intervalMs = 125;

export interface Clock {
  /** Milliseconds since some moment. */
  now(): number;
  after(ms: number, act: () => void): void;
}

export const wallClock: Clock = {
  now: () => performance.now(),
  after: (ms, act) => void setTimeout(act, ms),
};

export class Voice {
  /** When each kind was last told. */
  readonly #told = new Map<Name, number>();
  readonly #waiting = new Map<Name, WorkerEvent>();

  constructor(
    private readonly listener: (event: WorkerEvent) => void,
    private readonly clock: Clock = wallClock,
  ) {}

  emit<Kind extends Name>(name: Kind, value: WorkerEvents[Kind]): void {
    const event = { name, value } as WorkerEvent;
    if (name === 'note') {
      this.listener(event);
      return;
    }
    const waiting = this.#waiting.get(name);
    this.#waiting.set(name, waiting ? together(waiting, event) : event);
    if (!waiting) this.#tellWhenDue(name);
  }

  /** Tells now what waits. */
  flush(): void {
    for (const name of this.#waiting.keys()) this.#tell(name);
  }

  #tellWhenDue(name: Name): void {
    if (!this.#waiting.has(name)) return;
    const wait = (this.#told.get(name) ?? -Infinity) + intervalMs - this.clock.now();
    if (wait <= 0) this.#tell(name);
    else this.clock.after(wait, () => this.#tellWhenDue(name));
  }

  #tell(name: Name): void {
    const event = this.#waiting.get(name);
    if (!event) return;
    this.#waiting.delete(name);
    this.#told.set(name, this.clock.now());
    this.listener(event);
  }
}

/** Two events of a kind as one: points add up, of everything else the later one counts. */
function together(earlier: WorkerEvent, later: WorkerEvent): WorkerEvent {
  if (earlier.name !== 'steps' || later.name !== 'steps' || later.value.isFresh) return later;
  const points: readonly StepPoint[] = [...earlier.value.points, ...later.value.points];
  return { name: 'steps', value: { points, isFresh: earlier.value.isFresh } };
}
