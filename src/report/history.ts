/**
 * The history of a training as files: JSON, which a resumed training reads, and CSV for spreadsheets.
 */
import { DataError } from '../errors.js';
import { type Form, count, each, readJson } from '../json_reader.js';
import { rule } from '../options.js';

/** One number per epoch and metric; null where an epoch lacks the metric (late or sparse validation). */
export interface EpochHistory {
  /** Epoch numbers, starting at 1. */
  readonly epochs: readonly number[];
  readonly metrics: Readonly<Record<string, readonly (number | null)[]>>;
}

/**
 * Writes JSON with one line per list, so that a line diff compares histories.
 *
 * JSON has no NaN or infinity: they are the strings `NaN`, `Infinity` and `-Infinity`.
 */
export function historyToJson({ epochs, metrics }: EpochHistory): string {
  const list = (values: readonly (number | null)[]) => `[${values.map(toJsonValue).join(', ')}]`;
  const rows = Object.entries(metrics).map(
    ([name, values]) => `    ${JSON.stringify(name)}: ${list(values)}`,
  );
  const body = rows.length === 0 ? '{}' : `{\n${rows.join(',\n')}\n  }`;
  return `{\n  "epochs": ${list(epochs)},\n  "metrics": ${body}\n}\n`;
}

function toJsonValue(value: number | null): string {
  if (value === null || Number.isFinite(value)) return Object.is(value, -0) ? '-0' : JSON.stringify(value);
  return `"${value}"`;
}

/**
 * CSV as in RFC 4180 but with plain newlines: a header `epoch,loss,…`, then a row per epoch. A missing value is
 * an empty cell.
 */
export function historyToCsv({ epochs, metrics }: EpochHistory): string {
  const names = Object.keys(metrics);
  const header = ['epoch', ...names].map(quote).join(',');
  const rows = epochs.map((epoch, i) => [epoch, ...names.map((name) => metrics[name]?.[i] ?? '')].join(','));
  return `${[header, ...rows].join('\n')}\n`;
}

/** Quotes a cell that contains commas, quotes or line ends. */
function quote(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

type JsonNumber = number | null | 'NaN' | 'Infinity' | '-Infinity';

const form: Form<{
  readonly epochs: readonly number[];
  readonly metrics: Readonly<Record<string, readonly JsonNumber[]>>;
}> = {
  epochs: [count],
  metrics: each([
    rule(
      'a number, null, "NaN", "Infinity" or "-Infinity"',
      (value) =>
        value === null ||
        Number.isFinite(value) ||
        ['NaN', 'Infinity', '-Infinity'].includes(value as string),
    ),
  ]),
};

/**
 * Reads the output of `historyToJson`. `name` names it in messages.
 *
 * Throws: DataError for anything else.
 */
export function historyFromJson(text: Uint8Array | string, name: string): EpochHistory {
  const refuse = (what: string, cause?: unknown): DataError =>
    new DataError(`${name}: not a training history: ${what}.`, { cause });
  const { epochs, metrics } = readJson(text, form, refuse);
  const read = Object.entries(metrics).map(([metric, values]): [string, (number | null)[]] => {
    if (values.length !== epochs.length)
      throw refuse(
        `metrics.${metric} has ${values.length} entries, expected ${epochs.length}, one per epoch`,
      );
    return [metric, values.map((value) => (value === null ? null : Number(value)))];
  });
  return { epochs, metrics: Object.fromEntries(read) };
}
