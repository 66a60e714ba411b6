/**
 * Compiles the pipelines of a plan before its first step. GPU drivers compile when a pipeline is created, several in
 * parallel. Software drivers compile when a kernel first runs, one at a time: for these, each kernel runs once on one
 * workgroup over scratch memory. If that is slow, helper devices of the same adapter share the work; their machine
 * code reaches this device through the driver's cache on disk.
 */
import type { Device, Pipeline } from './device.js';
import type { Plan } from './plan/plan.js';
import type { SpecialisedShader } from './shader.js';

export interface CompileOptions {
  /** Called for each kernel that is ready to run. */
  readonly onProgress?: (done: number, total: number) => void;
  /** Aborting leaves the remaining kernels to compile on their first run. */
  readonly signal?: AbortSignal;
}

/** A kernel that takes longer was compiled; one found in the cache takes 1 to 60 ms. */
const coldMs = 100;

/**
 * Compiles every pipeline of a plan, down to machine code.
 *
 * Throws: DeviceError for a shader that does not compile.
 */
export async function compile(plan: Plan, options: CompileOptions = {}): Promise<Pipeline[]> {
  const { device } = plan;
  const shaders = plan.dispatches.map((dispatch) => dispatch.shader);
  // All at once: drivers that compile here use several threads.
  const pipelines = Promise.all(shaders.map((shader) => device.pipeline(shader)));
  // Awaited at the end; until then, the caller that awaits one of them reports its error.
  void pipelines.catch(() => undefined);
  await new WarmUp(device, shaders, options).run();
  return pipelines;
}

/** Runs each kernel once, the longest first, so that the last ones to end are short. */
class WarmUp {
  readonly #queue: SpecialisedShader[];
  readonly #total: number;
  /** Compiled by a helper, not yet run on this device. */
  readonly #prepared: SpecialisedShader[] = [];
  #helping: Promise<void> | undefined;
  #isHelpWorthwhile = true;
  #done = 0;

  constructor(
    readonly device: Device,
    shaders: readonly SpecialisedShader[],
    readonly options: CompileOptions,
  ) {
    const distinct = new Map(shaders.map((shader) => [shader.code, shader]));
    this.#queue = [...distinct.values()].sort((a, b) => b.code.length - a.code.length);
    this.#total = this.#queue.length;
  }

  async run(): Promise<void> {
    try {
      await this.#work();
    } finally {
      this.#isHelpWorthwhile = false;
      await this.#helping;
    }
  }

  async #work(): Promise<void> {
    while (!this.options.signal?.aborted) {
      const prepared = this.#prepared.shift();
      const shader = prepared ?? this.#queue.shift();
      if (shader) {
        const begun = performance.now();
        await this.device.warmUp(await this.device.pipeline(shader));
        const isCold = performance.now() - begun > coldMs;
        this.#done++;
        this.options.onProgress?.(this.#done, this.#total);
        // Compiled by a helper and again here: this driver has no cache on disk.
        if (isCold && prepared) this.#isHelpWorthwhile = false;
        else if (isCold) this.#helping ??= this.#help();
      } else if (this.#done < this.#total) {
        await this.#helping;
      } else {
        return;
      }
    }
  }

  async #help(): Promise<void> {
    const helpers = await this.device.openHelpers().catch(() => []);
    await Promise.all(helpers.map((helper) => this.#helpWith(helper)));
  }

  /** If a helper fails, this device compiles the kernel and reports the error. */
  async #helpWith(helper: Device): Promise<void> {
    while (this.#isHelpWorthwhile && !this.options.signal?.aborted) {
      const shader = this.#queue.shift();
      if (!shader) break;
      try {
        await helper.warmUp(await helper.pipeline(shader));
      } catch {
        this.#isHelpWorthwhile = false;
      }
      this.#prepared.push(shader);
    }
    try {
      helper.destroy();
    } catch {
      this.#isHelpWorthwhile = false;
    }
  }
}
