/**
 * Parts of the library that many programs do without. A bundle contains one only if it contains a module that provides it:
 * the page's first script, for example, neither trains nor reads arrays.
 */
import { StateError } from '../errors.js';
import type { concatenate } from '../kernels/concatenate.js';
import type { labelGather } from '../kernels/label_gather.js';
import type { lossFromFunction } from './losses/from_function.js';
import type { TaskMetrics } from './metrics/task_metrics.js';
import type { ParameterExtensions } from './parameters/parameter_options.js';
import type { AnyData } from './samples/any_data.js';
import type { train } from './training/training.js';

export interface Parts {
  /** `fit`, and the metrics and functions of `compile`. Optimizers provide it. */
  readonly training: {
    readonly train: typeof train;
    readonly lossFromFunction: typeof lossFromFunction;
    readonly TaskMetrics: typeof TaskMetrics;
  };
  /** Models with several trained outputs. What makes or loads such models provides it. */
  readonly severalOutputs: {
    readonly concatenate: typeof concatenate;
    readonly labelGather: typeof labelGather;
  };
  /** Data other than images with labels. The library's entries provide it (samples/all_data.ts). */
  readonly anyData: AnyData;
  /**
   * Options of parameters that the built-in models lack, and models as layers. The library's entries and model files provide it
   * (parameters/parameter_extensions.ts); the page fetches it with the first model that needs it.
   */
  readonly parameterExtensions: ParameterExtensions;
}

const provided: Partial<Parts> = {};

const advice: Readonly<Record<keyof Parts, string>> = {
  training:
    "training, metrics and functions need an optimizer of the library; import one of 'shadegrad', or its defineOptimizer",
  severalOutputs:
    'several trained outputs need a model made by model(), or loaded by loadModel() or modelFromFile()',
  anyData: "data other than images with labels needs an entry of the library; import 'shadegrad'",
  parameterExtensions: "options of parameters need an entry of the library; import 'shadegrad'",
};

export function provide(parts: Partial<Parts>): void {
  Object.assign(provided, parts);
}

/** Throws: StateError if no module of the program provides it. */
export function part<Name extends keyof Parts>(name: Name): Parts[Name] {
  const found = provided[name];
  if (!found) throw new StateError(`model: ${advice[name]}.`);
  return found;
}

/** Undefined if no module of the program provides it. */
export const partIfProvided = <Name extends keyof Parts>(name: Name): Parts[Name] | undefined =>
  provided[name];
