/** A line of metrics per epoch in a CSV file, as Keras's CSVLogger writes it. */
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
  /** Adds to a file that is there, without another header; otherwise it is replaced. Default false. */
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
 * As in Keras epochs count from 0, lines end in CR LF, numbers read as Python prints them, the first epoch decides on
 * the columns, and what a later one lacks is `NA`. Each row is on the disk before training goes on. A resumed training that
 * appends takes back the rows of epochs that it does again, and one that was not written to its end.
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

/** Without the rows at the end that are of this epoch or a later one. */
function rowsBefore(text: string, epoch: number): string {
  const lines = text.split('\r\n').slice(0, -1);
  const isAgain = (line: string): boolean => Number(/^\d+/.exec(line)?.[0] ?? -1) >= epoch;
  while (lines.length > 0 && isAgain(lines.at(-1)!)) lines.pop();
  return lines.map((line) => `${line}\r\n`).join('');
}
