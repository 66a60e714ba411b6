/** Writes TensorBoard event files: scalars, histograms, images, and the graph of the model. */
import { checkCall } from '../../calls.js';
import { UsageError } from '../../errors.js';
import type { Folder } from '../../folder.js';
import {
  type Rules,
  count,
  countOrZero,
  either,
  flag,
  fn,
  folder as folderRule,
  nonEmptyText,
  oneOf,
  required,
  rule,
} from '../../options.js';
import type { Callback, Logs, Training } from '../../nn/callbacks/callback.js';
import type { Confusion, ConfusionRows } from '../confusion.js';
import { confusionPicture } from './confusion_picture.js';
import { type Moment, histogramEvent, imageEvent, kerasModelEvent, scalarEvent } from './event.js';
import { EventWriter } from './event_writer.js';
import { histogramOf } from './histogram.js';
import { kerasJson } from './keras_json.js';
import type { Pixels } from './pixels.js';

type Maybe<T> = T | Promise<T>;

export interface TensorBoardOptions {
  /** Folder for `tensorboard --logdir`; the run gets its own folder inside. */
  readonly logDir: Folder;
  /** The run's folder. Default: the start time of the training, such as `20260131-120000`. */
  readonly run?: string;
  /** The model's graph. Default true. */
  readonly writeGraph?: boolean;
  /** Epochs between weight histograms; 0 for none. Default 0. */
  readonly histogramFreq?: number;
  /** When to write metrics: after each epoch, also after each batch, or every n batches. Default 'epoch'. */
  readonly updateFreq?: 'epoch' | 'batch' | number;
  /** Steps per second as a scalar. Default false. */
  readonly writeStepsPerSecond?: boolean;
  /** Encodes pixels as PNG; required for pictures. In Node `encodePng` of src/node/png.ts. */
  readonly encodePng?: (picture: Pixels) => Uint8Array;
  /** Pictures under `samples`: a list, written once, or a function called after every `imageFreq` epochs. */
  readonly imageSamples?: readonly Pixels[] | ((epoch: number) => Maybe<readonly Pixels[]>);
  /** counts[truth][guess], or pairs, shown as a picture under `confusion_matrix` after every `imageFreq` epochs. */
  readonly confusion?: (epoch: number, training: Training) => Maybe<Confusion | ConfusionRows>;
  /** Epochs between sets of images. Default 1. */
  readonly imageFreq?: number;
  /** Host and process id for the file names. Default 'localhost' and 0. */
  readonly host?: string;
  readonly pid?: number;
  /** Seconds since 1970. Default the clock. */
  readonly now?: () => number;
}

const rules = (): Rules<TensorBoardOptions> => ({
  logDir: required(folderRule),
  run: nonEmptyText,
  writeGraph: flag,
  histogramFreq: countOrZero,
  updateFreq: either(oneOf(['epoch', 'batch']), count),
  writeStepsPerSecond: flag,
  encodePng: fn,
  imageSamples: rule(
    'a list of pictures, or a function that returns one',
    (value) => Array.isArray(value) || typeof value === 'function',
  ),
  confusion: fn,
  imageFreq: count,
  host: nonEmptyText,
  pid: countOrZero,
  now: fn,
});

/** Seconds between flushes while batches are written, as in TensorFlow. */
const flushSeconds = 120;

/**
 * Writes event files into `<logDir>/<run>/train` and `/validation`; tags, steps and defaults as in Keras 3.
 *
 *   epoch_<metric>, epoch_learning_rate     by epoch, from 0; validation metrics without `val_`, in `validation`
 *   evaluation_<metric>_vs_iterations       by step, in `validation`
 *   batch_<metric>                          by step, from 1, every `updateFreq` steps
 *   epoch_steps_per_second, batch_…         with `writeStepsPerSecond`
 *   <layer>/kernel/histogram                every `histogramFreq` epochs, the first one included
 *   samples/<i>, confusion_matrix           pictures
 *   keras                                   the model's graph
 *
 * The learning rate is that of the epoch's last step. Histograms read the weights back; nothing else does.
 * Events are appended at the end of each epoch, and every two minutes if batches are written. A resumed training
 * continues in the same run.
 * Throws: UsageError for pictures without `encodePng` and for options out of range; FileError.
 * Source: keras/src/callbacks/tensorboard.py (behaviour).
 */
export function tensorBoard(options: TensorBoardOptions): Callback {
  checkCall('tensorBoard', options, rules);
  const {
    logDir,
    writeGraph = true,
    histogramFreq = 0,
    writeStepsPerSecond = false,
    imageSamples,
    confusion,
    imageFreq = 1,
    host = 'localhost',
    pid = 0,
    now = () => Date.now() / 1000,
  } = options;
  const updateFreq = options.updateFreq === 'batch' ? 1 : (options.updateFreq ?? 'epoch');
  const encode = encoderOf(options);

  let run = '';
  /** A name from the clock is part of the state; a given name must be given again to resume. */
  let isNameKept = options.run === undefined;
  let isStarted = false;
  let lastFlush = 0;
  let epochBegan: Moment = { wallTime: 0, step: 0 };
  let batchBefore = epochBegan;
  const writers = new Map<'train' | 'validation', EventWriter>();
  const writer = (kind: 'train' | 'validation'): EventWriter => {
    let found = writers.get(kind);
    if (!found)
      writers.set(kind, (found = new EventWriter({ folder: logDir, run: `${run}/${kind}`, host, pid, now })));
    return found;
  };
  const at = (step: number): Moment => ({ wallTime: now(), step });
  const scalars = (
    kind: 'train' | 'validation',
    logs: Logs,
    step: number,
    tag: (metric: string) => string,
  ) => {
    const target = writer(kind);
    for (const [metric, value] of Object.entries(logs)) target.add(scalarEvent(at(step), tag(metric), value));
  };
  const picture = (tag: string, step: number, pixels: Pixels): void =>
    writer('train').add(imageEvent(at(step), tag, { ...pixels, png: encode(pixels) }));
  const samples = (list: readonly Pixels[], step: number): void =>
    list.forEach((pixels, i) => picture(`samples/${i}`, step, pixels));
  const flush = async (): Promise<void> => {
    for (const target of writers.values()) await target.flush();
    lastFlush = now();
  };

  const callback: Callback = {
    name: 'tensorBoard',
    onTrainBegin: () => {
      run = options.run ?? timestamp(new Date(now() * 1000));
      isStarted = false;
      lastFlush = now();
      writers.clear();
    },
    onEpochBegin: (_, { model, position }) => {
      epochBegan = batchBefore = at(position().step);
      if (isStarted) return;
      isStarted = true;
      if (writeGraph) writer('train').add(kerasModelEvent(at(0), 'keras', kerasJson(model.toJson())));
      if (imageSamples && typeof imageSamples !== 'function') samples(imageSamples, 0);
    },
    onTestEnd: (logs, { training }) => {
      if (!training) return;
      const { step } = training.position();
      scalars('validation', logs, step, (metric) => `evaluation_${metric}_vs_iterations`);
    },
    onEpochEnd: async (epoch, logs, training) => {
      const metrics = Object.entries(logs);
      const trained = metrics.filter(([name]) => !name.startsWith('val_'));
      if (writeStepsPerSecond) {
        const seconds = now() - epochBegan.wallTime;
        trained.push(['steps_per_second', (training.position().step - epochBegan.step) / seconds]);
      }
      const validated = metrics.filter(([name]) => name.startsWith('val_'));
      const tag = (metric: string): string => `epoch_${metric}`;
      scalars('train', Object.fromEntries(trained), epoch, tag);
      if (validated.length > 0) {
        const named = validated.map(([name, value]) => [name.slice('val_'.length), value] as const);
        scalars('validation', Object.fromEntries(named), epoch, tag);
      }
      if (histogramFreq > 0 && epoch % histogramFreq === 0) {
        for (const [name, values] of await training.model.weights())
          writer('train').add(histogramEvent(at(epoch), `${name}/histogram`, histogramOf(values)));
      }
      if (epoch % imageFreq === 0) {
        if (typeof imageSamples === 'function') samples(await imageSamples(epoch), epoch);
        if (confusion) picture('confusion_matrix', epoch, confusionPicture(await confusion(epoch, training)));
      }
      await flush();
    },
    onTrainEnd: flush,
    state: () => (isNameKept ? { run, isStarted } : { isStarted }),
    restore: (state) => {
      if (typeof state['run'] === 'string') {
        run = state['run'];
        isNameKept = true;
      }
      isStarted = state['isStarted'] === true;
    },
  };
  if (updateFreq === 'epoch') return callback;
  return {
    ...callback,
    onBatchEnd: async (_, logs, { position }) => {
      const { step } = position();
      if (step % updateFreq !== 0) return;
      const moment = at(step);
      const speed = (step - batchBefore.step) / (moment.wallTime - batchBefore.wallTime);
      batchBefore = moment;
      const all = writeStepsPerSecond ? { ...logs, steps_per_second: speed } : logs;
      scalars('train', all, step, (metric) => `batch_${metric}`);
      if (moment.wallTime - lastFlush > flushSeconds) await flush();
    },
  };
}

function encoderOf({
  encodePng,
  imageSamples,
  confusion,
}: TensorBoardOptions): (picture: Pixels) => Uint8Array {
  if (encodePng) return encodePng;
  if (imageSamples || confusion) {
    throw new UsageError(
      'tensorBoard: imageSamples and confusion need encodePng, which encodes their pictures.',
    );
  }
  return () => new Uint8Array();
}

/** Local time such as `20260131-120000`. */
function timestamp(date: Date): string {
  const two = (value: number): string => String(value).padStart(2, '0');
  const day = `${date.getFullYear()}${two(date.getMonth() + 1)}${two(date.getDate())}`;
  return `${day}-${two(date.getHours())}${two(date.getMinutes())}${two(date.getSeconds())}`;
}
