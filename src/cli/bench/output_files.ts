/** The files that `bench` writes its results to. */
import path from 'node:path';
import type { BenchOptions } from '../commands.js';
import { checkReplaceable } from '../replaceable.js';
import { type BenchResults, slugOf } from './results.js';

/** The file of --out, and that of --save in the results folder. */
export function outputFiles(
  described: Omit<BenchResults, 'sections'>,
  { out, save, results: folder }: Pick<BenchOptions, 'out' | 'save' | 'results'>,
): string[] {
  return [
    ...(out === undefined ? [] : [out]),
    ...(save ? [path.join(folder, `${slugOf(described)}.json`)] : []),
  ];
}

/** Where new results are written until they are complete, if there are earlier ones. */
export function partialOf(file: string): string {
  return `${file}.partial`;
}

/** Throws: UsageError if the file exists and is not a results file; FileError if it cannot be written. */
export async function checkResultsFile(file: string): Promise<void> {
  for (const each of [file, partialOf(file)])
    await checkReplaceable(each, {
      isOwn: (text) => /"format"\s*:\s*"shadegrad bench/.test(text),
      refuse: `bench: ${each} exists and is not a results file of this command, so it is not overwritten. Name another file with --out, or another folder with --results.`,
    });
}
