/**
 * What the page asks of its worker, and what the worker tells it. Everything here crosses by structured clone, so it is
 * plain values and typed arrays. The calls are made through Comlink: each method of an interface below is one message
 * there and one back, an error keeps its name and message.
 */
import type { AugmentOptions } from '../src/kernels/index.js';
import type { ModelName } from '../src/nn/names.js';
import type { Filter } from '../src/nn/preprocessing.js';
import type { Recipe } from '../src/recipe/recipe.js';

// ---- settings ----

/** The data sets that the page offers: by name, or `custom` for files that were dropped on it. */
export type PageDataset = 'digits' | 'fashion' | 'custom';

/** What a training is set to: a recipe. The page keeps in its URL what people choose of it. */
export type Settings = Recipe<PageDataset>;

// ---- what the worker tells ----

/**
 * idle       a model predicts, no training has begun
 * loading    images are fetched
 * compiling  kernels are compiled
 * training, validating
 * paused     between two steps; everything is saved
 * finished   all epochs done, or enough of them by the preset's own rule
 * stopped    ended before its time
 * lost       the device was lost; the last checkpoint can be resumed
 */
export type Phase =
  'idle' | 'loading' | 'compiling' | 'training' | 'validating' | 'paused' | 'finished' | 'stopped' | 'lost';

export interface TrainingStatus {
  readonly phase: Phase;
  /** Of the training that this is about; null before the first. */
  readonly settings: Settings | null;
  /** Steps and epochs done since training began, and the step within the epoch. */
  readonly step: number;
  readonly epoch: number;
  readonly stepInEpoch: number;
  readonly stepsPerEpoch: number;
  readonly epochs: number;
  /** The epoch's running means. */
  readonly loss: number | null;
  readonly accuracy: number | null;
  readonly learningRate: number | null;
  /** Whether a schedule changes the rate from step to step; a rate that a person sets is constant. */
  readonly isScheduled: boolean;
  /** Over the last seconds; null until there are some. */
  readonly imagesPerSecond: number | null;
  readonly stepMs: number | null;
  /** Seconds to the end of all epochs, at the present speed. */
  readonly etaSeconds: number | null;
  /** Of what is loading, compiling or validating: parts done, and parts in all. */
  readonly progress: { readonly done: number; readonly total: number } | null;
  /** When the last checkpoint was written, ms since 1970; null when nothing is kept. */
  readonly savedAt: number | null;
  /** What is wrong with it and what to do, in sentences for people; null for nothing. */
  readonly trouble: string | null;
  /** Whether a training has begun and not ended: it runs, is paused, or can be resumed. */
  readonly isUnderWay: boolean;
}

/** One step, for the curves. */
export interface StepPoint {
  readonly step: number;
  /** The batch's mean loss, and the share it had right. */
  readonly loss: number;
  readonly accuracy: number;
}

/** One epoch: `loss`, `accuracy`, `val_loss`, `val_accuracy`, `learning_rate`. */
export interface EpochPoint {
  /** From 1 on. */
  readonly epoch: number;
  /** Steps done at its end, which places it beside the steps. */
  readonly step: number;
  readonly logs: Readonly<Record<string, number>>;
}

export interface DeviceInfo {
  readonly name: string;
  readonly vendor: string;
  readonly architecture: string;
  /** `gpu`, or `software` for an adapter that is the processor. */
  readonly family: string;
  readonly subgroupSize: number;
  readonly hasTimestamps: boolean;
}

/** What the training step holds on the device. */
export interface MemoryPlan {
  /** Dispatches of a step, and without fusion. */
  readonly dispatches: number;
  readonly dispatchesWithoutFusion: number;
  readonly parameters: number;
  /** Bytes by what they are for, largest first. */
  readonly parts: readonly { readonly name: string; readonly bytes: number }[];
  readonly allocatedBytes: number;
  readonly peakBytes: number;
  /** One line on how batches are divided; null where they are taken whole. */
  readonly accumulation: string | null;
}

/** The model that predicts now. */
export interface ModelInfo {
  /** Grows by one whenever weights have changed as far as anybody should look again (not at every step). */
  readonly version: number;
  readonly name: string;
  /** `shipped`, `trained` here, `opened` from a file. */
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

/** What an error is about: a later success with the same takes its note away. */
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

/** Why a data set cannot be used, for people; null where it can be, as far as is known. */
export type SetProblems = Readonly<Record<Settings['dataset'], string | null>>;

/** Models with their trainings, the user's own images, and kernel choices are undone each by itself. */
export type UndoScope = 'model' | 'images' | 'tuning';
/** What can be undone. */
export type UndoName = 'train' | 'stop' | 'reset' | 'open' | 'correction' | 'images' | 'forget';
/** Of each scope what would be undone or redone next; null for nothing. */
export type UndoOffers = Readonly<
  Record<UndoScope, { readonly undo: UndoName | null; readonly redo: UndoName | null }>
>;

export interface Note {
  readonly level: 'info' | 'warning' | 'error';
  readonly cause?: Cause;
  /** One or two sentences for people. */
  readonly text: string;
}

/** By name, what a listener is given. Each kind comes at most about eight times a second. */
export interface WorkerEvents {
  /** `info` is null where there is no WebGPU: `problem` says why, for people; or why the device was lost. */
  readonly device: { readonly info: DeviceInfo | null; readonly problem: string | null };
  readonly status: TrainingStatus;
  /** Steps since the last event; `isFresh` when those before belong to another training and go. */
  readonly steps: { readonly points: readonly StepPoint[]; readonly isFresh: boolean };
  /** All epochs so far. */
  readonly epochs: readonly EpochPoint[];
  readonly memory: MemoryPlan;
  readonly model: ModelInfo;
  readonly sets: SetProblems;
  readonly undo: UndoOffers;
  /** The kernel choices stored in this browser, which another tab may have changed; as `TuningApi.stored`. */
  readonly tuned: StoredTuning | null;
  readonly note: Note;
}

export type WorkerEvent = {
  [Name in keyof WorkerEvents]: { readonly name: Name; readonly value: WorkerEvents[Name] };
}[keyof WorkerEvents];

// ---- what the page asks ----

export interface WorkerApi {
  /**
   * Opens the device and the model, and takes up what an earlier visit left. `listener` hears everything from then on.
   * Called once, first.
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
  /** Puts back what was there before; what is there now can be redone. Throws: FileError, ModelError, DeviceError. */
  undo(scope: UndoScope): Promise<void>;
  redo(scope: UndoScope): Promise<void>;
}

export interface StartOptions {
  /** Where `data/` and `models/` lie: the page's own address without file, query and fragment. */
  readonly base: string;
  readonly settings: Settings;
  /** Whether this tab is being reloaded: its previous page may still hold the session's lock. */
  readonly isReload: boolean;
}

export interface TrainingApi {
  /** Starts a new training with these settings. Resolves when the first step can begin. */
  begin(settings: Settings): Promise<void>;
  /** Resolves when the steps under way have ended and everything is saved. */
  pause(): Promise<void>;
  /** One step, then paused again. */
  step(): Promise<void>;
  /** Goes on after a pause, a reload or a lost device. */
  resume(): Promise<void>;
  /** Ends the training for good; the weights stay, as the model that predicts. */
  stop(): Promise<void>;
  /** Takes effect with the next step and replaces the schedule; null restores the schedule. */
  setLearningRate(rate: number | null): Promise<void>;
}

export interface ModelsApi {
  /** One .safetensors file with weights, optimizer slots and architecture, and the name it should have. */
  download(): Promise<{ readonly name: string; readonly bytes: Uint8Array<ArrayBuffer> }>;
  /** Such a file, or model.json and weights as Node's run folder holds them; becomes the model that predicts. */
  open(files: readonly File[]): Promise<void>;
  /** Back to the model that came with the page for this data set; the model before, with its training, can be undone to. */
  reset(dataset: Settings['dataset']): Promise<void>;
}

/** Images of one size: [count,height,width,channels], a byte per value, with labels where they are known. */
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
  /** Per class, by label; null for a part that is not there. */
  readonly trainCounts: readonly number[] | null;
  readonly testCounts: readonly number[] | null;
  /** Where they came from, for people. */
  readonly source: string;
}

export interface PreviewOptions {
  /** As for `samples`. */
  readonly dataset?: Settings['dataset'];
  readonly indices: readonly number[];
  readonly part: Part;
  readonly augmentation: AugmentOptions | null;
  readonly filters: readonly Filter[];
  readonly seed: number;
  /** How many draws of each image; 1 or more. */
  readonly variants: number;
}

export interface DataApi {
  /** The set that the settings name; fetched and kept when it has not been. */
  describe(dataset: Settings['dataset']): Promise<DataInfo>;
  /** Takes dropped or chosen files as the data set `custom`. */
  open(files: readonly File[]): Promise<DataInfo>;
  /**
   * `count` images of a part, of one class where `label` is given, chosen by the seed. Without a name they are of the set
   * that the present model is tested on.
   */
  samples(options: {
    readonly dataset?: Settings['dataset'];
    readonly part: Part;
    readonly count: number;
    readonly label: number | null;
    readonly seed: number;
  }): Promise<Images & { readonly indices: readonly number[] }>;
  /** Images after augmentation and filters, by the very kernels that training uses; variants side by side. */
  preview(options: PreviewOptions): Promise<Images>;
}

export interface Prediction {
  /** What the network saw: [height,width,channels], a byte per value. */
  readonly input: Uint8Array<ArrayBuffer>;
  /** By class. */
  readonly probabilities: Float32Array<ArrayBuffer>;
  readonly ms: number;
  /** Computed by the device, or by JavaScript without a device. */
  readonly by: 'device' | 'processor';
}

/** A drawing or picture: RGBA, row by row. */
export interface PictureData {
  readonly rgba: Uint8ClampedArray<ArrayBuffer>;
  readonly width: number;
  readonly height: number;
}

export interface PredictingApi {
  /** As digits are prepared (src/data/digit_image.ts), then predicted; null when nothing is drawn. */
  drawing(picture: PictureData): Promise<Prediction | null>;
  /** A photograph or file, likewise. */
  upload(file: Blob): Promise<Prediction>;
  /** Pixels as the network takes them. */
  image(input: Uint8Array<ArrayBuffer>): Promise<Prediction>;
  /** Changes the network so that it takes this image for its label, unless that costs too many others. */
  correct(input: Uint8Array<ArrayBuffer>, label: number): Promise<CorrectionOutcome>;
}

export interface CorrectionOutcome {
  readonly before: Prediction;
  readonly after: Prediction;
  /** False when the network is as it was. */
  readonly isCorrected: boolean;
  /** Number of training images that were checked; 0 if there are none. */
  readonly rehearsed: number;
  /** Those of them that were right, and are not any more; where nothing was learned, would not be. */
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
  /** False where the data have no test part: these are images that training leaves out. */
  readonly isTestPart: boolean;
  readonly count: number;
  readonly loss: number;
  readonly accuracy: number;
  /** The classes in the matrix: all of them, or of many those with the most mistakes; ascending. */
  readonly labels: readonly number[];
  /** [actual][predicted], in the order of `labels`. */
  readonly confusion: readonly (readonly number[])[];
  readonly classes: readonly ClassFigures[];
  readonly ms: number;
}

export interface Mistake {
  /** Among the images tested. */
  readonly index: number;
  readonly actual: number;
  readonly predicted: number;
  /** Cross-entropy in nats. */
  readonly loss: number;
  /** Of the class predicted. */
  readonly probability: number;
}

export interface EvaluatingApi {
  /**
   * The test part, or its first `count` images, by the model that predicts now; where the data have none, images that
   * training leaves out.
   */
  run(
    options: { readonly count: number | null },
    onProgress: (done: number, total: number) => void,
  ): Promise<TestEvaluation>;
  /** Ends a run under way: it resolves with what was judged so far. */
  stop(): Promise<void>;
  /** Of the last run: those of one cell of the matrix, or all mistakes, by falling loss. */
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
  /** The layers it works for, several where their ops were fused; or what else: `inputs`, `loss`, `optimizer`. */
  readonly scopes: readonly string[];
  readonly isBackward: boolean;
  /** Pass and fused ops. */
  readonly label: string;
  /** Its file below shaders/, without the ending: a primitive of several dispatches has one for each. */
  readonly shader: string;
  readonly variant: string;
  readonly shapes: string;
  readonly workgroups: readonly number[];
  /** Null where the device has no timestamps. */
  readonly ms: number | null;
  /** Giga per second, of all dispatches of a primitive, at the slowest of them; null at the others. */
  readonly gflops: number | null;
  readonly gbytes: number | null;
}

export interface InspectingApi {
  /** The kernel of the first convolution: [KH,KW,C,O]; null where the model has none. */
  filters(): Promise<{
    readonly shape: readonly number[];
    readonly values: Float32Array<ArrayBuffer>;
  } | null>;
  activations(input: Uint8Array<ArrayBuffer>): Promise<readonly LayerActivation[]>;
  /** Of the training step of the training under way or last, or of a prediction where there was none. */
  kernels(): Promise<{
    readonly of: 'training' | 'prediction';
    readonly rows: readonly KernelRow[];
    readonly totalMs: number | null;
  }>;
  /** The WGSL of a row of the last `kernels`, as it was compiled. */
  source(index: number): Promise<string>;
}

/** One way to compute a kernel. */
export interface TunedVariant {
  readonly variant: string;
  /** Least of the repeats; null for one that was wrong. */
  readonly ms: number | null;
  /** Why it was left out; null for one that was right. */
  readonly problem: string | null;
}

/** A kernel that several variants can compute, measured. */
export interface TunedKernel {
  /** `conv2d/forward`. */
  readonly primitive: string;
  /** Of its inputs. */
  readonly shapes: string;
  /** The table's choice first. */
  readonly variants: readonly TunedVariant[];
  /** Null where none was right: the table decides. */
  readonly chosen: string | null;
  /** The time of the table's choice over that of the chosen one. */
  readonly gain: number;
}

export interface Tuning {
  readonly model: ModelName;
  readonly batchSize: number;
  /** Those that were measured. */
  readonly kernels: readonly TunedKernel[];
  /** The training step by the table and by what was chosen; null where that is the same. */
  readonly step: { readonly untunedMs: number; readonly tunedMs: number } | null;
  /**
   * nothing    no kernel has more than one variant to try on this device
   * stored     stored in this browser, and used by new plans
   * unkept     likewise, but forgotten when the page is closed: the browser keeps nothing here
   * slower     kernel by kernel faster, together slower: nothing has changed
   * cancelled  before all was measured: nothing has changed
   */
  readonly outcome: 'nothing' | 'stored' | 'unkept' | 'slower' | 'cancelled';
}

/** How many kernels were measured, and when last (ms since 1970). */
export interface StoredTuning {
  readonly kernels: number;
  readonly at: number | null;
}

export interface TuningApi {
  /**
   * Measures which variant of each kernel is fastest here, for the model and batch size of these settings, and keeps that.
   * `onProgress` is called with each kernel before it is measured, with the number of those done; with null when the step as a
   * whole is compared. A training under way keeps the kernels it began with.
   */
  run(
    settings: Settings,
    onProgress: (done: number, total: number, primitive: string | null) => void,
  ): Promise<Tuning>;
  /** Ends a run under way behind the kernel that is being measured. */
  cancel(): Promise<void>;
  /** What the device goes by; null for nothing. */
  stored(): Promise<StoredTuning | null>;
  /** Forgets it, in this browser too. */
  forget(): Promise<void>;
}
