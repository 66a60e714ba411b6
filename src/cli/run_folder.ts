/** The folder of a run: the files that `train` writes, and their readers. */
import path from 'node:path';
import { DataError, ModelError, UsageError } from '../errors.js';
import type { Folder } from '../folder.js';
import { type Refuse, parseJson } from '../json_reader.js';
import { historyFromJson } from '../report/history.js';
import { runFromJson } from '../report/run_record.js';
import { reportFiles } from './report_writer.js';
import { type RunFile, type TestableRun, checkRun, checkTestableRun, runFormats } from './run_file.js';

export { type PartResult, type RunFile, type RunResult, type RunTuning, runFormat } from './run_file.js';

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
 * Reads run.json, to resume the run.
 *
 * Throws: FileError if the folder holds no run; DataError if run.json is damaged; ModelError if another version wrote it.
 */
export async function readRun(folder: Folder): Promise<RunFile> {
  return readAs(folder, checkRun);
}

/** Reads the part of run.json that testing the model needs. Throws: as `readRun`. */
export async function readTestableRun(folder: Folder): Promise<TestableRun> {
  return readAs(folder, checkTestableRun);
}

async function readAs<T>(folder: Folder, check: (value: unknown, refuse: Refuse) => T): Promise<T> {
  const name = `${folder.path}/run.json`;
  const bytes = await folder.read('run.json');
  // Any run has a format and a recipe; what else it has is a matter of its format.
  runFromJson(bytes, name);
  const refuse = (what: string, cause?: unknown): DataError =>
    new DataError(`${name}: damaged: ${what}.`, { cause });
  const run = parseJson(bytes, refuse) as { readonly format: string };
  if (runFormats.includes(run.format)) return check(run, refuse);
  throw new ModelError(
    `${name}: its format is '${run.format}', expected ${runFormats.map((format) => `'${format}'`).join(' or ')}. Use the version of shadegrad that wrote it, or train again.`,
  );
}

/**
 * Checks that `page` and its pictures may be written to the folder that `--out` names. The page tells whether shadegrad has
 * written the pictures, so it is written first.
 *
 * Throws: UsageError if the folder holds a run, whose pictures would be replaced, or, without a page of shadegrad, a file
 * that would be replaced.
 */
export async function checkOutFolder(
  who: string,
  folder: Folder,
  { page, pictures }: { readonly page: string; readonly pictures: readonly string[] },
): Promise<void> {
  if (await folder.exists('run.json')) {
    throw new UsageError(
      `${who}: ${folder.path} holds a run, and its report would be overwritten. Name another folder with --out.`,
    );
  }
  if (await isOwnPage(folder, page)) return;
  const taken = await existing(folder, [page, ...pictures]);
  if (taken.length === 0) return;
  throw new UsageError(
    `${who}: ${folder.path} holds ${taken.join(', ')}, but no ${page} of shadegrad, so ${taken.length === 1 ? 'it is' : 'they are'} not overwritten. Name another folder with --out, or move ${taken.length === 1 ? 'that file' : 'these files'} away.`,
  );
}

/** Whether the folder holds a page of this name with shadegrad's footer. */
export async function isOwnPage(folder: Folder, name: string): Promise<boolean> {
  if (!(await folder.exists(name))) return false;
  return new TextDecoder().decode(await folder.read(name)).includes('<footer>Written by shadegrad');
}

/** Those of the names that the folder holds. */
export async function existing(folder: Folder, names: readonly string[]): Promise<string[]> {
  const found: string[] = [];
  for (const name of names) if (await folder.exists(name)) found.push(name);
  return found;
}

export interface GrowingHistory {
  readonly epochs: number[];
  readonly metrics: Record<string, number[]>;
}

/** Reads the history so far, which a resumed run continues. */
export async function readHistory(folder: Folder): Promise<GrowingHistory> {
  if (!(await folder.exists('history.json'))) return { epochs: [], metrics: {} };
  const { epochs, metrics } = historyFromJson(
    await folder.read('history.json'),
    `${folder.path}/history.json`,
  );
  const lists = Object.entries(metrics).map(([name, values]): [string, number[]] => [
    name,
    values.map((value) => value ?? Number.NaN),
  ]);
  return { epochs: [...epochs], metrics: Object.fromEntries(lists) };
}

/**
 * The best weights of an epoch whose checkpoint is not written yet. They replace best.safetensors only after it, so that a
 * resumed training never finds weights of an epoch that it repeats.
 */
export const nextBestFile = 'best.next.safetensors';

/** All files that `train` writes, except for those in `logs`. */
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

export function toJson(value: object): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}
