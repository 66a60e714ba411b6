/** Where PyTorch 1.13 arrives, in float64, after 25 steps of each optimizer from given gradients. */
import * as optimizers from '../src/nn/optimizers/index.js';
import type { DefinedOptimizer } from '../src/nn/optimizers/own_loop.js';

export const steps = 25;
export const begin: readonly number[] = [1, -2, 0.5, 0.25];
const scales = [1, 0.125, 4, 0.03125];

/** Exact in f32. `t` counts from 1. */
export const gradientAt = (t: number): number[] =>
  scales.map((scale, k) => ((((t * 7 + k * 3) % 11) - 5) / 8) * scale);

const { adadelta, adagrad, adam, adamW, adamax, nadam, rmsprop, sgd } = optimizers;
const learningRate = 0.05;
const epsilon = 1e-8;
const outside = 'outside';
const corrected = { epsilon, epsilonPlacement: 'corrected' } as const;

/** With PyTorch's defaults, except the rate, and except what is written out. The other NAdam of 1.13 multiplies by μ twice. */
export const torchTrajectories: readonly (readonly [
  title: string,
  optimizer: DefinedOptimizer,
  values: readonly number[],
])[] = [
  ['SGD', sgd({ learningRate }), [0.96875, -2.00234375, 0.475, 0.2501953125]],
  [
    'SGD, momentum=0.9',
    sgd({ learningRate, momentum: 0.9 }),
    [0.793488286664, -2.027370856571, 0.869207521709, 0.254652809191],
  ],
  [
    'SGD, momentum=0.9, nesterov=True',
    sgd({ learningRate, momentum: 0.9, nesterov: true }),
    [0.782889457998, -2.026977520914, 0.807286769539, 0.254382840772],
  ],
  [
    'RMSprop',
    rmsprop({ learningRate, rho: 0.99, epsilon, epsilonPlacement: outside }),
    [0.462498640231, -2.38582730724, 0.763872454621, 0.60521922802],
  ],
  [
    'RMSprop, alpha=0.9, centered=True, momentum=0.5',
    rmsprop({ learningRate, centered: true, momentum: 0.5, epsilon, epsilonPlacement: outside }),
    [0.689938620531, -2.268721508693, 0.702473985536, 0.518901215118],
  ],
  [
    'Adam',
    adam({ learningRate, ...corrected }),
    [0.835532226914, -2.171266574701, 0.579547217145, 0.35939429074],
  ],
  [
    'Adam, betas=(0.8, 0.9), amsgrad=True',
    adam({ learningRate, beta1: 0.8, beta2: 0.9, amsgrad: true, ...corrected }),
    [0.87541786584, -2.129436698178, 0.558860045102, 0.329780739901],
  ],
  [
    'AdamW, weight_decay=0.1',
    adamW({ learningRate, weightDecay: 0.1, ...corrected }),
    [0.733898851663, -1.918470993095, 0.512499754169, 0.319254087358],
  ],
  [
    'Adamax',
    adamax({ learningRate, epsilon, epsilonPlacement: 'inside' }),
    [0.880606593152, -2.133484498427, 0.567947431409, 0.321191707944],
  ],
  [
    'NAdam, foreach=True',
    nadam({ learningRate, momentumDecay: 0.004, epsilon }),
    [0.916938861087, -2.052915037618, 0.526191072488, 0.292456889766],
  ],
  [
    'Adagrad',
    adagrad({ learningRate, initialAccumulatorValue: 0, epsilon: 1e-10, epsilonPlacement: outside }),
    [0.946189087768, -2.039032765489, 0.526738521158, 0.28577860397],
  ],
  [
    'Adadelta, lr=1',
    adadelta({ learningRate: 1, rho: 0.9, epsilon: 1e-6 }),
    [0.995204520526, -2.00157010049, 0.499300738507, 0.250358597616],
  ],
];
