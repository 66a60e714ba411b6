/**
 * Standard normal numbers of a seed: like dropout's masks they are a hash of (seed, stream, step, element), the same on every
 * device up to the rounding of a logarithm and a cosine.
 */
import normalWgsl from '../../shaders/random/normal.wgsl';
import pcg4dWgsl from '../../shaders/random/pcg4d.wgsl';
import { type Op, apply } from '../engine/op.js';
import type { Primitive, Shape } from '../engine/primitive.js';
import { runPrimitive } from '../engine/program.js';
import { registerShaders } from '../engine/shader.js';
import { type Tensor, checkShape, tensorRule } from '../engine/tensor.js';
import { checkCall } from '../calls.js';
import { type Rules, flag, required, seed } from '../options.js';
import { elementwisePrimitive } from './elementwise.js';
import { stateWords } from './step_state.js';

registerShaders({ 'random/normal': normalWgsl, 'random/pcg4d': pcg4dWgsl });

export type RandomNormalAttributes = {
  readonly shape: Shape;
  readonly stream: number;
  /** Elements per sample if the tensor is a micro-batch, which has its part of the numbers of the whole batch; otherwise 0. */
  readonly perSample: number;
};

export const randomNormalForward: Primitive<'state', 'y', RandomNormalAttributes> = {
  ...elementwisePrimitive<'state', RandomNormalAttributes>(
    'random_normal/forward',
    ['state'],
    {
      whole: ['state'],
      helpers: ['random/pcg4d', 'random/normal'],
      expression: ({ state }, { stream, perSample }, index) => {
        const word = (name: keyof typeof stateWords): string => `${state}[${stateWords[name]}]`;
        const before = `(${word('cursor')} - ${word('batchStart')}) * ${perSample}u`;
        const element = perSample > 0 ? `${index} + ${before}` : index;
        const words = `pcg4d(vec4u(${word('seed')}, ${stream}u, ${word('step')}, ${element}))`;
        return `normal_from(${words}.x, ${words}.y)`;
      },
    },
    () => ({ state: 'u32' }),
  ),
  shape: (_, { shape }) => ({ y: shape }),
};

export const randomNormalOp: Op<'state', 'y', RandomNormalAttributes> = {
  name: 'random_normal',
  primitives: [randomNormalForward],
  forward: (inputs, attributes) => runPrimitive(randomNormalForward, inputs, attributes),
  backward: () => ({ state: null }),
};

export interface RandomNormalOptions {
  readonly stream: number;
  readonly state: Tensor;
  readonly isMicroBatch?: boolean | undefined;
}

const rules = (): Rules<RandomNormalOptions> => ({
  stream: required(seed),
  state: tensorRule(),
  isMicroBatch: flag,
});

/**
 * Numbers of mean 0 and variance 1, drawn for this step.
 *
 * Shapes: state the step's state → y [N,…] of this shape. `stream` distinguishes layers (see layerStream in src/random.ts). With
 * `isMicroBatch`, y belongs to a part of a batch, and each sample gets the numbers that it has in the whole batch. Of 2²⁴ equally
 * likely radii, the largest is 5.8. Throws: ShapeError for another shape; UsageError for options out of range.
 * Source: Box and Muller 1958.
 */
export function randomNormal(shape: Shape, options: RandomNormalOptions): Tensor {
  checkShape('randomNormal', shape);
  checkCall('randomNormal', options, rules);
  const { stream, state, isMicroBatch = false } = options;
  const perSample = isMicroBatch ? shape.slice(1).reduce((product, extent) => product * extent, 1) : 0;
  return apply(randomNormalOp, { state }, { shape, stream, perSample }).y;
}
