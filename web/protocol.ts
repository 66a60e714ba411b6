/**
 * The calls that the page makes to its worker, and the events that the worker sends. All values cross by structured clone,
 * so they are plain values and typed arrays. Calls go through Comlink: each method of an interface below is a request and
 * a response; errors keep their name and message.
 */
import type { AugmentOptions } from '../src/augment_options.js';
import type { ModelName } from '../src/nn/names.js';
import type { Filter } from '../src/nn/samples/preprocessing.js';
import type { Recipe } from '../src/recipe/recipe.js';

// ---- settings ----

/** The data sets that the page offers; `custom` is the files that the user dropped on it. */
export type PageDataset = 'digits' | 'fashion' | 'custom';

/** The settings of a training are its recipe. The page keeps those that people choose in its URL. */
export type Settings = Recipe<PageDataset>;

// ---- events from the worker ----

/**
 * idle       a model predicts; no training has started
 * loading    images are being fetched
 * compiling  kernels are being compiled
 * training, validating
 * paused     no step is in flight, and everything is saved
 * finished   all epochs are done, or the preset's stopping rule ended the training
 * stopped    the user ended the training early, or its loss was NaN
 * lost       the device was lost; the last checkpoint can be resumed
 */
export type Phase =
  'idle' | 'loading' | 'compiling' | 'training' | 'validating' | 'paused' | 'finished' | 'stopped' | 'lost';

export interface TrainingStatus {
  readonly phase: Phase;
  /** The settings of this training; null before the first. */
  readonly settings: Settings | null;
  /** Completed steps and epochs, and the step within the epoch. */
  readonly step: number;
  readonly epoch: number;
  readonly stepInEpoch: number;
  readonly stepsPerEpoch: number;
  readonly epochs: number;
  /** Running means of the epoch. */
  readonly loss: number | null;
  readonly accuracy: number | null;
  readonly learningRate: number | null;
  /** Whether a schedule changes the rate from step to step; a rate that the user sets is constant. */
  readonly isScheduled: boolean;
  /** Measured over the last seconds; null before the first step. */
  readonly imagesPerSecond: number | null;
  readonly stepMs: number | null;
  /** Estimated seconds until all epochs are done, at the current speed. */
  readonly etaSeconds: number | null;
  /** Progress of loading, compiling or validating. */
  readonly progress: { readonly done: number; readonly total: number } | null;
  /** When the last checkpoint was written, in ms since 1970; null when nothing is saved. */
  readonly savedAt: number | null;
  /** A problem with this training and what to do about it, to display; null if there is none. */
  readonly trouble: string | null;
  /** Whether a training has started and not ended: it is running, paused, or can be resumed. */
  readonly isUnderWay: boolean;
}

/** One step's metrics, for the curves. */
export interface StepPoint {
  readonly step: number;
  /** Mean loss and accuracy of the batch. */
  readonly loss: number;
  readonly accuracy: number;
}

/** One epoch's logs: `loss`, `accuracy`, `val_loss`, `val_accuracy`, `learning_rate`. */
export interface EpochPoint {
  /** Starts at 1. */
  readonly epoch: number;
  /** The step at which the epoch ended, to draw it on the same axis as the steps. */
  readonly step: number;
  readonly logs: Readonly<Record<string, number>>;
}

export interface DeviceInfo {
  readonly name: string;
  readonly vendor: string;
  readonly architecture: string;
  /** `gpu`, or `software` for an adapter that runs on the CPU. */
  readonly family: string;
  readonly subgroupSize: number;
  readonly hasTimestamps: boolean;
}

/** Device memory of a training step. */
export interface MemoryPlan {
  /** Dispatches per step, with fusion and without. */
  readonly dispatches: number;
  readonly dispatchesWithoutFusion: number;
  readonly parameters: number;
  /** Bytes by purpose, largest first. */
  readonly parts: readonly { readonly name: string; readonly bytes: number }[];
  readonly allocatedBytes: number;
  readonly peakBytes: number;
  /** A line on how batches are split into micro-batches; null if they are not. */
  readonly accumulation: string | null;
}

/** The current model. */
export interface ModelInfo {
  /** Incremented when the weights have changed and views should refresh: at saves, not at every step. */
  readonly version: number;
  readonly name: string;
  /** `shipped` with the page, `trained` here, or `opened` from a file. */
  readonly origin: 'shipped' | 'trained' | 'opened';
  readonly parameterCount: number;
  /** [height, width, channels]. */
  readonly inputShape: readonly number[];
  readonly classNames: readonly string[];
  readonly layers: readonly {
    readonly name: string;
    readonly className: string;
    readonly outputShape: readonly number[];
    readonly parameterCount: number;
  }[];
}

/** What an error is about. A later success with the same cause removes its note. */
export type Cause =
  | 'page'
  | 'training'
  | 'saving'
  | 'model'
  | 'images'
  | 'samples'
  | 'picture'
  | 'prediction'
  | 'correction'
  | 'test'
  | 'inside'
  | 'tuning';

/** Why each data set cannot be used, to display; null if no problem is known. */
export type SetProblems = Readonly<Record<Settings['dataset'], string | null>>;

/** Each scope has its own undo history: the model with its training, the user's images, and the kernel choices. */
export type UndoScope = 'model' | 'images' | 'tuning';
/** The actions that can be undone. */
export type UndoName = 'train' | 'stop' | 'reset' | 'open' | 'correction' | 'images' | 'forget';
/** The next action to undo and to redo in each scope; null if there is none. */
export type UndoOffers = Readonly<
  Record<UndoScope, { readonly undo: UndoName | null; readonly redo: UndoName | null }>
>;

export interface Note {
  readonly level: 'info' | 'warning' | 'error';
  readonly cause?: Cause;
  /** One or two sentences to display. */
  readonly text: string;
}

/** Events by name, with the value that the listener receives. Each kind is sent at most about eight times a second. */
export interface WorkerEvents {
  /** `info` is null without WebGPU. `problem` says why there is no device, or why it was lost, to display. */
  readonly device: { readonly info: DeviceInfo | null; readonly problem: string | null };
  readonly status: TrainingStatus;
  /** Steps since the last event; `isFresh` if they replace all earlier ones, which belong to another training. */
  readonly steps: { readonly points: readonly StepPoint[]; readonly isFresh: boolean };
  /** All epochs so far. */
  readonly epochs: readonly EpochPoint[];
  readonly memory: MemoryPlan;
  readonly model: ModelInfo;
  readonly sets: SetProblems;
  readonly undo: UndoOffers;
  /** As `TuningApi.stored`; another tab may have changed it. */
  readonly tuned: StoredTuning | null;
  readonly note: Note;
}

export type WorkerEvent = {
  [Name in keyof WorkerEvents]: { readonly name: Name; readonly value: WorkerEvents[Name] };
}[keyof WorkerEvents];

// ---- calls to the worker ----

export interface WorkerApi {
  /**
   * Opens the device and the model, and restores the session of an earlier visit. `listener` receives all events. Call it
   * once, before any other method.
   */
  start(options: StartOptions, listener: (event: WorkerEvent) => void): Promise<void>;
  readonly training: TrainingApi;
  readonly models: ModelsApi;
  readonly data: DataApi;
  readonly predicting: PredictingApi;
  readonly evaluating: EvaluatingApi;
  readonly inspecting: InspectingApi;
  readonly tuning: TuningApi;
  readonly undo: UndoApi;
}

export interface UndoApi {
  /** Restores the previous state; `redo` restores the present one. Throws: FileError, ModelError, DeviceError. */
  undo(scope: UndoScope): Promise<void>;
  redo(scope: UndoScope): Promise<void>;
}

export interface StartOptions {
  /** The folder of `data/` and `models/`: the page's URL without file name, query and fragment. */
  readonly base: string;
  readonly settings: Settings;
  /** Whether this tab is being reloaded: its previous page may still hold the session's lock. */
  readonly isReload: boolean;
}

export interface TrainingApi {
  /** Starts a new training with these settings. Resolves when the first step can begin. */
  begin(settings: Settings): Promise<void>;
  /** Resolves when the steps in flight have ended and everything is saved. */
  pause(): Promise<void>;
  /** Runs one step, then pauses again. */
  step(): Promise<void>;
  /** Resumes after a pause, a reload or a lost device. */
  resume(): Promise<void>;
  /** Ends the training for good. The model keeps its weights. */
  stop(): Promise<void>;
  /** Replaces the schedule by a constant rate from the next step on; null restores the schedule. */
  setLearningRate(rate: number | null): Promise<void>;
}

export interface ModelsApi {
  /** A .safetensors file with weights, optimizer slots and architecture, and a name for it. */
  download(): Promise<{ readonly name: string; readonly bytes: Uint8Array<ArrayBuffer> }>;
  /** Opens such a file, or model.json and weights from a run folder, as the current model. */
  open(files: readonly File[]): Promise<void>;
  /** Returns to the built-in model for this data set. Undo restores the previous model with its training. */
  reset(dataset: Settings['dataset']): Promise<void>;
}

/** Images of one size: [count,height,width,channels], a byte per value, and their labels if known. */
export interface Images {
  readonly pixels: Uint8Array<ArrayBuffer>;
  readonly labels: Uint8Array<ArrayBuffer> | null;
  readonly count: number;
  readonly height: number;
  readonly width: number;
  readonly channels: number;
}

export type Part = 'train' | 'test';

export interface DataInfo {
  readonly name: string;
  readonly classNames: readonly string[];
  readonly height: number;
  readonly width: number;
  readonly channels: number;
  /** Images per class, by label; null if the data set lacks this split. */
  readonly trainCounts: readonly number[] | null;
  readonly testCounts: readonly number[] | null;
  /** Where the images come from, to display. */
  readonly source: string;
}

export interface PreviewOptions {
  /** Defaults as in `samples`. */
  readonly dataset?: Settings['dataset'];
  readonly indices: readonly number[];
  readonly part: Part;
  readonly augmentation: AugmentOptions | null;
  readonly filters: readonly Filter[];
  readonly seed: number;
  /** Variants of each image; 1 or more. */
  readonly variants: number;
}

export interface DataApi {
  /** Describes a data set; fetches it first if necessary. */
  describe(dataset: Settings['dataset']): Promise<DataInfo>;
  /** Uses dropped or chosen files as the data set `custom`. */
  open(files: readonly File[]): Promise<DataInfo>;
  /**
   * Up to `count` random images of a split, drawn with the seed; of one class if `label` is given. `dataset` defaults to the
   * images that the current model is tested on.
   */
  samples(options: {
    readonly dataset?: Settings['dataset'];
    readonly part: Part;
    readonly count: number;
    readonly label: number | null;
    readonly seed: number;
  }): Promise<Images & { readonly indices: readonly number[] }>;
  /** Images after filters and augmentation, computed by the kernels of training; the variants of an image are adjacent. */
  preview(options: PreviewOptions): Promise<Images>;
}

export interface Prediction {
  /** The network's input: [height,width,channels], a byte per value. */
  readonly input: Uint8Array<ArrayBuffer>;
  /** One per class. */
  readonly probabilities: Float32Array<ArrayBuffer>;
  readonly ms: number;
  /** Computed on the WebGPU device, or in JavaScript. */
  readonly by: 'device' | 'cpu';
}

/** A drawing or picture: RGBA, row-major. */
export interface PictureData {
  readonly rgba: Uint8ClampedArray<ArrayBuffer>;
  readonly width: number;
  readonly height: number;
}

export interface PredictingApi {
  /** Prepares a drawing as the digits were (src/data/digit_image.ts), and predicts it; null if nothing is drawn. */
  drawing(picture: PictureData): Promise<Prediction | null>;
  /** Likewise for an image file. */
  upload(file: Blob): Promise<Prediction>;
  /** Predicts an image in the network's own format. */
  image(input: Uint8Array<ArrayBuffer>): Promise<Prediction>;
  /** Changes the network to predict this label for this image, unless it would forget too many training images. */
  correct(input: Uint8Array<ArrayBuffer>, label: number): Promise<CorrectionOutcome>;
}

export interface CorrectionOutcome {
  readonly before: Prediction;
  readonly after: Prediction;
  /** False if the network is unchanged. */
  readonly isCorrected: boolean;
  /** Number of training images that were checked; 0 if there are none. */
  readonly rehearsed: number;
  /** How many of them were right before and are wrong after the correction; if it was rejected, would be wrong. */
  readonly forgotten: number;
}

export interface ClassFigures {
  readonly label: number;
  readonly precision: number | null;
  readonly recall: number | null;
  readonly f1: number | null;
  readonly support: number;
}

export interface TestEvaluation {
  readonly modelVersion: number;
  /** False if the data set has no test split: then these are images that training leaves out. */
  readonly isTestPart: boolean;
  readonly count: number;
  readonly loss: number;
  readonly accuracy: number;
  /** The classes in the matrix, ascending: all of them, or those with the most mistakes if there are many. */
  readonly labels: readonly number[];
  /** [actual][predicted], in the order of `labels`. */
  readonly confusion: readonly (readonly number[])[];
  readonly classes: readonly ClassFigures[];
  readonly ms: number;
}

export interface Mistake {
  /** Index among the tested images. */
  readonly index: number;
  readonly actual: number;
  readonly predicted: number;
  /** Cross-entropy in nats. */
  readonly loss: number;
  /** Probability of the predicted class. */
  readonly probability: number;
}

export interface EvaluatingApi {
  /**
   * Evaluates the current model on the test split, or on its first `count` images. If there is no test split, on images that
   * training leaves out.
   */
  run(
    options: { readonly count: number | null },
    onProgress: (done: number, total: number) => void,
  ): Promise<TestEvaluation>;
  /** Ends the running evaluation, which resolves with the images it has evaluated. */
  stop(): Promise<void>;
  /** Images of the last run by descending loss: those of one cell of the matrix, or all mistakes. */
  images(options: {
    readonly actual: number | null;
    readonly predicted: number | null;
    readonly from: number;
    readonly count: number;
  }): Promise<{ readonly found: readonly Mistake[]; readonly total: number; readonly images: Images }>;
}

/** One layer's output for one image: [height,width,channels], or [units] with height and width 1. */
export interface LayerActivation {
  readonly layer: string;
  readonly className: string;
  readonly shape: readonly number[];
  readonly values: Float32Array<ArrayBuffer>;
}

export interface KernelRow {
  readonly index: number;
  /** The layers whose ops it computes, several if they were fused; or `inputs`, `loss`, `optimizer`. */
  readonly scopes: readonly string[];
  readonly isBackward: boolean;
  /** The primitive and the ops fused into it. */
  readonly label: string;
  /** File below shaders/, without extension: a primitive of several dispatches has a shader for each. */
  readonly shader: string;
  readonly variant: string;
  readonly shapes: string;
  readonly workgroups: readonly number[];
  /** Null without timestamps. */
  readonly ms: number | null;
  /** GFLOP/s and GB/s of the whole primitive, in the row of its slowest dispatch; null in its other rows. */
  readonly gflops: number | null;
  readonly gbytes: number | null;
}

export interface InspectingApi {
  /** The kernel of the first convolution: [KH,KW,C,O]; null if the model has none. */
  filters(): Promise<{
    readonly shape: readonly number[];
    readonly values: Float32Array<ArrayBuffer>;
  } | null>;
  activations(input: Uint8Array<ArrayBuffer>): Promise<readonly LayerActivation[]>;
  /** The kernels of a step of the current or last training; before the first training, those of a prediction. */
  kernels(): Promise<{
    readonly of: 'training' | 'prediction';
    readonly rows: readonly KernelRow[];
    readonly totalMs: number | null;
  }>;
  /** The compiled WGSL of a row of the last `kernels` call. */
  source(index: number): Promise<string>;
}

/** A measured variant of a kernel. */
export interface TunedVariant {
  readonly variant: string;
  /** Minimum over the repeats; null if its result was wrong. */
  readonly ms: number | null;
  /** Why it was rejected; null if its result was right. */
  readonly problem: string | null;
}

/** A kernel whose variants were measured. */
export interface TunedKernel {
  /** Such as `conv2d/forward`. */
  readonly primitive: string;
  /** Input shapes. */
  readonly shapes: string;
  /** The default variant first. */
  readonly variants: readonly TunedVariant[];
  /** Null if no variant was right; then the default variant is used. */
  readonly chosen: string | null;
  /** Time of the default variant divided by that of the chosen one. */
  readonly gain: number;
}

export interface Tuning {
  readonly model: ModelName;
  readonly batchSize: number;
  /** The measured kernels. */
  readonly kernels: readonly TunedKernel[];
  /** Time of a training step with the default variants and with the chosen ones; null if these are the same. */
  readonly step: { readonly untunedMs: number; readonly tunedMs: number } | null;
  /**
   * nothing    no kernel has more than one variant on this device
   * stored     the choices are stored in this browser, and new plans use them
   * unkept     new plans use the choices until the page is closed: the browser cannot store them
   * slower     each kernel is faster but the step is slower, so the choices are discarded
   * cancelled  the run was cancelled, and its choices are discarded
   */
  readonly outcome: 'nothing' | 'stored' | 'unkept' | 'slower' | 'cancelled';
}

/** The number of kernels with a stored choice, and the time of the last measurement in ms since 1970. */
export interface StoredTuning {
  readonly kernels: number;
  readonly at: number | null;
}

export interface TuningApi {
  /**
   * Finds the fastest variant of each kernel on this device, for the model and batch size of these settings, and stores the
   * choices. `onProgress` is called before each kernel is measured, and with null before the whole step is. A running
   * training keeps its kernels.
   */
  run(
    settings: Settings,
    onProgress: (done: number, total: number, primitive: string | null) => void,
  ): Promise<Tuning>;
  /** Ends the run after the kernel that is being measured. */
  cancel(): Promise<void>;
  /** The choices that new plans use; null if there are none. */
  stored(): Promise<StoredTuning | null>;
  /** Discards the choices, also those stored in this browser. */
  forget(): Promise<void>;
}
