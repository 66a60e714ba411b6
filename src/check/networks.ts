/**
 * The networks that gradcheck and the tests check, made of real layers. On a device a program records them; in float64
 * the interpreter runs a trace recorded without a device.
 */
import { sizeOf } from '../engine/primitive.js';
import type { Tensor } from '../engine/tensor.js';
import { Trace } from '../engine/trace.js';
import { add } from '../kernels/index.js';
import {
  activation,
  averagePooling2d,
  batchNormalization,
  concatenate,
  conv2d,
  conv2dTranspose,
  dense,
  depthwiseConv2d,
  dropout,
  flatten,
  globalAveragePooling2d,
  globalMaxPooling2d,
  groupNormalization,
  instanceNormalization,
  layerNormalization,
  maxPooling2d,
  separableConv2d,
  rmsNormalization,
  unitNormalization,
} from '../nn/layers/index.js';
import { networkOfSequence, networkOfTensors } from '../nn/network/build_network.js';
import { input } from '../nn/layers/input.js';
import { paperModel } from '../nn/models.js';
import { type Network, type Parameter, hasGradient } from '../nn/network/network.js';
import { Task } from '../nn/training/task.js';
import { type Array64, fill64 } from '../reference/array64.js';
import { gradients64, withValue } from '../reference/derivatives.js';
import { Interpreter, type Run, referencesOf } from '../reference/interpreter.js';
import { type Random, randomFrom, wholeNumber, wholeBatchState } from './draws.js';
import { checks } from './index.js';

export interface CheckedNetwork {
  readonly network: Network;
  /** Batch size of the check. */
  readonly batch: number;
  readonly lossWeights?: Readonly<Record<string, number>>;
}

/** The network with 887,530 parameters. */
export const paperNetwork: CheckedNetwork = { network: paperModel().network, batch: 2 };

const relu = () => activation({ activation: 'relu' });

/** Covers what `paper` does not: no padding, a stride, windows that overlap or skip pixels. */
export const stridedNetwork: CheckedNetwork = {
  network: networkOfSequence('strided', [
    conv2d({ filters: 8, kernelSize: 5, strides: 2, inputShape: [28, 28, 1] }),
    relu(),
    maxPooling2d({ poolSize: 3, strides: 2 }),
    flatten(),
    dense({ units: 10 }),
  ]),
  batch: 2,
};

/** Small enough to compare every gradient with differences quickly; odd sizes everywhere. */
export const smallNetwork: CheckedNetwork = {
  network: networkOfSequence('small', [
    conv2d({ filters: 6, kernelSize: [3, 2], padding: 'same', inputShape: [9, 7, 3] }),
    relu(),
    maxPooling2d({ poolSize: [2, 3], strides: 2, padding: 'same' }),
    dropout({ rate: 0.25 }),
    flatten(),
    dense({ units: 11 }),
    relu(),
    dense({ units: 5 }),
  ]),
  batch: 2,
};

/** Batch normalisation over pixels and over samples, after layers without bias; average pooling, and units that saturate. */
export const normalisedNetwork: CheckedNetwork = {
  network: networkOfSequence('normalised', [
    conv2d({ filters: 6, kernelSize: [3, 2], padding: 'same', useBias: false, inputShape: [9, 7, 3] }),
    batchNormalization(),
    relu(),
    averagePooling2d({ poolSize: [2, 3], strides: 2, padding: 'same' }),
    dropout({ rate: 0.25 }),
    flatten(),
    dense({ units: 11, useBias: false }),
    batchNormalization(),
    activation({ activation: 'sigmoid' }),
    dense({ units: 5 }),
  ]),
  // Normalisation maps any two samples to ±1.
  batch: 7,
};

/** The other convolutions: separable, depthwise, dilated in groups, transposed; a pool with partial windows. */
export const convolvedNetwork: CheckedNetwork = {
  network: networkOfSequence('convolved', [
    separableConv2d({ filters: 6, kernelSize: [3, 2], depthMultiplier: 2, inputShape: [9, 7, 3] }),
    relu(),
    depthwiseConv2d({ kernelSize: 3, strides: 2, padding: 'same', depthMultiplier: 2 }),
    conv2d({ filters: 8, kernelSize: 2, dilationRate: [2, 1], groups: 4, padding: 'same' }),
    conv2dTranspose({ filters: 5, kernelSize: 3, strides: 2, padding: 'same', activation: 'sigmoid' }),
    averagePooling2d({ poolSize: 3, strides: 2, ceilMode: true }),
    flatten(),
    dense({ units: 5 }),
  ]),
  batch: 2,
};
/** Normalisations of samples, dense layers over pixels, and global pooling. */
export const normalisedSamplesNetwork: CheckedNetwork = { network: normalisedSamples(), batch: 3 };

function normalisedSamples(): Network {
  const x = input({ shape: [9, 7, 3] });
  const image = groupNormalization({ groups: 2 }).apply(conv2d({ filters: 6, kernelSize: [3, 2] }).apply(x));
  const pixels = layerNormalization().apply(dense({ units: 5, activation: 'sigmoid' }).apply(image));
  const whole = layerNormalization({ axis: [1, 2, 3], epsilon: 1e-2 }).apply(pixels);
  const maps = rmsNormalization({ axis: [1, 3] }).apply(instanceNormalization().apply(image));
  const means = globalAveragePooling2d().apply(unitNormalization().apply(whole));
  const features = concatenate().apply([means, globalMaxPooling2d().apply(maps)]);
  return networkOfTensors('normalised samples', {
    inputs: [x],
    outputs: [dense({ units: 5 }).apply(features)],
  });
}

/** Two losses of different weights, through a branch that both share: of logits, and of the probabilities of a softmax. */
export const branchedNetwork: CheckedNetwork = {
  network: branched(),
  batch: 3,
  lossWeights: { coarse: 0.25 },
};

function branched(): Network {
  const x = input({ shape: [9, 7, 3] });
  const features = relu().apply(conv2d({ filters: 6, kernelSize: [3, 2], strides: 2 }).apply(x));
  const shared = dropout({ rate: 0.25 }).apply(flatten().apply(features));
  const outputs = [
    dense({ units: 5, name: 'fine' }).apply(shared),
    dense({ units: 2, activation: 'softmax', name: 'coarse' }).apply(shared),
  ];
  return networkOfTensors('branched', { inputs: [x], outputs });
}

/** The trainable parameters. */
export function trainedIn({ parameters }: Network): readonly Parameter[] {
  return parameters.filter(hasGradient);
}

/** The operands of a loss: the parameters in the order of `network.parameters`, then the batch. */
export interface LossOperands<T> {
  readonly parameters: readonly T[];
  readonly x: T;
  /** Of each output. */
  readonly labels: readonly T[];
  readonly state: T;
}

/** The mean cross-entropy of a batch, of several outputs the weighted sum, in a trace. */
export function networkLoss(
  { network, lossWeights = {} }: CheckedNetwork,
  { parameters, x, labels, state }: LossOperands<Tensor>,
  { isTraining = true } = {},
): { loss: Tensor; totals: Tensor } {
  const byPath = new Map(network.parameters.map(({ path }, i) => [path, parameters[i] as Tensor]));
  const [only] = network.inputs;
  const context = { isTraining, state };
  const values = network.forward(new Map([[only!.name, x]]), (path) => byPath.get(path)!, context);
  const outputs = network.outputs.map((name) => ({ name, shape: network.shapeOf(name) }));
  const task = new Task(outputs, { loss: 'sparseCategoricalCrossentropy', lossWeights });
  const { losses, totals } = task.record((output) => values.get(output)!, {
    targetOf: (output) => labels[network.outputs.indexOf(output)]!,
    weightsOf: () => undefined,
  });
  return { loss: losses.reduce((sum, each) => add(sum, each)), totals: totals([]) };
}

/** Kernels within Glorot's limits, biases within ±0.05, so that a forgotten bias shows, and γ around 1. */
function drawParameter(spec: Parameter, random: Random): Array64 {
  const { path, shape, initializer } = spec;
  if (!hasGradient(spec)) {
    const isOnes = typeof initializer === 'object' && initializer.kind === 'ones';
    return fill64(shape, () => (isOnes ? 1 : 0));
  }
  const window = sizeOf(shape.slice(0, -2));
  const fans = window * ((shape.at(-2) as number) + (shape.at(-1) as number));
  const limit = shape.length === 1 ? 0.05 : Math.sqrt(6 / fans);
  const centre = path.endsWith('/gamma') ? 1 : 0;
  return fill64(shape, () => Math.fround(centre + limit * (2 * random() - 1)));
}

/** The same operands in every run. Random pixels do not tie, so no pooling window has two maxima. */
export function drawOperands({ network, batch }: CheckedNetwork): LossOperands<Array64> {
  const random = randomFrom(3, 0);
  const image = network.inputs[0]!.shape;
  return {
    parameters: network.parameters.map((spec) => drawParameter(spec, random)),
    x: fill64([batch, ...image], () => random()),
    labels: network.outputs.map((output) => {
      const [classes] = network.shapeOf(output) as [number];
      return fill64([batch], () => wholeNumber(random, 0, classes - 1), 'u32');
    }),
    state: wholeBatchState({ seed: 4321, step: 17 }),
  };
}

export const inOrder = <T>({ parameters, x, labels, state }: LossOperands<T>): T[] => [
  ...parameters,
  x,
  ...labels,
  state,
];

/** The loss for operands in that order, and the trainable parameters; in a trace. */
export function recordLoss(
  checked: CheckedNetwork,
  tensors: readonly Tensor[],
): { loss: Tensor; trained: readonly Tensor[] } {
  const { network } = checked;
  const parameters = tensors.slice(0, network.parameters.length);
  const [x, ...others] = tensors.slice(parameters.length) as [Tensor, ...Tensor[]];
  const [labels, state] = [others.slice(0, -1), others.at(-1)!];
  const trained = parameters.filter((_, i) => hasGradient(network.parameters[i]!));
  return { loss: networkLoss(checked, { parameters, x, labels, state }).loss, trained };
}

/** Loss and gradients of a network in float64. */
export class NetworkRun {
  readonly #run: Run;
  readonly #loss: Tensor;
  readonly #trained: readonly Tensor[];

  constructor(checked: CheckedNetwork, operands: LossOperands<Array64>) {
    const arrays = inOrder(operands);
    const trace = new Trace();
    const tensors = arrays.map(({ shape, dtype }) => trace.input({ shape, dtype }));
    const { loss, trained } = trace.record(() => recordLoss(checked, tensors));
    [this.#loss, this.#trained] = [loss, trained];
    const references = referencesOf([...checks.values()].map(({ reference }) => reference));
    this.#run = new Interpreter(trace, references, [loss]).run(arrays);
  }

  get loss(): number {
    return lossOf(this.#run, this.#loss);
  }

  /** In the order of `trainedIn`. */
  gradients(): Array64[] {
    return gradients64(this.#run, this.#loss, this.#trained);
  }

  /** (L(p + ε) − L(p − ε)) / 2ε of one element of one trained parameter. */
  difference(parameter: number, element: number, epsilon = 1e-6): number {
    const tensor = this.#trained[parameter] as Tensor;
    const held = this.#run.valueOf(tensor);
    const lossAt = (by: number): number => {
      const values = held.values.slice();
      values[element]! += by;
      return lossOf(withValue(this.#run, tensor, { ...held, values }), this.#loss);
    };
    return (lossAt(epsilon) - lossAt(-epsilon)) / (2 * epsilon);
  }
}

const lossOf = (run: Run, loss: Tensor): number => run.valueOf(loss).values[0] as number;
