/**
 * Compiles the pipelines of a plan before its first step. Drivers of real GPUs do that when a pipeline is made, several
 * at a time. Drivers that run on the processor do it when a kernel first runs, one after another: there each kernel is
 * run once on one workgroup, over memory that nobody needs, and where that turns out to be slow, helpers share the
 * work: further devices of the same adapter, whose machine code reaches ours through the driver's cache on disk.
 */
import type { Device, Pipeline } from './device.js';
import type { Plan } from './plan.js';
import type { SpecialisedShader } from './shader.js';

export interface CompileOptions {
  /** Hears of each kernel that is ready to run. */
  readonly onProgress?: (done: number, total: number) => void;
  /** Aborting leaves the rest to be compiled when it first runs. */
  readonly signal?: AbortSignal;
}

/** A kernel that takes longer than this was compiled and not found in a cache (there it takes 1 to 60 ms). */
const coldMs = 100;

/**
 * Compiles every pipeline of a plan, and has the driver do its part too.
 *
 * Throws: DeviceError for a shader that does not compile.
 */
export async function compile(plan: Plan, options: CompileOptions = {}): Promise<Pipeline[]> {
  const { device } = plan;
  const shaders = plan.dispatches.map((dispatch) => dispatch.shader);
  // All at once: drivers that compile here use as many threads as they like.
  const pipelines = Promise.all(shaders.map((shader) => device.pipeline(shader)));
  // Awaited at the end; until then whoever awaits one of them reports its error.
  void pipelines.catch(() => undefined);
  await new WarmUp(device, shaders, options).run();
  return pipelines;
}

/** Runs each kernel once, the longest first, so that the last ones to end are short. */
class WarmUp {
  readonly #queue: SpecialisedShader[];
  readonly #total: number;
  /** Compiled by a helper, not yet run on our device. */
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
        // Compiled by a helper and again by us: this driver keeps nothing on disk.
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

  /** What a helper cannot do is left to our device, which then tells why. */
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
