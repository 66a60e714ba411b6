/** Detects a run folder whose replacement (`--overwrite`) was interrupted half-way. */
import { FileError } from '../errors.js';
import type { Folder } from '../folder.js';
import { shellWord } from './output.js';

/** Subfolders of a run folder; see src/cli/claimed_run.ts. */
export const readyName = '.shadegrad-ready';
export const movingName = '.shadegrad-moving';

/** Whether a training was interrupted while it replaced the run in the folder. */
export async function isPending(folder: Folder): Promise<boolean> {
  for (const name of [readyName, movingName]) if (await folder.exists(`${name}/run.json`)) return true;
  return false;
}

/** Throws: FileError if the folder holds the files of two runs. */
export async function refusePending(folder: Folder): Promise<void> {
  if (!(await isPending(folder))) return;
  throw new FileError(
    `${folder.path}: a training was interrupted while it replaced the run in this folder. Complete it with 'npm run train -- --resume ${shellWord(folder.path)}'.`,
  );
}
