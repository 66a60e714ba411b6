/**
 * shadegrad for Node: everything that users import. src/browser/index.ts is a browser's entry, with the same names.
 *
 *   import { open, sequential, layers, optimizers, callbacks, datasets } from 'shadegrad';
 */
import { hostname } from 'node:os';
import { splitDataset } from './data/splits.js';
import { setFolderOpener } from './folder.js';
import {
  earlyStopping,
  learningRateScheduler,
  modelCheckpoint,
  reduceLrOnPlateau,
  terminateOnNaN,
} from './nn/callbacks/index.js';
import {
  activation,
  averagePooling2d,
  batchNormalization,
  conv2d,
  dense,
  dropout,
  flatten,
  maxPooling2d,
} from './nn/layers/index.js';
import { mlpModel, paperBnModel, paperModel, simpleModel, smallModel } from './nn/models.js';
import { optimizerFromConfig, rmsprop, sgd } from './nn/optimizers.js';
import { filters, preprocessing } from './nn/preprocessing.js';
import {
  cosineDecay,
  exponentialDecay,
  oneCycle,
  piecewiseConstant,
  stepDecay,
  warmup,
} from './nn/schedules.js';
import { type LoadOptions, loadDataset } from './node/datasets.js';
import { openFolder } from './node/files.js';
import { encodePng } from './node/png.js';
import { svgToPng } from './node/svg_png.js';
import { barChart } from './report/charts/bar_chart.js';
import { confusionMatrix } from './report/charts/confusion_matrix.js';
import { accuracyChart, lossChart } from './report/charts/history_charts.js';
import { predictionGrid } from './report/charts/prediction_grid.js';
import { svgFile } from './report/charts/svg.js';
import { csvLogger } from './report/csv_log.js';
import { classScores, confusedPairs, evaluate, macroAverage } from './report/evaluation.js';
import { progressLine } from './report/progress_callback.js';
import { type TensorBoardOptions, tensorBoard } from './report/tensorboard/index.js';

setFolderOpener(openFolder);

export { open, type OpenOptions } from './node/open.js';
export { Tensor, type TensorData } from './engine/tensor.js';
export { program, type Program } from './engine/program.js';
export { grad } from './engine/op.js';
export type { Device } from './engine/device.js';
export { ImageSet, type UnlabelledImages } from './data/dataset.js';
export type { LoadedDataset } from './data/loaded_dataset.js';
export type { SplitDataset, SplitOptions } from './data/splits.js';
export { Sequential, sequential, loadModel, modelFile, modelFromFile } from './nn/sequential.js';
export type { Callback, Inference, Logs, Training } from './nn/callbacks/callback.js';
export type { FitOptions, History } from './nn/training.js';
export type { LearningRate, Schedule, ScheduleLength } from './nn/schedules.js';
export { openFolder } from './node/files.js';
export type { Folder } from './folder.js';
export * from './errors.js';

/** Layers by Keras's names in camelCase. */
export const layers = {
  activation,
  averagePooling2d,
  batchNormalization,
  conv2d,
  dense,
  dropout,
  flatten,
  maxPooling2d,
};

export const optimizers = { rmsprop, sgd, fromConfig: optimizerFromConfig };

/** Learning rates that change from step to step; an optimizer takes one in place of a number. */
export const schedules = {
  cosineDecay,
  exponentialDecay,
  oneCycle,
  piecewiseConstant,
  stepDecay,
  warmup,
};

/** How a model turns bytes into inputs: `sequential(layers, { preprocessing: preprocessing({ filters: [filters.blur()] }) })`. */
export { filters, preprocessing };

export const callbacks = {
  csvLogger,
  earlyStopping,
  learningRateScheduler,
  modelCheckpoint,
  reduceLrOnPlateau,
  terminateOnNaN,
  /** Event files for TensorBoard, with pictures as PNG; see `tensorBoard` for its options. */
  tensorBoard: (options: TensorBoardOptions) =>
    tensorBoard({ encodePng, host: hostname(), pid: process.pid, ...options }),
  /** Keras's progress line on a terminal, or one line per epoch elsewhere. */
  progress: (sink: Parameters<typeof progressLine>[0] = process.stdout) => progressLine(sink),
};

export const models = {
  paper: paperModel,
  paperBn: paperBnModel,
  simple: simpleModel,
  small: smallModel,
  mlp: mlpModel,
};

export const datasets = {
  /** The 60,000 and 10,000 digits of MNIST; see `loadDataset` for where they are looked for. */
  digits: (options?: LoadOptions) => loadDataset('digits', options),
  /** The 60,000 and 10,000 pieces of clothing of Fashion-MNIST. */
  fashion: (options?: LoadOptions) => loadDataset('fashion', options),
  /** Either of them by name, or one's own data by path: CSV, IDX, a folder of pictures by class. */
  load: (nameOrPath: string, options?: LoadOptions) => loadDataset(nameOrPath, options),
  /** Training, validation and test parts, by class and seed: `official`, `kaggle`, `45k/15k`, `k-fold`. */
  split: splitDataset,
};

/** From labels and probabilities to what they tell: accuracy, confusion matrix, precision and recall, calibration. */
export const evaluation = { evaluate, classScores, confusedPairs, macroAverage };

/** Drawings as in a run's report; `charts.svg(drawing)` is a file's text, `charts.png(drawing)` its picture. */
export const charts = {
  accuracy: accuracyChart,
  loss: lossChart,
  confusionMatrix,
  predictionGrid,
  bars: barChart,
  svg: svgFile,
  png: (drawing: Parameters<typeof svgFile>[0]) => svgToPng(svgFile(drawing)),
};

/** Operations on images: `image.blur(x)`, `image.filter2d(x, kernel)`, `image.augment(x, { rotation: 10 })`. */
export { image, type AugmentOptions } from './kernels/index.js';

/** Operations on tensors, at once or recorded in a program: `ops.conv2d(x, kernel)`. */
export * as ops from './kernels/index.js';
