/** Says why a training comes to nothing whose loss runs away. */
import type { Callback } from './callback.js';
import type { Listener } from './monitor.js';
import { isNotFinite } from './terminate_on_nan.js';

/** How many times worse than guessing is far beyond it, in so many batches in a row: from a single leap, training recovers. */
const farBeyond = 10;
const inARow = 5;
/** But not from one that is so many times worse: the weights are beyond use then. */
const beyondUse = 1000;

/**
 * Says when the loss has run away, as it does where the learning rate is too large: once when it is far beyond what
 * guessing comes to, once when it is no number any more. Training goes on; see `terminateOnNaN`.
 *
 *   loss > 10 · ln(classes) in five batches in a row, or loss > 1000 · ln(classes) in one
 *
 * What has been said is not said again when the training is resumed. Of a last, part batch the loss is taken for less
 * than it is. Default console.warn.
 */
export function warnOnDivergence({ say = console.warn }: { readonly say?: Listener } = {}): Callback {
  let batchesBeyond = 0;
  let hasSaidBeyond = false;
  let hasSaidNoNumber = false;
  return {
    name: 'warnOnDivergence',
    onTrainBegin: () => {
      batchesBeyond = 0;
      hasSaidBeyond = hasSaidNoNumber = false;
    },
    onBatchEnd: (_, __, training) => {
      const { model, batchSize } = training;
      const bits = training.lossBits();
      const { step } = training.position();
      if (isNotFinite(bits)) {
        if (hasSaidNoNumber) return;
        hasSaidNoNumber = true;
        say(`The loss is no number any more since step ${step}: the learning rate is too large.`);
        return;
      }
      const loss = valueOf(bits) / batchSize;
      const guessing = Math.log(model.classes ?? 1);
      batchesBeyond = loss > farBeyond * guessing ? batchesBeyond + 1 : 0;
      const isBeyond = batchesBeyond >= inARow || loss > beyondUse * guessing;
      if (!isBeyond || hasSaidBeyond) return;
      hasSaidBeyond = true;
      say(
        `The loss ran away, to ${loss.toPrecision(3)} at step ${step}, where guessing comes to ${guessing.toPrecision(3)}: the learning rate is too large.`,
      );
    },
    state: () => ({ hasSaidBeyond, hasSaidNoNumber }),
    restore: (state) => {
      hasSaidBeyond = state['hasSaidBeyond'] === true;
      hasSaidNoNumber = state['hasSaidNoNumber'] === true;
    },
  };
}

/** The f32 of these bits. */
function valueOf(bits: number): number {
  return new Float32Array(Uint32Array.of(bits).buffer)[0]!;
}
