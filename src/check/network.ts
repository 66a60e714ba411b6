/**
 * Small networks told twice: with the kernels on a device, and in float64 from the references of single ops.
 * Letters: x a batch of images, y what a layer yields, dy its gradient, dx the gradient that it hands back.
 */
import type { Shape } from '../engine/primitive.js';
import { sizeOf } from '../engine/primitive.js';
import type { Tensor } from '../engine/tensor.js';
import { add } from '../kernels/arithmetic.js';
import { avgPool2d } from '../kernels/avg_pool2d.js';
import { batchNorm } from '../kernels/batch_norm.js';
import { conv2d } from '../kernels/conv2d.js';
import { dropout } from '../kernels/dropout.js';
import { matmul } from '../kernels/matmul.js';
import { maxPool2d } from '../kernels/max_pool2d.js';
import { relu } from '../kernels/relu.js';
import { flatten } from '../kernels/reshape.js';
import { sigmoid } from '../kernels/sigmoid.js';
import { softmaxCrossEntropy } from '../kernels/softmax_cross_entropy.js';
import { stateSize, stateWords } from '../kernels/step_state.js';
import { layerStream, streams } from '../random.js';
import { combine64, reduceTo64 } from '../reference/arithmetic.js';
import { type Array64, array64, fill64, map64 } from '../reference/array64.js';
import { avgPool2dReference } from '../reference/avg_pool2d.js';
import { batchNorm64, batchNormReference } from '../reference/batch_norm.js';
import { conv2d64, conv2dReference } from '../reference/conv2d.js';
import { dropoutFactor64 } from '../reference/dropout.js';
import { matmul64, matmulReference } from '../reference/matmul.js';
import { maxPool2dReference } from '../reference/max_pool2d.js';
import { reluReference } from '../reference/relu.js';
import { sigmoidReference } from '../reference/sigmoid.js';
import { softmaxCrossEntropy64, softmaxCrossEntropyReference } from '../reference/softmax_cross_entropy.js';
import { type Random, randomFrom, wholeNumber } from './draws.js';
import { type WindowOptions, windowAttributes } from './window.js';

export type Layer =
  | ({ readonly kind: 'conv2d'; readonly kernel: Shape; readonly hasNoBias?: true } & WindowOptions)
  | ({ readonly kind: 'max_pool2d'; readonly poolSize: readonly [number, number] } & WindowOptions)
  | ({ readonly kind: 'avg_pool2d'; readonly poolSize: readonly [number, number] } & WindowOptions)
  | { readonly kind: 'dense'; readonly kernel: Shape; readonly hasNoBias?: true }
  | { readonly kind: 'batch_norm'; readonly channels: number }
  | { readonly kind: 'dropout'; readonly rate: number }
  | { readonly kind: 'relu' }
  | { readonly kind: 'sigmoid' }
  | { readonly kind: 'flatten' };

export interface Network {
  readonly name: string;
  /** One image, [H,W,C]. */
  readonly image: Shape;
  readonly classes: number;
  readonly layers: readonly Layer[];
  /** Samples that its check takes; 2 when left out. */
  readonly batch?: number;
}

const same = { strides: [1, 1], padding: 'same' } as const;
const conv = (...kernel: number[]): Layer => ({ kind: 'conv2d', kernel, ...same });
const halve: Layer = { kind: 'max_pool2d', poolSize: [2, 2], strides: [2, 2], padding: 'valid' };
const activation: Layer = { kind: 'relu' };

/** The network of 887,530 parameters. */
export const paperNetwork: Network = {
  name: 'paper',
  image: [28, 28, 1],
  classes: 10,
  layers: [
    conv(5, 5, 1, 32),
    activation,
    conv(5, 5, 32, 32),
    activation,
    halve,
    { kind: 'dropout', rate: 0.25 },
    conv(3, 3, 32, 64),
    activation,
    conv(3, 3, 64, 64),
    activation,
    halve,
    { kind: 'dropout', rate: 0.25 },
    { kind: 'flatten' },
    { kind: 'dense', kernel: [3136, 256] },
    activation,
    { kind: 'dropout', rate: 0.5 },
    { kind: 'dense', kernel: [256, 10] },
  ],
};

/** What `paper` does not reach: no padding, a stride, windows that overlap and leave pixels out. */
export const stridedNetwork: Network = {
  name: 'strided',
  image: [28, 28, 1],
  classes: 10,
  layers: [
    { kind: 'conv2d', kernel: [5, 5, 1, 8], strides: [2, 2], padding: 'valid' },
    activation,
    { kind: 'max_pool2d', poolSize: [3, 3], strides: [2, 2], padding: 'valid' },
    { kind: 'flatten' },
    { kind: 'dense', kernel: [200, 10] },
  ],
};

/** Small enough that every gradient is compared with differences in a moment; odd sizes everywhere. */
export const smallNetwork: Network = {
  name: 'small',
  image: [9, 7, 3],
  classes: 5,
  layers: [
    { kind: 'conv2d', kernel: [3, 2, 3, 6], strides: [1, 1], padding: 'same' },
    activation,
    { kind: 'max_pool2d', poolSize: [2, 3], strides: [2, 2], padding: 'same' },
    { kind: 'dropout', rate: 0.25 },
    { kind: 'flatten' },
    { kind: 'dense', kernel: [120, 11] },
    activation,
    { kind: 'dense', kernel: [11, 5] },
  ],
};

/** Normalised over pixels and over samples, without biases before it; averages, and units that saturate. */
export const normalisedNetwork: Network = {
  name: 'normalised',
  image: [9, 7, 3],
  classes: 5,
  // Two samples alone are brought to ±1 whatever they are.
  batch: 7,
  layers: [
    { kind: 'conv2d', kernel: [3, 2, 3, 6], strides: [1, 1], padding: 'same', hasNoBias: true },
    { kind: 'batch_norm', channels: 6 },
    activation,
    { kind: 'avg_pool2d', poolSize: [2, 3], strides: [2, 2], padding: 'same' },
    { kind: 'dropout', rate: 0.25 },
    { kind: 'flatten' },
    { kind: 'dense', kernel: [120, 11], hasNoBias: true },
    { kind: 'batch_norm', channels: 11 },
    { kind: 'sigmoid' },
    { kind: 'dense', kernel: [11, 5] },
  ],
};

/** The same network with no unit ever dropped. */
export function withoutDropout(network: Network): Network {
  return { ...network, layers: network.layers.filter(({ kind }) => kind !== 'dropout') };
}

export interface ParameterSpec {
  /** As in `conv2/kernel`. */
  readonly name: string;
  readonly shape: Shape;
  /** The layer it belongs to. */
  readonly layer: number;
}

/** Kernel and bias, or γ and β, of each layer that has them, in order. */
export function parametersOf(network: Network): ParameterSpec[] {
  const seen = { conv: 0, dense: 0, norm: 0 };
  return network.layers.flatMap((layer, index) => {
    const spec = (word: keyof typeof seen, part: string, shape: Shape): ParameterSpec => ({
      name: `${word}${seen[word]}/${part}`,
      shape,
      layer: index,
    });
    if (layer.kind === 'batch_norm') {
      seen.norm++;
      return ['gamma', 'beta'].map((part) => spec('norm', part, [layer.channels]));
    }
    if (layer.kind !== 'conv2d' && layer.kind !== 'dense') return [];
    const word = layer.kind === 'conv2d' ? 'conv' : 'dense';
    seen[word]++;
    const kernel = spec(word, 'kernel', layer.kernel);
    return layer.hasNoBias ? [kernel] : [kernel, spec(word, 'bias', layer.kernel.slice(-1))];
  });
}

/** Kernels within Glorot's limits, biases of up to ±0.05, so that a forgotten bias shows, γ around 1. */
export function drawParameters(network: Network, random: Random): Array64[] {
  return parametersOf(network).map(({ name, shape }) => {
    const window = sizeOf(shape.slice(0, -2));
    const fans = window * ((shape.at(-2) as number) + (shape.at(-1) as number));
    const limit = shape.length === 1 ? 0.05 : Math.sqrt(6 / fans);
    const centre = name.endsWith('/gamma') ? 1 : 0;
    return fill64(shape, () => Math.fround(centre + limit * (2 * random() - 1)));
  });
}

/** Random pixels do not tie, so that no pooling window has two largest ones. */
export function drawBatch(network: Network, batch: number, random: Random): { x: Array64; labels: Array64 } {
  return {
    x: fill64([batch, ...network.image], () => random()),
    labels: fill64([batch], () => wholeNumber(random, 0, network.classes - 1), 'u32'),
  };
}

const streamOf = (layer: number): number => layerStream(streams.dropout, layer);

/** The loss as the device computes it; `parameters` in the order of `parametersOf`. */
export function networkLoss(
  { layers }: Network,
  parameters: readonly Tensor[],
  x: Tensor,
  labels: Tensor,
  state: Tensor,
): { loss: Tensor; totals: Tensor; logits: Tensor } {
  let next = 0;
  const parameter = (): Tensor => parameters[next++] as Tensor;
  let y = x;
  const withBias = (product: Tensor, { hasNoBias = false }): Tensor =>
    hasNoBias ? product : add(product, parameter());
  layers.forEach((layer, index) => {
    if (layer.kind === 'conv2d') y = withBias(conv2d(y, parameter(), windowOf(layer)), layer);
    else if (layer.kind === 'dense') y = withBias(matmul(y, parameter()), layer);
    else if (layer.kind === 'batch_norm')
      y = batchNorm(y, { gamma: parameter(), beta: parameter(), state, epsilon }).y;
    else if (layer.kind === 'max_pool2d') y = maxPool2d(y, { poolSize: layer.poolSize, ...windowOf(layer) });
    else if (layer.kind === 'avg_pool2d') y = avgPool2d(y, { poolSize: layer.poolSize, ...windowOf(layer) });
    else if (layer.kind === 'dropout') y = dropout(y, { rate: layer.rate, stream: streamOf(index), state });
    else if (layer.kind === 'sigmoid') y = sigmoid(y);
    else y = layer.kind === 'relu' ? relu(y) : flatten(y);
  });
  return { ...softmaxCrossEntropy(y, labels), logits: y };
}

const windowOf = ({ strides, padding }: WindowOptions): WindowOptions => ({ strides, padding });
const poolOf = (x: Array64, { poolSize, ...window }: WindowOptions & { readonly poolSize: Shape }) => ({
  window: poolSize,
  ...windowAttributes(x.shape, poolSize, window),
});

const plain = { transposeA: false, transposeB: false };
/** Of every normalisation here. */
const epsilon = 1e-3;
/** The state of a step in which every sample counts. */
const wholeBatch = array64(
  [stateSize],
  Array.from({ length: stateSize }, (_, word) => (word === stateWords.epochSize ? 0xffffffff : 0)),
  'u32',
);

/** A network in float64 with its parameters: remembers what each layer was given, so that parts can run again. */
export class Network64 {
  /** The input of each layer, then the logits. */
  readonly #inputs: Array64[] = [];
  readonly #places: (number | undefined)[];

  constructor(
    readonly network: Network,
    readonly parameters: readonly Array64[],
    readonly batch: { readonly x: Array64; readonly labels: Array64 },
    readonly counters: { readonly seed: number; readonly step: number },
  ) {
    const specs = parametersOf(network);
    this.#places = network.layers.map((_, layer) => {
      const place = specs.findIndex((spec) => spec.layer === layer);
      return place < 0 ? undefined : place;
    });
    this.#inputs[0] = batch.x;
    this.lossFrom(0);
  }

  /** Kernel and bias, or γ and β. */
  #weights(layer: number): [first: Array64, second: Array64] {
    const place = this.#places[layer] as number;
    return [this.parameters[place] as Array64, this.parameters[place + 1] as Array64];
  }

  #forward(layer: Layer, index: number, x: Array64): Array64 {
    const [N] = x.shape as [number];
    if (layer.kind === 'relu') return map64(x, (value) => Math.max(value, 0));
    if (layer.kind === 'flatten') return { ...x, shape: [N, sizeOf(x.shape) / N] };
    if (layer.kind === 'sigmoid') return sigmoidReference.forward({ x }, {}).y;
    if (layer.kind === 'max_pool2d') return maxPool2dReference.forward({ x }, poolOf(x, layer)).y;
    if (layer.kind === 'avg_pool2d') return avgPool2dReference.forward({ x }, poolOf(x, layer)).y;
    if (layer.kind === 'dropout') return this.#mask(x, layer.rate, index);
    const [first, second] = this.#weights(index);
    if (layer.kind === 'batch_norm')
      return batchNorm64({ x, gamma: first, beta: second, state: wholeBatch }, { epsilon }).y;
    const product =
      layer.kind === 'dense'
        ? matmul64(x, first, plain)
        : conv2d64(x, first, windowAttributes(x.shape, first.shape, layer));
    return layer.hasNoBias ? product : combine64(product, second, (a, b) => a + b);
  }

  #mask(x: Array64, rate: number, layer: number): Array64 {
    const at = { rate, stream: streamOf(layer), ...this.counters };
    return map64(x, (value, i) => value * dropoutFactor64(i, at));
  }

  /** The loss when the layers from `first` on run again. */
  lossFrom(first: number, keep = true): number {
    let x = this.#inputs[first] as Array64;
    this.network.layers.slice(first).forEach((layer, i) => {
      x = this.#forward(layer, first + i, x);
      if (keep) this.#inputs[first + i + 1] = x;
    });
    return softmaxCrossEntropy64({ logits: x, labels: this.batch.labels }).loss.values[0] as number;
  }

  /** The gradients of the loss, in the order of the parameters. */
  gradients(): Array64[] {
    const { layers } = this.network;
    const logits = this.#inputs[layers.length] as Array64;
    const operands = { logits, labels: this.batch.labels };
    const one = { loss: array64([], [1]), totals: array64([4], [0, 0, 0, 0]) };
    let dy = softmaxCrossEntropyReference.backward!(operands, one, {}).logits!;
    const gradients: Array64[] = [];
    for (const [index, layer] of [...layers.entries()].reverse()) {
      const x = this.#inputs[index] as Array64;
      if (layer.kind === 'relu') {
        dy = reluReference.backward!({ x }, { y: dy }, {}).x!;
      } else if (layer.kind === 'flatten') dy = { ...dy, shape: x.shape };
      else if (layer.kind === 'max_pool2d')
        dy = maxPool2dReference.backward!({ x }, { y: dy }, poolOf(x, layer)).x!;
      else if (layer.kind === 'avg_pool2d')
        dy = avgPool2dReference.backward!({ x }, { y: dy }, poolOf(x, layer)).x!;
      else if (layer.kind === 'sigmoid') dy = sigmoidReference.backward!({ x }, { y: dy }, {}).x!;
      else if (layer.kind === 'dropout') dy = this.#mask(dy, layer.rate, index);
      else {
        const [first, second] = this.#weights(index);
        const place = this.#places[index] as number;
        if (layer.kind === 'batch_norm') {
          const operands = { x, gamma: first, beta: second, state: wholeBatch };
          const dys = { y: dy, mean: dy, variance: dy };
          const all = batchNormReference.backward!(operands, dys, { epsilon });
          [gradients[place], gradients[place + 1], dy] = [all.gamma!, all.beta!, all.x!];
          continue;
        }
        if (!layer.hasNoBias) gradients[place + 1] = reduceTo64(dy, second.shape);
        if (layer.kind === 'dense') {
          const both = matmulReference.backward!({ a: x, b: first }, { c: dy }, plain);
          [gradients[place], dy] = [both.b!, both.a!];
        } else {
          const window = windowAttributes(x.shape, first.shape, layer);
          const both = conv2dReference.backward!({ x, kernel: first }, { y: dy }, window);
          [gradients[place], dy] = [both.kernel!, both.x!];
        }
      }
    }
    return gradients;
  }

  /** (L(p + ε) − L(p − ε)) / 2ε of one element of one parameter; only the layers from its own on run again. */
  difference(parameter: number, element: number, epsilon = 1e-6): number {
    const { values } = this.parameters[parameter] as Array64;
    const { layer } = parametersOf(this.network)[parameter] as ParameterSpec;
    const held = values[element] as number;
    values[element] = held + epsilon;
    const above = this.lossFrom(layer, false);
    values[element] = held - epsilon;
    const below = this.lossFrom(layer, false);
    values[element] = held;
    return (above - below) / (2 * epsilon);
  }
}

/** The same parameters and batch every time. */
export function drawNetwork(network: Network, batch: number): Network64 {
  const random = randomFrom(3, 0);
  return new Network64(network, drawParameters(network, random), drawBatch(network, batch, random), {
    seed: 4321,
    step: 17,
  });
}
