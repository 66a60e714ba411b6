/** Writes one CSV row of metrics per epoch, like Keras's CSVLogger. */
import type { Folder } from '../folder.js';
import type { Callback } from '../nn/callbacks/callback.js';
import { checkCall } from '../calls.js';
import { type Rules, flag, folder as folderRule, nonEmptyText, required } from '../options.js';
import { pythonRepr } from '../python_numbers.js';

export interface CsvLoggerOptions {
  readonly folder: Folder;
  /** Default 'training.csv'. */
  readonly name?: string;
  /** Default ','. */
  readonly separator?: string;
  /** Append to an existing file without another header, instead of replacing it. Default false. */
  readonly append?: boolean;
}

const rules = (): Rules<CsvLoggerOptions> => ({
  folder: required(folderRule),
  name: nonEmptyText,
  separator: nonEmptyText,
  append: flag,
});

/**
 * Streams each epoch's metrics to a CSV file: a header `epoch,accuracy,loss,…`, names sorted, then a row per epoch.
 *
 * As in Keras epochs count from 0, lines end in CR LF, numbers read as Python prints them, the first epoch
 * determines the columns, and missing values are `NA`. Each row is on disk before training continues. A resumed
 * training that appends first removes the rows of epochs that it repeats, and an incomplete row.
 * Throws (while training): FileError.
 * Source: keras/src/callbacks/csv_logger.py (behaviour).
 */
export function csvLogger(options: CsvLoggerOptions): Callback {
  checkCall('csvLogger', options, rules);
  const { folder, name = 'training.csv', separator = ',', append = false } = options;
  let names: string[] | undefined;
  let hasHeader = false;
  const quoted = (text: string): string =>
    text.includes(separator) || /["\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  const line = (cells: readonly string[]): string => `${cells.map(quoted).join(separator)}\r\n`;
  return {
    onTrainBegin: async (training) => {
      names = undefined;
      if (!append) await folder.write(name, '');
      const old = (await folder.exists(name)) ? new TextDecoder().decode(await folder.read(name)) : '';
      const { step, epoch } = training.position();
      const kept = step > 0 ? rowsBefore(old, epoch) : old;
      if (kept !== old) await folder.write(name, kept);
      hasHeader = kept !== '';
    },
    onEpochEnd: async (epoch, logs) => {
      names ??= Object.keys(logs).sort();
      const header = hasHeader ? '' : line(['epoch', ...names]);
      hasHeader = true;
      const cells = names.map((metric) => {
        const value = logs[metric];
        return value === undefined ? 'NA' : pythonRepr(value);
      });
      await folder.append(name, header + line([String(epoch), ...cells]));
    },
  };
}

/** The text without trailing rows of this epoch or later ones. */
function rowsBefore(text: string, epoch: number): string {
  const lines = text.split('\r\n').slice(0, -1);
  const isAgain = (line: string): boolean => Number(/^\d+/.exec(line)?.[0] ?? -1) >= epoch;
  while (lines.length > 0 && isAgain(lines.at(-1)!)) lines.pop();
  return lines.map((line) => `${line}\r\n`).join('');
}
