/**
 * Every call of WebGPU on a device goes through here, or says `failed` of what it caught: a call that throws or rejects
 * becomes a DeviceError with its name, and `lost` where the device went. A command that the device refuses is told apart
 * from that: WebGPU goes on as if nothing were wrong and raises an event, in Node before the call returns, in browsers
 * some time later. The command cannot be told then, so all work that was sent since the device last answered
 * counts as failed: its reads reject, and the tensors that it wrote throw when they are used (`assertAccepted`). All
 * other work goes on.
 */
import { DeviceError, ShadegradError } from '../errors.js';

/** Awaits a promise that the device settles. */
export type AwaitGpu = <T>(promise: Promise<T>) => Promise<T>;

/** Work, counted as it is sent: buffers made, writes and submits. */
type Serial = number;

interface Refusal {
  /** The work that it may have been part of. */
  readonly first: Serial;
  readonly last: Serial;
  error: DeviceError;
}

/** More than one is an accident already; the oldest are joined then. */
const mostRefusals = 16;

/** Being lost is told a moment after the failure that it causes. */
const graceMs = 50;

export class GpuCalls {
  #sent: Serial = 0;
  #answered: Serial = 0;
  #lostReason: string | undefined;
  #outOfMemory: string | undefined;
  #calling = false;
  /** What the device said of the call that is under way. */
  #refused: DeviceError | undefined;
  readonly #refusals: Refusal[] = [];
  #refusalCount = 0;
  /** The last refusal, until a caller gets it. */
  #unheard: DeviceError | undefined;

  /** `onRefusal` forgets objects that may be invalid, so that no later work is built on them. */
  constructor(
    private readonly gpu: GPUDevice,
    private readonly awaitGpu: AwaitGpu,
    private readonly onRefusal: () => void,
    onLost: () => void,
  ) {
    gpu.onuncapturederror = (event) => {
      event.preventDefault();
      this.#hear(event.error);
    };
    void this.#watch(onLost);
  }

  async #watch(onLost: () => void): Promise<void> {
    const { message, reason } = await this.gpu.lost;
    this.lose(message || reason);
    onLost();
  }

  /** Remembers why the device went away. */
  lose(reason: string): void {
    this.#lostReason ??= reason;
  }

  get isLost(): boolean {
    return this.#lostReason !== undefined;
  }

  /** True when the device has refused a command at any time. */
  get hasRefused(): boolean {
    return this.#refusalCount > 0;
  }

  /**
   * Runs `fn`, one call of WebGPU.
   *
   * Throws: DeviceError when it throws, or when the device refuses it at once.
   */
  run<T>(name: string, fn: () => T): T {
    this.#calling = true;
    let result: T;
    try {
      result = fn();
    } catch (cause) {
      throw this.failed(name, cause);
    } finally {
      this.#calling = false;
    }
    const refused = this.#refused;
    this.#refused = undefined;
    if (refused) throw refused;
    return result;
  }

  /** Awaits one call of WebGPU. Throws: DeviceError when it throws or rejects. */
  async settle<T>(name: string, fn: () => Promise<T>): Promise<T> {
    try {
      return await this.awaitGpu(fn());
    } catch (cause) {
      const grace = new Promise((resolve) => setTimeout(resolve, graceMs));
      await Promise.race([this.gpu.lost, grace]);
      throw this.failed(name, cause);
    }
  }

  /** What to throw for what a call threw. */
  failed(call: string, cause: unknown): Error {
    if (cause instanceof ShadegradError) return cause;
    if (this.#lostReason !== undefined) return DeviceError.lost(this.#lostReason, { cause });
    return new DeviceError(`device: ${call} failed (${String(cause)}).`, { cause, call, problem: 'other' });
  }

  // ---- refused commands ----

  #hear(error: GPUError): void {
    const isOutOfMemory = error.constructor.name === 'GPUOutOfMemoryError';
    const told = isOutOfMemory ? outOfMemory(error.message) : refusal(error);
    if (this.#calling) {
      this.#refused ??= told;
      return;
    }
    if (isOutOfMemory) this.#outOfMemory ??= error.message;
    this.add(told, this.#answered + 1);
  }

  /** All work from `first` on counts as refused, unless it is known to be: then `error` says more about it. */
  add(error: DeviceError, first: Serial): void {
    const [oldest, next] = this.#refusals;
    if (this.#refusals.length === mostRefusals && oldest && next)
      this.#refusals.splice(0, 2, { ...next, first: oldest.first });
    this.#refusals.push({ first, last: this.#sent, error });
    this.#refusalCount++;
    this.#unheard = error;
    this.onRefusal();
  }

  /** Puts `error`, which says more, in place of what is known of the refusal of `first` or later work. */
  explain(error: DeviceError, first: Serial): void {
    const known = this.#refusals.findLast(({ last }) => last >= first);
    if (!known) return this.add(error, first);
    if (this.#unheard === known.error) this.#unheard = error;
    known.error = error;
  }

  /** Counts one more piece of work. */
  send(): Serial {
    return ++this.#sent;
  }

  /** The last piece of work that was sent. */
  get sent(): Serial {
    return this.#sent;
  }

  /** To be called before work whose answer is awaited; the result, called with the answer, throws what was refused since. */
  answer(): () => void {
    const sent = this.#sent;
    const before = this.#refusalCount;
    return () => {
      this.#assertThere();
      if (this.#refusalCount > before) {
        const { error } = this.#refusals.at(-1) as Refusal;
        if (this.#unheard === error) this.#unheard = undefined;
        throw error;
      }
      this.#answered = Math.max(this.#answered, sent);
    };
  }

  /** Throws: DeviceError when the work that wrote something may have been refused. */
  assertAccepted(written: Serial): void {
    if (this.#refusals.length > 0 && this.isRefused(written)) {
      const { error } = this.#refusals.find((each) => covers(each, written)) as Refusal;
      if (this.#unheard === error) this.#unheard = undefined;
      throw error;
    }
  }

  isRefused(written: Serial): boolean {
    return this.#refusals.some((each) => covers(each, written));
  }

  /** Throws when the device is gone, or once what was refused; called before work is sent. */
  assertUsable(): void {
    this.#assertThere();
    const unheard = this.#unheard;
    this.#unheard = undefined;
    if (unheard) throw unheard;
  }

  #assertThere(): void {
    if (this.#lostReason !== undefined) throw DeviceError.lost(this.#lostReason);
    if (this.#outOfMemory !== undefined) throw outOfMemory(this.#outOfMemory);
  }
}

function covers({ first, last }: Refusal, written: Serial): boolean {
  return written >= first && written <= last;
}

function refusal(error: GPUError): DeviceError {
  const message = `device: WebGPU refused a command: ${error.message}`;
  return new DeviceError(message, { cause: error, problem: 'other' });
}

function outOfMemory(told: string): DeviceError {
  const message = `device: out of memory: ${told}; open a new device, and use a smaller batch or model.`;
  return new DeviceError(message, { problem: 'limit' });
}
