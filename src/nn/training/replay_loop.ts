/**
 * Replays a step many times, reading back nothing but the metrics ring: while the device runs one submit, the host awaits the
 * metrics of the previous one. The number of steps per submit follows from their duration, so that a fast device does not
 * wait for submits, and the progress line of a slow one keeps moving.
 */
import { debugLevel } from '../../engine/debug.js';
import type { Device } from '../../engine/device.js';
import type { Step } from '../../engine/replay.js';
import { type MetricsRing, ringRows } from './metrics_ring.js';
import type { Sums } from './task.js';

const targetMs = 60;

/** What to replay: a Step, or an object that combines several. */
export type Replayable = Pick<Step, 'encode' | 'profileAndPrint'>;

export interface ReplayOptions {
  readonly device: Device;
  readonly step: Replayable;
  readonly ring: MetricsRing;
  /** The state's step counter at the start. */
  readonly firstStep: number;
  readonly count: number;
  /** Prepares each step before it is submitted, alone. The replay ends when there is no next one. */
  readonly source?: { hasNext(): Promise<boolean>; load(): void } | undefined;
  /** Called once per step, in order; a returned promise is awaited. */
  readonly onStep: (sums: Sums) => void | Promise<void>;
  /**
   * Called and awaited before each step, counted from 0 here. Steps then run one at a time, each submitted when the metrics of
   * the previous one have been delivered.
   */
  readonly onStepBegin?: ((index: number) => void | Promise<void>) | undefined;
  /** Called before each submit: true ends the replay after the steps in flight. */
  readonly shouldStop?: (() => boolean) | undefined;
  readonly syncPoints?: SyncPoints | undefined;
  /** Called before each submit, which waits for the returned promise, if any. */
  readonly mustWait?: (() => Promise<unknown> | undefined) | undefined;
}

/** When to sync with the device: at a sync point no step is in flight, and all metrics have been delivered. */
export interface SyncPoints {
  /** Called before each submit: the number of steps allowed between the last sync point, or the start, and the next. */
  stepsUntilSync(): number;
  /** Awaited at each sync point; the replay continues after it. */
  onSync(): Promise<void>;
}

/**
 * Resolves with the number of steps when the metrics of all of them have been delivered.
 *
 * Throws: any error of a listener, once the steps in flight have finished; DeviceError.
 */
export async function replaySteps(options: ReplayOptions): Promise<number> {
  return options.onStepBegin ? replayOneByOne(options, options.onStepBegin) : replayAhead(options);
}

async function replayOneByOne(
  options: ReplayOptions,
  onStepBegin: NonNullable<ReplayOptions['onStepBegin']>,
): Promise<number> {
  const { count } = options;
  const budget = new SyncBudget(options.syncPoints);
  let done = 0;
  while (done < count && !options.shouldStop?.()) {
    if (budget.allowed() === 0) {
      await budget.sync();
      continue;
    }
    if (options.source && !(await options.source.hasNext())) break;
    budget.submitted(1);
    await onStepBegin(done);
    await options.mustWait?.();
    options.source?.load();
    await deliver(submit(options, done, 1), options);
    done++;
  }
  return done;
}

async function replayAhead(options: ReplayOptions): Promise<number> {
  const { count, shouldStop, source } = options;
  let isOver = false;
  const budget = new SyncBudget(options.syncPoints);
  let submitted = 0;
  let perSubmit = 1;
  let lastDone = performance.now();
  let pending: Submitted | undefined;
  let next: Submitted | undefined;
  try {
    while ((!isOver && submitted < count) || pending) {
      next = undefined;
      const mayGoOn = !isOver && submitted < count && !shouldStop?.();
      const allowed = mayGoOn ? budget.allowed() : 0;
      if (allowed > 0) {
        const wait = options.mustWait?.();
        if (wait) await wait;
        isOver = source !== undefined && !(await source.hasNext());
      }
      if (allowed > 0 && !isOver) {
        source?.load();
        next = await submitNext(options, submitted, source ? 1 : Math.min(perSubmit, allowed));
        submitted += next.count;
        budget.submitted(next.count);
      } else if (!pending) {
        if (!mayGoOn || isOver) break;
        await budget.sync();
        lastDone = performance.now();
      }
      if (pending) {
        await deliver(pending, options);
        const elapsed = performance.now() - lastDone;
        lastDone += elapsed;
        perSubmit = Math.max(
          1,
          Math.min(ringRows / 2, Math.round((pending.count * targetMs) / elapsed), pending.count * 2),
        );
      }
      pending = next;
    }
  } catch (error) {
    // Steps in flight must finish before their buffers are freed; their own errors would only follow from this one.
    await Promise.allSettled([pending?.rows, next?.rows]);
    throw error;
  }
  return submitted;
}

/** Counts the steps between sync points. */
class SyncBudget {
  #steps = 0;

  constructor(private readonly syncPoints: SyncPoints | undefined) {}

  /** How many steps may be submitted before the next sync point. */
  allowed(): number {
    return this.syncPoints ? Math.max(0, this.syncPoints.stepsUntilSync() - this.#steps) : Infinity;
  }

  submitted(count: number): void {
    this.#steps += count;
  }

  async sync(): Promise<void> {
    this.#steps = 0;
    await this.syncPoints?.onSync();
  }
}

/** Submits up to `most` steps; at debug level 2, the second step, warm by then, is profiled kernel by kernel. */
async function submitNext(options: ReplayOptions, done: number, most: number): Promise<Submitted> {
  const { device, step, count } = options;
  const isProfiled = done === 1 && debugLevel() >= 2 && device.hasTimestamps;
  if (!isProfiled) return submit(options, done, Math.min(most, count - done));
  await step.profileAndPrint();
  return submit(options, done, 1, { isRun: true });
}

/** Steps in flight, and the ring after the last of them. */
interface Submitted {
  /** The step counter before the first of these steps. */
  readonly first: number;
  readonly count: number;
  readonly rows: Promise<ArrayBuffer>;
}

/** Submits `count` steps after the first `done`, unless they have run already, and reads their rows of the ring. */
function submit(
  { device, step, ring, firstStep }: ReplayOptions,
  done: number,
  count: number,
  { isRun = false } = {},
): Submitted {
  const encoder = device.encoder();
  if (!isRun) step.encode(encoder, count);
  const read = device.stageRead(encoder, ring.tensor.storage);
  device.submit(encoder);
  const rows = read.fetch();
  // The caller that awaits `rows` handles a rejection; this no-op catch keeps Node from reporting it as unhandled before.
  void rows.catch(() => undefined);
  return { first: firstStep + done, count, rows };
}

async function deliver(
  { first, count, rows }: Submitted,
  { ring, onStep }: Pick<ReplayOptions, 'ring' | 'onStep'>,
): Promise<void> {
  const bytes = await rows;
  for (let i = 0; i < count; i++) await onStep(ring.sumsOf(bytes, first + i));
}
