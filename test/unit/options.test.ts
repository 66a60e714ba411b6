// Plan: what callers pass.
//   names: misspelt ones, those of other libraries, prototypes' names; the nearest known one is named
//   options that are not an object; undefined is left out; classes and objects without a prototype are fine
//   conformance: every function that an entry of the library exports refuses a name that it does not know, or is listed
//     here as one that takes no options; so a new one cannot forget
import { describe, expect, it, test } from 'vitest';
import { Trace } from '../../src/engine/trace.js';
import type { Tensor } from '../../src/engine/tensor.js';
import { UsageError } from '../../src/errors.js';
import * as node from '../../src/index.js';
import { memoryFolder } from '../../src/memory_folder.js';
import { fakeDevice } from './fake_device.js';

/** By a path that the compiler does not follow: here it knows nothing of browsers. */
const browserEntry = '../../src/browser/index.js';
type Functions = Readonly<Record<string, (...given: unknown[]) => unknown>>;
const browser = (await import(browserEntry)) as Functions & { readonly datasets: Functions };

const { layers, losses, metrics, optimizers, schedules, callbacks, models, sequential, ops, image, charts } =
  node;

type Call = (options: never) => unknown;

/** The message with which a call is refused; for a wrong one of ours, the error itself. */
async function refusal(call: () => unknown): Promise<string> {
  try {
    await call();
  } catch (error) {
    if (error instanceof UsageError) return error.message;
    throw error;
  }
  return 'NOT REFUSED';
}

const told = async (calls: readonly (() => unknown)[]): Promise<string> =>
  (await Promise.all(calls.map(refusal))).join('\n');

describe('names of options', () => {
  it('are suggested by their spelling', async () => {
    const given: [Call, object][] = [
      [layers.conv2d, { filters: 1, kernelSize: 3, stride: 2 }],
      [layers.conv2d, { filters: 1, kernel_size: 3 }],
      [layers.maxPooling2d, { pool_size: 2 }],
      [layers.dense, { unit: 3 }],
      [callbacks.earlyStopping, { patiance: 3 }],
      [callbacks.earlyStopping, { restore_best_weights: true }],
      [callbacks.reduceLrOnPlateau, { minLR: 3 }],
      [schedules.stepDecay, { rate: 1, facotr: 1 }],
    ];
    expect(
      await told(
        given.map(
          ([call, options]) =>
            () =>
              call(options as never),
        ),
      ),
    ).toMatchInlineSnapshot(`
      "layers.conv2d: 'stride' is not an option; did you mean 'strides'?
      layers.conv2d: 'kernel_size' is not an option; did you mean 'kernelSize'?
      layers.maxPooling2d: 'pool_size' is not an option; did you mean 'poolSize'?
      layers.dense: 'unit' is not an option; did you mean 'units'?
      earlyStopping: 'patiance' is not an option; did you mean 'patience'?
      earlyStopping: 'restore_best_weights' is not an option; did you mean 'restoreBestWeights'?
      reduceLrOnPlateau: 'minLR' is not an option; did you mean 'minLr'?
      schedules.stepDecay: 'facotr' is not an option; did you mean 'factor'?"
    `);
  });

  it('are suggested for those of Keras, TensorFlow.js and PyTorch', async () => {
    const given: [Call, object][] = [
      [optimizers.rmsprop, { lr: 1 }],
      [optimizers.rmsprop, { alpha: 0.9 }],
      [layers.dense, { out_features: 1 }],
      [layers.conv2d, { out_channels: 1, kernelSize: 3 }],
      [layers.dropout, { p: 0.5 }],
      [schedules.oneCycle, { max_lr: 1 }],
      [models.small, { inputShape: [8, 8, 1], num_classes: 3 }],
    ];
    expect(
      await told(
        given.map(
          ([call, options]) =>
            () =>
              call(options as never),
        ),
      ),
    ).toMatchInlineSnapshot(`
      "optimizers.rmsprop: 'lr' is not an option; did you mean 'learningRate'?
      optimizers.rmsprop: 'alpha' is not an option; did you mean 'rho'?
      layers.dense: 'out_features' is not an option; did you mean 'units'?
      layers.conv2d: 'out_channels' is not an option; did you mean 'filters'?
      layers.dropout: 'p' is not an option; did you mean 'rate'?
      schedules.oneCycle: 'max_lr' is not an option; did you mean 'peak'?
      models.small: 'num_classes' is not an option; did you mean 'classes'?"
    `);
  });

  it('that are done otherwise here say how', async () => {
    const model = models.mlp();
    const fit = (options: object) => () => model.fit({} as never, options);
    expect(
      await told([
        fit({ batchsize: 2 }),
        fit({ validation_data: null }),
        fit({ initialEpoch: 1 }),
        fit({ classWeight: {} }),
        fit({ verbose: 1 }),
        fit({ nothingLikeIt: 1 }),
        () => model.compile({ optimizer: optimizers.sgd(), loss: 'huber', sampleWeightMode: 1 } as never),
        fit({ metrics: ['accuracy'] }),
      ]),
    ).toMatchInlineSnapshot(`
      "fit: 'batchsize' is not an option; did you mean 'batchSize'?
      fit: 'validation_data' is not an option; did you mean 'validationData'?
      fit: 'initialEpoch' is not an option; pass the checkpoint to resume from as 'resume'; expected one of epochs, batchSize, microBatchSize, validationData, stepsPerEpoch, validationSteps, validationSplit, classWeights, oversample, callbacks, augmentation, mixup, cutmix, variantsPerImage, shuffle, seed, signal, resume, kernelSelection, memory.
      fit: 'classWeight' is not an option; did you mean 'classWeights'?
      fit: 'verbose' is not an option; add callbacks.progress() to 'callbacks'; expected one of epochs, batchSize, microBatchSize, validationData, stepsPerEpoch, validationSteps, validationSplit, classWeights, oversample, callbacks, augmentation, mixup, cutmix, variantsPerImage, shuffle, seed, signal, resume, kernelSelection, memory.
      fit: 'nothingLikeIt' is not an option; expected one of epochs, batchSize, microBatchSize, validationData, stepsPerEpoch, validationSteps, validationSplit, classWeights, oversample, callbacks, augmentation, mixup, cutmix, variantsPerImage, shuffle, seed, signal, resume, kernelSelection, memory.
      compile: 'sampleWeightMode' is not an option; expected one of optimizer, loss, lossWeights, metrics, weightedMetrics, warn.
      fit: 'metrics' is not an option; pass 'metrics' to compile; expected one of epochs, batchSize, microBatchSize, validationData, stepsPerEpoch, validationSteps, validationSplit, classWeights, oversample, callbacks, augmentation, mixup, cutmix, variantsPerImage, shuffle, seed, signal, resume, kernelSelection, memory."
    `);
  });

  it('are not those of the prototype', async () => {
    for (const name of ['constructor', 'toString', '__proto__', 'hasOwnProperty']) {
      const options = JSON.parse(`{ "rate": 0.5, "${name}": 1 }`) as { rate: number };
      expect(await refusal(() => layers.dropout(options))).toContain(`'${name}' is not an option`);
    }
  });

  it('of options inside others are whole', async () => {
    expect(
      await told([
        () => models.mlp({ kernelRegularizer: { l1: 1 } } as never),
        () => node.preprocessing({ standardise: { mean: 0, std: 1 } } as never),
        () => models.mlp().fit({} as never, { augmentation: { erasing: { probabilty: 1 } } } as never),
        () => models.mlp().fit({} as never, { callbacks: [{ onEpochEnded: () => undefined }] } as never),
      ]),
    ).toMatchInlineSnapshot(`
      "models.mlp: 'kernelRegularizer.l1' is not an option; did you mean 'l2'?
      preprocessing: 'standardise.std' is not an option; did you mean 'deviation'?
      fit: 'augmentation.erasing.probabilty' is not an option; did you mean 'probability'?
      fit: 'callbacks[0].onEpochEnded' is not an option; did you mean 'onEpochEnd'?"
    `);
  });
});

describe('options', () => {
  it('are an object', async () => {
    const wrong = [128, null, 'same', [], new Map(), Promise.resolve({}), () => ({})];
    expect(await told(wrong.map((options) => () => layers.flatten(options as never)))).toMatchInlineSnapshot(`
      "layers.flatten: options is 128, expected an object with name, inputShape, trainable, activityRegularizer.
      layers.flatten: options is null, expected an object with name, inputShape, trainable, activityRegularizer.
      layers.flatten: options is 'same', expected an object with name, inputShape, trainable, activityRegularizer.
      layers.flatten: options is [], expected an object with name, inputShape, trainable, activityRegularizer.
      layers.flatten: options is a Map, expected an object with name, inputShape, trainable, activityRegularizer.
      layers.flatten: options is a Promise, expected an object with name, inputShape, trainable, activityRegularizer; put 'await' before it.
      layers.flatten: options is a function, expected an object with name, inputShape, trainable, activityRegularizer."
    `);
  });

  it('that are undefined are left out', () => {
    expect(layers.dropout({ rate: 0.5, name: undefined, unheardOf: undefined } as never).config).toEqual({
      rate: 0.5,
    });
  });

  it('may be of a class, and without a prototype', () => {
    class Options {
      rate = 0.5;
    }
    expect(layers.dropout(new Options()).config).toEqual({ rate: 0.5 });
    const bare = Object.assign(Object.create(null) as { rate: number }, { rate: 0.25 });
    expect(layers.dropout(bare).config).toEqual({ rate: 0.25 });
    // Those that a prototype adds are options, too.
    const inherited = Object.create({ rate: 0.5, unheardOf: 1 }) as { rate: number };
    expect(() => layers.dropout(inherited)).toThrow("'unheardOf' is not an option");
  });
});

it('a callback may have fields of its own, and hooks that are known', async () => {
  class Own {
    limit = 3;
    onlyOnce = true;
    onEpochEnd(): void {}
    on_batch_end(): void {}
  }
  const fit = (given: unknown) => () => models.mlp().fit({} as never, { callbacks: given } as never);
  expect(
    await told([
      fit([new Own()]),
      fit([{ onEpochEnd: 'save' }]),
      fit(callbacks.terminateOnNaN()),
      fit([callbacks.terminateOnNaN]),
      fit([Promise.resolve(callbacks.terminateOnNaN())]),
      fit([null]),
      fit([{ limit: 3, onlyOnce: true, onTrainBegin: () => undefined }]),
    ]),
  ).toMatchInlineSnapshot(`
    "fit: 'callbacks[0].on_batch_end' is not an option; did you mean 'onBatchEnd'?
    fit: callbacks[0].onEpochEnd is 'save', expected a function.
    fit: callbacks is an object, expected a list of callbacks.
    fit: callbacks is [a function], expected a list of callbacks.
    fit: callbacks is [a Promise], expected a list of callbacks; put 'await' before it.
    fit: callbacks is [null], expected a list of callbacks.
    fit: the set is an object, expected an ImageSet or { x, y }."
  `);
});

// ---- conformance ----

const folder = memoryFolder();
const history = { epochs: [1], metrics: { loss: [1] } };
const model = models.mlp();
const set = new node.ImageSet({
  images: new Uint8Array(8),
  labels: [0, 1],
  height: 2,
  width: 2,
  channels: 1,
  classNames: ['a', 'b'],
});
const picture = { data: new Uint8Array(1), width: 1, height: 1, channels: 1 } as const;
const loaded = { name: 'x', format: 'idx', train: set, source: '' } as const;

/** A call with options that begin with `valid`. */
const given =
  (call: Call, valid: object = {}): ((more: object) => unknown) =>
  (more) =>
    call({ ...valid, ...more } as never);

/** Calls an op while recording, with tensors of these shapes first. */
const recorded =
  (
    call: (tensors: Tensor[], options: never) => unknown,
    shapes: readonly (readonly number[])[],
    valid: object = {},
  ): ((more: object) => unknown) =>
  (more) => {
    const trace = new Trace(fakeDevice());
    return trace.record(() =>
      call(
        shapes.map((shape) => trace.input({ shape, dtype: 'f32' })),
        { ...valid, ...more } as never,
      ),
    );
  };
/** Calls an op by its record of tensors, then its attributes. */
const byOperands = (op: unknown, names: readonly string[], valid: object): ((more: object) => unknown) =>
  recorded(
    (tensors, options) =>
      (op as (operands: object, attributes: object) => unknown)(
        Object.fromEntries(names.map((name, i) => [name, tensors[i]])),
        options,
      ),
    names.map(() => [4]),
    valid,
  );

const symbol = node.input({ shape: [1] });
const graph = { inputs: symbol, outputs: layers.flatten().apply(symbol) };

const takingOptions: Readonly<Record<string, (more: object) => unknown>> = {
  'layers.activation': given(layers.activation, { activation: 'relu' }),
  'layers.activityRegularization': given(layers.activityRegularization),
  'layers.add': given(layers.add),
  'layers.alphaDropout': given(layers.alphaDropout, { rate: 0.5 }),
  'layers.average': given(layers.average),
  'layers.averagePooling2d': given(layers.averagePooling2d),
  'layers.batchNormalization': given(layers.batchNormalization),
  'layers.categoryEncoding': given(layers.categoryEncoding, { numTokens: 2 }),
  'layers.concatenate': given(layers.concatenate),
  'layers.conv2d': given(layers.conv2d, { filters: 1, kernelSize: 1 }),
  'layers.conv2dTranspose': given(layers.conv2dTranspose, { filters: 1, kernelSize: 1 }),
  'layers.depthwiseConv2d': given(layers.depthwiseConv2d, { kernelSize: 1 }),
  'layers.cropping2d': given(layers.cropping2d),
  'layers.dense': given(layers.dense, { units: 1 }),
  'layers.dot': given(layers.dot),
  'layers.dropout': given(layers.dropout, { rate: 0.5 }),
  'layers.embedding': given(layers.embedding, { inputDim: 2, outputDim: 2 }),
  'layers.flatten': given(layers.flatten),
  'layers.gaussianDropout': given(layers.gaussianDropout, { rate: 0.5 }),
  'layers.gaussianNoise': given(layers.gaussianNoise, { stddev: 0.5 }),
  'layers.randomBrightness': given(layers.randomBrightness, { factor: 0.5, valueRange: [0, 1] }),
  'layers.randomContrast': given(layers.randomContrast, { factor: 0.5, valueRange: [0, 1] }),
  'layers.randomCrop': given(layers.randomCrop, { height: 2, width: 2 }),
  'layers.randomErasing': given(layers.randomErasing),
  'layers.randomFlip': given(layers.randomFlip),
  'layers.randomRotation': given(layers.randomRotation, { factor: 0.5 }),
  'layers.randomTranslation': given(layers.randomTranslation, { heightFactor: 0.5, widthFactor: 0.5 }),
  'layers.randomZoom': given(layers.randomZoom, { heightFactor: 0.5 }),
  'layers.identity': given(layers.identity),
  'layers.elu': given(layers.elu),
  'layers.leakyRelu': given(layers.leakyRelu),
  'layers.prelu': given(layers.prelu),
  'layers.relu': given(layers.relu),
  'layers.softmax': given(layers.softmax),
  'layers.maxPooling2d': given(layers.maxPooling2d),
  'optimizers.adadelta': given(optimizers.adadelta),
  'optimizers.adagrad': given(optimizers.adagrad),
  'optimizers.adam': given(optimizers.adam),
  'optimizers.adamW': given(optimizers.adamW),
  'layers.separableConv2d': given(layers.separableConv2d, { filters: 1, kernelSize: 1 }),
  'layers.maximum': given(layers.maximum),
  'layers.minimum': given(layers.minimum),
  'layers.multiply': given(layers.multiply),
  'layers.rescaling': given(layers.rescaling, { scale: 2 }),
  'layers.spatialDropout2d': given(layers.spatialDropout2d, { rate: 0.5 }),
  'layers.subtract': given(layers.subtract),
  'layers.globalAveragePooling2d': given(layers.globalAveragePooling2d),
  'layers.globalMaxPooling2d': given(layers.globalMaxPooling2d),
  'layers.groupNormalization': given(layers.groupNormalization),
  'layers.instanceNormalization': given(layers.instanceNormalization),
  'layers.layerNormalization': given(layers.layerNormalization),
  'layers.rmsNormalization': given(layers.rmsNormalization),
  'layers.unitNormalization': given(layers.unitNormalization),
  'layers.permute': given(layers.permute, { dims: [1] }),
  'layers.repeatVector': given(layers.repeatVector, { n: 2 }),
  'layers.reshape': given(layers.reshape, { targetShape: [1] }),
  'layers.resizing': given(layers.resizing, { height: 2, width: 2 }),
  'layers.upSampling2d': given(layers.upSampling2d),
  'layers.zeroPadding2d': given(layers.zeroPadding2d),
  'losses.binaryCrossentropy': given(losses.binaryCrossentropy),
  'losses.binaryFocalCrossentropy': given(losses.binaryFocalCrossentropy),
  'losses.categoricalFocalCrossentropy': given(losses.categoricalFocalCrossentropy),
  'losses.categoricalCrossentropy': given(losses.categoricalCrossentropy),
  'losses.huber': given(losses.huber),
  'losses.multiMargin': given(losses.multiMargin),
  'losses.sparseCategoricalCrossentropy': given(losses.sparseCategoricalCrossentropy),
  'metrics.auc': given(metrics.auc),
  'metrics.binaryAccuracy': given(metrics.binaryAccuracy),
  'optimizers.adamax': given(optimizers.adamax),
  'metrics.f1Score': given(metrics.f1Score),
  'metrics.precision': given(metrics.precision),
  'metrics.recall': given(metrics.recall),
  'metrics.topKCategoricalAccuracy': given(metrics.topKCategoricalAccuracy),
  'optimizers.fromConfig': given(optimizers.fromConfig, { name: 'sgd', config: {} }),
  'optimizers.lion': given(optimizers.lion),
  'optimizers.muon': given(optimizers.muon),
  'optimizers.nadam': given(optimizers.nadam),
  'optimizers.rmsprop': given(optimizers.rmsprop),
  'optimizers.sgd': given(optimizers.sgd),
  'schedules.cosineDecay': given(schedules.cosineDecay, { peak: 1 }),
  'schedules.exponentialDecay': given(schedules.exponentialDecay, { rate: 1, factor: 1 }),
  'schedules.oneCycle': given(schedules.oneCycle, { peak: 1 }),
  'schedules.piecewiseConstant': given(schedules.piecewiseConstant, { boundaries: [], rates: [1] }),
  'schedules.stepDecay': given(schedules.stepDecay, { rate: 1, factor: 1 }),
  'schedules.warmup': given((options: never) => schedules.warmup(1, options), { steps: 1 }),
  'callbacks.csvLogger': given(callbacks.csvLogger, { folder }),
  'callbacks.earlyStopping': given(callbacks.earlyStopping),
  'callbacks.learningRateScheduler': given((options) => callbacks.learningRateScheduler(() => 1, options)),
  'callbacks.modelCheckpoint': given(callbacks.modelCheckpoint, { folder }),
  'callbacks.reduceLrOnPlateau': given(callbacks.reduceLrOnPlateau),
  'callbacks.swapEmaWeights': given(callbacks.swapEmaWeights),
  'callbacks.tensorBoard': given(callbacks.tensorBoard, { logDir: folder }),
  'callbacks.terminateOnNaN': given(callbacks.terminateOnNaN),
  'models.mlp': given(models.mlp),
  'models.paper': given(models.paper),
  'models.paperBn': given(models.paperBn),
  'models.simple': given(models.simple),
  'models.small': given(models.small),
  'evaluation.evaluate': given((options) => node.evaluation.evaluate([0], [1], 1, options), { seed: 1 }),
  'charts.accuracy': given(charts.accuracy, { history }),
  'charts.bars': given(charts.bars, {
    title: '',
    categories: ['a'],
    groups: [],
    unit: 'number',
    xLabel: '',
    format: String,
  }),
  'charts.confusionMatrix': given(charts.confusionMatrix, {
    title: '',
    confusion: [[1]],
    classNames: ['a'],
  }),
  'charts.loss': given(charts.loss, { history }),
  'charts.png': given(charts.png, { width: 1, height: 1, description: '', body: '' }),
  'charts.predictionGrid': given(charts.predictionGrid, { title: '', images: [], encode: String }),
  'charts.heatMaps': given(charts.heatMaps, { title: '', images: [], encode: String }),
  'charts.rateSearch': given(charts.rateSearch, { rates: [1], losses: [1], smoothed: [1] }),
  'charts.svg': given(charts.svg, { width: 1, height: 1, description: '', body: '' }),
  'datasets.digits': given(node.datasets.digits),
  'datasets.fashion': given(node.datasets.fashion),
  'datasets.load': given((options) => node.datasets.load('digits', options)),
  'datasets.split': given((options) => node.datasets.split(loaded, options), { seed: 1 }),
  'datasets.fetch': given((options) => browser.datasets['fetch']!('data/', 'digits', options)),
  'datasets.fromFiles': given((options) => browser.datasets['fromFiles']!([], options)),
  'browser datasets.digits': given(browser.datasets['digits']!),
  'browser datasets.fashion': given(browser.datasets['fashion']!),
  open: given(node.open),
  'browser open': given(browser['open']!),
  openFolder: given((options) => node.openFolder('x', options)),
  browserTuningStore: given(browser['browserTuningStore']!),
  fromPixels: given((options) => browser['fromPixels']!({}, options)),
  useStoredKernels: given((options) => browser['useStoredKernels']!(fakeDevice(), options)),
  digitImage: given((options) => browser['digitImage']!(picture, options)),
  fitPicture: given((options) => browser['fitPicture']!(picture, options), {
    height: 1,
    width: 1,
    channels: 1,
  }),
  sequential: given((options) => sequential([layers.flatten({ inputShape: [1] })], options)),
  input: given(node.input, { shape: [1] }),
  model: given(node.model, graph),
  'networks.insert': given((options) => node.networks.insert(model.network, layers.flatten(), options), {
    after: 'flatten',
  }),
  gradCam: given((options) => node.gradCam(model, {}, options), {
    layer: 'flatten',
  }),
  inputGradients: given((options) => node.inputGradients(model, {}, options)),
  findLearningRate: given((options) => node.findLearningRate({} as never, {} as never, options)),
  loadModel: given((options) => node.loadModel(folder, options)),
  modelFile: given((options) => node.modelFile(model, options)),
  modelFromFile: given((options) => node.modelFromFile(new Uint8Array(), options)),
  preprocessing: given(node.preprocessing),
  reestimateStatistics: given((options) => node.reestimateStatistics(model, set, options)),
  Model: given((options) => new node.Model(model.network, options)),
  'Model.compile': given((options) => model.compile(options), {
    optimizer: optimizers.sgd(),
    loss: 'sparseCategoricalCrossentropy',
  }),
  'Model.evaluate': given((options) => model.evaluate(set, options)),
  'Model.fit': given((options) => model.fit(set, options)),
  'Model.predict': given((options) => model.predict(set, options)),
  'Model.saveWeights': given((options) => model.saveWeights(folder, 'x', options)),
  'Model.toFile': given((options) => model.toFile(options)),
  ImageSet: given((parts) => new node.ImageSet(parts), { ...set }),
  'ImageSet.fold': given((options) => set.fold(1, 2, options), { seed: 1 }),
  'ImageSet.split': given((options) => set.split(0.5, options), { seed: 1 }),
  'ImageSet.take': given((options) => set.take(1, options), { seed: 1 }),
  'Tensor.zeros': given((spec) => node.Tensor.zeros(spec, fakeDevice()), { shape: [1], dtype: 'f32' }),
  'ops.accumulate': byOperands(
    ops.accumulate,
    ['gradients', 'totals', 'state', 'gradientSums', 'totalSums'],
    {
      microBatch: 1,
    },
  ),
  'ops.all': recorded(([x], options) => ops.all(x!, options), [[2]]),
  'ops.any': recorded(([x], options) => ops.any(x!, options), [[2]]),
  'ops.argMax': recorded(([x], options) => ops.argMax(x!, options), [[2]]),
  'ops.argMin': recorded(([x], options) => ops.argMin(x!, options), [[2]]),
  'ops.augmentBatch': recorded(
    ([x, permutation, state], options) =>
      ops.augmentBatch({ x: x!, permutation: permutation!, state: state! }, options),
    [[1, 2, 2, 1], [1], [8]],
  ),
  'ops.avgPool2d': recorded(([x], options) => ops.avgPool2d(x!, options), [[1, 4, 4, 1]]),
  'ops.batchGather': byOperands(ops.batchGather, ['images', 'labels', 'permutation', 'state'], {
    batch: 1,
    scale: 1,
    offset: 0,
  }),
  'ops.batchGatherChunks': recorded(
    ([images, labels, permutation, state], options) =>
      ops.batchGatherChunks(
        { images: [images!], labels: labels!, permutation: permutation!, state: state! },
        options,
      ),
    [[1, 2, 2, 1], [1], [1], [8]],
    { batch: 1, scale: 1, offset: 0 },
  ),
  'ops.labelGather': byOperands(ops.labelGather, ['labels', 'permutation', 'state'], { batch: 1 }),
  'ops.rowGather': recorded(
    ([rows, permutation, state], options) =>
      ops.rowGather({ rows: [rows!], permutation: permutation!, state: state! }, options),
    [[1, 2], [1], [8]],
    { batch: 1 },
  ),
  'ops.batchNorm': recorded(
    ([x, gamma, beta, state], more: object) =>
      ops.batchNorm(x!, { gamma: gamma!, beta: beta!, state: state!, ...more }),
    [[2, 2], [2], [2], [8]],
  ),
  'ops.batchNormInference': recorded(
    ([x, gamma, beta, mean, variance], more: object) =>
      ops.batchNormInference(x!, { gamma: gamma!, beta: beta!, mean: mean!, variance: variance!, ...more }),
    [[2, 2], [2], [2], [2], [2]],
  ),
  'ops.batchNormMoving': byOperands(
    ops.batchNormMoving,
    ['mean', 'variance', 'movingMean', 'movingVariance'],
    { momentum: 0.5 },
  ),
  'ops.conv2d': recorded(
    ([x, kernel], options) => ops.conv2d(x!, kernel!, options),
    [
      [1, 4, 4, 1],
      [1, 1, 1, 1],
    ],
  ),
  'ops.conv2dTranspose': recorded(
    ([x, kernel], options) => ops.conv2dTranspose(x!, kernel!, options),
    [
      [1, 4, 4, 1],
      [1, 1, 1, 1],
    ],
  ),
  'ops.depthwiseConv2d': recorded(
    ([x, kernel], options) => ops.depthwiseConv2d(x!, kernel!, options),
    [
      [1, 4, 4, 1],
      [1, 1, 1, 1],
    ],
  ),
  'ops.separableConv2d': recorded(
    ([x, depthwiseKernel, pointwiseKernel], options) =>
      ops.separableConv2d(
        x!,
        { depthwiseKernel: depthwiseKernel!, pointwiseKernel: pointwiseKernel! },
        options,
      ),
    [
      [1, 4, 4, 1],
      [1, 1, 1, 1],
      [1, 1, 1, 1],
    ],
  ),
  'ops.dropout': recorded(
    ([x, state], more: object) => ops.dropout(x!, { rate: 0.5, stream: 1, state: state!, ...more }),
    [[2], [8]],
  ),
  grad: recorded(([x], options) => [...node.grad(ops.sum(x!), [x!], options)][0]!, [[2]]),
  'ops.logSoftmax': recorded(([x], options) => ops.logSoftmax(x!, options), [[2]]),
  'ops.logSumExp': recorded(([x], options) => ops.logSumExp(x!, options), [[2]]),
  'ops.gridSample': recorded(
    ([x, grid], options) => ops.gridSample(x!, grid!, options),
    [
      [1, 4, 4, 1],
      [1, 2, 2, 2],
    ],
  ),
  'ops.matmul': recorded(
    ([a, b], options) => ops.matmul(a!, b!, options),
    [
      [2, 2],
      [2, 2],
    ],
  ),
  'ops.celu': recorded(([x], options) => ops.celu(x!, options), [[2]]),
  'ops.elu': recorded(([x], options) => ops.elu(x!, options), [[2]]),
  'ops.gelu': recorded(([x], options) => ops.gelu(x!, options), [[2]]),
  'ops.leakyRelu': recorded(([x], options) => ops.leakyRelu(x!, options), [[2]]),
  'ops.max': recorded(([x], options) => ops.max(x!, options), [[2]]),
  'ops.maxPool2d': recorded(([x], options) => ops.maxPool2d(x!, options), [[1, 4, 4, 1]]),
  'ops.mean': recorded(([x], options) => ops.mean(x!, options), [[2]]),
  'ops.min': recorded(([x], options) => ops.min(x!, options), [[2]]),
  'ops.prod': recorded(([x], options) => ops.prod(x!, options), [[2]]),
  'ops.softmax': recorded(([x], options) => ops.softmax(x!, options), [[2]]),
  'ops.std': recorded(([x], options) => ops.std(x!, options), [[2]]),
  'ops.cumsum': recorded(([x], options) => ops.cumsum(x!, 0, options), [[2]]),
  'ops.pad': recorded(([x], options) => ops.pad(x!, [[1, 1]], options), [[2]]),
  'ops.randomNormal': recorded(
    ([state], more: object) => ops.randomNormal([2], { stream: 1, state: state!, ...more }),
    [[8]],
  ),
  'ops.randomUniform': recorded(
    ([state], more: object) => ops.randomUniform([2], { stream: 1, state: state!, ...more }),
    [[8]],
  ),
  'ops.resize': recorded(([x], options) => ops.resize(x!, [2, 2], options), [[1, 4, 4, 1]]),
  'ops.sum': recorded(([x], options) => ops.sum(x!, options), [[2]]),
  'ops.variance': recorded(([x], options) => ops.variance(x!, options), [[2]]),
  'image.augment': recorded(([x], options) => image.augment(x!, options), [[1, 2, 2, 1]]),
  'image.filter2d': recorded(
    ([x], options) => image.filter2d(x!, image.filterKernels.blur, options),
    [[1, 2, 2, 1]],
  ),
};

const takingNone = new Set(
  [
    ['evaluation', 'classScores confusedPairs macroAverage'],
    ['filters', 'blur sharpen custom'],
    ['image', 'blur sharpen'],
    [
      'ops',
      'add assign divide exp fill flatten l2Penalty l2Totals log multiply negate relu reshape scale sigmoid',
    ],
    ['ops', 'expandDims gather oneHot repeat reverse slice split squeeze stack tile unstack'],
    ['ops', 'expandDims repeat reverse slice split squeeze stack tile unstack'],
    ['ops', 'abs ceil clip cos equal erf expm1 floor greater greaterEqual less lessEqual log1p logicalAnd'],
    [
      'ops',
      'logicalNot logicalOr maximum minimum notEqual pow reciprocal round rsqrt sign sin tan tanh where',
    ],
    ['', 'registerActivations'],
    ['ops', 'hardSigmoid hardSwish hardTanh logSigmoid mish prelu relu6 selu silu softplus softsign'],
    ['losses', 'sparseCategoricalCrossentropy'],
    ['ops', 'countedRows'],
    [
      'losses',
      'categoricalHinge cosineSimilarity hinge klDivergence logCosh meanAbsoluteError meanAbsolutePercentageError meanSquaredError meanSquaredLogarithmicError poisson squaredHinge',
    ],
    [
      'metrics',
      'accuracy balancedAccuracy categoricalAccuracy meanAbsoluteError meanSquaredError rootMeanSquaredError sparseCategoricalAccuracy',
    ],
    ['ops', 'linspace'],
    ['ops', 'cast concatenate softmaxCrossEntropy sqrt square subtract transpose'],
    ['ops', 'einsum takeAlongAxis topK'],
    ['networks', 'freeze remove rename unfreeze'],
    ['networks', 'freeze remove rename unfreeze upTo'],
    ['datasets', 'chosenFiles droppedFiles'],
    // A stream alone; the function behind it takes a colour, too.
    ['callbacks', 'progress'],
    [
      '',
      'Tensor assert imagesFor isOpfsUsable keep memoryFolder program readPicture defineLayer defineOp defineOptimizer gradcheck registerFunctions registerLayers removeFolder tidy',
    ],
  ].flatMap(([group, names]) => names!.split(' ').map((name) => (group === '' ? name : `${group}.${name}`))),
);

test.each(Object.entries(takingOptions))('%s refuses an unknown name', async (_, call) => {
  expect(await refusal(() => call({ unheardOf: 1 }))).toMatch(/'unheardOf' is not an option/);
});

test('every function that the library exports is listed here', () => {
  const paths = [...Object.entries(node), ...Object.entries(browser)].flatMap(([name, value]) => {
    if (name.endsWith('Error')) return [];
    if (typeof value === 'function') return [name];
    return Object.entries(value as object)
      .filter(([, inner]) => typeof inner === 'function')
      .map(([inner]) => `${name}.${inner}`);
  });
  const listed = (path: string): boolean => path in takingOptions || takingNone.has(path);
  expect([...new Set(paths)].filter((path) => !listed(path))).toEqual([]);
});
