// Plan: run.json as `train --resume`, `predict` and `evaluate` read it: what train wrote, a missing one, a damaged one,
// another file, a run of an older version. The words name the file and not the command, which may be any of the three.
import { expect, test } from 'vitest';
import { FileError } from '../../src/errors.js';
import type { Folder } from '../../src/folder.js';
import { readRun, runFormat } from '../../src/cli/run_folder.js';

function folderWith(text: string | undefined): Folder {
  const missing = new FileError('no run.json', { problem: 'missing' });
  const read = async (): Promise<Uint8Array> =>
    text === undefined ? Promise.reject(missing) : new TextEncoder().encode(text);
  return { path: 'runs/x', read } as Partial<Folder> as Folder;
}

test('what train wrote', async () => {
  const run = { format: runFormat, settings: { epochs: 3 }, model: 'paper' };
  await expect(readRun(folderWith(JSON.stringify(run)))).resolves.toEqual(run);
});

test('none', async () => {
  await expect(readRun(folderWith(undefined))).rejects.toThrow(FileError);
});

test('a damaged file', async () => {
  await expect(readRun(folderWith('{"format":'))).rejects.toThrow(
    /^runs\/x\/run\.json: damaged: it is not JSON/,
  );
});

test('another file', async () => {
  await expect(readRun(folderWith('[1]'))).rejects.toThrowErrorMatchingInlineSnapshot(
    `[DataError: runs/x/run.json: not a run of shadegrad; expected an object with 'format' and 'settings'.]`,
  );
});

test('a run of an older version', async () => {
  const old = JSON.stringify({ format: 'shadegrad run 1', settings: {} });
  await expect(readRun(folderWith(old))).rejects.toThrowErrorMatchingInlineSnapshot(
    `[ModelError: runs/x/run.json: its format is 'shadegrad run 1', expected 'shadegrad run 2'. Use the version of shadegrad that wrote it, or train again.]`,
  );
});
