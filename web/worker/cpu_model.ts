/**
 * A model's forward pass in plain JavaScript, for use when there is no device, or before it is ready: its network is recorded
 * once, without a device, and interpreted in float64 for one image at a time. `simple` takes some 30 ms, `paper` 100.
 */
import { type Shape, sizeOf } from '../../src/engine/primitive.js';
import type { Tensor } from '../../src/engine/tensor.js';
import { Trace } from '../../src/engine/trace.js';
import { ModelError } from '../../src/errors.js';
import { scale } from '../../src/kernels/arithmetic.js';
import { stateSpec } from '../../src/kernels/step_state.js';
import { filterAndScale, gatherScaling } from '../../src/nn/network/inputs.js';
import type { Model } from '../../src/nn/model.js';
import * as activations from '../../src/reference/activations.js';
import {
  addReference,
  expReference,
  divideReference,
  fillReference,
  multiplyReference,
  scaleReference,
  sqrtReference,
  squareReference,
  subtractReference,
} from '../../src/reference/arithmetic.js';
import { type Array64, array64, zeros64 } from '../../src/reference/array64.js';
import { avgPool2dReference } from '../../src/reference/avg_pool2d.js';
import { batchNormInferenceReference } from '../../src/reference/batch_norm_inference.js';
import { conv2dReference, groupedConv2dReference } from '../../src/reference/conv2d.js';
import { conv2dTransposeReference } from '../../src/reference/conv2d_transpose.js';
import { concatenateReference } from '../../src/reference/concatenate.js';
import {
  equalReference,
  greaterReference,
  minimumReference,
  whereReference,
} from '../../src/reference/comparison.js';
import { filter2dReference } from '../../src/reference/filter2d.js';
import { tanhReference } from '../../src/reference/functions.js';
import { Interpreter, referencesOf } from '../../src/reference/interpreter.js';
import { linspaceReference } from '../../src/reference/linspace.js';
import { logSoftmaxReference } from '../../src/reference/log_softmax.js';
import { matmulReference } from '../../src/reference/matmul.js';
import { maxReference } from '../../src/reference/max.js';
import { maxPool2dReference } from '../../src/reference/max_pool2d.js';
import { padReference } from '../../src/reference/pad.js';
import { reshapeReference } from '../../src/reference/reshape.js';
import { resizeReference } from '../../src/reference/resize.js';
import { sliceReference } from '../../src/reference/slice.js';
import { softmaxReference } from '../../src/reference/softmax.js';
import { sumReference } from '../../src/reference/sum.js';
import { transposeReference } from '../../src/reference/transpose.js';

/** As in same_build.ts, but of this script, which is fetched when the CPU is to predict. */
export const build: string = '%build%';

/** What a model is without its device. */
export type Architecture = Pick<Model, 'network' | 'preprocessing'>;

/** By name, as `Model.weights` yields them. */
export type Weights = ReadonlyMap<string, Float32Array>;

/** The ops that layers record for a prediction. */
const references = referencesOf([
  ...Object.values(activations),
  addReference,
  avgPool2dReference,
  batchNormInferenceReference,
  concatenateReference,
  conv2dReference,
  conv2dTransposeReference,
  equalReference,
  expReference,
  divideReference,
  fillReference,
  filter2dReference,
  greaterReference,
  groupedConv2dReference,
  linspaceReference,
  logSoftmaxReference,
  matmulReference,
  maxPool2dReference,
  minimumReference,
  maxReference,
  multiplyReference,
  padReference,
  reshapeReference,
  resizeReference,
  scaleReference,
  sliceReference,
  softmaxReference,
  tanhReference,
  sqrtReference,
  squareReference,
  subtractReference,
  sumReference,
  transposeReference,
  whereReference,
]);

export class CpuModel {
  readonly #interpreter: Interpreter;
  readonly #output: Tensor;
  readonly #imageShape: Shape;
  readonly #parameters: readonly { readonly path: string; readonly shape: Shape }[];
  #weights: readonly Array64[] = [];

  /** Throws: StateError when a layer records an op that has no reference here. */
  constructor({ network, preprocessing }: Architecture) {
    const [input] = network.inputs;
    const [output] = network.outputs;
    this.#imageShape = [1, ...input!.shape];
    this.#parameters = network.parameters;
    const trace = new Trace();
    const bytes = trace.input({ shape: this.#imageShape, dtype: 'f32' });
    const state = trace.input(stateSpec);
    const parameters = new Map(
      network.parameters.map(({ path, shape }) => [path, trace.input({ shape, dtype: 'f32' })]),
    );
    this.#output = trace.record(() => {
      const { scale: factor, offset } = gatherScaling(preprocessing);
      const x = filterAndScale(scale(bytes, factor, offset), preprocessing);
      const context = { isTraining: false, state };
      return network
        .forward(new Map([[input!.name, x]]), (path) => parameters.get(path)!, context)
        .get(output!)!;
    });
    this.#interpreter = new Interpreter(trace, references, [this.#output]);
  }

  /** Throws: ModelError when a weight is missing or has another size. */
  setWeights(weights: Weights): void {
    this.#weights = this.#parameters.map(({ path, shape }) => {
      const values = weights.get(path);
      if (values?.length !== sizeOf(shape))
        throw new ModelError(
          `CPU model: '${path}' has ${values?.length ?? 'no'} values, expected ${sizeOf(shape)}.`,
        );
      return { shape, dtype: 'f32', values: new Float64Array(values) };
    });
  }

  /** Shapes: input H·W·C bytes → [classes]. */
  predict(input: Uint8Array): Float32Array<ArrayBuffer> {
    const image = array64(this.#imageShape, input);
    const run = this.#interpreter.run([image, zeros64(stateSpec.shape), ...this.#weights]);
    return Float32Array.from(run.valueOf(this.#output).values);
  }
}
