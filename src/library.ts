/**
 * The platform-independent part of the library, shared by the entries for Node (src/index.ts) and browsers
 * (src/browser/index.ts). Groups that grow are namespaces of modules, of which bundlers keep the members that are used.
 */
import { registerLayers } from './nn/layers/registry.js';
import { mlpModel, paperBnModel, paperModel, simpleModel, smallModel } from './nn/models.js';
import { freeze, insert, remove, rename, unfreeze, upTo } from './nn/network/network_changes.js';
import { filters, preprocessing } from './nn/samples/preprocessing.js';
import {
  cosineDecay,
  exponentialDecay,
  oneCycle,
  piecewiseConstant,
  stepDecay,
  warmup,
} from './nn/training/schedules.js';
import { classScores, confusedPairs, evaluate, macroAverage } from './report/evaluation.js';

export { Tensor, type TensorData } from './engine/tensor.js';
export { program, type Program } from './engine/program.js';
export { grad } from './kernels/grad.js';
export { defineOp } from './kernels/define_op.js';
export {
  type GradcheckCase,
  type GradcheckFinding,
  type GradcheckOptions,
  type GradcheckReport,
  gradcheck,
} from './kernels/gradcheck.js';
export { keep, tidy } from './engine/tidy.js';
export type { Device, DeviceMemory } from './engine/device.js';
export { ImageSet, type UnlabelledImages } from './data/dataset.js';
export type { LoadedDataset } from './data/loaded_dataset.js';
export type { SplitDataset, SplitOptions } from './data/splits.js';
export { input } from './nn/layers/input.js';
export { registerFunctions } from './nn/files/own_functions.js';
export type {
  Constraint,
  Initializer,
  RegularizerOption as Regularizer,
} from './nn/parameters/parameter_options.js';
export { defineLayer } from './nn/layers/define_layer.js';
export type { Layer, LayerContext, LayerOptions, SymbolicTensor } from './nn/layers/layer.js';
export { Model, model, sequential } from './nn/model.js';
export { loadModel, modelFile, modelFromFile } from './nn/files/model_files.js';
export { reestimateStatistics } from './nn/training/reestimate_statistics.js';
export type { Callback, Inference, Logs, Training } from './nn/callbacks/callback.js';
export type { ArraySamples, LabelledSamples, Samples } from './nn/samples/samples.js';
export type { FitOptions, History } from './nn/training/training.js';
/** Explanations of predictions; `charts.heatMaps` draws them. */
export {
  type ExplainOptions,
  type Explanation,
  type GradCamOptions,
  gradCam,
  inputGradients,
} from './nn/explain.js';
export { type RateSearch, type RateSearchOptions, findLearningRate } from './nn/training/rate_finder.js';
/** What `compile` takes as its loss. */
export * as losses from './nn/losses/index.js';
export type { Loss } from './nn/losses/loss.js';
/** What `compile` takes as its metrics. */
export * as metrics from './nn/metrics/index.js';
export type { Metric } from './nn/metrics/metric.js';
export type { LearningRate, Schedule, ScheduleLength } from './nn/training/schedules.js';
export type { Folder } from './folder.js';
export * from './errors.js';

/** Names activations, which are then saved with models and load from files. */
export { registerActivations } from './nn/layers/activation_registry.js';

/** Registers custom layers by their class names, so that models with them load from files. */
export { registerLayers };

/** Layers by Keras's names in camelCase. */
export * as layers from './nn/layers/index.js';

/** Functions that change a model's network and return a new one: `model.withNetwork(networks.freeze(model.network, 'conv2d'))`. */
export const networks = { freeze, insert, remove, rename, unfreeze, upTo };

/** Optimizers, and `optimizers.fromConfig` for what a model file describes. */
export * as optimizers from './library/optimizers.js';
export { defineOptimizer } from './nn/optimizers/define_optimizer.js';
export type { Optimizer } from './nn/optimizers/optimizer.js';
export type { DefinedOptimizer, NamedTensors, OptimizerSnapshot } from './nn/optimizers/own_loop.js';

/** Learning-rate schedules; an optimizer accepts one instead of a number. */
export const schedules = {
  cosineDecay,
  exponentialDecay,
  oneCycle,
  piecewiseConstant,
  stepDecay,
  warmup,
};

/** Converts bytes to model inputs: `sequential(layers, { preprocessing: preprocessing({ filters: [filters.blur()] }) })`. */
export { filters, preprocessing };

/** Callbacks that need neither a terminal nor a PNG encoder. */
export * as callbacks from './library/callbacks.js';

export const models = {
  paper: paperModel,
  paperBn: paperBnModel,
  simple: simpleModel,
  small: smallModel,
  mlp: mlpModel,
};

/** Evaluates labels and probabilities: accuracy, confusion matrix, precision and recall, calibration. */
export const evaluation = { evaluate, classScores, confusedPairs, macroAverage };

/** Drawings as in a run's report; `charts.svg(drawing)` is a file's text. */
export * as charts from './library/charts.js';

/** Operations on images: `image.blur(x)`, `image.filter2d(x, kernel)`, `image.augment(x, { rotation: 10 })`. */
export { image, type AugmentOptions } from './kernels/index.js';

/** Tensor operations, run immediately or recorded in a program: `ops.conv2d(x, kernel)`. */
export * as ops from './kernels/index.js';
