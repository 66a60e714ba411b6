/** The folder of one training: what `train` writes into it, and what `--resume` reads again. */
import path from 'node:path';
import { ModelError } from '../errors.js';
import type { Folder } from '../folder.js';
import { historyFromJson } from '../report/history.js';
import { runFromJson } from '../report/run_record.js';
import type { Choice } from '../engine/choices.js';
import type { KernelChoice } from '../nn/callbacks/callback.js';
import { reportFiles } from './report_writer.js';
import type { Settings } from './settings.js';

/** How one part of the data did. */
export interface PartResult {
  readonly accuracy: number;
  readonly loss: number;
  /** On how many images, where it is not the whole part. */
  readonly images?: number;
}

export interface RunResult {
  readonly bestEpoch: number;
  /** Why that epoch. */
  readonly reason: string;
  readonly train: PartResult;
  readonly validation: PartResult;
  /** Null when the data have no labelled test part. */
  readonly test: PartResult | null;
  readonly seconds: number;
}

/** How the kernels of a run were chosen. */
export interface RunTuning {
  /** `off`: by the table alone. `stored`: by what `npm run tune` had measured, where it had. */
  readonly tuning: 'off' | 'stored';
  /** By key, those of the measured choices that the run went by. */
  readonly choices: Readonly<Record<string, Choice>>;
}

export interface RunFile extends Partial<RunTuning> {
  readonly format: typeof runFormat;
  readonly settings: Settings;
  readonly model: string;
  readonly device: object;
  readonly versions: object;
  /** How many images each part holds; a part that does not exist holds 0. */
  readonly images: Readonly<Record<string, number>>;
  readonly classNames: readonly string[];
  readonly source: string;
  /** The kernel of each pass, in the order of the step: what the bits of a run depend on. */
  readonly kernels?: readonly KernelChoice[];
  readonly startedAt: string;
  /** Until the last epoch's end, interruptions left out. */
  readonly elapsedSeconds?: number;
  /** There when training has ended. */
  readonly result?: RunResult;
}

export const runFormat = 'shadegrad run 2';

/** `runs/<dataset>-<time>`, in UTC. */
export function defaultFolder(dataset: string): string {
  const name = path.basename(dataset).replace(/\.[\w.]+$/, '');
  const stamp = new Date().toISOString().replaceAll(/[-:]/g, '').replace('T', '-').slice(0, 15);
  return path.join('runs', `${name}-${stamp}`);
}

/**
 * The run that `train` left in a folder.
 *
 * Throws: FileError when the folder holds none, DataError when run.json is damaged, ModelError when another version
 * wrote it.
 */
export async function readRun(folder: Folder): Promise<RunFile> {
  const name = `${folder.path}/run.json`;
  const text = new TextDecoder().decode(await folder.read('run.json'));
  runFromJson(text, name);
  const run = JSON.parse(text) as { readonly format: string };
  if (run.format === runFormat) return run as RunFile;
  throw new ModelError(
    `${name}: its format is '${run.format}', expected '${runFormat}'. Use the version of shadegrad that wrote it, or train again.`,
  );
}

export interface GrowingHistory {
  readonly epochs: number[];
  readonly metrics: Record<string, number[]>;
}

/** The history so far, to be continued by a resumed run. */
export async function readHistory(folder: Folder): Promise<GrowingHistory> {
  if (!(await folder.exists('history.json'))) return { epochs: [], metrics: {} };
  const text = new TextDecoder().decode(await folder.read('history.json'));
  const { epochs, metrics } = historyFromJson(text, `${folder.path}/history.json`);
  const lists = Object.entries(metrics).map(([name, values]): [string, number[]] => [
    name,
    values.map((value) => value ?? Number.NaN),
  ]);
  return { epochs: [...epochs], metrics: Object.fromEntries(lists) };
}

/** Takes an earlier run's results out of the way, so that an interrupted new one is not mistaken for it. */
export async function clearRun(folder: Folder, say: (line: string) => void): Promise<void> {
  if (!(await folder.exists('run.json'))) return;
  say(`Replacing the run in ${folder.path}.`);
  const results = ['run.json', 'history.json', 'history.csv', 'best.safetensors', 'last.safetensors'];
  for (const name of [...results, ...reportFiles]) await folder.remove(name);
}

export function toJson(value: object): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}
