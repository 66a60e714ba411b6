/** Checks of sgd. */
import type { NoAttributes } from '../../engine/primitive.js';
import type { Tensor } from '../../engine/tensor.js';
import { sgd } from '../../nn/optimizers/sgd.js';
import { stateSize } from '../../kernels/step_state.js';
import { combine64 } from '../../reference/arithmetic.js';
import { fill64 } from '../../reference/array64.js';
import { rateOf, sgdReference } from '../../reference/sgd.js';
import { drawSigned, wholeNumber } from '../draws.js';
import { opCheck } from '../op_check.js';
import { drawEpochStep, drawRates, tableShape } from './rmsprop.js';

type Input = 'parameters' | 'gradients' | 'stepScalars' | 'state';

const vectors = (size: number): Record<Input, readonly number[]> => ({
  parameters: [size],
  gradients: [size],
  stepScalars: tableShape,
  state: [stateSize],
});

function update({ parameters, gradients, stepScalars, state }: Readonly<Record<Input, Tensor>>): {
  parameters: Tensor;
} {
  sgd().apply({ parameters, gradients, slots: {}, stepScalars, state }, { decay: true });
  return { parameters };
}

export const sgdCheck = opCheck<Input, 'parameters', NoAttributes>({
  op: { name: 'sgd', primitives: [] },
  reference: sgdReference,
  inputs: {
    parameters: { draw: drawSigned },
    gradients: { draw: drawSigned },
    stepScalars: { draw: drawRates(0.01) },
    state: { dtype: 'u32', draw: drawEpochStep },
  },
  outputs: ['parameters'],
  magnitudes: ({ parameters, gradients, ...step }) => ({
    outputs: {
      parameters: combine64(parameters, gradients, (p, g) => Math.abs(p) + rateOf(step) * Math.abs(g)),
    },
    gradients: {},
  }),
  call: update,
  primitives: {},
  cases: [
    {
      name: 'by hand',
      inputs: { ...vectors(3), stepScalars: [2, 1] },
      options: {},
      byHand: {
        inputs: {
          parameters: [1, 1, -2],
          gradients: [4, -2, 0],
          stepScalars: [9, 0.25],
          state: [0, 0, 0, 0, 1, 0, 0, 0],
        },
        outputs: { parameters: [0, 1.5, -2] },
      },
    },
    { name: 'odd size', inputs: vectors(65), options: {} },
    {
      name: 'no gradient',
      inputs: vectors(33),
      options: {},
      draw: { gradients: (_, shape) => fill64(shape, () => 0) },
    },
    { name: 'a rate of 0', inputs: vectors(9), options: {}, draw: { stepScalars: drawRates(0) } },
    { name: 'many', inputs: vectors(70_001), options: {} },
  ],
  random: (random) => ({ inputs: vectors(wholeNumber(random, 1, 9000)), options: {} }),
  bench: [],
  wrongCalls: [
    {
      name: 'gradients of another length',
      inputs: { ...vectors(4), gradients: [3], state: { shape: [8], dtype: 'u32' } },
      call: update,
    },
    {
      name: 'another state',
      inputs: { ...vectors(4), state: { shape: [4], dtype: 'u32' } },
      call: update,
    },
  ],
});
