/** Checks of sgd_momentum. */
import type { Tensor } from '../../engine/tensor.js';
import { sgd } from '../../nn/optimizers/sgd.js';
import { stateSize } from '../../kernels/step_state.js';
import { type Array64, fill64 } from '../../reference/array64.js';
import {
  type SgdMomentumAttributes,
  sgdMomentum64,
  sgdMomentumReference,
} from '../../reference/sgd_momentum.js';
import { drawSigned, wholeNumber } from '../draws.js';
import { opCheck } from '../op_check.js';
import { drawEpochStep, drawRates, tableShape } from './rmsprop.js';

type Input = 'parameters' | 'gradients' | 'velocity' | 'stepScalars' | 'state';
type Changed = 'parameters' | 'velocity';

const vectors = (size: number): Record<Input, readonly number[]> => ({
  parameters: [size],
  gradients: [size],
  velocity: [size],
  stepScalars: tableShape,
  state: [stateSize],
});

const plain: SgdMomentumAttributes = { momentum: 0.9, isNesterov: false };
const nesterov: SgdMomentumAttributes = { momentum: 0.9, isNesterov: true };
const half = { stepScalars: [9, 0.5], state: [0, 0, 0, 0, 1, 0, 0, 0] };

function update(
  { parameters, gradients, velocity, stepScalars, state }: Readonly<Record<Input, Tensor>>,
  { momentum, isNesterov }: SgdMomentumAttributes,
): Record<Changed, Tensor> {
  const operands = { parameters, gradients, slots: { velocity }, stepScalars, state };
  sgd({ momentum, nesterov: isNesterov }).apply(operands, { decay: true });
  return { parameters, velocity };
}

export const sgdMomentumCheck = opCheck<Input, Changed, SgdMomentumAttributes>({
  op: { name: 'sgd_momentum', primitives: [] },
  reference: sgdMomentumReference,
  inputs: {
    parameters: { draw: drawSigned },
    gradients: { draw: drawSigned },
    velocity: { draw: drawSigned },
    stepScalars: { draw: drawRates(0.01) },
    state: { dtype: 'u32', draw: drawEpochStep },
  },
  outputs: ['parameters', 'velocity'],
  magnitudes: (inputs, _, options) => {
    const absolute = (x: Array64): Array64 => ({ ...x, values: x.values.map(Math.abs) });
    const { parameters, gradients, velocity } = inputs;
    const operands = {
      ...inputs,
      parameters: absolute(parameters),
      gradients: absolute(gradients),
      velocity: absolute(velocity),
    };
    return { outputs: sgdMomentum64(operands, options, 1), gradients: {} };
  },
  call: update,
  primitives: {},
  cases: [
    {
      name: 'by hand',
      inputs: { ...vectors(2), stepScalars: [2, 1] },
      options: { momentum: 0.75, isNesterov: false },
      byHand: {
        // v = 0.75·4 − 0.5·2 = 2 and 0.75·0 + 0.5·2 = 1.
        inputs: { parameters: [1, 1], gradients: [2, -2], velocity: [4, 0], ...half },
        outputs: { parameters: [3, 2], velocity: [2, 1] },
      },
    },
    {
      name: 'by hand, Nesterov',
      inputs: { ...vectors(2), stepScalars: [2, 1] },
      options: { momentum: 0.75, isNesterov: true },
      byHand: {
        // v as above; the steps are 0.75·2 − 1 = 0.5 and 0.75·1 + 1 = 1.75.
        inputs: { parameters: [1, 1], gradients: [2, -2], velocity: [4, 0], ...half },
        outputs: { parameters: [1.5, 2.75], velocity: [2, 1] },
      },
    },
    { name: 'odd size', inputs: vectors(65), options: plain },
    { name: 'odd size, Nesterov', inputs: vectors(63), options: nesterov },
    {
      name: 'only the velocity',
      inputs: vectors(33),
      options: plain,
      draw: { gradients: (_, shape) => fill64(shape, () => 0) },
    },
    { name: 'many', inputs: vectors(70_001), options: plain },
  ],
  random: (random) => ({
    inputs: vectors(wholeNumber(random, 1, 9000)),
    options: { momentum: random(), isNesterov: random() < 0.5 },
  }),
  bench: [],
  wrongCalls: [
    {
      name: 'a velocity of another length',
      inputs: { ...vectors(4), velocity: [5], state: { shape: [stateSize], dtype: 'u32' } },
      call: (operands) => update(operands, plain),
    },
  ],
});
