/**
 * Checks of the updates that optimizers make of ops: one kernel each, without primitives of their own.
 * `sgd_momentum` has its own check, and `rmsprop`, whose kernel is its own.
 */
import type { Shape } from '../../engine/primitive.js';
import type { Tensor } from '../../engine/tensor.js';
import { mapRecord } from '../../engine/trace.js';
import { stateSize } from '../../kernels/step_state.js';
import { adadelta } from '../../nn/optimizers/adadelta.js';
import { adagrad } from '../../nn/optimizers/adagrad.js';
import { adam, adamW } from '../../nn/optimizers/adam.js';
import { adamax } from '../../nn/optimizers/adamax.js';
import { lion } from '../../nn/optimizers/lion.js';
import { muon } from '../../nn/optimizers/muon.js';
import { nadam } from '../../nn/optimizers/nadam.js';
import type { Optimizer } from '../../nn/optimizers/optimizer.js';
import { rmsprop } from '../../nn/optimizers/rmsprop.js';
import { sgd } from '../../nn/optimizers/sgd.js';
import { map64 } from '../../reference/array64.js';
import { type UpdateAttributes, updateReference } from '../../reference/optimizers.js';
import { type Draw, drawSigned, oneOf, wholeNumber } from '../draws.js';
import { type Case, type OpCheck, opCheck } from '../op_check.js';
import { drawEpochStep, drawSquares, drawTable, drawZeros, tableShape } from './rmsprop.js';

type Numbers = Readonly<Record<string, readonly number[]>>;

/** An optimizer, and the number of the update. */
type UpdateOptions = { readonly optimizer: Optimizer; readonly update: number };

interface UpdateCheck {
  /** Of the check, as in `adam_amsgrad`. */
  readonly name: string;
  /** Optimizers by what is special about them; all have the same slots. */
  readonly optimizers: Readonly<Record<string, Optimizer>>;
  /** Two parameters, gradients and values of each slot, and what the update makes of them. */
  readonly byHand: UpdateOptions & { readonly inputs: Numbers; readonly outputs: Numbers };
  /** Whether the parameters are matrices, which muon updates as such, with the first slot alone. */
  readonly isMatrix?: true;
  /** How slots are drawn. Default: squares, or signed for means of what has a sign. */
  readonly draw?: Readonly<Record<string, Draw>>;
}

/** Slots for means of what has a sign; the others hold squares or maxima. */
const signedSlots = ['mean', 'momentum', 'average'];
/** What steps are subtracted from: all terms have one sign if it is negative and the other operands are not. */
const negated = ['parameters', 'average'];
const absolute = ['gradients', 'mean', 'momentum'];

const learningRate = 0.5;
const rateOf = ({ optimizer }: UpdateOptions): number => optimizer.learningRate as number;

function updateCheck({ name, optimizers, byHand, isMatrix, draw = {} }: UpdateCheck): OpCheck {
  const [first, ...others] = Object.values(optimizers) as [Optimizer, ...Optimizer[]];
  const { slots } = first;
  const changed = isMatrix ? slots.slice(0, 1) : slots;
  const reference = updateReference(name, first.name);
  const attributesOf = ({ optimizer, update }: UpdateOptions): UpdateAttributes =>
    ({ ...optimizer.config, learningRate: optimizer.learningRate, update }) as UpdateAttributes;
  const inputsOf = (shape: Shape, { scalars }: Optimizer): Record<string, Shape> => ({
    ...Object.fromEntries(['parameters', 'gradients', ...slots].map((operand) => [operand, shape])),
    stepScalars: [tableShape[0]!, Object.keys(scalars).length],
    state: [stateSize],
  });
  const drawScalars = (options: UpdateOptions): Draw =>
    drawTable(
      Object.values(options.optimizer.scalars).map((scalar) =>
        scalar({ learningRate: rateOf(options), update: options.update }),
      ),
    );
  const given = (shape: Shape, options: UpdateOptions, own: Readonly<Record<string, Draw>> = {}) => ({
    inputs: inputsOf(shape, options.optimizer),
    options,
    draw: { ...own, stepScalars: drawScalars(options) },
  });
  const call = (
    { parameters, gradients, stepScalars, state, ...kept }: Readonly<Record<string, Tensor>>,
    { optimizer }: Pick<UpdateOptions, 'optimizer'>,
  ): Record<string, Tensor> => {
    const operands = { parameters, gradients, slots: kept, stepScalars, state };
    optimizer.apply(operands as Parameters<Optimizer['apply']>[0], {
      decay: true,
      isMatrix: isMatrix === true,
    });
    return { parameters: parameters!, ...Object.fromEntries(changed.map((slot) => [slot, kept[slot]!])) };
  };
  const slotZeros = Object.fromEntries(slots.map((slot) => [slot, drawZeros]));
  const sizes = isMatrix
    ? [
        [3, 5],
        [17, 16],
        [1, 3, 2, 9],
      ]
    : [[65], [63], [64]];
  const many = isMatrix ? [65, 33] : [70_001];
  const cases: Case<string, string, UpdateOptions>[] = [
    {
      name: 'by hand',
      ...given(isMatrix ? [1, 2] : [2], byHand),
      byHand: { inputs: byHand.inputs, outputs: byHand.outputs },
    },
    ...Object.entries(optimizers).map(([title, optimizer], i) => ({
      name: title,
      ...given(sizes[i % sizes.length]!, { optimizer, update: 3 + i }),
    })),
    { name: 'the first update', ...given(sizes[1]!, { optimizer: first, update: 1 }, slotZeros) },
    ...(isMatrix
      ? []
      : [
          {
            name: 'gradients and slots of 0',
            ...given([33], { optimizer: first, update: 1 }, { ...slotZeros, gradients: drawZeros }),
          },
        ]),
    { name: 'many', ...given(many, { optimizer: first, update: 12 }) },
  ];
  return opCheck<string, string, UpdateOptions, UpdateAttributes>({
    op: { name, primitives: [] },
    reference,
    attributes: (_, options) => attributesOf(options),
    inputs: {
      parameters: { draw: drawSigned },
      gradients: { draw: drawSigned },
      ...Object.fromEntries(
        slots.map((slot) => [
          slot,
          { draw: draw[slot] ?? (signedSlots.includes(slot) ? drawSigned : drawSquares) },
        ]),
      ),
      // The host computes it from finite numbers; its draw is that of the case.
      stepScalars: { draw: drawZeros, isFinite: true },
      state: { dtype: 'u32', draw: drawEpochStep },
    },
    outputs: ['parameters', ...changed],
    magnitudes: (inputs, _, options) => {
      const sameSign = (operand: string, value: number): number =>
        negated.includes(operand) ? -Math.abs(value) : absolute.includes(operand) ? Math.abs(value) : value;
      const terms = mapRecord(inputs, (array, operand) => map64(array, (value) => sameSign(operand, value)));
      const size = mapRecord(reference.forward(terms, attributesOf(options)), (array) =>
        map64(array, Math.abs),
      );
      const { parameters } = inputs;
      // Every element of an orthogonal step may be a sum of terms as large as the step.
      const ofMatrix = {
        parameters: map64(parameters!, (p) => Math.abs(p) + rateOf(options)),
      };
      return { outputs: { ...size, ...(isMatrix ? ofMatrix : {}) }, gradients: {} };
    },
    roundings: { parameters: 12 },
    call,
    primitives: {},
    cases,
    random: (random) =>
      given(
        isMatrix ? [wholeNumber(random, 2, 40), wholeNumber(random, 2, 40)] : [wholeNumber(random, 1, 9000)],
        { optimizer: oneOf(random, [first, ...others]), update: wholeNumber(random, 1, 100) },
      ),
    bench: [],
    wrongCalls: slots.slice(0, 1).map((slot) => ({
      name: `${slot} of another length`,
      inputs: { ...inputsOf([4], first), [slot]: [5], state: { shape: [stateSize], dtype: 'u32' as const } },
      call: (operands) => call(operands, { optimizer: first }),
    })),
  });
}

/** Means, squares, and gradients of the cases by hand: with β = 0.75 the means become 2 and −0.5, the mean squares 1 and 4. */
const moments = { parameters: [1, 1], gradients: [2, -2], mean: [2, 0], mean_square: [0, 4] };
const momentsAfter = { mean: [2, -0.5], mean_square: [1, 4] };
const betas = { beta1: 0.75, beta2: 0.75 };
const iteration = { muonA: 2, muonB: -1.5, muonC: 0.5, nsSteps: 1, rmsRate: null };
/** So that the variance stays away from 0, where rounding magnifies its errors. */
const drawVariance: Readonly<Record<string, Draw>> = {
  mean: (random, shape) => map64(drawSigned(random, shape), (value) => value / 2),
  mean_square: (random, shape, all) =>
    map64(drawSquares(random, shape, all), (value) => Math.fround(0.5 + value)),
};

export const optimizerChecks: readonly OpCheck[] = [
  updateCheck({
    name: 'adam',
    optimizers: {
      'odd size': adam({ learningRate }),
      'ε corrected': adam({ learningRate, epsilonPlacement: 'corrected', epsilon: 0.25 }),
      'a large ε, clipped': adam({ learningRate, epsilon: 0.25, clipValue: 0.5 }),
    },
    byHand: {
      // The rate is 0.5·√0.25 / 0.25 = 1, ε is 1.
      optimizer: adam({ ...betas, learningRate, epsilon: 1 }),
      update: 1,
      inputs: moments,
      outputs: { ...momentsAfter, parameters: [1 - 2 / (1 + 1), 1 + 0.5 / (2 + 1)] },
    },
  }),
  updateCheck({
    name: 'adam_amsgrad',
    optimizers: {
      'odd size': adam({ learningRate, amsgrad: true }),
      'ε corrected': adam({ learningRate, amsgrad: true, epsilonPlacement: 'corrected', epsilon: 0.25 }),
    },
    byHand: {
      // As adam, with 4 as the greatest mean square of both.
      optimizer: adam({ ...betas, learningRate, epsilon: 1, amsgrad: true }),
      update: 1,
      inputs: { ...moments, max_mean_square: [4, 1] },
      outputs: {
        ...momentsAfter,
        max_mean_square: [4, 4],
        parameters: [1 - 2 / (2 + 1), 1 + 0.5 / (2 + 1)],
      },
    },
  }),
  updateCheck({
    name: 'adam_w',
    optimizers: {
      'odd size': adamW({ learningRate }),
      'a large decay': adamW({ learningRate, weightDecay: 0.5, epsilon: 0.25 }),
    },
    byHand: {
      // As adam, from the parameters less 0.5·0.5 of themselves.
      optimizer: adamW({ ...betas, learningRate, epsilon: 1, weightDecay: 0.5 }),
      update: 1,
      inputs: moments,
      outputs: { ...momentsAfter, parameters: [0.75 - 2 / (1 + 1), 0.75 + 0.5 / (2 + 1)] },
    },
  }),
  updateCheck({
    name: 'adamax',
    optimizers: {
      'odd size': adamax({ learningRate }),
      'a large ε': adamax({ learningRate, epsilon: 0.25 }),
      'ε inside': adamax({ learningRate, epsilon: 0.25, epsilonPlacement: 'inside' }),
    },
    byHand: {
      // The norms are max(0.5·8, 2) and max(0, 2); the rate is 0.5 / 0.25 = 2.
      optimizer: adamax({ learningRate, beta1: 0.75, beta2: 0.5, epsilon: 1 }),
      update: 1,
      inputs: { parameters: [1, 1], gradients: [2, -2], mean: [2, 0], norm: [8, 0] },
      outputs: { mean: [2, -0.5], norm: [4, 2], parameters: [1 - (2 * 2) / 5, 1 + (2 * 0.5) / 3] },
    },
  }),
  updateCheck({
    name: 'nadam',
    optimizers: {
      'odd size': nadam({ learningRate }),
      'a slow decay, a large ε': nadam({ learningRate, momentumDecay: 0.004, epsilon: 0.25 }),
    },
    byHand: {
      // u(1) = 0.5·(1 − 0.48) = 0.26 and u(2) = 0.5·(1 − 0.4608) = 0.2696, whose product is 0.070096; the factor of the
      // gradients is (1 − 0.26) / (1 − 0.26). The roots are √(1 / 0.25) = 2 and √(4 / 0.25) = 4.
      optimizer: nadam({ learningRate: 1, beta1: 0.5, beta2: 0.75, epsilon: 1 }),
      update: 1,
      inputs: moments,
      outputs: {
        mean: [2, -1],
        mean_square: [1, 4],
        parameters: [
          1 - ((2 * 0.2696) / (1 - 0.070096) + 2) / (2 + 1),
          1 + (0.2696 / (1 - 0.070096) + 2) / (4 + 1),
        ],
      },
    },
  }),
  updateCheck({
    name: 'adagrad',
    optimizers: {
      'odd size': adagrad({ learningRate }),
      'a large ε': adagrad({ learningRate, epsilon: 0.25 }),
      'ε outside': adagrad({ learningRate, epsilon: 0.25, epsilonPlacement: 'outside' }),
    },
    byHand: {
      // The sums are 1 + 4 and 8 + 4, the roots √(5 + 3 + 1) and √(12 + 3 + 1).
      optimizer: adagrad({ learningRate, initialAccumulatorValue: 3, epsilon: 1 }),
      update: 1,
      inputs: { parameters: [1, 1], gradients: [2, -2], accumulator: [1, 8] },
      outputs: { accumulator: [5, 12], parameters: [1 - 1 / 3, 1 + 1 / 4] },
    },
  }),
  updateCheck({
    name: 'adadelta',
    optimizers: {
      'odd size': adadelta({ learningRate }),
      'a large ε': adadelta({ learningRate, epsilon: 0.25 }),
    },
    byHand: {
      // The mean squares are 0.25·4 and 0.75·16 + 0.25·4; the steps are √(1 + 3) / √(1 + 3) · 2 and −√(6 + 3) / √(13 + 3) · 2.
      optimizer: adadelta({ learningRate, rho: 0.75, epsilon: 3 }),
      update: 1,
      inputs: { parameters: [1, 1], gradients: [2, -2], mean_square: [0, 16], mean_square_step: [1, 6] },
      outputs: {
        mean_square: [1, 13],
        mean_square_step: [0.75 + 0.25 * 4, 4.5 + 0.25 * 2.25],
        parameters: [1 - 0.5 * 2, 1 + 0.5 * 1.5],
      },
    },
  }),
  updateCheck({
    name: 'lion',
    optimizers: { 'odd size': lion({ learningRate }), 'other factors': lion({ learningRate, beta1: 0.5 }) },
    byHand: {
      // The signs are those of 0.5·−4 + 0.5·2 = −1 and of 0.5·2 − 0.5·2 = 0.
      optimizer: lion({ learningRate, beta1: 0.5, beta2: 0.75 }),
      update: 1,
      inputs: { parameters: [1, 1], gradients: [2, -2], mean: [-4, 2] },
      outputs: { mean: [-3 + 0.5, 1.5 - 0.5], parameters: [1.5, 1] },
    },
  }),
  updateCheck({
    name: 'rmsprop_centered',
    optimizers: {
      'odd size': rmsprop({ learningRate, centered: true }),
      'ε outside': rmsprop({ learningRate, centered: true, epsilon: 0.25, epsilonPlacement: 'outside' }),
    },
    byHand: {
      // The means are 1.5 + 0.5 and 1.5 − 0.5, the mean squares 6 + 1 and 3 + 1, the roots √(7 − 4 + 1) and √(4 − 1 + 1).
      optimizer: rmsprop({ learningRate, centered: true, rho: 0.75, epsilon: 1 }),
      update: 1,
      inputs: { parameters: [1, 1], gradients: [2, -2], mean_square: [8, 4], mean: [2, 2] },
      outputs: { mean_square: [7, 4], mean: [2, 1], parameters: [1 - 1 / 2, 1 + 1 / 2] },
    },
    draw: drawVariance,
  }),
  updateCheck({
    name: 'rmsprop_momentum',
    optimizers: {
      'odd size': rmsprop({ learningRate, momentum: 0.9 }),
      'ε outside': rmsprop({ learningRate, momentum: 0.9, epsilon: 0.25, epsilonPlacement: 'outside' }),
    },
    byHand: {
      // The mean squares are 6 + 1, the steps ±1 / √(7 + 2).
      optimizer: rmsprop({ learningRate, momentum: 0.5, rho: 0.75, epsilon: 2 }),
      update: 1,
      inputs: { parameters: [1, 1], gradients: [2, -2], mean_square: [8, 8], momentum: [2, 4] },
      outputs: {
        mean_square: [7, 7],
        momentum: [1 + 1 / 3, 2 - 1 / 3],
        parameters: [1 - (1 + 1 / 3), 1 - (2 - 1 / 3)],
      },
    },
  }),
  updateCheck({
    name: 'sgd_averages',
    optimizers: {
      'odd size': sgd({ learningRate, useEma: true }),
      'overwriting the weights': sgd({ learningRate, useEma: true, emaOverwriteFrequency: 2 }),
      'not yet overwriting': sgd({ learningRate, useEma: true, emaOverwriteFrequency: 100 }),
    },
    byHand: {
      // The averages are 0.75·4 + 0.25·0 and 0.25·2.
      optimizer: sgd({ learningRate, useEma: true, emaMomentum: 0.75 }),
      update: 2,
      inputs: { parameters: [1, 1], gradients: [2, -2], average: [4, 0] },
      outputs: { parameters: [0, 2], average: [3, 0.5] },
    },
  }),
  updateCheck({
    name: 'muon',
    optimizers: {
      wide: muon({ learningRate, nsSteps: 2, rmsRate: null }),
      tall: muon({ learningRate, nsSteps: 2, rmsRate: null }),
      'of four axes, without Nesterov': muon({ learningRate, nsSteps: 2, nesterov: false }),
    },
    isMatrix: true,
    byHand: {
      // The momentum is [3, 4], of norm 5. The factor of its only singular value, 1, is 2 − 1.5 + 0.5.
      optimizer: muon({ ...iteration, learningRate, momentum: 0.5, nesterov: false, weightDecay: 0 }),
      update: 1,
      inputs: { parameters: [1, 1], gradients: [2, 2], mean: [2, 4], mean_square: [5, 5] },
      outputs: { mean: [3, 4], parameters: [1 - 0.5 * 0.6, 1 - 0.5 * 0.8] },
    },
  }),
  updateCheck({
    name: 'muon_adam',
    optimizers: {
      'odd size': muon({ learningRate }),
      'another rate': muon({ learningRate, adamLrRatio: 0.25, epsilon: 0.25 }),
    },
    byHand: {
      // As adam with half the rate.
      optimizer: muon({
        learningRate,
        adamBeta1: 0.75,
        adamBeta2: 0.75,
        adamLrRatio: 0.5,
        epsilon: 1,
        weightDecay: 0,
      }),
      update: 1,
      inputs: moments,
      outputs: { ...momentsAfter, parameters: [1 - 1 / (1 + 1), 1 + 0.25 / (2 + 1)] },
    },
  }),
];
