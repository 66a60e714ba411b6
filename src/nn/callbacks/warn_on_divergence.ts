/** Warns when the loss of a training diverges. */
import type { Callback } from './callback.js';
import type { Listener } from './monitor.js';
import { isNotFinite } from './terminate_on_nan.js';

/** The loss is this many times that of guessing in this many consecutive batches; training recovers from a single spike. */
const farBeyond = 10;
const inARow = 5;
/** Training does not recover from a loss of this many times that of guessing. */
const beyondUse = 1000;

/**
 * Warns if the loss diverges, for instance because the learning rate is too large: once when it is far above the loss of
 * guessing, and once when it is NaN or infinite. Training continues; see `terminateOnNaN`.
 *
 *   loss > 10 · ln(classes) in five consecutive batches, or loss > 1000 · ln(classes) in one
 *
 * A resumed training does not repeat its warnings. The loss of a partial last batch is underestimated. Default
 * console.warn.
 */
export function warnOnDivergence({ say = console.warn }: { readonly say?: Listener } = {}): Callback {
  let batchesBeyond = 0;
  let hasSaidBeyond = false;
  let hasSaidNaN = false;
  return {
    name: 'warnOnDivergence',
    onTrainBegin: () => {
      batchesBeyond = 0;
      hasSaidBeyond = hasSaidNaN = false;
    },
    onBatchEnd: (_, __, training) => {
      const { model, batchSize } = training;
      const bits = training.lossBits();
      const { step } = training.position();
      if (isNotFinite(bits)) {
        if (hasSaidNaN) return;
        hasSaidNaN = true;
        const what = Number.isNaN(valueOf(bits)) ? 'NaN' : 'infinite';
        say(`The loss has been ${what} since step ${step}: the learning rate is too large.`);
        return;
      }
      const { guessing } = model.task;
      if (guessing === undefined) return;
      const loss = valueOf(bits) / batchSize;
      batchesBeyond = loss > farBeyond * guessing ? batchesBeyond + 1 : 0;
      const isBeyond = batchesBeyond >= inARow || loss > beyondUse * guessing;
      if (!isBeyond || hasSaidBeyond) return;
      hasSaidBeyond = true;
      say(
        `The loss has diverged to ${loss.toPrecision(3)} at step ${step}, where guessing gives ${guessing.toPrecision(3)}: the learning rate is too large.`,
      );
    },
    // The keys in checkpoints of all versions.
    state: () => ({ hasSaidBeyond, hasSaidNoNumber: hasSaidNaN }),
    restore: (state) => {
      hasSaidBeyond = state['hasSaidBeyond'] === true;
      hasSaidNaN = state['hasSaidNoNumber'] === true;
    },
  };
}

/** The f32 with these bits. */
function valueOf(bits: number): number {
  return new Float32Array(Uint32Array.of(bits).buffer)[0]!;
}
