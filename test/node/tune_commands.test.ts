/**
 * Tuning as the commands use it:
 *   a run's own choices override the stored ones, those of earlier versions too, and changed kernels are reported
 *   tune shows, stores, forgets; a damaged file is one line; --no-tune and --resume leave it alone
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { kernelRecord, selectKernels } from '../../src/cli/run_kernels.js';
import type { Choice } from '../../src/engine/kernel_selection.js';
import type { RunFile } from '../../src/cli/run_folder.js';
import { kernelChangeOf } from '../../src/nn/training/kernel_change.js';
import { openFolder } from '../../src/node/files.js';
import { tuningFiles } from '../../src/node/tuning_store.js';
import { useDevice } from '../device/device.js';
import { addPlain, choosePlain, convolutions, removePlain, train } from '../device/plain_variant.js';
import { writeSmallDigits } from './small_digits.js';

const held = useDevice();
const work = mkdtempSync(path.join(tmpdir(), 'shadegrad-tune-'));
const cache = path.join(work, 'cache');
afterAll(() => rmSync(work, { recursive: true, force: true }));

beforeEach(() => held.device.kernelSelection.clear());
afterEach(removePlain);

// ---- a resumed run ----

test('a resumed run goes by its own choices, whatever is stored now', async () => {
  addPlain(held.device);
  const chosen = await choosePlain(held.device);
  const { device } = held;
  const folder = openFolder(path.join(work, 'run'));
  const warn = (line: string): void => expect.unreachable(line);
  for (const [key, choice] of chosen) device.kernelSelection.set(key, choice);
  const first = await train(held.device);
  const saved = {
    tuning: 'stored',
    choices: Object.fromEntries(device.kernelSelection.used()),
    kernels: first.kernels,
  } as RunFile;
  expect(Object.keys(saved.choices ?? {})).toEqual([...chosen.keys()]);

  device.kernelSelection.clear();
  expect(await selectKernels(device, saved, folder, { tune: true, warn })).toBe('stored');
  const resumed = await train(held.device);
  expect(resumed).toEqual(first);
  expect(kernelChangeOf(saved, resumed.kernels, device.kernelSelection)).toBeUndefined();

  // A run of an earlier version, whose keys nothing can compute, resumes with its kernels, and records them by the keys of today.
  const earlier = Object.values(saved.choices ?? {}).map((choice, i): [string, Choice] => [
    `0123456789abcde${i}`,
    choice,
  ]);
  const ofEarlierVersion = { ...saved, choices: Object.fromEntries(earlier) };
  device.kernelSelection.clear();
  await selectKernels(device, ofEarlierVersion, folder, { tune: true, warn });
  const continued = await train(held.device);
  expect(continued).toEqual(first);
  expect(kernelChangeOf(ofEarlierVersion, continued.kernels, device.kernelSelection)).toBeUndefined();
  expect(kernelRecord(device, 'stored')).toEqual({ tuning: 'stored', choices: saved.choices });

  // A run by the table stays with the table.
  device.kernelSelection.clear();
  expect(
    await selectKernels(device, { ...saved, tuning: 'off', choices: {} }, folder, { tune: true, warn }),
  ).toBe('off');
  expect(convolutions(await train(held.device))).not.toContain('plain');
});

test('a resumed run reports kernels that have changed', async () => {
  addPlain(held.device);
  const chosen = await choosePlain(held.device);
  const { device } = held;
  const saved = {
    choices: Object.fromEntries(chosen),
    kernels: (await train(held.device)).kernels,
  } as RunFile;
  // The shader of one of the candidates is another now.
  removePlain();
  addPlain(device, (clear) => ({
    lower: (context) => {
      const [dispatch] = clear.lower(context).dispatches;
      const [x, y, z] = dispatch!.workgroups;
      return { dispatches: [{ ...dispatch!, workgroups: [x + 1, y, z] }] };
    },
  }));
  device.kernelSelection.clear();
  await selectKernels(device, saved, openFolder(path.join(work, 'run')), {
    tune: true,
    warn: () => undefined,
  });
  const { kernels } = await train(held.device);
  expect(kernelChangeOf(saved, kernels, device.kernelSelection)).toMatchInlineSnapshot(
    `"The kernels have changed since this training began (1 of its 1 measured choices no longer apply): its results will differ in their last bits from an uninterrupted training."`,
  );
  expect(kernelChangeOf({ ...saved, choices: {} }, kernels, device.kernelSelection)).toBeUndefined();
  expect(
    kernelChangeOf({ ...saved, choices: {}, kernels: kernels.slice(1) }, kernels, device.kernelSelection),
  ).toMatchInlineSnapshot(
    `"The kernels have changed since this training began: its results will differ in their last bits from an uninterrupted training."`,
  );
});

// ---- the commands ----

const root = path.resolve(import.meta.dirname, '..', '..');

function run(...args: readonly string[]): { status: number | null; stdout: string; stderr: string } {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [path.join(root, 'dist', 'cli.mjs'), ...args],
    {
      cwd: work,
      encoding: 'utf8',
      // Our cache is the test's own; the driver's stays where it is.
      env: {
        ...process.env,
        DEBUG: '0',
        XDG_CACHE_HOME: cache,
        MESA_SHADER_CACHE_DIR: process.env['MESA_SHADER_CACHE_DIR'] ?? path.join(homedir(), '.cache'),
      },
    },
  );
  return { status, stdout, stderr };
}

beforeAll(async () => {
  await writeSmallDigits(path.join(work, 'small'));
});

const network = ['--model', 'mlp', '--batch-size', '16'];

test('tune says what it does, and forgets when asked', () => {
  const dry = run('tune', ...network, '--repeats', '1', '--dry-run', '--json');
  expect(dry.stderr).toContain('Model mlp, training and evaluation in batches of 16.\n');
  expect(dry.status).toBe(0);
  expect(JSON.parse(dry.stdout)).toMatchObject({
    model: 'mlp',
    kernels: expect.any(Array) as unknown,
    stored: null,
  });
  const { fingerprint } = held.device;
  const store = tuningFiles({ folder: path.join(cache, 'shadegrad', 'tuning') });
  mkdirSync(path.dirname(store.fileOf(fingerprint)), { recursive: true });
  writeFileSync(store.fileOf(fingerprint), '{}');
  const cleared = run('tune', '--clear');
  expect(cleared.stdout).toContain(
    `Deleted the stored results of this device (${store.fileOf(fingerprint)}).\n`,
  );
  expect(() => readFileSync(store.fileOf(fingerprint))).toThrow('ENOENT');
  expect(run('tune', '--batch-size', '16,x').status).toBe(2);
});

test('a damaged file is a line to train, and nothing to --no-tune and --resume', () => {
  const store = tuningFiles({ folder: path.join(cache, 'shadegrad', 'tuning') });
  const file = store.fileOf(held.device.fingerprint);
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, '{');
  const recorded = (folder: string): RunFile =>
    JSON.parse(readFileSync(path.join(work, folder, 'run.json'), 'utf8')) as RunFile;
  const training = ['train', '--dataset', 'small', ...network, '--epochs', '1'];

  const stored = run(...training, '--out', 'stored');
  expect(stored.stdout).toMatch(/^Kernel tuning ignored: .*: damaged: /m);
  expect(recorded('stored')).toMatchObject({ tuning: 'stored', choices: {} });
  const off = run(...training, '--no-tune', '--out', 'off');
  expect(off.stdout).not.toContain('Kernel tuning');
  expect(recorded('off')).toMatchObject({ tuning: 'off', choices: {} });
  expect(readFileSync(path.join(work, 'off/history.json'), 'utf8')).toBe(
    readFileSync(path.join(work, 'stored/history.json'), 'utf8'),
  );

  const product = recorded('off').kernels?.find(({ pass }) => pass === 'matmul/forward');
  const choices = { '0123456789abcdef': { ...product, variant: 'gone' } };
  writeFileSync(path.join(work, 'off/run.json'), JSON.stringify({ ...recorded('off'), choices }));
  const resumed = run('train', '--resume', 'off');
  expect(resumed.status, resumed.stderr).toBe(0);
  expect(resumed.stdout).not.toContain('Kernel tuning');
  expect(resumed.stdout).toContain('(1 of its 1 measured choices no longer apply)');
  expect(recorded('off')).toMatchObject({ tuning: 'off', choices: {} });
});
