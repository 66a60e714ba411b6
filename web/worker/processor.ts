/**
 * A model's forward pass in plain JavaScript, for where there is no device or none is ready yet: the float64 references
 * of the ops, one layer after another, for one image. `simple` takes some 30 ms, `paper` 100.
 * Letters: H × W pixels, C channels; K values of a row.
 */
import { sizeOf } from '../../src/engine/primitive.js';
import { ModelError } from '../../src/errors.js';
import type { LayerConfig } from '../../src/nn/layers/layer.js';
import type { Model } from '../../src/nn/model.js';
import { type Padding, windowAttributes } from '../../src/kernels/window.js';
import { type Array64, array64, fill64, map64 } from '../../src/reference/array64.js';
import { avgPool64 } from '../../src/reference/avg_pool2d.js';
import { batchNormInference64 } from '../../src/reference/batch_norm_inference.js';
import { conv2d64 } from '../../src/reference/conv2d.js';
import { filter64 } from '../../src/reference/filter2d.js';
import { matmul64 } from '../../src/reference/matmul.js';
import { maxPool64 } from '../../src/reference/max_pool2d.js';
import type { PoolAttributes } from '../../src/reference/pool2d.js';
import { sigmoid64 } from '../../src/reference/sigmoid.js';
import { softmax64 } from '../../src/reference/softmax.js';
import type { WindowAttributes } from '../../src/reference/window.js';

/** What a model is without its device. */
export type Architecture = Pick<Model, 'inputShape' | 'layers' | 'name' | 'network' | 'preprocessing'>;

/** By name, as `Model.weights` yields them. */
export type Weights = ReadonlyMap<string, Float32Array>;

/** A layer with its weights at hand. */
interface HostLayer {
  readonly className: string;
  readonly config: LayerConfig;
  /** By the layer's own word for them, such as `kernel`. */
  readonly parameters: Readonly<Record<string, Array64>>;
}

/** A model with its weights on the host. Throws: ModelError when a weight is missing or a layer is unknown. */
export class Processor {
  readonly #layers: readonly HostLayer[];

  constructor(
    private readonly model: Architecture,
    weights: Weights,
  ) {
    if (!model.network.isSequence)
      throw new ModelError(`processor: '${model.name}' is a graph, expected layers one after another.`);
    this.#layers = model.layers.map(({ layer: { className, config }, name, parameters }) => {
      if (!Object.hasOwn(computations, className))
        throw new ModelError(`processor: layer class '${className}' of '${name}' is unknown here.`);
      const own = parameters.map(({ name: word, shape }) => {
        const values = weights.get(`${name}/${word}`);
        if (values?.length !== sizeOf(shape))
          throw new ModelError(
            `processor: '${name}/${word}' has ${values?.length ?? 'no'} values, expected ${sizeOf(shape)}.`,
          );
        return [word, array64(shape, values)] as const;
      });
      return { className, config, parameters: Object.fromEntries(own) };
    });
  }

  /** Shapes: input H·W·C bytes → [classes]. */
  predict(input: Uint8Array): Float32Array<ArrayBuffer> {
    const x = prepared(this.model, input);
    const y = this.#layers.reduce((values, layer) => computations[layer.className]!(values, layer), x);
    return Float32Array.from(y.values);
  }
}

/** What src/nn/inputs.ts records: bytes scaled; where there are filters, these see 0 … 1 with black outside. */
function prepared({ inputShape, preprocessing }: Architecture, input: Uint8Array): Array64 {
  const { scale, offset, filters } = preprocessing;
  const shape = [1, ...inputShape];
  if (filters.length === 0) return fill64(shape, (i) => (input[i] as number) * scale + offset);
  const unit = fill64(shape, (i) => (input[i] as number) / 255);
  const filtered = filters.reduce((x, { kernel, iterations }) => filter64(x, { kernel, iterations }), unit);
  return map64(filtered, (value) => value * 255 * scale + offset);
}

const computations: Readonly<Record<string, (x: Array64, layer: HostLayer) => Array64>> = {
  Conv2D: (x, layer) => activated(biased(convolved(x, layer), layer), layer),
  Dense: (x, layer) => activated(biased(matmul64(x, layer.parameters['kernel']!, plain), layer), layer),
  MaxPooling2D: (x, layer) => maxPool64(x, poolOf(x, layer)),
  AveragePooling2D: (x, layer) => avgPool64(x, poolOf(x, layer)),
  BatchNormalization: normalised,
  Activation: activated,
  Flatten: (x) => ({ ...x, shape: [1, x.values.length] }),
  Dropout: (x) => x,
};

const plain = { transposeA: false, transposeB: false } as const;

interface WindowConfig {
  readonly poolSize: readonly [number, number];
  readonly strides: readonly [number, number];
  readonly padding: Padding;
}

function windowOf(x: Array64, window: readonly number[], { config }: HostLayer): WindowAttributes {
  const { strides, padding } = config as unknown as WindowConfig;
  return windowAttributes('processor', x.shape, [window[0]!, window[1]!], strides, padding);
}

function convolved(x: Array64, layer: HostLayer): Array64 {
  const kernel = layer.parameters['kernel']!;
  return conv2d64(x, kernel, windowOf(x, kernel.shape, layer));
}

function poolOf(x: Array64, layer: HostLayer): PoolAttributes {
  const { poolSize } = layer.config as unknown as WindowConfig;
  return { window: poolSize, ...windowOf(x, poolSize, layer) };
}

function biased(y: Array64, { parameters: { bias } }: HostLayer): Array64 {
  if (!bias) return y;
  const { values, shape } = bias;
  const K = shape[0] as number;
  return map64(y, (value, i) => value + (values[i % K] as number));
}

function normalised(x: Array64, { config, parameters }: HostLayer): Array64 {
  const mean = parameters['moving_mean']!;
  const variance = parameters['moving_variance']!;
  const gamma = parameters['gamma'] ?? fill64(mean.shape, () => 1);
  const beta = parameters['beta'] ?? fill64(mean.shape, () => 0);
  return batchNormInference64({ x, gamma, beta, mean, variance }, { epsilon: config['epsilon'] as number });
}

const activations: Readonly<Record<string, (x: Array64) => Array64>> = {
  linear: (x) => x,
  relu: (x) => map64(x, (value) => Math.max(value, 0)),
  sigmoid: sigmoid64,
  softmax: softmax64,
};

function activated(x: Array64, { config }: HostLayer): Array64 {
  return activations[config['activation'] as string]!(x);
}
