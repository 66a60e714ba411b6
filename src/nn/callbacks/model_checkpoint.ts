/** Saves the weights after an epoch, always or when a metric has improved. */
import type { Folder } from '../../folder.js';
import type { Callback } from './callback.js';
import { type Mode, betterBy, monitored } from './monitor.js';

export interface ModelCheckpointOptions {
  readonly folder: Folder;
  /** File name without its ending. Default 'best'. */
  readonly name?: string;
  /** Default 'val_accuracy'. */
  readonly monitor?: string;
  readonly mode?: Mode;
  /** Default true. */
  readonly saveBestOnly?: boolean;
  /** Hears what was saved, as Keras says it with verbose=1. */
  readonly onSave?: (message: string) => void;
}

/**
 * Saves the weights to `<name>.safetensors` in `folder` at the end of an epoch.
 *
 * Throws (while training): UsageError when the metric does not exist, FileError when writing fails.
 */
export function modelCheckpoint(options: ModelCheckpointOptions): Callback {
  const {
    folder,
    name = 'best',
    monitor = 'val_accuracy',
    mode = 'auto',
    saveBestOnly = true,
    onSave,
  } = options;
  const isBetter = betterBy(monitor, mode, 0);
  let best: number | null = null;
  return {
    name: `modelCheckpoint ${name}`,
    onEpochEnd: async (epoch, logs, { model }) => {
      const now = saveBestOnly ? monitored('modelCheckpoint', monitor, logs) : (logs[monitor] ?? Number.NaN);
      if (saveBestOnly && !isBetter(now, best)) return;
      const from = best === null ? '-inf' : best.toFixed(5);
      const how = saveBestOnly ? `${monitor} improved from ${from} to ${now.toFixed(5)}, ` : '';
      best = now;
      await model.saveWeights(folder, name, { metadata: { epoch: String(epoch + 1), ...stringified(logs) } });
      onSave?.(`Epoch ${epoch + 1}: ${how}saving model to ${folder.path}/${name}.safetensors`);
    },
    state: () => ({ best }),
    restore: (state) => {
      best = state['best'] as number | null;
    },
  };
}

function stringified(logs: Readonly<Record<string, number>>): Record<string, string> {
  return Object.fromEntries(Object.entries(logs).map(([key, value]) => [key, String(value)]));
}
