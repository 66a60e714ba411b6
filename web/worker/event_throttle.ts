/**
 * Sends events to the page, each kind at most eight times a second: events in between are merged, and the last state
 * always arrives. Notes are rare and differ from each other, so they are sent at once.
 *
 * Only what the page shows waits for these timers: training continues when a hidden tab slows them down.
 */
import type { Cause, Note, StepPoint, WorkerEvent, WorkerEvents } from '../protocol.js';

type Name = keyof WorkerEvents;

const intervalMs = 125;

export interface Clock {
  /** Milliseconds from any fixed moment. */
  now(): number;
  after(ms: number, act: () => void): void;
}

const wallClock: Clock = {
  now: () => performance.now(),
  after: (ms, act) => void setTimeout(act, ms),
};

export class EventThrottle {
  /** When each kind was last sent. */
  readonly #sentAt = new Map<Name, number>();
  readonly #pending = new Map<Name, WorkerEvent>();
  #isClosed = false;

  constructor(
    private readonly listener: (event: WorkerEvent) => void,
    private readonly clock: Clock = wallClock,
  ) {}

  emit<Kind extends Name>(name: Kind, value: WorkerEvents[Kind]): void {
    if (this.#isClosed) return;
    const event = { name, value } as WorkerEvent;
    if (name === 'note') {
      this.listener(event);
      return;
    }
    const pending = this.#pending.get(name);
    this.#pending.set(name, pending ? merged(pending, event) : event);
    if (!pending) this.#sendWhenDue(name);
  }

  note(level: Note['level'], text: string, cause?: Cause): void {
    this.emit('note', { level, text, ...(cause ? { cause } : {}) });
  }

  /** Nothing is sent from now on. */
  close(): void {
    this.#isClosed = true;
  }

  /** Sends pending events now. */
  flush(): void {
    for (const name of this.#pending.keys()) this.#send(name);
  }

  #sendWhenDue(name: Name): void {
    if (!this.#pending.has(name)) return;
    const wait = (this.#sentAt.get(name) ?? -Infinity) + intervalMs - this.clock.now();
    if (wait <= 0) this.#send(name);
    else this.clock.after(wait, () => this.#sendWhenDue(name));
  }

  #send(name: Name): void {
    const event = this.#pending.get(name);
    if (!event || this.#isClosed) return;
    this.#pending.delete(name);
    this.#sentAt.set(name, this.clock.now());
    this.listener(event);
  }
}

/** Two events of a kind as one: points are concatenated; of other kinds, the later event replaces the earlier. */
function merged(earlier: WorkerEvent, later: WorkerEvent): WorkerEvent {
  if (earlier.name !== 'steps' || later.name !== 'steps' || later.value.isFresh) return later;
  const points: readonly StepPoint[] = [...earlier.value.points, ...later.value.points];
  return { name: 'steps', value: { points, isFresh: earlier.value.isFresh } };
}
