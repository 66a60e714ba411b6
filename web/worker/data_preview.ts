/** Applies filters and augmentation to a few images, with the program that training records for its inputs. */
import type { ImageSet } from '../../src/data/dataset.js';
import type { Device } from '../../src/engine/device.js';
import type { Plan } from '../../src/engine/plan/plan.js';
import { type Program, program } from '../../src/engine/program.js';
import type { SpecialisedShader } from '../../src/engine/shader.js';
import { Tensor } from '../../src/engine/tensor.js';
import type { AugmentOptions } from '../../src/augment_options.js';
import { stateSize, stateSpec, stateWords } from '../../src/kernels/step_state.js';
import { DeviceSet } from '../../src/nn/samples/device_set.js';
import { augmentedBy } from '../../src/nn/samples/augmented_inputs.js';
import { gatherInputs } from '../../src/nn/network/inputs.js';
import { type Filter, preprocessing } from '../../src/nn/samples/preprocessing.js';
import { loadTrainingShaders } from './family_shaders.js';

export interface PreviewRecipe {
  readonly augmentation: AugmentOptions | null;
  readonly filters: readonly Filter[];
}

/** Number of recipes whose kernels stay compiled, so that a slider can move back and forth. */
const mostKept = 64;

/**
 * Reuses tensors while the number and size of the images are the same, and the program while the recipe is. The numbers of a
 * recipe are constants of two small shaders, so each recipe has its own program; the kernels of the last `mostKept` recipes
 * stay compiled.
 */
export class Previewer {
  #tensors: { readonly key: string; readonly set: DeviceSet; readonly state: Tensor } | undefined;
  #program: { readonly key: string; readonly inputs: Program<Tensor> } | undefined;

  /** The kernels of each recipe, the most recent last. */
  readonly #kernels = new Map<string, readonly SpecialisedShader[]>();

  constructor(
    readonly device: Device,
    private readonly most = mostKept,
  ) {}

  /**
   * Variants of each image, as in the first epoch of a training on these images alone.
   *
   * Shapes: images [N,H,W,C] → [N · variants, H, W, C], the variants of an image adjacent; bytes, clamped to 0 … 255.
   * Throws: UsageError for a recipe out of range; DeviceError.
   */
  async run(
    images: ImageSet,
    { augmentation, filters }: PreviewRecipe,
    { seed, variants }: { readonly seed: number; readonly variants: number },
  ): Promise<Uint8Array<ArrayBuffer>> {
    await loadTrainingShaders(this.device);
    const { set, state } = this.#place(images, variants);
    const batch = images.count * variants;
    const words = new Uint32Array(stateSize);
    words[stateWords.seed] = seed;
    words[stateWords.epochSize] = batch;
    state.write(words);
    const key = JSON.stringify([batch, augmentation, filters]);
    if (this.#program?.key !== key) {
      const options = {
        batch,
        preprocessing: preprocessing({ filters }),
        augment: augmentedBy(augmentation),
      };
      this.#program = { key, inputs: program(() => gatherInputs(set, state, options).x, this.device) };
      this.#keepKernels(key, this.#program.inputs.plan());
    }
    const x = this.#program.inputs.call();
    try {
      return bytesOf((await x.data()) as Float32Array);
    } finally {
      x.dispose();
    }
  }

  #keepKernels(key: string, { dispatches }: Plan): void {
    this.#kernels.delete(key);
    this.#kernels.set(
      key,
      dispatches.map(({ shader }) => shader),
    );
    for (const [oldest, kernels] of this.#kernels) {
      if (this.#kernels.size <= this.most) return;
      this.#kernels.delete(oldest);
      const used = new Set([...this.#kernels.values()].flat().map(({ code }) => code));
      this.device.forgetPipelines(kernels.filter(({ code }) => !used.has(code)));
    }
  }

  /** The images on the device, permuted so that the variants of an image are adjacent. */
  #place(images: ImageSet, variants: number): { readonly set: DeviceSet; readonly state: Tensor } {
    const { count, height, width, channels } = images;
    const key = [count, height, width, channels, variants].join();
    if (this.#tensors?.key === key) {
      this.#tensors.set.writeImages(images.images);
      return this.#tensors;
    }
    this.dispose();
    const set = new DeviceSet(this.device, images, { variantsPerImage: variants });
    const order = (_: unknown, i: number): number => (i % variants) * count + Math.floor(i / variants);
    set.permutation.write(Uint32Array.from({ length: count * variants }, order));
    this.#tensors = { key, set, state: Tensor.zeros(stateSpec, this.device) };
    return this.#tensors;
  }

  dispose(): void {
    this.#tensors?.set.dispose();
    this.#tensors?.state.dispose();
    this.#tensors = undefined;
    this.#program = undefined;
  }
}

/** Maps 0 … 1 to 0 … 255, rounded. */
function bytesOf(values: Float32Array): Uint8Array<ArrayBuffer> {
  const bytes = Uint8ClampedArray.from(values, (value) => 255 * value);
  return new Uint8Array(bytes.buffer);
}
