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

test.each<[string, (run: Record<string, unknown>, settings: Record<string, unknown>) => unknown, string]>([
  [
    'a name that every object has',
    (_, settings) => (settings['model'] = 'constructor'),
    'settings.model is "constructor", expected "paper" or "paper-bn" or "simple" or "small" or "mlp".',
  ],
  [
    'an object for a list',
    (_, settings) => (settings['filters'] = {}),
    'settings.filters is {}, expected a list.',
  ],
  [
    'a member of a member',
    (_, settings) => (settings['filters'] = [{ name: 'blur', iterations: 0, kernel: [] }]),
    'settings.filters[0].iterations is 0, expected a positive integer.',
  ],
  [
    'a filter of four weights',
    (_, settings) => (settings['filters'] = [{ name: 'blur', iterations: 1, kernel: [1, 1, 1, 1] }]),
    'settings: filters.blur: kernel is [1,1,1,1], expected 9 (3×3) or 25 (5×5) finite numbers.',
  ],
  [
    'augmentation out of range',
    (_, settings) => (settings['augmentation'] = { rotation: 200 }),
    'settings: augment: rotation is 200, expected a number from 0 to 180.',
  ],
  [
    'part of an epoch',
    (_, settings) => (settings['epochs'] = 1.5),
    'settings.epochs is 1.5, expected a positive integer.',
  ],
  ['no batch size', (_, settings) => delete settings['batchSize'], 'it has no settings.batchSize.'],
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
  ['names that are none', (run) => (run['classNames'] = ['a', 1]), 'classNames[1] is 1, expected a text.'],
])('%s', async (_, change, message) => {
  const run = structuredClone(whole) as Record<string, unknown>;
  change(run, run['settings'] as Record<string, unknown>);
  await expect(readRun(folderWith(JSON.stringify(run)))).rejects.toThrow(
    new DataError(`runs/x/run.json: damaged: ${message}`),
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
    `[DataError: runs/x/run.json: not a run of shadegrad; expected an object with 'format' and 'settings'.]`,
  );
});

test('a run of an older version', async () => {
  const old = JSON.stringify({ format: 'shadegrad run 1', settings: {} });
  await expect(readRun(folderWith(old))).rejects.toThrowErrorMatchingInlineSnapshot(
    `[ModelError: runs/x/run.json: its format is 'shadegrad run 1', expected 'shadegrad run 2'. Use the version of shadegrad that wrote it, or train again.]`,
  );
});
