// Plan: run.json as `train --resume`, `predict` and `evaluate` read it: what train wrote, a missing one, a damaged one,
// another file, a run of an older version, every kind of wrong member. The words name the file and not the command, which may be any of the three.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { DataError, FileError } from '../../src/errors.js';
import type { Folder } from '../../src/folder.js';
import { readRun } from '../../src/cli/run_folder.js';

function folderWith(text: string | undefined): Folder {
  const missing = new FileError('no run.json', { problem: 'missing' });
  const read = async (): Promise<Uint8Array> =>
    text === undefined ? Promise.reject(missing) : new TextEncoder().encode(text);
  return { path: 'runs/x', read } as Partial<Folder> as Folder;
}

const whole = JSON.parse(
  readFileSync(path.join(import.meta.dirname, '../fixtures/run.json'), 'utf8'),
) as Readonly<Record<string, object>>;

test('what train wrote, with a byte order mark that an editor put before it', async () => {
  await expect(readRun(folderWith(JSON.stringify(whole)))).resolves.toEqual(whole);
  await expect(readRun(folderWith(`\ufeff${JSON.stringify(whole)}`))).resolves.toEqual(whole);
});

test.each<[string, (run: Record<string, unknown>, recipe: Record<string, unknown>) => unknown, string]>([
  // What else a recipe may have wrong: test/unit/recipe.test.ts.
  [
    'part of an epoch',
    (_, recipe) => (recipe['epochs'] = 1.5),
    'recipe: epochs is 1.5, expected a positive integer.',
  ],
  ['no batch size', (_, recipe) => delete recipe['batchSize'], 'recipe has no batchSize.'],
  ['no result but a word', (run) => (run['result'] = 'good'), 'result is "good", expected an object.'],
  [
    'a date that is none',
    (run) => (run['startedAt'] = '../x'),
    'startedAt is "../x", expected a date as in 2026-01-31T12:00:00Z.',
  ],
  [
    'images in words',
    (run) => (run['images'] = { train: 'many' }),
    'images.train is "many", expected a non-negative integer.',
  ],
  ['names that are none', (run) => (run['classNames'] = ['a', 1]), 'classNames[1] is 1, expected a string.'],
])('%s', async (_, change, message) => {
  const run = structuredClone(whole) as Record<string, unknown>;
  change(run, run['recipe'] as Record<string, unknown>);
  await expect(readRun(folderWith(JSON.stringify(run)))).rejects.toThrow(
    new DataError(`runs/x/run.json: damaged: ${message}`),
  );
});

test('a run of version 2, whose recipe was called settings', async () => {
  const { recipe, ...others } = whole as { readonly recipe: Readonly<Record<string, unknown>> };
  const settings = {
    ...recipe,
    split: 'official',
    folds: null,
    fold: null,
    validationShare: 0.1,
    optimizer: 'rmsprop',
    momentum: 0,
    // The first versions had neither.
    microBatch: undefined,
    memory: undefined,
  };
  const run = { ...others, format: 'shadegrad run 2', settings };
  await expect(readRun(folderWith(JSON.stringify(run)))).resolves.toEqual(whole);
  const damaged = { ...run, settings: { ...settings, epochs: 0 } };
  await expect(readRun(folderWith(JSON.stringify(damaged)))).rejects.toThrow(
    'damaged: recipe: epochs is 0, expected a positive integer.',
  );
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
    `[DataError: runs/x/run.json: not a run of shadegrad; expected an object with 'format' and 'recipe'.]`,
  );
});

test('a run of an older version', async () => {
  const old = JSON.stringify({ format: 'shadegrad run 1', settings: {} });
  await expect(readRun(folderWith(old))).rejects.toThrowErrorMatchingInlineSnapshot(
    `[ModelError: runs/x/run.json: its format is 'shadegrad run 1', expected 'shadegrad run 2' or 'shadegrad run 3'. Use the version of shadegrad that wrote it, or train again.]`,
  );
});
