/** The statistics of batch normalisations, estimated again for the weights that a model has, such as averages. */
import { checkCall } from '../../calls.js';
import { add, fill } from '../../kernels/arithmetic.js';
import { assign } from '../../kernels/assign.js';
import { type Rules, count, seed as seedRule } from '../../options.js';
import type { Model } from '../model.js';
import type { Optimizer } from '../optimizers/optimizer.js';
import { ParameterGroup, readGroups } from '../parameters/parameters.js';
import { train } from './training.js';

export interface ReestimationOptions {
  /** Default 32. */
  readonly batchSize?: number;
  /** Seeds the order of the samples, and dropout. Default 0. */
  readonly seed?: number;
}

const rules = (): Rules<ReestimationOptions> => ({ batchSize: count, seed: seedRule });

/**
 * Replaces the moving means and variances of the batch normalisations by the means over the batches of one epoch, with the weights
 * that the model has:
 *
 *   model.swapEmaWeights();
 *   await reestimateStatistics(model, trainingSet);
 *   await model.evaluate(testSet);
 *
 * The samples pass through the model as in training, with dropout; batches count equally. The weights, the optimizer's slots and its
 * step stay as they are, and so do frozen layers and layers of other classes.
 *
 * Throws: StateError before compile() and during a fit; like fit. Then the statistics stay as they were.
 * Source: `torch.optim.swa_utils.update_bn`.
 */
export async function reestimateStatistics(
  model: Model,
  samples: Parameters<typeof train>[1],
  options: ReestimationOptions = {},
): Promise<void> {
  checkCall('reestimateStatistics', options, rules);
  const { state, device } = model;
  const { statistics } = state;
  if (statistics.tensors.size === 0) return;
  const [before] = await readGroups(device, [statistics]);
  using sums = new ParameterGroup(device, statistics.layout);
  // Ends each step of a fit: adds up what the batch has made of zeros, and changes no parameter.
  const adding: Optimizer = {
    name: 'reestimateStatistics',
    learningRate: 0,
    slots: [],
    scalars: { learning_rate: () => 0 },
    config: {},
    apply: () => {
      assign(sums.flat, add(sums.flat, statistics.flat));
      assign(statistics.flat, fill(statistics.flat.shape, 0));
    },
  };
  const slots = new Map();
  const view = new Proxy(model, {
    get: (target, key) => {
      if (key === 'optimizer') return adding;
      if (key === 'slots') return slots;
      const value: unknown = Reflect.get(target, key, target);
      return typeof value === 'function' ? (value.bind(target) as unknown) : value;
    },
  });
  const { step, isSwapped } = state;
  const { batchSize = 32 } = options;
  let found: Map<string, Float32Array<ArrayBuffer>> | undefined;
  let steps = 0;
  try {
    state.isSwapped = false;
    statistics.flat.write(new Float32Array(statistics.layout.length));
    await train(view, samples, { ...options, microBatchSize: batchSize }, () => undefined);
    steps = state.step - step;
    [found] = await readGroups(device, [sums]);
  } finally {
    Object.assign(state, { step, isSwapped });
    statistics.write(before!);
  }
  for (const { name, layer, isFrozen } of model.layers) {
    if (layer.className !== 'BatchNormalization' || isFrozen) continue;
    const uses = model.layers.filter(({ sharedWith }) => sharedWith === name).length + 1;
    const { momentum } = layer.config as { readonly momentum: number };
    // Each batch has moved the zeros by this share of the way, in as many uses.
    const share = 1 - momentum ** uses;
    for (const statistic of ['moving_mean', 'moving_variance']) {
      const path = `${name}/${statistic}`;
      const sum = found?.get(path);
      if (sum) statistics.write(new Map([[path, sum.map((value) => value / (steps * share))]]));
    }
  }
}
