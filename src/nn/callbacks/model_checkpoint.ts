/** Saves the weights periodically, always or only when a metric has improved. */
import type { Folder } from '../../folder.js';
import { checkCall } from '../../calls.js';
import {
  type Rules,
  count,
  either,
  finite,
  flag,
  folder as folderRule,
  nonEmptyText,
  oneOf,
  required,
} from '../../options.js';
import { pythonFixed } from '../../python_numbers.js';
import type { Callback, Logs, Training } from './callback.js';
import { fileName } from './file_name.js';
import {
  type Listener,
  type Mode,
  checkMode,
  directionOf,
  improvement,
  monitorRules,
  once,
  toState,
  worstOf,
} from './monitor.js';

export interface ModelCheckpointOptions {
  readonly folder: Folder;
  /**
   * File name without its extension, with fields such as `{epoch:02d}-{val_loss:.2f}`: the epoch from 1, the batch from 1
   * if `saveFreq` counts batches, and every metric. Default 'best' with `saveBestOnly`, otherwise 'weights'.
   */
  readonly name?: string;
  /** Default 'val_loss'. */
  readonly monitor?: string;
  /** Default 'auto': down for losses, up for accuracies. */
  readonly mode?: Mode;
  /** Saves only when `monitor` has improved. Default false. */
  readonly saveBestOnly?: boolean;
  /**
   * After each epoch, or after this many batches, counted across epochs. When counting batches, steps run one at a time, so
   * that the saved weights are those of exactly that batch, and metrics are running means of the epoch. Default 'epoch'.
   */
  readonly saveFreq?: 'epoch' | number;
  /** The value to improve on initially. Default none. */
  readonly initialValueThreshold?: number;
  /** Called with the lines that Keras prints with verbose=1. */
  readonly say?: Listener;
  /** Called once if the metric is missing. Default console.warn. */
  readonly warn?: Listener;
}

const rules = (): Rules<ModelCheckpointOptions> => ({
  folder: required(folderRule),
  name: nonEmptyText,
  saveBestOnly: flag,
  saveFreq: either(oneOf(['epoch']), count),
  initialValueThreshold: finite,
  ...monitorRules(),
});

/**
 * Saves weights and optimizer slots to `<name>.safetensors` in `folder`; semantics and defaults as in Keras 3.
 *
 * With `saveBestOnly`, a value must be strictly better than the best; NaN never is. If the metric is missing, it warns and
 * saves, as Keras does. The best value carries over to later trainings with the same instance.
 * Throws: UsageError for options out of range, and if mode 'auto' does not know the metric; (during training) UsageError if the name has an unknown field, FileError if writing fails.
 * Source: keras/src/callbacks/model_checkpoint.py (behaviour).
 */
export function modelCheckpoint(options: ModelCheckpointOptions): Callback {
  checkCall('modelCheckpoint', options, rules);
  const {
    folder,
    monitor = 'val_loss',
    saveBestOnly = false,
    saveFreq = 'epoch',
    say,
    warn = console.warn,
  } = options;
  const name = options.name ?? (saveBestOnly ? 'best' : 'weights');
  const mode = checkMode('modelCheckpoint', options.mode ?? 'auto', warn);
  // Without saveBestOnly the metric does not matter.
  const direction = saveBestOnly ? directionOf('modelCheckpoint', monitor, mode) : 'min';
  const isBetter = improvement(direction);
  const warnOnce = once(warn);
  let best = options.initialValueThreshold ?? worstOf(direction);
  let current = 0;
  let batches = 0;

  /** Whether to save to `file`, and Keras's message; no message if the metric is missing. */
  const decide = (logs: Logs, file: string): { isSaved: boolean; message?: string } => {
    const saving = `saving model to ${folder.path}/${file}.safetensors`;
    if (!saveBestOnly) return { isSaved: true, message: saving };
    const now = logs[monitor];
    if (now === undefined) {
      warnOnce(`modelCheckpoint: '${monitor}' is not available, so every model is saved, not the best only.`);
      return { isSaved: true };
    }
    const before = best === worstOf(direction) ? 'None' : pythonFixed(best, 5);
    if (!isBetter(now, best)) return { isSaved: false, message: `${monitor} did not improve from ${before}` };
    best = now;
    return {
      isSaved: true,
      message: `${monitor} improved from ${before} to ${pythonFixed(now, 5)}, ${saving}`,
    };
  };
  const save = async (
    whole: Readonly<Record<string, number>>,
    logs: Logs,
    { model }: Training,
  ): Promise<void> => {
    const file = fileName(name, whole, logs);
    const { isSaved, message } = decide(logs, file);
    if (message !== undefined) say?.(`Epoch ${current + 1}: ${message}`);
    if (!isSaved) return;
    const metadata = Object.entries({ ...whole, ...logs }).map(([key, value]) => [key, String(value)]);
    await model.saveWeights(folder, file, {
      metadata: Object.fromEntries(metadata) as Record<string, string>,
    });
  };

  const callback: Callback = {
    name: `modelCheckpoint ${name}`,
    onEpochBegin: (epoch) => {
      current = epoch;
    },
    state: () => ({ best: toState(best), batches }),
    restore: (state) => {
      best = Number(state['best']);
      batches = Number(state['batches']);
    },
  };
  if (saveFreq === 'epoch') {
    return { ...callback, onEpochEnd: (epoch, logs, training) => save({ epoch: epoch + 1 }, logs, training) };
  }
  return {
    ...callback,
    // The presence of this hook makes steps run one at a time.
    onBatchBegin: () => undefined,
    onBatchEnd: async (batch, logs, training) => {
      if (++batches < saveFreq) return;
      batches = 0;
      await save({ epoch: current + 1, batch: batch + 1 }, logs, training);
    },
  };
}
