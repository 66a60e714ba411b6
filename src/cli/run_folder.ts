/** The folder of one training: what `train` writes into it, and what `--resume` reads again. */
import path from 'node:path';
import { FileError, ModelError } from '../errors.js';
import type { Folder } from '../folder.js';
import { historyFromJson } from '../report/history.js';
import { runFromJson } from '../report/run_record.js';
import type { Choice } from '../engine/choices.js';
import type { KernelChoice } from '../nn/callbacks/callback.js';
import { shellWord } from './output.js';
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
  return path.join('runs', `${name}-${stampOf(new Date().toISOString())}`);
}

/** `20260131-120000` for ISO 8601. */
export function stampOf(date: string): string {
  return date.replaceAll(/[-:]/g, '').replace('T', '-').slice(0, 15);
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

/**
 * The best weights of an epoch whose checkpoint is not written yet: they replace the best ones only after it, so that a
 * resumed training never finds the weights of an epoch that it does again.
 */
export const nextBestFile = 'best.next.safetensors';

/** All that `train` writes into a run folder, except for `logs`. */
export const runFiles: readonly string[] = [
  'run.json',
  'model.json',
  'history.json',
  'history.csv',
  'best.safetensors',
  nextBestFile,
  'last.safetensors',
  ...reportFiles,
];

/** Folders inside a run folder; see src/cli/claimed_run.ts. */
export const readyName = '.shadegrad-ready';
export const movingName = '.shadegrad-moving';

/** Whether a training was stopped while it replaced the run that lay there. */
export async function isPending(folder: Folder): Promise<boolean> {
  for (const name of [readyName, movingName]) if (await folder.exists(`${name}/run.json`)) return true;
  return false;
}

/** Throws: FileError for a folder with the files of two runs. */
export async function refusePending(folder: Folder): Promise<void> {
  if (!(await isPending(folder))) return;
  throw new FileError(
    `${folder.path}: a training was stopped while it replaced the run there. Complete that with 'npm run train -- --resume ${shellWord(folder.path)}'.`,
  );
}

export function toJson(value: object): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}
