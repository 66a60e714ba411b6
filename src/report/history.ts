/**
 * The history of a training as files: JSON for programs, CSV for spreadsheets, and the JSON read again when a
 * training goes on.
 */
import { DataError } from '../errors.js';

/** One number per epoch and metric. A metric that an epoch lacks (a late or sparse validation) is null there. */
export interface EpochHistory {
  /** Epoch numbers from 1 on. */
  readonly epochs: readonly number[];
  readonly metrics: Readonly<Record<string, readonly (number | null)[]>>;
}

/**
 * JSON with one line per list, so that two histories can be compared line by line.
 *
 * JSON knows no NaN and no infinity: they are the strings `NaN`, `Infinity` and `-Infinity`.
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

/** A spreadsheet splits at commas and line ends, unless the text is in quotes. */
function quote(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/**
 * Reads what `historyToJson` wrote. `name` is what to call it in messages.
 *
 * Throws: DataError when the text is anything else.
 */
export function historyFromJson(text: string, name: string): EpochHistory {
  const fail = (what: string, cause?: unknown): never => {
    throw new DataError(`${name}: not a training history: ${what}.`, { cause });
  };
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (cause) {
    return fail(`it is not JSON (${cause instanceof Error ? cause.message : String(cause)})`, cause);
  }
  if (!isObject(parsed) || !isObject(parsed['metrics']))
    return fail("expected an object with 'epochs' and 'metrics'");
  const { epochs, metrics } = parsed;
  if (
    !Array.isArray(epochs) ||
    !epochs.every((epoch) => Number.isSafeInteger(epoch) && (epoch as number) >= 1)
  ) {
    return fail("'epochs' must be a list of whole numbers from 1 on");
  }
  const read = Object.entries(metrics as object).map(([metric, values]: [string, unknown]) => {
    if (!Array.isArray(values) || values.length !== epochs.length) {
      return fail(`'${metric}' must be a list of ${epochs.length} numbers, one per epoch`);
    }
    const bad: unknown = values.find((value) => !isJsonValue(value));
    if (bad !== undefined) fail(`'${metric}' holds ${JSON.stringify(bad)}, not a number`);
    return [metric, values.map((value: number | string | null) => (value === null ? null : Number(value)))];
  });
  return { epochs: epochs as number[], metrics: Object.fromEntries(read) as EpochHistory['metrics'] };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isJsonValue(value: unknown): boolean {
  return (
    value === null || typeof value === 'number' || ['NaN', 'Infinity', '-Infinity'].includes(value as string)
  );
}
