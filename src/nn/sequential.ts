/** A model as a list of layers: built when made, given weights when first used, trained, saved and loaded. */
import { type Device, defaultDevice, deviceRule, findDefaultDevice } from '../engine/device.js';
import { type Shape, sizeOf } from '../engine/primitive.js';
import { Resource } from '../engine/resource.js';
import type { Tensor } from '../engine/tensor.js';
import { withScope } from '../engine/trace.js';
import { ModelError, ShapeError, StateError, UsageError, assert } from '../errors.js';
import { type Folder, folderAt } from '../folder.js';
import { type Form, checkForm, object, optional, parseJson, saidOf } from '../json_reader.js';
import { l2Penalty } from '../kernels/index.js';
import { checkArgument, checkCall } from '../calls.js';
import {
  type Rule,
  type Rules,
  count,
  fn,
  having,
  list,
  nonEmptyText,
  oneOf,
  required,
  rule,
  seed as seedRule,
  text,
  wrong,
} from '../options.js';
import { fittingEvaluation, fittingPrediction } from './gradient_accumulation.js';
import { Activity } from './activity.js';
import { type Evaluation, Evaluator, predictAll } from './evaluator.js';
import { type LabelledImages, checkImages, checkUnlabelled } from './device_set.js';
import { type Callback, callbacksRule } from './callbacks/callback.js';
import type { Checkpoint } from './checkpoint.js';
import { initialValues } from './initializers.js';
import { layerFromConfig } from './layers/index.js';
import type { Layer, ParameterSpec } from './layers/layer.js';
import { type MemoryOptions, memoryRules } from './memory_room.js';
import { type ForwardContext, type Model, type SaveWeightsOptions, saveWeightsRules } from './model.js';
import { type Optimizer, optimizerRule } from './optimizers.js';
import { ParameterGroup, ParameterLayout, readGroups } from './parameters.js';
import { type Preprocessing, preprocessingForm, preprocessingRule, unitScaling } from './preprocessing.js';
import {
  type OptimizerDescription,
  type StoredOptimizer,
  describeMisfit,
  fitsSlots,
  optimizerIn,
  slotsIn,
} from './stored_optimizer.js';
import { summaryTable } from './summary.js';
import { type FitOptions, type History, train } from './training.js';
import { type StoredTensors, readSafetensors } from './safetensors.js';
import {
  type KeptTensors,
  type LoadedWeights,
  checkTensors,
  descriptionIn,
  format,
  hasDescription,
  takeWeights,
  weightsFile,
  writeWeights,
} from './weights_file.js';

/** A layer in its place: named, with shapes known. */
interface BuiltLayer {
  readonly layer: Layer;
  readonly name: string;
  readonly outputShape: Shape;
  readonly parameters: readonly ParameterSpec[];
}

export interface SequentialOptions {
  readonly name?: string;
  /** Keys the first weights. Default 0. */
  readonly seed?: number;
  /** Left out: the default device, or the one at first use where none is open yet. A model stays on its device. */
  readonly device?: Device;
  /** How bytes become the model's inputs. Default: 0 … 255 to 0 … 1. */
  readonly preprocessing?: Preprocessing;
}

export const sequentialRules = (): Rules<SequentialOptions> => ({
  name: nonEmptyText,
  seed: seedRule,
  device: deviceRule(),
  preprocessing: preprocessingRule(),
});

export interface CompileOptions {
  readonly optimizer: Optimizer;
  /** Integer labels; a softmax at the end of the model is fused into the loss. */
  readonly loss: 'sparseCategoricalCrossentropy';
  /** Hears that the slots of a loaded file are of another optimizer. Default console.warn. */
  readonly warn?: (message: string) => void;
}

const compileRules = (): Rules<CompileOptions> => ({
  optimizer: optimizerRule(),
  loss: required(oneOf(['sparseCategoricalCrossentropy'])),
  warn: fn,
});

export interface InferenceOptions extends MemoryOptions {
  /** Images at once, fewer where the device has no room for them or the set is small; default 128. */
  readonly batchSize?: number;
  readonly callbacks?: readonly Callback[];
}

const inferenceRules = (): Rules<InferenceOptions> => ({
  batchSize: count,
  callbacks: callbacksRule(),
  ...memoryRules(),
});

const layersRule = () =>
  list(
    'a list of layers, such as layers.dense({ units: 10 })',
    having('a layer', 'call', 'parameters', 'outputShape'),
  );

const weightsRule = (): Rule =>
  rule(
    'a Map of Float32Arrays, as weights() gives',
    (value) => value instanceof Map && [...value.values()].every((each) => each instanceof Float32Array),
  );

export class Sequential extends Resource implements Model {
  readonly name: string;
  readonly activity: Activity;
  readonly inputShape: Shape;
  readonly outputShape: Shape;
  readonly layers: readonly BuiltLayer[];
  readonly preprocessing: Preprocessing;
  readonly #seed: number;
  #device: Device | undefined;
  #groups: { readonly parameters: ParameterGroup; readonly statistics: ParameterGroup } | undefined;
  #slots = new Map<string, ParameterGroup>();
  #optimizer: Optimizer | undefined;
  /** Hears of slots that do not fit. */
  #warn: (message: string) => void = console.warn;
  /** What the description that the model was made from says of its optimizer. */
  #described: OptimizerDescription | undefined;
  /** What the file loaded last keeps of its optimizer, until a training changes the weights. */
  #stored: StoredOptimizer | undefined;
  #checkpoint: Checkpoint | undefined;
  #isDisposed = false;

  /** Throws: ShapeError when a layer does not fit the one before; UsageError when no input shape is given. */
  constructor(layers: readonly Layer[], options: SequentialOptions = {}) {
    super();
    checkArgument('sequential', 'layers', layers, layersRule);
    checkCall('sequential', options, sequentialRules);
    const { name = 'sequential', seed = 0, device, preprocessing = unitScaling } = options;
    const [first] = layers;
    if (!first) throw new UsageError('sequential: the list of layers is empty, expected at least one.');
    if (!first.inputShape) {
      throw new UsageError(
        'sequential: the first layer has no inputShape; give it one without the batch axis, e.g. inputShape: [28, 28, 1].',
      );
    }
    this.name = name;
    this.activity = new Activity(name);
    this.preprocessing = preprocessing;
    this.#seed = seed;
    this.#device = device ?? findDefaultDevice();
    this.inputShape = first.inputShape;
    this.layers = build(layers, first.inputShape);
    this.outputShape = this.layers.at(-1)!.outputShape;
  }

  /** Chosen once. Throws: DeviceError when none was given and none is open. */
  get device(): Device {
    return (this.#device ??= defaultDevice());
  }

  /** Classes that the last layer tells apart; undefined when its output has several axes. */
  get classes(): number | undefined {
    return this.outputShape.length === 1 ? this.outputShape[0] : undefined;
  }

  get optimizer(): Optimizer {
    if (!this.#optimizer)
      throw new StateError('model: not compiled; call model.compile({ optimizer, loss }) first.');
    return this.#optimizer;
  }

  /** All parameters that training changes by their gradients, in one buffer; drawn at first use. */
  get parameters(): ParameterGroup {
    return this.#drawn().parameters;
  }

  /** The parameters that have no gradient, such as moving means; first values at first use. */
  get statistics(): ParameterGroup {
    return this.#drawn().statistics;
  }

  #drawn(): { readonly parameters: ParameterGroup; readonly statistics: ParameterGroup } {
    if (this.#isDisposed)
      throw new StateError(
        `model: '${this.name}' was disposed and has no weights any more; make it or load it again.`,
      );
    if (!this.#groups) {
      const specs = this.#specs();
      const group = (isTrainable: boolean): ParameterGroup => {
        const own = specs.filter((spec) => hasGradient(spec) === isTrainable);
        const shapes = own.map(({ path, shape }) => ({ name: path, shape }));
        const made = new ParameterGroup(this.device, new ParameterLayout(shapes));
        made.write(
          new Map(own.map((spec) => [spec.path, initialValues(spec, this.#seed, specs.indexOf(spec))])),
        );
        return made;
      };
      this.#groups = { parameters: group(true), statistics: group(false) };
    }
    return this.#groups;
  }

  #parameter(path: string): Tensor {
    const { parameters, statistics } = this.#drawn();
    return parameters.tensors.get(path) ?? statistics.get(path);
  }

  /** The optimizer's values beside each parameter, by slot name. */
  get slots(): ReadonlyMap<string, ParameterGroup> {
    for (const name of this.optimizer.slots) {
      if (!this.#slots.has(name))
        this.#slots.set(name, new ParameterGroup(this.device, this.parameters.layout));
    }
    return this.#slots;
  }

  #specs(): (ParameterSpec & { readonly path: string })[] {
    return this.layers.flatMap(({ name, parameters }) =>
      parameters.map((spec) => ({ ...spec, path: `${name}/${spec.name}` })),
    );
  }

  /**
   * Where the training stood that the loaded file was saved in, for `fit({ resume: model.checkpoint })`; undefined for a
   * file saved without one, and once the model is trained on.
   */
  get checkpoint(): Checkpoint | undefined {
    return this.#checkpoint;
  }

  /**
   * Chooses optimizer and loss. Training starts with fresh optimizer slots, as in Keras, also where the model was compiled
   * and trained before. After loading, until the model is trained on, it starts with the slots of the file, so that
   * training goes on to the bits of one that was never saved: where the optimizer has the name and slots of the file's,
   * whatever its rate; `warn` is called when it cannot use the file's slots.
   *
   * Throws: UsageError for options out of range; StateError during a fit.
   */
  compile(options: CompileOptions): void {
    checkCall('compile', options, compileRules);
    const { optimizer, warn = console.warn } = options;
    this.activity.assertUntrained('compile');
    this.#optimizer = optimizer;
    this.#warn = warn;
    for (const group of this.#slots.values()) group.dispose();
    this.#slots = new Map();
    const misfit = this.#restoreSlots(optimizer);
    if (misfit !== undefined) warn(`compile: ${misfit}; training starts with fresh ones.`);
  }

  /** Fills the optimizer's slots from the file loaded last, where that has any. Yields why they do not fit, if so. */
  #restoreSlots(optimizer: Optimizer): string | undefined {
    if (!this.#stored || this.#stored.slots.size === 0) return undefined;
    if (!fitsSlots(optimizer, this.#stored)) return describeMisfit(optimizer, this.#stored);
    for (const [name, values] of this.#stored.slots) this.slots.get(name)?.write(values);
    return undefined;
  }

  /**
   * The layers applied to a batch, inside a program.
   *
   * Shapes: x [N, …inputShape] → [N, …outputShape].
   */
  forward(x: Tensor, context: ForwardContext): Tensor {
    return this.layerOutputs(x, context).at(-1)!;
  }

  /** What each layer yields on the way of `forward`, in order. */
  layerOutputs(x: Tensor, context: ForwardContext): Tensor[] {
    let tensor = x;
    return this.layers.map(({ layer, name, parameters }, index) => {
      const own = Object.fromEntries(
        parameters.map((spec) => [spec.name, this.#parameter(`${name}/${spec.name}`)]),
      );
      const input = tensor;
      tensor = withScope(name, () => layer.call(input, own, { ...context, index }));
      return tensor;
    });
  }

  /** What the weights add to the loss, term by term: λ·Σ w² of each layer with a regularizer. Inside a program. */
  penalties(): readonly Tensor[] {
    return this.#specs().flatMap(({ path, l2 }) =>
      l2 === undefined ? [] : [l2Penalty(this.parameters.get(path), l2)],
    );
  }

  /**
   * Trains on a set of labelled images. Meanwhile the model may be evaluated, predict and be saved, in callbacks or
   * beside them: the next step waits for an evaluation or prediction, and what is saved is of one moment. Weights are set
   * in callbacks only.
   *
   * Throws: UsageError when the images do not fit the model; StateError before compile(), or while another fit, an
   * evaluation or a prediction is under way on the model, or the optimizer trains another one; whatever a callback throws;
   * DeviceError.
   */
  async fit(images: LabelledImages, options: FitOptions = {}): Promise<History> {
    return train(this, images, options, () => {
      this.#stored = undefined;
      this.#checkpoint = undefined;
    });
  }

  /** Mean loss and accuracy over a set, in batches that the device has room for. */
  async evaluate(images: LabelledImages, options: InferenceOptions = {}): Promise<Evaluation> {
    checkCall('evaluate', options, inferenceRules);
    const { batchSize = 128, callbacks, memory } = options;
    checkImages('evaluate', images, this.inputShape, this.classes);
    const fitting = fittingEvaluation(this, images, { batchSize, memory });
    return this.activity.read('evaluate', async () => {
      const evaluator = await Evaluator.create(this, images, fitting, { hasFewShapes: true });
      try {
        const evaluation = await evaluator.run({ callbacks });
        assert(evaluation, 'an evaluation without a signal ends');
        return evaluation;
      } finally {
        evaluator.dispose();
      }
    });
  }

  /** The outputs for every image, row by row: [count, classes] probabilities after a softmax. */
  async predict(
    images: Omit<LabelledImages, 'labels'>,
    options: InferenceOptions = {},
  ): Promise<Float32Array<ArrayBuffer>> {
    checkCall('predict', options, inferenceRules);
    const { batchSize = 128, callbacks, memory } = options;
    checkUnlabelled('predict', images, this.inputShape);
    // Field by field: a class instance's getters would not be copied by a spread.
    const { count, height, width, channels } = images;
    const labelled = { images: images.images, count, height, width, channels, labels: new Uint8Array(count) };
    const fitting = fittingPrediction(this, labelled, { batchSize, memory });
    return this.activity.read('predict', async () => predictAll(this, labelled, fitting, callbacks));
  }

  /** All parameters, those without a gradient included. */
  get parameterCount(): number {
    return countOf(this.#specs());
  }

  /** Keras's table of layers; printed through `print`, returned as text. */
  summary(print: (text: string) => void = console.log): string {
    checkArgument('summary', 'print', print, () => fn);
    const rows = this.layers.map(({ layer, name, outputShape, parameters }) => ({
      name,
      className: layer.className,
      outputShape,
      parameterCount: countOf(parameters),
      trainableCount: countOf(parameters.filter(hasGradient)),
    }));
    const table = summaryTable(this.name, rows);
    print(table);
    return table;
  }

  /** All parameters by name, on the host, in the order of the layers; those of one moment, also during a training. */
  async weights(): Promise<Map<string, Float32Array<ArrayBuffer>>> {
    const { parameters, statistics } = this.#drawn();
    const [values, others] = await readGroups(this.device, [parameters, statistics]);
    return new Map(this.#specs().map(({ path }) => [path, (values!.get(path) ?? others!.get(path))!]));
  }

  /**
   * Throws: ModelError when names or sizes are not exactly the model's; StateError during an evaluation or prediction, and
   * during a fit but for its callbacks.
   */
  setWeights(weights: ReadonlyMap<string, Float32Array<ArrayBuffer>>): void {
    this.activity.assertWritable('setWeights');
    const specs = this.#specs();
    checkArgument('model', 'weights', weights, weightsRule);
    for (const { path, shape } of specs) {
      const found = weights.get(path);
      if (found?.length !== sizeOf(shape)) {
        throw new ModelError(
          `model: weights for '${path}' have ${found?.length ?? 'no'} values, expected ${sizeOf(shape)}.`,
        );
      }
    }
    if (weights.size !== specs.length)
      throw new ModelError(`model: ${weights.size} weights were given, expected ${specs.length}.`);
    for (const [path, values] of weights) this.#parameter(path).write(values);
  }

  // ---- files ----

  /** The architecture as plain values. */
  toJson(): object {
    const layers = this.layers.map(({ layer, name }) => ({
      className: layer.className,
      config: { name, ...layer.config },
    }));
    const { name, config } = this.#optimizer ?? this.#stored?.description ?? this.#described ?? {};
    const optimizer = name === undefined ? null : { name, config };
    return {
      format,
      className: 'Sequential',
      name: this.name,
      inputShape: this.inputShape,
      preprocessing: this.preprocessing,
      layers,
      optimizer,
    };
  }

  /**
   * Makes the model that `toJson` described. `from` is what to call the description in messages.
   *
   * Throws: ModelError when it is damaged.
   */
  static fromJson(json: unknown, options: SequentialOptions = {}, from?: string): Sequential {
    const { inputShape, name, preprocessing, layers } = checkForm(
      json,
      descriptionForm,
      (what) => new ModelError(`model: ${from ?? 'this'} is not a model description: ${what}.`),
    );
    // Models saved before there was a choice scaled to 0 … 1, and had no name of their own.
    const known = { name: name ?? 'sequential', preprocessing: preprocessing ?? unitScaling };
    let layer = '';
    try {
      const made = layers.map(({ className, config }, i) => {
        layer = `layer ${i + 1} (${className}): `;
        checkForm(config, configForm, (what) => new UsageError(`config: ${what}.`));
        return layerFromConfig(className, i === 0 ? { ...config, inputShape } : config);
      });
      layer = '';
      const model = new Sequential(made, { ...known, ...options });
      model.#described = optimizerIn(json);
      return model;
    } catch (cause) {
      if (cause instanceof ModelError && from === undefined) throw cause;
      const reason = (cause instanceof Error ? cause.message : String(cause)).replace(/^model: /, '');
      throw new ModelError(`model: ${from ?? 'its description'} is damaged: ${layer}${reason}`, { cause });
    }
  }

  /** Saves model.json and weights.safetensors to a folder (a path, in Node). */
  async save(to: Folder | string, options: SaveWeightsOptions = {}): Promise<void> {
    checkCall('save', options, saveWeightsRules);
    const folder = folderAt(to);
    const description = this.toJson();
    const weights = await this.toFile(options);
    await folder.write('model.json', `${JSON.stringify(description, null, 2)}\n`);
    await folder.write('weights.safetensors', weights);
  }

  /** Saves `<name>.safetensors`; see `writeWeights`. */
  async saveWeights(folder: Folder, name: string, options: SaveWeightsOptions = {}): Promise<void> {
    checkArgument('saveWeights', 'name', name, () => nonEmptyText);
    checkCall('saveWeights', options, saveWeightsRules);
    return writeWeights(this.#kept(), folderAt(folder), name, options);
  }

  /** The bytes that `saveWeights` writes; see `modelFromFile`. */
  async toFile(options: SaveWeightsOptions = {}): Promise<Uint8Array<ArrayBuffer>> {
    checkCall('toFile', options, saveWeightsRules);
    return weightsFile(this.#kept(), options);
  }

  /**
   * Loads `<name>.safetensors`, with the optimizer's slots: into the model's own where it is compiled, else for `compile`.
   *
   * Throws: FileError when the file is missing; ModelError when it is damaged or does not fit; StateError, as setWeights.
   */
  async loadWeights(from: Folder, name: string): Promise<LoadedWeights> {
    this.activity.assertWritable('loadWeights');
    checkArgument('loadWeights', 'name', name, () => nonEmptyText);
    const folder = folderAt(from);
    const file = `${folder.path}/${name}.safetensors`;
    return this.takeWeights(readSafetensors(await folder.read(`${name}.safetensors`), file), file);
  }

  /** Whether a file holds this model's weights; needs no device. Throws: ModelError when it does not. */
  checkWeights(stored: StoredTensors, file: string): void {
    this.#slotsIn(stored, file);
  }

  #slotsIn(stored: StoredTensors, file: string): ReturnType<typeof slotsIn> {
    const shapes = this.#specs().map((spec) => ({ ...spec, name: spec.path }));
    checkTensors(shapes, stored, file);
    return slotsIn(stored, shapes.filter(hasGradient), file);
  }

  /** `loadWeights` from a file that is read already; `file` is what to call it in messages. */
  takeWeights(stored: StoredTensors, file: string): LoadedWeights {
    this.activity.assertWritable('loadWeights');
    // Before there is anything on the device, which a damaged description may make too large for it.
    const slots = this.#slotsIn(stored, file);
    const description = hasDescription(stored) ? optimizerIn(descriptionIn(stored, file)) : this.#described;
    const loaded = takeWeights([this.parameters, this.statistics], stored, file);
    this.#stored = { description, slots };
    this.#checkpoint = loaded.checkpoint;
    const misfit = this.#optimizer && this.#restoreSlots(this.#optimizer);
    if (misfit !== undefined) this.#warn(`loadWeights: ${misfit}; the model keeps its own.`);
    return loaded;
  }

  #kept(): KeptTensors {
    return {
      description: this.toJson(),
      parameters: this.parameters,
      statistics: this.statistics,
      slots: this.#slots,
      storedSlots: this.#optimizer ? undefined : this.#stored?.slots,
    };
  }

  /** Frees the weights; the model cannot be used afterwards. Throws: StateError during a fit. */
  dispose(): void {
    this.activity.assertUntrained('dispose');
    this.#groups?.parameters.dispose();
    this.#groups?.statistics.dispose();
    for (const group of this.#slots.values()) group.dispose();
    this.#groups = undefined;
    this.#slots = new Map();
    this.#stored = undefined;
    this.#checkpoint = undefined;
    this.#isDisposed = true;
  }
}

function hasGradient({ isTrainable = true }: ParameterSpec): boolean {
  return isTrainable;
}

/** What `toJson` yields, as far as other files may lack it. */
interface Description {
  readonly name?: string;
  readonly inputShape: Shape;
  readonly preprocessing?: Preprocessing;
  readonly layers: readonly { readonly className: string; readonly config: object }[];
}

const descriptionForm: Form<Description> = {
  name: optional(text),
  inputShape: [count],
  preprocessing: optional(preprocessingForm),
  layers: [{ className: text, config: object }],
};

/** What every layer may have; the rest is the layer's own to check. */
const configForm: Form<{ readonly name?: string }> = { name: optional(nonEmptyText) };

function countOf(specs: readonly ParameterSpec[]): number {
  return specs.reduce((sum, { shape }) => sum + sizeOf(shape), 0);
}

/** Names layers as Keras does (conv2d, conv2d_1, …) and works out every shape. */
function build(layers: readonly Layer[], inputShape: Shape): BuiltLayer[] {
  const used = new Map<string, number>();
  const names = new Set<string>();
  let shape = inputShape;
  return layers.map((layer) => {
    const stem = snakeCase(layer.className);
    const count = used.get(stem) ?? 0;
    used.set(stem, count + 1);
    const name = layer.name ?? (count === 0 ? stem : `${stem}_${count}`);
    if (names.has(name))
      throw new UsageError(`sequential: two layers are called '${name}'; give one another name.`);
    names.add(name);
    const parameters = layer.parameters(shape);
    try {
      shape = layer.outputShape(shape);
    } catch (error) {
      if (error instanceof ShapeError)
        throw new ShapeError(`sequential: layer '${name}': ${error.message}`, { cause: error });
      throw error;
    }
    return { layer, name, outputShape: shape, parameters };
  });
}

/** `MaxPooling2D` → `max_pooling2d`, as Keras names layers. */
function snakeCase(className: string): string {
  return className.replaceAll(/(?<=[a-z])(?=[A-Z])/g, '_').toLowerCase();
}

/** A model from a list of layers; the first one needs an `inputShape`. */
export function sequential(layers: readonly Layer[], options?: SequentialOptions): Sequential {
  return new Sequential(layers, options);
}

/** Weight files in the order in which a folder is searched for them. */
const weightNames = ['best', 'weights', 'last'] as const;

export interface LoadModelOptions extends SequentialOptions {
  /** In a folder, the file without its ending; the best, else the saved, else the last when left out. */
  readonly weights?: string;
}

const loadRules = (): Rules<LoadModelOptions> => ({ weights: nonEmptyText, ...sequentialRules() });

/**
 * Loads a saved model: a folder (a path, in Node) with model.json and weights, or the path of a `.safetensors` file,
 * which needs nothing beside it unless an earlier version wrote it.
 *
 * Throws: FileError when there is no model; ModelError when it is damaged; UsageError for weights named beside a file.
 */
export async function loadModel(from: Folder | string, options: LoadModelOptions = {}): Promise<Sequential> {
  return (await readModel(from, options)).load();
}

/** A model that was read and checked, with nothing on a device yet. */
export interface ModelOnHost {
  readonly model: Sequential;
  /** Puts the weights on the device; returns the model. */
  load(): Sequential;
}

/** The part of `loadModel` that needs no device. Throws: as `loadModel`. */
export async function readModel(from: Folder | string, loading: LoadModelOptions = {}): Promise<ModelOnHost> {
  checkCall('loadModel', loading, loadRules);
  const { weights, ...options } = loading;
  const file = typeof from === 'string' ? weightsPath(from) : undefined;
  if (file !== undefined) {
    if (weights !== undefined) {
      throw new UsageError(
        `loadModel: ${from as string} is a file of weights itself, so weights '${weights}' cannot be named beside it.`,
      );
    }
    const folder = folderAt(file.folder);
    const bytes = await folder.read(`${file.name}.safetensors`);
    const stored = readSafetensors(bytes, from as string);
    const isWhole = hasDescription(stored) || !(await folder.exists('model.json'));
    const model = isWhole
      ? descriptionOf(stored, options, from as string)
      : await readDescription(folder, options);
    return onHost(model, stored, from as string);
  }
  const folder = folderAt(from);
  const model = await readDescription(folder, options);
  const name = `${weights ?? (await firstExisting(folder))}.safetensors`;
  const path = `${folder.path}/${name}`;
  return onHost(model, readSafetensors(await folder.read(name), path), path);
}

/** The folder and the name before the ending, of a path that ends in `.safetensors`. */
export function weightsPath(path: string): { readonly folder: string; readonly name: string } | undefined {
  const match = /^(.*[/\\])?([^/\\]+)\.safetensors$/.exec(path);
  return match === null ? undefined : { folder: match[1] ?? '.', name: match[2] as string };
}

/** The whole model as one file, for a download: weights, optimizer slots and description; `modelFromFile` reads it. */
export async function modelFile(
  model: Sequential,
  options?: SaveWeightsOptions,
): Promise<Uint8Array<ArrayBuffer>> {
  checkArgument('modelFile', 'model', model, () => having('a model', 'toFile'));
  return model.toFile(options);
}

export interface ModelFromFileOptions extends SequentialOptions {
  /** What to call it in messages. Default 'file'. */
  readonly file?: string;
}

const fromFileRules = (): Rules<ModelFromFileOptions> => ({ file: text, ...sequentialRules() });

/**
 * The model in the bytes of a weights file, whoever wrote it: `modelFile`, `save`, or a training's checkpoints.
 * `file` is what to call it in messages.
 *
 * Throws: ModelError when the file is damaged, or carries no description of its model.
 */
export function modelFromFile(bytes: Uint8Array, reading: ModelFromFileOptions = {}): Sequential {
  if (!(bytes instanceof Uint8Array)) throw wrong('modelFromFile', 'bytes', bytes, 'a Uint8Array');
  checkCall('modelFromFile', reading, fromFileRules);
  const { file = 'file', ...options } = reading;
  const stored = readSafetensors(bytes, file);
  return onHost(descriptionOf(stored, options, file), stored, file).load();
}

/** Throws: ModelError when the weights do not fit the model. */
function onHost(model: Sequential, stored: StoredTensors, file: string): ModelOnHost {
  model.checkWeights(stored, file);
  return {
    model,
    load: () => {
      model.takeWeights(stored, file);
      return model;
    },
  };
}

async function readDescription(folder: Folder, options: SequentialOptions): Promise<Sequential> {
  const file = `${folder.path}/model.json`;
  const json = parseJson(
    await folder.read('model.json'),
    (what, cause) => new ModelError(`model: ${saidOf(file, what)}.`, { cause }),
  );
  return Sequential.fromJson(json, options, file);
}

function descriptionOf(stored: StoredTensors, options: SequentialOptions, file: string): Sequential {
  return Sequential.fromJson(descriptionIn(stored, file), options, `the description in ${file}`);
}

async function firstExisting(folder: Folder): Promise<string> {
  for (const name of weightNames) if (await folder.exists(`${name}.safetensors`)) return name;
  throw new ModelError(
    `model: ${folder.path} holds no weights, expected one of ${weightNames.map((name) => `${name}.safetensors`).join(', ')}.`,
  );
}
