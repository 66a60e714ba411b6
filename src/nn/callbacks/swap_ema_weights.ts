/** Evaluates and predicts with the averages of the weights. */
import { checkCall } from '../../calls.js';
import { type Rules, flag } from '../../options.js';
import { swapEmaOf } from '../training/swap_ema.js';
import type { TrainableModel } from '../trainable_model.js';
import type { Callback } from './callback.js';

export interface SwapEmaWeightsOptions {
  /**
   * Whether the averages also stay in the weights from the end of an epoch until its next step, so that the callbacks after this
   * one save them; trainings from these files continue with the weights of the training. Default false.
   */
  readonly swapOnEpoch?: boolean;
}

const rules = (): Rules<SwapEmaWeightsOptions> => ({ swapOnEpoch: flag });

/**
 * Swaps in the averages that the optimizer's `useEma` keeps, around each evaluation, validation and prediction that it is passed to.
 * Place it before the callbacks that are to find them, such as `modelCheckpoint`.
 *
 * Throws: (when it is used) StateError if the optimizer keeps no averages.
 * Source: keras/src/callbacks/swap_ema_weights.py (behaviour).
 */
export function swapEmaWeights(options: SwapEmaWeightsOptions = {}): Callback {
  checkCall('swapEmaWeights', options, rules);
  const { swapOnEpoch = false } = options;
  const swapIn = (model: TrainableModel): void => {
    if (!model.state.isSwapped) swapEmaOf('callbacks.swapEmaWeights', model);
  };
  return {
    onTestBegin: ({ model }) => swapIn(model),
    onTestEnd: (_, { model }) => model.state.unswap(),
    onPredictBegin: ({ model }) => swapIn(model),
    onPredictEnd: ({ model }) => model.state.unswap(),
    onEpochBegin: (_, { model }) => model.state.unswap(),
    onEpochEnd: (_, __, { model }) => {
      if (swapOnEpoch) swapIn(model);
    },
    // After an abort during the validation, or with swapOnEpoch.
    onTrainEnd: (_, { model }) => model.state.unswap(),
  };
}
