/**
 * Ops that draw numbers: like dropout's masks they are a hash of (seed, stream, step, element), recomputed where they are used
 * and never stored.
 */
import { type Op, apply } from '../engine/op.js';
import type { Primitive, Shape } from '../engine/primitive.js';
import { runPrimitive } from '../engine/program.js';
import { type Tensor, checkShape, tensorRule } from '../engine/tensor.js';
import { checkCall } from '../calls.js';
import { type Rules, flag, required, seed } from '../options.js';
import { elementwisePrimitive } from './elementwise.js';
import { type RandomStream, randomWords } from './random_words.js';

export type RandomAttributes = RandomStream & { readonly shape: Shape };

export interface RandomOptions {
  readonly stream: number;
  readonly state: Tensor;
  readonly isMicroBatch?: boolean | undefined;
}

const rules = (): Rules<RandomOptions> => ({
  stream: required(seed),
  state: tensorRule(),
  isMicroBatch: flag,
});

/** The op whose values are this WGSL of four random words; `helpers` are the shaders that it calls. */
export function randomOp(
  name: string,
  helpers: readonly string[],
  valueOf: (words: string) => string,
): Op<'state', 'y', RandomAttributes> {
  const forward: Primitive<'state', 'y', RandomAttributes> = {
    ...elementwisePrimitive<'state', RandomAttributes>(
      `${name}/forward`,
      ['state'],
      {
        whole: ['state'],
        helpers: ['random/pcg4d', ...helpers],
        expression: ({ state }, attributes, index) => valueOf(randomWords(state, attributes, index)),
      },
      () => ({ state: 'u32' }),
    ),
    shape: (_, { shape }) => ({ y: shape }),
  };
  return {
    name,
    primitives: [forward],
    forward: (inputs, attributes) => runPrimitive(forward, inputs, attributes),
    backward: () => ({ state: null }),
  };
}

/** What the public function `caller` draws. */
export function draw(
  caller: string,
  op: Op<'state', 'y', RandomAttributes>,
  shape: Shape,
  options: RandomOptions,
): Tensor {
  checkShape(caller, shape);
  checkCall(caller, options, rules);
  const { stream, state, isMicroBatch = false } = options;
  const perSample = isMicroBatch ? shape.slice(1).reduce((product, extent) => product * extent, 1) : 0;
  return apply(op, { state }, { shape, stream, perSample }).y;
}
