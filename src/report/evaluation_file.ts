/** `evaluation.json`: all that a report shows beside what run.json, history.json and model.json hold. */
import type { Evaluation } from './evaluation.js';

/** One image as bytes, channels last. */
export interface Picture {
  readonly data: Uint8Array;
  readonly width: number;
  readonly height: number;
  readonly channels: 1 | 3;
}

/** Training images as they are, each beside what augmentation makes of it. */
export interface AugmentedSamples {
  /** One line for people: `rotation ±10°, shifts ±0.1, zoom ±0.1, filled with the nearest pixel`. */
  readonly recipe: string;
  readonly rows: readonly { readonly original: Picture; readonly variants: readonly Picture[] }[];
}

/** What one kernel of the training step takes. */
export interface KernelTime {
  readonly kernel: string;
  readonly variant: string;
  readonly shapes: string;
  readonly ms: number;
  /** Of all kernels of the step, 0 … 1. */
  readonly share: number;
}

export interface EvaluationFile {
  readonly format: 'shadegrad evaluation 1';
  readonly classNames: readonly string[];
  readonly evaluation: Evaluation;
  /** The images of `evaluation.worst` and of `evaluation.random`, in the same order. */
  readonly worstImages: readonly Picture[];
  readonly randomImages: readonly Picture[];
  readonly augmented?: AugmentedSamples;
  readonly kernelTimes?: readonly KernelTime[];
}
