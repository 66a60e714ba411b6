/** Checks of rmsprop. */
import { runPrimitive } from '../../engine/program.js';
import { rmspropUpdate } from '../../nn/optimizers/rmsprop.js';
import type { Constants } from '../../nn/optimizers/update.js';
import { stateSize, stateWords } from '../../kernels/step_state.js';
import { array64, fill64, map64 } from '../../reference/array64.js';
import { type RmspropAttributes, rmspropReference, rmspropStep64 } from '../../reference/rmsprop.js';
import { type Draw, drawSigned, wholeNumber } from '../draws.js';
import { opCheck } from '../op_check.js';

type Input = 'parameters' | 'gradients' | 'mean_square' | 'stepScalars' | 'state';
type Changed = 'parameters' | 'mean_square';

/** The scalars of a step for each step of the epoch; `scalars` are those of `drawEpochStep`. */
export const drawTable =
  (scalars: readonly number[]): Draw =>
  (_, shape) =>
    fill64(shape, (index) => {
      const row = Math.floor(index / scalars.length);
      return row === epochStep ? Math.fround(scalars[index % scalars.length]!) : 1000 + row;
    });
/** The same with the learning rate alone. */
export const drawRates = (rate: number): Draw => drawTable([rate]);
const epochStep = 3;
/** The state at the fourth step of the epoch. */
export const drawEpochStep: Draw = () => {
  const values = new Float64Array(stateSize);
  values[stateWords.epochStep] = epochStep;
  return array64([stateSize], values, 'u32');
};
export const tableShape = [5, 1];

export const drawSquares: Draw = (random, shape) => fill64(shape, () => Math.fround(random() ** 2));
export const drawZeros: Draw = (_, shape) => fill64(shape, () => 0);

const vectors = (size: number): Record<Input, readonly number[]> => ({
  parameters: [size],
  gradients: [size],
  mean_square: [size],
  stepScalars: tableShape,
  state: [stateSize],
});

const keras: RmspropAttributes = { rho: 0.9, epsilon: 1e-8, epsilonInsideRoot: true };
const torch: RmspropAttributes = { rho: 0.99, epsilon: 1e-8, epsilonInsideRoot: false };

const constantsOf = ({ rho, epsilon, epsilonInsideRoot }: RmspropAttributes): Record<string, number> => ({
  RHO: rho,
  EPSILON: epsilon,
  EPSILON_INSIDE: epsilonInsideRoot ? 1 : 0,
});

export const rmspropCheck = opCheck<Input, Changed, RmspropAttributes>({
  op: { name: 'rmsprop', primitives: [rmspropUpdate] },
  reference: rmspropReference,
  inputs: {
    parameters: { draw: drawSigned },
    gradients: { draw: drawSigned },
    mean_square: { draw: drawSquares },
    stepScalars: { draw: drawRates(1e-3) },
    state: { dtype: 'u32', draw: drawEpochStep },
  },
  outputs: ['parameters', 'mean_square'],
  magnitudes: (inputs, _, options) => {
    const { step } = rmspropStep64(inputs, options);
    const parameters = map64(inputs.parameters, (p, i) => Math.abs(p) + Math.abs(step[i] as number));
    return { outputs: { parameters }, gradients: {} };
  },
  // 1 − ρ is computed from an f32 ρ, whose error of 2⁻²⁵ it magnifies by ρ / (1 − ρ): 100 times for ρ = 0.99.
  roundings: { mean_square: 110, parameters: 80 },
  primitives: {
    'rmsprop/update': ({ inputs, options, outputs }) => ({
      inputs,
      attributes: constantsOf(options),
      results: outputs,
    }),
  },
  cases: [
    {
      name: 'by hand',
      inputs: { ...vectors(2), stepScalars: [2, 1] },
      options: { rho: 0.75, epsilon: 0, epsilonInsideRoot: true },
      byHand: {
        // v = 0.75·4 + 0.25·4² = 7; v = 0.25·2² = 1. The rate is 0.5.
        inputs: {
          parameters: [1, 1],
          gradients: [4, -2],
          mean_square: [4, 0],
          stepScalars: [9, 0.5],
          state: [0, 0, 0, 0, 1, 0, 0, 0],
        },
        outputs: { parameters: [1 - 2 / Math.sqrt(7), 2], mean_square: [7, 1] },
      },
    },
    { name: 'ε inside', inputs: vectors(65), options: keras },
    { name: 'ε outside', inputs: vectors(63), options: torch },
    { name: 'a large ε inside', inputs: vectors(64), options: { ...keras, epsilon: 0.25 } },
    { name: 'a large ε outside', inputs: vectors(9), options: { ...torch, epsilon: 0.25 } },
    {
      name: 'gradient and mean square 0',
      inputs: vectors(33),
      options: keras,
      draw: { gradients: drawZeros, mean_square: drawZeros },
    },
    {
      name: 'gradient and mean square 0, ε outside',
      inputs: vectors(33),
      options: torch,
      draw: { gradients: drawZeros, mean_square: drawZeros },
    },
    { name: 'ε outside, by vec4', inputs: vectors(68), options: torch },
    { name: 'many', inputs: vectors(70_001), options: keras },
    { name: 'many, by vec4', inputs: vectors(70_004), options: keras },
  ],
  random: (random) => ({
    inputs: vectors(wholeNumber(random, 1, 9000)),
    options: {
      rho: 0.8 + 0.19 * random(),
      epsilon: 10 ** -wholeNumber(random, 1, 8),
      epsilonInsideRoot: random() < 0.5,
    },
  }),
  bench: [{ name: 'all of paper', inputs: vectors(887_530), options: keras }],
  wrongCalls: [
    {
      name: 'a mean square of another length',
      inputs: { ...vectors(4), mean_square: [2], state: { shape: [stateSize], dtype: 'u32' } },
      call: (operands) => runPrimitive<string, never, Constants>(rmspropUpdate, operands, constantsOf(keras)),
    },
    {
      name: 'a table of the wrong size',
      inputs: { ...vectors(4), stepScalars: [5, 2], state: { shape: [stateSize], dtype: 'u32' } },
      call: (operands) => runPrimitive<string, never, Constants>(rmspropUpdate, operands, constantsOf(keras)),
    },
  ],
});
