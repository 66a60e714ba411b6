/**
 * Wraps every WebGPU call on a device. A call that throws or rejects becomes a DeviceError with the name of the
 * call, or with `lost` if the device was lost. Refused commands differ: WebGPU continues as if nothing were wrong and
 * raises an event, in Node before the call returns, in browsers some time later. The event does not identify the
 * command, so all work submitted since the last answer of the device counts as failed: its reads reject, and tensors
 * that it wrote throw on use (`assertAccepted`). All other work continues.
 */
import { DeviceError, ShadegradError } from '../errors.js';

/** Awaits a promise that the device settles. */
export type AwaitGpu = <T>(promise: Promise<T>) => Promise<T>;

/** The serial number of a piece of work: a buffer creation, a write or a submit. */
type Serial = number;

interface Refusal {
  /** The range of work that may contain the refused command. */
  readonly first: Serial;
  readonly last: Serial;
  error: DeviceError;
}

/** Even one is exceptional; beyond this many, the oldest are merged. */
const mostRefusals = 16;

/** WebGPU reports a lost device a moment after the failure that it causes. */
const graceMs = 50;

export class GpuCalls {
  #sent: Serial = 0;
  #answered: Serial = 0;
  #lostReason: string | undefined;
  #outOfMemory: string | undefined;
  #calling = false;
  /** The refusal of the current call. */
  #refused: DeviceError | undefined;
  readonly #refusals: Refusal[] = [];
  #refusalCount = 0;
  /** The last refusal that no caller has received yet. */
  #unreported: DeviceError | undefined;

  /** `onRefusal` drops objects that may be invalid, so that no later work uses them. */
  constructor(
    private readonly gpu: GPUDevice,
    private readonly awaitGpu: AwaitGpu,
    private readonly onRefusal: () => void,
    onLost: () => void,
  ) {
    gpu.onuncapturederror = (event) => {
      event.preventDefault();
      this.#onError(event.error);
    };
    void this.#watch(onLost);
  }

  async #watch(onLost: () => void): Promise<void> {
    const { message, reason } = await this.gpu.lost;
    this.lose(message || reason);
    onLost();
  }

  /** Records why the device was lost. */
  lose(reason: string): void {
    this.#lostReason ??= reason;
  }

  get isLost(): boolean {
    return this.#lostReason !== undefined;
  }

  /** Whether the device has ever refused a command. */
  get hasRefused(): boolean {
    return this.#refusalCount > 0;
  }

  /**
   * Runs `fn`, one call of WebGPU.
   *
   * Throws: DeviceError when it throws, or when the device refuses it immediately.
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

  /** Converts the error of a call into the error to throw. */
  failed(call: string, cause: unknown): Error {
    if (cause instanceof ShadegradError) return cause;
    if (this.#lostReason !== undefined) return DeviceError.lost(this.#lostReason, { cause });
    return new DeviceError(`device: ${call} failed (${String(cause)}).`, { cause, call, problem: 'other' });
  }

  // ---- refused commands ----

  #onError(error: GPUError): void {
    const isOutOfMemory = error.constructor.name === 'GPUOutOfMemoryError';
    const refused = isOutOfMemory ? outOfMemory(error.message) : refusal(error);
    if (this.#calling) {
      this.#refused ??= refused;
      return;
    }
    if (isOutOfMemory) this.#outOfMemory ??= error.message;
    this.add(refused, this.#answered + 1);
  }

  /** Marks all work from `first` on as refused with `error`. */
  add(error: DeviceError, first: Serial): void {
    const [oldest, next] = this.#refusals;
    if (this.#refusals.length === mostRefusals && oldest && next)
      this.#refusals.splice(0, 2, { ...next, first: oldest.first });
    this.#refusals.push({ first, last: this.#sent, error });
    this.#refusalCount++;
    this.#unreported = error;
    this.onRefusal();
  }

  /** Replaces the error of the refusal of `first` or later work by the more specific `error`. */
  explain(error: DeviceError, first: Serial): void {
    const known = this.#refusals.findLast(({ last }) => last >= first);
    if (!known) return this.add(error, first);
    if (this.#unreported === known.error) this.#unreported = error;
    known.error = error;
  }

  /** Returns the serial of a new piece of work. */
  send(): Serial {
    return ++this.#sent;
  }

  /** The serial of the last piece of work. */
  get sent(): Serial {
    return this.#sent;
  }

  /** Call before work whose completion is awaited; call the returned function on completion: it throws refusals since then. */
  answer(): () => void {
    const sent = this.#sent;
    const before = this.#refusalCount;
    return () => {
      this.#assertThere();
      if (this.#refusalCount > before) {
        const { error } = this.#refusals.at(-1) as Refusal;
        if (this.#unreported === error) this.#unreported = undefined;
        throw error;
      }
      this.#answered = Math.max(this.#answered, sent);
    };
  }

  /** Throws: DeviceError when the work that wrote something may have been refused. */
  assertAccepted(written: Serial): void {
    if (this.#refusals.length > 0 && this.isRefused(written)) {
      const { error } = this.#refusals.find((each) => covers(each, written)) as Refusal;
      if (this.#unreported === error) this.#unreported = undefined;
      throw error;
    }
  }

  isRefused(written: Serial): boolean {
    return this.#refusals.some((each) => covers(each, written));
  }

  /** Throws when the device is lost, or, once, for a refused command. Called before work is submitted. */
  assertUsable(): void {
    this.#assertThere();
    const unreported = this.#unreported;
    this.#unreported = undefined;
    if (unreported) throw unreported;
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

function outOfMemory(message: string): DeviceError {
  const text = `device: out of memory: ${message}; open a new device, and use a smaller batch or model.`;
  return new DeviceError(text, { problem: 'limit' });
}
