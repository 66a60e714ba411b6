/**
 * The parts of run.json that a report shows. Recipe, device and versions may contain any keys, so that old and new
 * runs can be compared.
 */
import { DataError } from '../errors.js';
import { parseJson } from '../json_reader.js';
import { recipeOfRun2 } from '../recipe/earlier_forms.js';

export type Json = null | boolean | number | string | readonly Json[] | { readonly [name: string]: Json };
export type JsonRecord = Readonly<Record<string, Json>>;

/** Loss and accuracy on one set of images. */
export interface Score {
  readonly accuracy: number;
  readonly loss?: number;
  readonly images?: number;
}

/** The result that a finished training adds to run.json. */
export interface RunResult {
  readonly bestEpoch?: number;
  /** Why the weights of that epoch were kept. */
  readonly reason?: string;
  readonly train?: Score;
  readonly validation?: Score;
  readonly test?: Score;
  /** All of the training and the tests. */
  readonly seconds?: number;
}

export interface RunRecord {
  readonly recipe: JsonRecord;
  readonly model?: string;
  readonly device: JsonRecord;
  readonly versions: JsonRecord;
  /** Number of images per part. */
  readonly images: JsonRecord;
  readonly source?: string;
  readonly startedAt?: string;
  readonly classNames?: readonly string[];
  /** Undefined until the training has ended. */
  readonly result?: RunResult;
}

/** The first two called the recipe `settings`. */
const formats = ['shadegrad run 1', 'shadegrad run 2', 'shadegrad run 3'];

/**
 * Reads the text of a run.json. `name` names it in messages.
 *
 * Throws: DataError when it is not JSON or has an unknown format.
 */
export function runFromJson(text: Uint8Array | string, name: string): RunRecord {
  const parsed = parseJson(text, (what, cause) => new DataError(`${name}: damaged: ${what}.`, { cause }));
  const run = asRecord(parsed as Json);
  if (typeof run['format'] !== 'string' || !('recipe' in run || 'settings' in run))
    throw new DataError(`${name}: not a run of shadegrad; expected an object with 'format' and 'recipe'.`);
  if (!formats.includes(run['format'])) {
    throw new DataError(
      `${name}: its format is '${run['format']}', expected ${formats.map((one) => `'${one}'`).join(' or ')}. Use the version of shadegrad that wrote it.`,
    );
  }
  const { result } = run;
  const names = run['classNames'];
  return {
    recipe: asRecord(run['recipe'] ?? (recipeOfRun2(run['settings']) as Json)),
    device: asRecord(run['device']),
    versions: asRecord(run['versions']),
    images: asRecord(run['images']),
    ...textOf(run, 'model'),
    ...textOf(run, 'source'),
    ...textOf(run, 'startedAt'),
    ...(isList(names) && names.every((one) => typeof one === 'string') ? { classNames: names } : {}),
    ...(result === undefined ? {} : { result: resultFrom(asRecord(result)) }),
  };
}

function resultFrom(result: JsonRecord): RunResult {
  return {
    ...numberOf(result, 'bestEpoch'),
    ...numberOf(result, 'seconds'),
    ...textOf(result, 'reason'),
    ...scoreOf(result, 'train'),
    ...scoreOf(result, 'validation'),
    ...scoreOf(result, 'test'),
  };
}

function scoreOf<Name extends string>(from: JsonRecord, name: Name): { [key in Name]?: Score } {
  const score = asRecord(from[name]);
  if (typeof score['accuracy'] !== 'number') return {};
  const value = { accuracy: score['accuracy'], ...numberOf(score, 'loss'), ...numberOf(score, 'images') };
  return { [name]: value } as { [key in Name]?: Score };
}

function textOf<Name extends string>(from: JsonRecord, name: Name): { [key in Name]?: string } {
  return typeof from[name] === 'string' ? ({ [name]: from[name] } as { [key in Name]?: string }) : {};
}

function numberOf<Name extends string>(from: JsonRecord, name: Name): { [key in Name]?: number } {
  return typeof from[name] === 'number' ? ({ [name]: from[name] } as { [key in Name]?: number }) : {};
}

function isList(value: Json | undefined): value is readonly Json[] {
  return Array.isArray(value);
}

function asRecord(value: Json | undefined): JsonRecord {
  return typeof value === 'object' && value !== null && !isList(value) ? value : {};
}

/** The part that the run was tested on: the validation images if the data set has no test part. */
export function testedPart({ images }: RunRecord): 'test' | 'validation' {
  return images['test'] === 0 ? 'validation' : 'test';
}

/** A setting for display: `batchSize` becomes `batch size`, with its value on one line. */
export function wordsOf(name: string): string {
  return name
    .replaceAll(/(?<=[a-z0-9])(?=[A-Z])/g, ' ')
    .replaceAll('_', ' ')
    .toLowerCase();
}

/** A value on one line; null is a dash, and objects start with their name, as `sgd (momentum 0.9)`. */
export function show(value: Json | undefined): string {
  if (value === undefined || value === null || value === '') return '–';
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  // Six digits: enough for a weight of 1/9; no setting has more.
  if (typeof value === 'number' && !Number.isInteger(value)) return String(Number(value.toPrecision(6)));
  if (isList(value)) {
    const isLong = value.some((part) => typeof part === 'object' && part !== null);
    return value.length === 0 ? 'none' : value.map(show).join(isLong ? '; ' : ', ');
  }
  if (typeof value === 'object') {
    const { name, config, ...others } = value as JsonRecord;
    const rest = typeof name === 'string' ? { ...others, ...asRecord(config) } : value;
    const listed = Object.entries(rest)
      .map(([key, part]) => `${wordsOf(key)} ${show(part)}`)
      .join(', ');
    if (typeof name === 'string') return listed === '' ? name : `${name} (${listed})`;
    return listed === '' ? 'none' : listed;
  }
  return String(value);
}
