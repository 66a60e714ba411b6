/** The averages of a model's weights, in the place of the weights. */
import { StateError } from '../../errors.js';
import { emaSlot } from './ema_slot.js';
import type { TrainableModel } from '../trainable_model.js';

/** Exchanges the weights of a model with their averages. Throws: StateError if its optimizer keeps none. */
export function swapEmaOf(who: string, { optimizer, slots, state }: TrainableModel): void {
  if (!slots.has(emaSlot))
    throw new StateError(
      `${who}: '${optimizer.name}' keeps no averages of the weights; compile the model with optimizers.${optimizer.name}({ useEma: true }).`,
    );
  state.swapEma();
}
