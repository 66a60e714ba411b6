/**
 * The words (u32) of the step's state, the buffer that src/kernels/step_state.ts describes. Kernels and references share
 * them; shaders repeat the ones they read.
 */
export const stateWords = {
  /** Steps done since training began: keys dropout and the metrics ring. */
  step: 0,
  /** The run's seed. */
  seed: 1,
  /** Place of the batch's first sample in the epoch's permutation. */
  cursor: 2,
  /** Samples in the epoch. While a batch is taken in micro-batches: up to its end, behind which nothing counts. */
  epochSize: 3,
  /** Steps done in the epoch: the row of the step scalars. */
  epochStep: 4,
  /** Epochs done since training began: keys augmentation. */
  epoch: 5,
  /** Of a batch taken in micro-batches: the place of its first sample. */
  batchStart: 6,
  /** Of an epoch taken in micro-batches: all its samples. */
  epochEnd: 7,
} as const;
export const stateSize = 8;
