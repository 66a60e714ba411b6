/**
 * Replays a step many times, reading nothing back but the metrics ring: while the device works on one submit, the
 * host awaits the metrics of the one before. How many steps share a submit follows from how long they take, so that
 * dispatches are not the cost on a fast device and the progress line stays alive on a slow one.
 */
import { debugLevel } from '../engine/debug.js';
import type { Device } from '../engine/device.js';
import type { Step } from '../engine/replay.js';
import { type MetricsRing, ringRows } from './metrics_ring.js';
import type { Sums } from './task.js';

const targetMs = 60;

/** What is replayed: a Step, or what does one by several. */
export type Replayable = Pick<Step, 'encode' | 'profileAndPrint'>;

export interface ReplayOptions {
  readonly device: Device;
  readonly step: Replayable;
  readonly ring: MetricsRing;
  /** The state's step counter before the first replay. */
  readonly firstStep: number;
  readonly count: number;
  /** Called in order, once per step; awaited when it returns a promise. */
  readonly onStep: (sums: Sums) => void | Promise<void>;
  /**
   * Called before each step, counted from 0 here; awaited too. Steps then go one by one, each submitted when the
   * metrics of the one before have been delivered.
   */
  readonly onStepBegin?: ((index: number) => void | Promise<void>) | undefined;
  /** Asked before each submit: true ends the replay after what is under way. */
  readonly shouldStop?: (() => boolean) | undefined;
  readonly syncPoints?: SyncPoints | undefined;
  /** Asked before each submit, which waits for the promise, where there is one. */
  readonly mustWait?: (() => Promise<unknown> | undefined) | undefined;
}

/** When the replay syncs with the device: nothing is under way then, and all metrics have been delivered. */
export interface SyncPoints {
  /** Asked before each submit: how many steps may lie between the last sync point, or the beginning, and the next. */
  stepsUntilSync(): number;
  /** Awaited at each sync point; the replay continues after it. */
  onSync(): Promise<void>;
}

/**
 * Resolves with the number of steps done, when the metrics of all of them have been delivered.
 *
 * Throws: whatever a listener throws, when what was submitted has come back; DeviceError.
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
    budget.submitted(1);
    await onStepBegin(done);
    await options.mustWait?.();
    await deliver(submit(options, done, 1), options);
    done++;
  }
  return done;
}

async function replayAhead(options: ReplayOptions): Promise<number> {
  const { count, shouldStop } = options;
  const budget = new SyncBudget(options.syncPoints);
  let submitted = 0;
  let perSubmit = 1;
  let lastDone = performance.now();
  let pending: Submitted | undefined;
  let next: Submitted | undefined;
  try {
    while (submitted < count || pending) {
      next = undefined;
      const mayGoOn = submitted < count && !shouldStop?.();
      const allowed = mayGoOn ? budget.allowed() : 0;
      if (allowed > 0) {
        const wait = options.mustWait?.();
        if (wait) await wait;
        next = await submitNext(options, submitted, Math.min(perSubmit, allowed));
        submitted += next.count;
        budget.submitted(next.count);
      } else if (!pending) {
        if (!mayGoOn) break;
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
    // What is under way ends before its buffers are given back; its own error would only follow from this one.
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

/** Up to `most` steps, or the one that the debug level wants to see kernel by kernel: the second, warm by then. */
async function submitNext(options: ReplayOptions, done: number, most: number): Promise<Submitted> {
  const { device, step, count } = options;
  const isProfiled = done === 1 && debugLevel() >= 2 && device.hasTimestamps;
  if (!isProfiled) return submit(options, done, Math.min(most, count - done));
  await step.profileAndPrint();
  return submit(options, done, 1, { isRun: true });
}

/** Steps under way, and the ring behind the last of them. */
interface Submitted {
  /** The step counter before the first of them. */
  readonly first: number;
  readonly count: number;
  readonly rows: Promise<ArrayBuffer>;
}

/** Submits `count` steps behind the `done` ones, unless they have been run, and asks for their rows of the ring. */
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
