/** Saves the states of callbacks in a checkpoint and restores them. */
import type { GradientAccumulation } from './gradient_accumulation.js';
import type { Callback } from '../callbacks/callback.js';
import type { CallbackState, Checkpoint, Position } from './checkpoint.js';
import type { TrainableModel } from '../trainable_model.js';

/** The checkpoint: the states of the loop, its callbacks and the optimizer. */
export function checkpointOf(
  model: TrainableModel,
  position: Position,
  callbacks: readonly Callback[],
  { batchSize, microBatchSize }: Pick<GradientAccumulation, 'batchSize' | 'microBatchSize'>,
): Checkpoint {
  const states: Record<string, CallbackState> = {};
  const tensors = new Map<string, Float32Array<ArrayBuffer>>();
  for (const [key, callback] of keyed(callbacks)) {
    const state = callback.state?.();
    if (state) states[key] = state;
    for (const [name, values] of callback.tensors?.() ?? []) tensors.set(`${key}/${name}`, values);
  }
  const { learningRate } = model.optimizer;
  return {
    position,
    ...(microBatchSize < batchSize ? { microBatchSize } : {}),
    callbacks: states,
    ...(tensors.size > 0 ? { tensors } : {}),
    learningRate: typeof learningRate === 'number' ? learningRate : null,
  };
}

/** Restores every callback from the state of the callback with its name. */
export function restoreCallbacks(callbacks: readonly Callback[], checkpoint: Checkpoint): void {
  for (const [key, callback] of keyed(callbacks)) {
    const state = checkpoint.callbacks[key];
    if (!state) continue;
    const own = [...(checkpoint.tensors ?? [])].filter(([name]) => name.startsWith(`${key}/`));
    callback.restore?.(state, new Map(own.map(([name, values]) => [name.slice(key.length + 1), values])));
  }
}

/** Named callbacks, by name; the second callback of a name gets the number 2, and so on. */
function keyed(callbacks: readonly Callback[]): [string, Callback][] {
  const counts = new Map<string, number>();
  return callbacks.flatMap((callback): [string, Callback][] => {
    const { name } = callback;
    if (name === undefined) return [];
    const count = (counts.get(name) ?? 0) + 1;
    counts.set(name, count);
    return [[count === 1 ? name : `${name} ${count}`, callback]];
  });
}
