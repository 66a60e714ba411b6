/**
 * The words (u32) of the step's state, the buffer that src/kernels/step_state.ts describes. Kernels, references and
 * shaders share them.
 */
export const stateWords = {
  /** Completed steps of the training: the key of dropout, and the row of the metrics ring. */
  step: 0,
  /** The seed of the run. */
  seed: 1,
  /** Position of the batch's first sample in the epoch's permutation. */
  cursor: 2,
  /** Number of samples in the epoch; with micro-batches, the end of the current batch. Samples past it do not count. */
  epochSize: 3,
  /** Completed steps of the epoch: the row of the step scalars. */
  epochStep: 4,
  /** Completed epochs of the training: the key of augmentation. */
  epoch: 5,
  /** With micro-batches: the position of the batch's first sample. */
  batchStart: 6,
  /** With micro-batches: the number of samples in the epoch. */
  epochEnd: 7,
} as const;
export const stateSize = 8;

/** What `//! include step_state/words` becomes: `const CURSOR: u32 = 2u;` and so on, a line for each word. */
export function stateWordsWgsl(): string {
  return Object.entries(stateWords)
    .map(([name, word]) => `const ${name.replace(/[A-Z]/g, '_$&').toUpperCase()}: u32 = ${word}u;\n`)
    .join('');
}
