/** A run folder in which a training was stopped while it replaced the run there. */
import { FileError } from '../errors.js';
import type { Folder } from '../folder.js';
import { shellWord } from './output.js';

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
