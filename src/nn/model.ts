/** The model that users work with: a network with its values on a device, to train, evaluate, use for prediction, and save. */
import { checkArgument, checkCall } from '../calls.js';
import { type PicturePreparation, preparationRule } from '../picture_preparation.js';
import { type Device, defaultDevice, deviceRule, findDefaultDevice } from '../engine/device.js';
import { type Shape, sizeOf } from '../engine/primitive.js';
import { Resource } from '../engine/resource.js';
import { Tensor } from '../engine/tensor.js';
import { ModelError, StateError, UsageError, assert } from '../errors.js';
import { type Folder, folderAt } from '../folder.js';
import { type Form, checkForm, optional, text } from '../json_reader.js';
import { l2Penalty } from '../kernels/l2_penalty.js';
import {
  type Rule,
  type Rules,
  count,
  fn,
  having,
  list,
  nonEmptyText,
  required,
  rule,
  seed as seedRule,
} from '../options.js';
import { Activity } from './parameters/activity.js';
import type { BatchSource } from './samples/any_data.js';
import type { Callback, Logs } from './callbacks/callback.js';
import { callbacksRule } from './callbacks/callbacks_rule.js';
import type { Checkpoint } from './training/checkpoint.js';
import { type Evaluation, Evaluator, predictAll } from './training/evaluator.js';
import { fittingEvaluation, fittingPrediction } from './training/inference_batch.js';
import { networkOfSequence, networkOfTensors } from './network/build_network.js';
import { type Layer, SymbolicTensor } from './layers/layer.js';
import { parameterExtensions } from './parameters/parameter_options.js';
import { type MemoryOptions, memoryRules } from './training/memory_room.js';
import {
  type ForwardContext,
  type Network,
  type NetworkInput,
  type NetworkNode,
  countOf,
  hasGradient,
} from './network/network.js';
import type { LayerCost } from './network/network_cost.js';
import { networkFromJson, networkToJson } from './files/network_json.js';
import type { Optimizer } from './optimizers/optimizer.js';
import { optimizerOfName, optimizerRule } from './optimizers/optimizer_rule.js';
import type { ParameterGroup } from './parameters/parameters.js';
import {
  type Preprocessing,
  preprocessingForm,
  preprocessingRule,
  unitScaling,
} from './samples/preprocessing.js';
import { type StoredTensors, readSafetensors } from './files/safetensors.js';
import {
  type OptimizerDescription,
  type StoredOptimizer,
  describeMisfit,
  describeUnfrozen,
  fitsSlots,
  optimizerIn,
  storedOptimizerIn,
} from './training/stored_optimizer.js';
import { summaryTable } from './network/summary.js';
import { swapEmaOf } from './training/swap_ema.js';
import { TrainState, type Weights } from './training/train_state.js';
import { type SaveWeightsOptions, type TrainableModel, saveWeightsRules } from './trainable_model.js';
import {
  type ArraySamples,
  type Batches,
  type LabelledSamples,
  type Samples,
  type TrainingData,
  inputSet,
  labelledSet,
  streamOf,
} from './samples/samples.js';
import { type ModelOutput, Task, type TaskOptions, taskRules } from './training/task.js';
import type { FitOptions, History } from './training/training.js';
import { training } from './training/optional_training.js';
import {
  type KeptTensors,
  type LoadedWeights,
  checkTensors,
  format,
  takeWeights,
  weightsFile,
  writeWeights,
} from './files/weights_file.js';

export interface ModelOptions {
  readonly name?: string;
  /** Seeds the initial weights. Default 0. */
  readonly seed?: number;
  /** Default: the default device at first use, opened then if there is none. A model stays on its device. */
  readonly device?: Device;
  /** How bytes become the model's inputs. Default: 0 … 255 to 0 … 1. */
  readonly preprocessing?: Preprocessing;
  /** How pictures become the images of the model; saved with it. */
  readonly pictures?: PicturePreparation;
  /** The names of the classes, in the order of the output; saved with the model. */
  readonly classNames?: readonly string[];
}

const modelRules = (): Rules<Omit<ModelOptions, 'name'>> => ({
  seed: seedRule,
  device: deviceRule(),
  preprocessing: preprocessingRule(),
  pictures: preparationRule(),
  classNames: list('a list of strings', text),
});

export const namedModelRules = (): Rules<ModelOptions> => ({ name: nonEmptyText, ...modelRules() });

export interface CompileOptions extends TaskOptions {
  /** An optimizer, or the name of one that the program imports, with its default options, such as 'adam'. */
  readonly optimizer: Optimizer | string;
  /** Called if the optimizer cannot use the slots of a loaded file, or the file lacks some. Default console.warn. */
  readonly warn?: (message: string) => void;
}

const compileRules = (): Rules<CompileOptions> => ({
  optimizer: optimizerRule(),
  ...taskRules(),
  warn: fn,
});

export interface InferenceOptions extends MemoryOptions {
  /** Images per batch, fewer if they do not fit on the device or the set is small; default 128. */
  readonly batchSize?: number;
  readonly callbacks?: readonly Callback[];
  /** The number of batches, for an iterable of them; default all. */
  readonly steps?: number | undefined;
}

const inferenceRules = (): Rules<InferenceOptions> => ({
  steps: count,
  batchSize: count,
  callbacks: callbacksRule(),
  ...memoryRules(),
});

export interface PredictOptions extends InferenceOptions {
  /** The name of the output, for a model with several. */
  readonly output?: string;
}

const predictRules = (): Rules<PredictOptions> => ({ output: nonEmptyText, ...inferenceRules() });

/** As in `ArraySamples`. */
type OnBatchOptions = Pick<ArraySamples, 'sampleWeight'>;

const layersRule = () =>
  list(
    'a list of layers, such as layers.dense({ units: 10 })',
    having('a layer', 'call', 'parameters', 'outputShape'),
  );

const weightsRule = (): Rule =>
  rule(
    'a Map of Float32Arrays, as from weights()',
    (value) => value instanceof Map && [...value.values()].every((each) => each instanceof Float32Array),
  );

export class Model extends Resource implements TrainableModel {
  readonly activity: Activity;
  readonly preprocessing: Preprocessing;
  readonly pictures: PicturePreparation | undefined;
  readonly classNames: readonly string[] | undefined;
  readonly #seed: number;
  #device: Device | undefined;
  #state: TrainState | undefined;
  #optimizer: Optimizer | undefined;
  #task: Task | undefined;
  /** Called when stored slots do not match the optimizer. */
  #warn: (message: string) => void = console.warn;
  /** The optimizer in the description that the model was made from. */
  #described: OptimizerDescription | undefined;
  /** The optimizer in the last loaded file, until a training changes the weights. */
  #stored: StoredOptimizer | undefined;
  #checkpoint: Checkpoint | undefined;
  #isDisposed = false;

  /** `sequential` and `loadModel` make models; it also takes a network directly. */
  constructor(
    readonly network: Network,
    options: Omit<ModelOptions, 'name'> = {},
  ) {
    super();
    checkCall('Model', options, modelRules);
    const { seed = 0, device, preprocessing = unitScaling, pictures, classNames } = options;
    const misfit = classNames && misnamed(network, classNames);
    if (misfit !== undefined) throw new UsageError(`Model: ${misfit}.`);
    this.activity = new Activity(network.name);
    this.preprocessing = preprocessing;
    this.pictures = pictures;
    this.classNames = classNames;
    this.#seed = seed;
    this.#device = device ?? findDefaultDevice();
  }

  get name(): string {
    return this.network.name;
  }

  /** The nodes in order, each with its name, output shape, and parameters. */
  get layers(): readonly NetworkNode[] {
    return this.network.nodes;
  }

  get inputs(): readonly NetworkInput[] {
    return this.network.inputs;
  }

  /** Without the batch axis. Throws: UsageError if the network has several inputs. */
  get inputShape(): Shape {
    return this.#input.shape;
  }

  get #input(): NetworkInput {
    const [input, ...others] = this.network.inputs;
    if (!input || others.length > 0)
      throw new UsageError(
        `model: '${this.name}' has ${this.network.inputs.length} inputs (${this.network.inputs.map(({ name }) => name).join(', ')}), expected one, which takes the images; give model.forward a tensor for each, in a program.`,
      );
    return input;
  }

  /** Without the batch axis. */
  get outputShape(): Shape {
    return this.network.shapeOf(this.network.outputs[0]!);
  }

  /** Fixed at first use. Throws: DeviceError if there is no device. */
  get device(): Device {
    return (this.#device ??= defaultDevice());
  }

  /** The number of classes of the output; undefined if it has several axes. */
  get classes(): number | undefined {
    return classesOf(this.network);
  }

  get optimizer(): Optimizer {
    if (!this.#optimizer)
      throw new StateError('model: not compiled; call model.compile({ optimizer, loss }) first.');
    return this.#optimizer;
  }

  get task(): Task {
    return (this.#task ??= new Task(this.#outputs, { loss: 'sparseCategoricalCrossentropy' }));
  }

  get #outputs(): readonly ModelOutput[] {
    const { network } = this;
    return network.outputs.map((name) => ({ name, shape: network.shapeOf(name) }));
  }

  /** The values of the parameters, created at first use. Throws: StateError after dispose(). */
  get state(): TrainState {
    if (this.#isDisposed)
      throw new StateError(
        `model: '${this.name}' was disposed and has no weights any more; create or load it again.`,
      );
    if (!this.#state) {
      const state = (this.#state = new TrainState(this.device, this.network.parameters, this.#seed));
      for (const { name, layer, sharedWith } of this.layers)
        if (sharedWith === undefined) layer.fill?.((own) => state.get(`${name}/${own}`));
    }
    return this.#state;
  }

  /** All trainable parameters, in one buffer; initialised at first use. */
  get parameters(): ParameterGroup {
    return this.state.parameters;
  }

  /** Parameters that training changes without gradients, such as moving means; initialised at first use. */
  get statistics(): ParameterGroup {
    return this.state.statistics;
  }

  /** The values that the optimizer keeps for each parameter, by slot name. */
  get slots(): ReadonlyMap<string, ParameterGroup> {
    this.state.addSlots(this.optimizer.slots);
    return this.state.slots;
  }

  /**
   * The checkpoint in the loaded file, for `fit({ resume: model.checkpoint })`; undefined if the file has none, and once the
   * model has been trained further.
   */
  get checkpoint(): Checkpoint | undefined {
    return this.#checkpoint;
  }

  /**
   * Sets optimizer and losses. A model with several outputs takes a loss for all of them, or one for each to train:
   *
   *   net.compile({
   *     optimizer: optimizers.rmsprop(),
   *     loss: { digit: 'sparseCategoricalCrossentropy', parity: 'sparseCategoricalCrossentropy' },
   *     lossWeights: { parity: 0.5 },
   *   });
   *   await net.fit({ ...train, labels: { digit: train.labels, parity } });
   *
   *   loss = digit_loss + 0.5 · parity_loss + penalties
   *
   * The logs then have `loss`, `digit_loss`, `digit_accuracy`, `parity_loss`, …, and `val_digit_loss`, … of validation data;
   * with one trained output `loss` and `accuracy`.
   *
   * Training then starts with new optimizer slots at step 0, as in Keras, even if the model was compiled and trained before;
   * consecutive fits continue with both. The exception is a loaded model that has not been trained since: if the optimizer has
   * the same name and slots as the file's, training continues with the file's slots and step, to the bits of a training that was
   * never saved. `warn` is called if the optimizer cannot use the file's slots, or the file has none for layers that were
   * frozen when it was saved.
   *
   * Throws: UsageError for options out of range, or a loss or weight for an unknown output; StateError during a fit.
   */
  compile(options: CompileOptions): void {
    checkCall('compile', options, compileRules);
    const { optimizer: given, warn = console.warn, ...task } = options;
    const optimizer = optimizerOfName(given);
    this.activity.assertUntrained('compile');
    this.#task = new Task(this.#outputs, task);
    this.#optimizer = optimizer;
    this.#warn = warn;
    this.#state?.dropOptimizer();
    this.#restoreOptimizer(optimizer, { who: 'compile', otherwise: 'training starts with new ones' });
  }

  /** Takes the optimizer's slots and step from the last loaded file. If they do not fit, the warning ends with `otherwise`. */
  #restoreOptimizer(
    optimizer: Optimizer,
    { who, otherwise }: Readonly<Record<'who' | 'otherwise', string>>,
  ): void {
    const stored = this.#stored;
    if (!stored) return;
    if (fitsSlots(optimizer, stored)) {
      for (const [name, values] of stored.slots) this.slots.get(name)!.write(values);
      this.state.step = stored.step ?? this.state.step;
      this.state.isSwapped = stored.isSwapped;
      const unfrozen = describeUnfrozen(stored);
      if (unfrozen !== undefined) this.#warn(`${who}: ${unfrozen}.`);
    } else if (stored.slots.size > 0)
      this.#warn(`${who}: ${describeMisfit(optimizer, stored)}; ${otherwise}.`);
  }

  /**
   * Applies the network to a batch, inside a program.
   *
   * Shapes: x [N, …inputShape], or a tensor for each input by name → [N, …outputShape], the first output.
   */
  forward(x: Tensor | ReadonlyMap<string, Tensor>, context: ForwardContext): Tensor {
    return this.layerOutputs(x, context).get(this.network.outputs[0]!)!;
  }

  /** Like `forward`, with all outputs by name. */
  outputsOf(x: Tensor, context: ForwardContext): ReadonlyMap<string, Tensor> {
    const values = this.layerOutputs(x, context);
    return new Map(this.network.outputs.map((name) => [name, values.get(name)!]));
  }

  /** Like `forward`, with the values of all layers by name, in order. */
  layerOutputs(x: Tensor | ReadonlyMap<string, Tensor>, context: ForwardContext): Map<string, Tensor> {
    const inputs = x instanceof Tensor ? new Map([[this.#input.name, x]]) : x;
    return this.network.forward(inputs, (path) => this.state.get(path), context);
  }

  /** The penalties of the weights in the loss, of each trainable layer with a regularizer. Inside a program. */
  penalties(): readonly Tensor[] {
    return this.network.parameters.filter(hasGradient).flatMap(({ path, l2, regularizer }) => {
      const w = this.parameters.get(path);
      return [
        ...(l2 === undefined ? [] : [l2Penalty(w, l2)]),
        ...(regularizer === undefined ? [] : [parameterExtensions.get().penalty(w, regularizer)]),
      ];
    });
  }

  /** Sets the parameters that have a constraint to what it allows, after an update. Inside a program. */
  constrain(): void {
    for (const { path, constraint } of this.network.parameters.filter(hasGradient))
      if (constraint) parameterExtensions.get().constrain(this.parameters.get(path), constraint);
  }

  /**
   * Trains on a set of labelled images: with a list of labels, or one for each trained output, as `{ ...set, labels: { digit,
   * parity } }`; and for a model with several inputs with a set for each, as `{ inputs: { left, right }, labels }`. During
   * training the model may be evaluated, used for prediction and saved, by callbacks or concurrently: the next step waits for
   * an evaluation or prediction, and saving takes a consistent snapshot. Only callbacks may set weights.
   *
   * Throws: UsageError if the images or labels do not fit the model, or name another input or output; StateError before
   * compile(), during another fit, evaluation or prediction on the model, or if the optimizer is training another model; any
   * error of a callback; DeviceError.
   */
  async fit(samples: TrainingData, options: FitOptions = {}): Promise<History> {
    if (!this.network.parameters.some(hasGradient))
      throw new UsageError(
        `fit: model '${this.name}' has nothing to train: its layers are frozen or have no parameters; unfreeze one.`,
      );
    return training.get()(this, samples, options, () => {
      this.#stored = undefined;
      this.#checkpoint = undefined;
    });
  }

  /** Mean losses and metrics over a set like that of `fit`, in batches that fit on the device. */
  async evaluate(samples: TrainingData, options: InferenceOptions = {}): Promise<Evaluation> {
    checkCall('evaluate', options, inferenceRules);
    const { batchSize = 128, callbacks, memory, steps } = options;
    const source = streamOf('evaluate', samples, this, { steps });
    return this.#reading('evaluate', source, async () => {
      const set = await (source
        ? source.first(0)
        : labelledSet('evaluate', samples as LabelledSamples, this));
      const { batchSize: atOnce, planned } = fittingEvaluation(this, set, { batchSize, memory });
      const evaluator = await Evaluator.create(this, set, atOnce, { hasFewShapes: true, planned });
      try {
        const evaluation = await evaluator.run({ callbacks, source });
        assert(evaluation, 'an evaluation without a signal ends');
        return evaluation;
      } finally {
        evaluator.dispose();
      }
    });
  }

  /**
   * The output for every image, row by row: [count, classes] probabilities if the model ends in a softmax. A model with several
   * inputs takes `{ inputs: { left, right } }`.
   *
   * Throws: UsageError if the images do not fit the model, or the model has several outputs and `output` names none of them;
   * StateError, DeviceError.
   */
  async predict(
    samples: Samples | Batches<Samples>,
    options: PredictOptions = {},
  ): Promise<Float32Array<ArrayBuffer>> {
    checkCall('predict', options, predictRules);
    const { batchSize = 128, callbacks, memory, steps } = options;
    const { outputs } = this.network;
    const output = options.output ?? (outputs.length === 1 ? outputs[0] : undefined);
    if (output === undefined || !outputs.includes(output))
      throw new UsageError(
        `predict: output is ${output === undefined ? 'left out' : `'${output}'`}, expected one of ${outputs.join(', ')}.`,
      );
    const source = streamOf('predict', samples, this, { steps, isLabelled: false });
    const known = source ? undefined : inputSet('predict', samples as Samples, this);
    return this.#reading('predict', source, async () => {
      const set = known ?? (await source!.first(0));
      const fitting = fittingPrediction(this, set, { batchSize, memory, output });
      return predictAll(this, set, fitting, callbacks, source);
    });
  }

  /**
   * One training step on a batch; resolves with its loss and metrics, those before the step. Calls in sequence give the weights of
   * `fit` over an iterable of the batches, which plans its step once and is faster.
   *
   * Throws: like `fit`.
   */
  async trainOnBatch(
    x: ArraySamples['x'],
    y: ArraySamples['y'],
    options: OnBatchOptions & { readonly seed?: number } = {},
  ): Promise<Logs> {
    const { seed = 0, ...others } = options;
    checkCall('trainOnBatch', options, () => ({ sampleWeight: rule('', () => true), seed: seedRule }));
    const position = { step: this.state.step, epoch: 0, cursor: 0, sums: {} };
    const resume = { position, callbacks: {}, learningRate: null };
    const { metrics } = await this.fit([{ x, y, ...others }], { seed, resume });
    const means = Object.entries(metrics).filter(([name]) => name !== 'learning_rate');
    return Object.fromEntries(means.map(([name, [mean]]) => [name, mean!]));
  }

  /** `evaluate` of a batch. */
  async testOnBatch(
    x: ArraySamples['x'],
    y: ArraySamples['y'],
    options: OnBatchOptions = {},
  ): Promise<Evaluation> {
    checkCall('testOnBatch', options, () => ({ sampleWeight: rule('', () => true) }));
    return this.evaluate({ x, y, ...options });
  }

  /** `predict` of a batch. */
  async predictOnBatch(x: Samples): Promise<Float32Array<ArrayBuffer>> {
    return this.predict(x);
  }

  /** Reads the weights, and ends the batches after it. */
  async #reading<R>(who: string, source: BatchSource | undefined, work: () => Promise<R>): Promise<R> {
    return this.activity.read(who, async () => {
      try {
        return await work();
      } finally {
        await source?.close();
      }
    });
  }

  /** All parameters, including those without a gradient. */
  get parameterCount(): number {
    return countOf(this.network.parameters);
  }

  /**
   * Keras's table of layers, for a graph with inputs and connections; passed to `print`, and returned as text. `costs` adds a
   * column of multiply-adds: those of `layerCosts(model.network)`.
   */
  summary(print: (text: string) => void = console.log, costs?: ReadonlyMap<string, LayerCost>): string {
    checkArgument('summary', 'print', print, () => fn);
    const { inputs, isSequence } = this.network;
    const layers = this.layers.map(
      ({ layer, name, outputShape, parameters, inputs: connectedTo, sharedWith }) => ({
        name,
        className:
          sharedWith === undefined ? layer.className : `${layer.className}, shared with ${sharedWith}`,
        outputShape,
        parameterCount: countOf(parameters),
        trainableCount: countOf(parameters.filter(hasGradient)),
        multiplyAdds: costs?.get(name)?.multiplyAdds,
        ...(isSequence ? {} : { connectedTo }),
      }),
    );
    const ofInput = { className: 'InputLayer', parameterCount: 0, trainableCount: 0, connectedTo: [] };
    const rows = [
      ...(isSequence ? [] : inputs.map(({ name, shape }) => ({ ...ofInput, name, outputShape: shape }))),
      ...layers,
    ];
    const table = summaryTable(this.name, rows);
    print(table);
    return table;
  }

  /** All parameters by name, on the host, in the order of the layers; a consistent snapshot, even during a training. */
  async weights(): Promise<Map<string, Float32Array<ArrayBuffer>>> {
    return this.state.weights();
  }

  /**
   * Throws: ModelError if names or sizes are not exactly the model's; StateError during an evaluation, prediction or fit, except
   * in the callbacks of a fit.
   */
  setWeights(weights: Weights): void {
    this.activity.assertWritable('setWeights');
    checkArgument('model', 'weights', weights, weightsRule);
    const { parameters } = this.network;
    for (const { path, shape } of parameters) {
      const found = weights.get(path);
      if (found?.length !== sizeOf(shape)) {
        throw new ModelError(
          `model: weights for '${path}' have ${found?.length ?? 'no'} values, expected ${sizeOf(shape)}.`,
        );
      }
    }
    if (weights.size !== parameters.length)
      throw new ModelError(`model: ${weights.size} weights were given, expected ${parameters.length}.`);
    this.state.write(weights);
  }

  /**
   * Exchanges the weights with their averages, which an optimizer with `useEma` keeps; calling it again changes them back:
   *
   *   model.swapEmaWeights();
   *   await model.evaluate(test);
   *   await model.save('averaged', { includeOptimizer: false });
   *   model.swapEmaWeights();
   *
   * A training continues with its own weights in any case: its next step, and setWeights, change them back, and so does a
   * training from a file that was saved in between. `callbacks.swapEmaWeights()` does it around each validation.
   * The moving statistics of batch normalisations stay those of the training; `reestimateStatistics` estimates them again.
   *
   * Throws: StateError if the optimizer keeps no averages, and before compile(); like setWeights.
   */
  swapEmaWeights(): void {
    this.activity.assertWritable('swapEmaWeights');
    swapEmaOf('swapEmaWeights', this);
  }

  /**
   * A model with another network, for example without the last layer. Parameters with the same path and shape in both keep
   * their values; the others are initialised from `seed`. This model does not change.
   *
   * Throws: UsageError for options out of range; StateError after dispose().
   */
  withNetwork(network: Network, options: { readonly seed?: number } = {}): Model {
    checkCall('withNetwork', options, () => ({ seed: seedRule }));
    const { seed = this.#seed } = options;
    const { preprocessing, pictures, classNames, device } = this;
    const hasClasses = classesOf(network) === this.classes;
    const made = new Model(network, {
      preprocessing,
      device,
      seed,
      ...(pictures && { pictures }),
      ...(classNames && hasClasses && { classNames }),
    });
    const own = new Map(this.network.parameters.map(({ path, shape }) => [path, shape]));
    const kept = network.parameters.filter(({ path, shape }) => own.get(path)?.join() === shape.join());
    made.state.copyFrom(
      this.state,
      kept.map(({ path }) => path),
    );
    return made;
  }

  // ---- models in models ----

  /**
   * Applies the model as a layer, for a model that contains it: `encoder.apply(x)`. All its uses in one model share their
   * parameters, `encoder/conv2d/kernel`, which begin with a copy of this model's weights, made at the first use of the other
   * model's. Training the other one leaves this one unchanged; `submodel` returns what it has learned.
   *
   * Throws: ShapeError for inputs that do not fit; UsageError if it has several outputs.
   */
  apply(x: SymbolicTensor | readonly SymbolicTensor[]): SymbolicTensor {
    return (parameterExtensions.get().models.layerOf(this) as Layer).apply(x);
  }

  /** A model from a layer that is a model, with a copy of its weights. Throws: UsageError for another layer. */
  submodel(layer: string): Model {
    return parameterExtensions.get().models.submodelOf(this, layer) as Model;
  }

  /**
   * A model whose output is the value of a layer. It uses the weights of this model, also while that is trained, and can only
   * predict. `model.withNetwork(networks.upTo(model.network, layer))` has a copy.
   *
   * Throws: UsageError for an unknown layer.
   */
  upTo(layer: string): Model {
    return parameterExtensions.get().models.featuresAt(this, layer) as Model;
  }

  // ---- files ----

  /** The architecture as plain values. */
  toJson(): object {
    const { name, config } = this.#optimizer ?? this.#stored?.description ?? this.#described ?? {};
    return {
      format,
      ...networkToJson(this.network),
      preprocessing: this.preprocessing,
      // JSON omits undefined.
      pictures: this.pictures,
      classNames: this.classNames,
      optimizer: name === undefined ? null : { name, config },
    };
  }

  /**
   * Makes the model that `toJson` described. `from` names the description in messages.
   *
   * Throws: ModelError if the description is damaged.
   */
  static fromJson(json: unknown, options: ModelOptions = {}, from?: string): Model {
    const { name, ...others } = options;
    const network = networkFromJson(json, { name, from });
    const refuse = (what: string): ModelError =>
      new ModelError(`model: ${from ?? 'this'} is not a model description: ${what}.`);
    // In files of earlier versions the preprocessing is missing and means 0 … 1.
    const { preprocessing, pictures, classNames } = checkForm(json, inputForm, refuse);
    const misfit = classNames && misnamed(network, classNames);
    if (misfit !== undefined) throw refuse(misfit);
    const model = new Model(network, {
      ...(preprocessing && { preprocessing }),
      ...(pictures && { pictures }),
      ...(classNames && { classNames }),
      ...others,
    });
    model.#described = optimizerIn(json);
    return model;
  }

  /** Saves model.json and weights.safetensors to a folder (a path, in Node). */
  async save(to: Folder | string, options: SaveWeightsOptions = {}): Promise<void> {
    checkCall('save', options, saveWeightsRules);
    const folder = folderAt('save', to);
    const description = this.toJson();
    const weights = await this.toFile(options);
    await folder.write('model.json', `${JSON.stringify(description, null, 2)}\n`);
    await folder.write('weights.safetensors', weights);
  }

  /** Saves `<name>.safetensors`; see `writeWeights`. */
  async saveWeights(folder: Folder, name: string, options: SaveWeightsOptions = {}): Promise<void> {
    checkArgument('saveWeights', 'name', name, () => nonEmptyText);
    checkCall('saveWeights', options, saveWeightsRules);
    return writeWeights(this.#kept(), folderAt('saveWeights', folder), name, options);
  }

  /** The bytes that `saveWeights` writes; see `modelFromFile`. */
  async toFile(options: SaveWeightsOptions = {}): Promise<Uint8Array<ArrayBuffer>> {
    checkCall('toFile', options, saveWeightsRules);
    return weightsFile(this.#kept(), options);
  }

  /**
   * Loads `<name>.safetensors` with the optimizer's slots: into the model's slots if it is compiled, otherwise for `compile`.
   *
   * Throws: FileError if the file is missing; ModelError if it is damaged or does not fit; StateError, like setWeights.
   */
  async loadWeights(from: Folder, name: string): Promise<LoadedWeights> {
    this.activity.assertWritable('loadWeights');
    checkArgument('loadWeights', 'name', name, () => nonEmptyText);
    const folder = folderAt('loadWeights', from);
    const file = `${folder.path}/${name}.safetensors`;
    return this.takeWeights(readSafetensors(await folder.read(`${name}.safetensors`), file), file);
  }

  /** Validates a file with weights of this model, without a device. Throws: ModelError if they do not fit. */
  checkWeights(stored: StoredTensors, file: string): void {
    this.#optimizerIn(stored, file);
  }

  #optimizerIn(stored: StoredTensors, file: string): StoredOptimizer {
    const { parameters } = this.network;
    const shapes = parameters.map(({ path, shape }) => ({ name: path, shape }));
    checkTensors(shapes, stored, file);
    return storedOptimizerIn(stored, parameters, { file, described: this.#described });
  }

  /** `loadWeights` for a file that was read already; `file` names it in messages. */
  takeWeights(stored: StoredTensors, file: string): LoadedWeights {
    this.activity.assertWritable('loadWeights');
    // Validated before anything is allocated: a damaged description may declare a model that is too large.
    const optimizer = this.#optimizerIn(stored, file);
    this.state.unswap();
    const loaded = takeWeights(this.state.groups, stored, file);
    this.#stored = optimizer;
    this.#checkpoint = loaded.checkpoint;
    if (this.#optimizer)
      this.#restoreOptimizer(this.#optimizer, { who: 'loadWeights', otherwise: 'the model keeps its own' });
    return loaded;
  }

  #kept(): KeptTensors {
    return {
      description: this.toJson(),
      state: this.state,
      optimizerStep: this.#optimizer ? this.state.step : this.#stored?.step,
      isSwapped: this.#optimizer ? this.state.isSwapped : this.#stored?.isSwapped === true,
      storedSlots: this.#optimizer ? undefined : this.#stored?.slots,
    };
  }

  /** Frees the weights; the model cannot be used afterwards. Throws: StateError during a fit. */
  dispose(): void {
    this.activity.assertUntrained('dispose');
    this.#state?.dispose();
    this.#state = undefined;
    this.#stored = undefined;
    this.#checkpoint = undefined;
    this.#isDisposed = true;
  }
}

/** The number of classes of the first output; undefined if it has several axes. */
function classesOf(network: Network): number | undefined {
  const shape = network.shapeOf(network.outputs[0]!);
  return shape.length === 1 ? shape[0] : undefined;
}

/** What is wrong with the names of the classes, if anything. */
function misnamed(network: Network, { length }: readonly string[]): string | undefined {
  const classes = classesOf(network);
  return length === classes
    ? undefined
    : `classNames has ${length} names, but the model has ${classes ?? 'no'} classes`;
}

/** What a description says of the inputs and classes. */
const inputForm: Form<Pick<ModelOptions, 'preprocessing' | 'pictures' | 'classNames'>> = {
  preprocessing: optional(preprocessingForm),
  pictures: optional(preparationRule()),
  classNames: optional([text]),
};

/** A model from a chain of layers; the first one needs an `inputShape`. */
export function sequential(layers: readonly Layer[], options: ModelOptions = {}): Model {
  checkArgument('sequential', 'layers', layers, layersRule);
  checkCall('sequential', options, namedModelRules);
  const { name = 'sequential', ...others } = options;
  return new Model(networkOfSequence(name, layers), others);
}

export interface FunctionalOptions extends ModelOptions {
  /** Results of `input()`, and results of applying layers to them. */
  readonly inputs: SymbolicTensor | readonly SymbolicTensor[];
  readonly outputs: SymbolicTensor | readonly SymbolicTensor[];
}

const functionalRules = (): Rules<FunctionalOptions> => ({
  inputs: symbolicRule(),
  outputs: symbolicRule(),
  ...namedModelRules(),
});

const symbolicRule = () =>
  required(
    rule('a result of input() or apply(), or a list of them', (value) => {
      const list = [value].flat();
      return list.length > 0 && list.every((each) => each instanceof SymbolicTensor);
    }),
  );

/**
 * A model from a graph of layers:
 *
 *   const x = input({ shape: [28, 28, 1] });
 *   const y = layers.dense({ units: 10, activation: 'softmax' }).apply(layers.flatten().apply(x));
 *   const net = model({ inputs: x, outputs: y });
 *
 * Throws: UsageError for options out of range, or if an output depends on an unlisted input; ShapeError.
 */
export function model(options: FunctionalOptions): Model {
  checkCall('model', options, functionalRules);
  const { inputs, outputs, name = 'functional', ...others } = options;
  return new Model(networkOfTensors(name, { inputs: [inputs].flat(), outputs: [outputs].flat() }), others);
}
