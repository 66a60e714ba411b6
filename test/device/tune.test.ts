/**
 * Tuning on a device:
 *   a candidate that is wrong somewhere, writes nothing, or does not compile is excluded and told of, the right ones are
 *   timed and one of them is chosen; no right one, no choice; what cannot be tried says why
 *   of variants that differ in what they fuse, all are timed with what follows them
 *   a model's choices: a plan goes by them, another device's training does not notice; two trainings with the same
 *   choices, and two without any, give the same bits
 *   a run's own choices come before what is stored now, and kernels that have changed are told of
 *   the commands: tune shows, stores, forgets; a damaged file is one line; --no-tune and --resume leave it alone
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { changeOf, takeChoices } from '../../src/cli/run_choices.js';
import type { RunFile } from '../../src/cli/run_folder.js';
import type { Choice } from '../../src/engine/choices.js';
import type { Pass, Spec, Variant } from '../../src/engine/pass.js';
import { program, runPass } from '../../src/engine/program.js';
import { registerShaders } from '../../src/engine/shader.js';
import { Tensor, describe } from '../../src/engine/tensor.js';
import { type Tuned, choicesOf, tune } from '../../src/engine/tune.js';
import { conv2dForward } from '../../src/kernels/conv2d.js';
import { openFolder } from '../../src/node/files.js';
import { tuningFiles } from '../../src/node/tuning_store.js';
import { useDevice } from './device.js';
import { writeSmallDigits } from './small_digits.js';
import { bars, smallModel } from './small_model.js';

const held = useDevice();
const work = mkdtempSync(path.join(tmpdir(), 'shadegrad-tune-'));
const cache = path.join(work, 'cache');
afterAll(() => rmSync(work, { recursive: true, force: true }));

beforeEach(() => held.device.choices.clear());

// ---- candidates ----

const shader = (statements: string): string => `
const SIZE: u32 = 4; //! elements
@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;
fn epilogue(value: f32, index: u32, channel: u32) -> f32 { return value; } //! hook
@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let i = id.x;
  if (i < SIZE) { ${statements} }
}
`;
const right = 'y[i] = epilogue(2.0 * x[i], i, 0);';

type Doubling = Pass<'x', 'y', Readonly<Record<string, never>>>;

/** y = 2·x, in as many ways as there are statements by variant name. */
function doubling(
  ways: Readonly<Record<string, string>>,
  { without = [] as readonly string[] } = {},
): Doubling {
  registerShaders(
    Object.fromEntries(Object.entries(ways).map(([name, code]) => [`test/${name}`, shader(code)])),
  );
  const { family } = held.device.traits;
  return {
    name: 'test/doubling',
    inputs: ['x'],
    outputs: ['y'],
    shape: ({ x }) => ({ y: x }),
    cost: () => ({ flops: 0, bytes: 0 }),
    variants: Object.keys(ways).map((name) => ({
      name,
      family: name === 'clear' ? 'clear' : family,
      hasEpilogue: !without.includes(name),
      supports: () => true,
      lower: () => ({
        dispatches: [{ shader: `test/${name}`, constants: { SIZE: 1000 }, workgroups: [16, 1, 1] }],
      }),
    })),
  };
}

/** Tunes whatever planning `pass` meets. */
async function tuned(pass: Doubling): Promise<Tuned[]> {
  const { device } = held;
  device.choices.watch();
  const x = Tensor.from(new Float32Array(1000), [1000], device);
  program((x) => runPass(pass, { x }, {}).y, device).plan(x);
  return tune(device, device.choices.met.values(), { repeats: 2 });
}

test('candidates that are wrong are excluded, whoever they are', async () => {
  const [result, ...rest] = await tuned(
    doubling({
      broken: 'y[i] = no_such_function(x[i]);',
      wrong_once: `${right} if (i == 777) { y[i] = 2.001 * x[i]; }`,
      silent: 'if (i > 0) { return; } y[i] = 2.0 * x[i];',
      same: right,
      other: 'y[i] = epilogue(x[i] + x[i], i, 0);',
      clear: right,
    }),
  );
  expect(rest).toEqual([]);
  expect(result?.candidates).toEqual([
    { variant: 'broken', error: Infinity, problem: expect.stringContaining('does not compile') as string },
    {
      variant: 'wrong_once',
      error: expect.closeTo(0.0005, 6) as number,
      problem: expect.stringMatching(
        /^it is off by 0\.00050 of the clear variant's result, \S+ is allowed$/,
      ) as string,
    },
    { variant: 'silent', error: Infinity, problem: expect.stringContaining('off by Infinity') as string },
    { variant: 'same', error: 0, ms: expect.any(Number) as number },
    { variant: 'other', error: 0, ms: expect.any(Number) as number },
  ]);
  expect(['same', 'other']).toContain(result?.chosen);
  expect(result?.gain).toBeGreaterThanOrEqual(1);
  const date = new Date('2026-01-01T00:00:00Z');
  const [[key, choice]] = [...choicesOf([result as Tuned], date)] as [[string, Choice]];
  expect(key).toBe(result?.key);
  expect(choice).toMatchObject({ pass: 'test/doubling', shapes: '[1000]', variant: result?.chosen });
  expect(Object.keys(choice.ms ?? {})).toEqual(['same', 'other']);
  // What was tried leaves no trace: a shader that does not compile spoils nothing that follows.
  expect(held.device.forcedVariants.size).toBe(0);
  await held.device.idle();
});

test('where no candidate is right there is no choice', async () => {
  const results = await tuned(doubling({ one: 'y[i] = 3.0 * x[i];', two: 'y[i] = x[i];', clear: right }));
  expect(results).toMatchObject([{ chosen: undefined, gain: 1 }]);
  expect(choicesOf(results, new Date()).size).toBe(0);
});

test('variants with and without an epilogue are compared with what follows them', async () => {
  const pass = doubling(
    { with: right, without: 'y[i] = 2.0 * x[i];', clear: right },
    { without: ['without'] },
  );
  const before = held.device.counters.dispatches;
  const [result] = await tuned(pass);
  expect(result?.candidates.map(({ error }) => error)).toEqual([0, 0]);
  expect(held.device.counters.dispatches).toBeGreaterThan(before);
});

test('a pass that changes its inputs is not tried', async () => {
  const pass = { ...doubling({ one: right, two: right, clear: right }), mutates: ['x'] as const };
  expect(await tuned(pass)).toMatchObject([
    { candidates: [], chosen: undefined, skipped: 'it changes its inputs' },
  ]);
});

// ---- a model ----

type ConvVariant = (typeof conv2dForward.variants)[number];
const convVariants = conv2dForward.variants as ConvVariant[];

/** The clear kernel once more, as one that the device may prefer. */
function addVariant(): void {
  const clear = convVariants.find(({ name }) => name === 'clear') as ConvVariant;
  const plain: Variant<'x' | 'kernel', 'y', never> = {
    ...clear,
    name: 'plain',
    family: held.device.traits.family,
  };
  convVariants.push(plain);
}

afterEach(() => {
  const at = convVariants.findIndex(({ name }) => name === 'plain');
  if (at >= 0) convVariants.splice(at, 1);
});

interface Trained {
  readonly losses: readonly number[];
  readonly kernels: RunFile['kernels'] & {};
}

async function train(): Promise<Trained> {
  const model = smallModel({ device: held.device, seed: 3 });
  const losses: number[] = [];
  let kernels: Trained['kernels'] = [];
  await model.fit(bars(48), {
    epochs: 2,
    batchSize: 16,
    seed: 5,
    callbacks: [
      {
        onTrainBegin: (training) => void (kernels = training.kernels),
        onBatchEnd: (_, logs) => void losses.push(logs['loss'] as number),
      },
    ],
  });
  model.dispose();
  return { losses, kernels };
}

const convolutions = ({ kernels }: Trained): string[] =>
  kernels.filter(({ pass }) => pass === 'conv2d/forward').map(({ variant }) => variant);

/** The choice of the added variant, found as `tune` finds it. */
async function choosePlain(): Promise<Map<string, Choice>> {
  const { choices } = held.device;
  choices.watch();
  await train();
  const cases = [...choices.met.values()].filter(({ pass }) => pass.name === 'conv2d/forward');
  expect(cases.length).toBeGreaterThan(0);
  const found = cases.map(({ key, pass, context }): [string, Choice] => {
    const shapes = Object.values<Spec>(context.inputs).map(describe).join(' ');
    return [key, { variant: 'plain', pass: pass.name, shapes }];
  });
  choices.clear();
  return new Map(found);
}

test('two trainings by the table, and two by the same choices, have the same bits', async () => {
  addVariant();
  const byTable = await train();
  expect(convolutions(byTable)).not.toContain('plain');
  const chosen = await choosePlain();
  const again = await train();
  expect(again).toEqual(byTable);
  expect(byTable.losses).toHaveLength(6);

  for (const [key, choice] of chosen) held.device.choices.set(key, choice);
  const byChoice = await train();
  expect(convolutions(byChoice)).toEqual(['plain']);
  expect(await train()).toEqual(byChoice);
  // The same network: only rounding may differ.
  byChoice.losses.forEach((loss, i) => expect(loss).toBeCloseTo(byTable.losses[i] as number, 4));
});

test('a resumed run goes by its own choices, whatever is stored now', async () => {
  addVariant();
  const chosen = await choosePlain();
  const { device } = held;
  const folder = openFolder(path.join(work, 'run'));
  const warn = (line: string): void => expect.unreachable(line);
  for (const [key, choice] of chosen) device.choices.set(key, choice);
  const first = await train();
  const saved = {
    tuning: 'stored',
    choices: Object.fromEntries(device.choices.used()),
    kernels: first.kernels,
  } as RunFile;
  expect(Object.keys(saved.choices ?? {})).toEqual([...chosen.keys()]);

  device.choices.clear();
  expect(await takeChoices(device, saved, folder, { warn })).toBe('stored');
  const resumed = await train();
  expect(resumed).toEqual(first);
  expect(changeOf(saved, resumed.kernels, device)).toBeUndefined();

  // A run by the table stays with the table.
  device.choices.clear();
  expect(await takeChoices(device, { ...saved, tuning: 'off', choices: {} }, folder, { warn })).toBe('off');
  expect(convolutions(await train())).not.toContain('plain');
});

test('a resumed run hears of kernels that have changed', async () => {
  addVariant();
  const chosen = await choosePlain();
  const { device } = held;
  const saved = { choices: Object.fromEntries(chosen), kernels: (await train()).kernels } as RunFile;
  // The shader of one of the candidates is another now.
  const clear = convVariants.find(({ name }) => name === 'clear') as ConvVariant;
  convVariants.splice(
    convVariants.findIndex(({ name }) => name === 'plain'),
    1,
    {
      ...clear,
      name: 'plain',
      family: device.traits.family,
      lower: (context) => {
        const [x, y, z] = clear.lower(context).dispatches[0]!.workgroups;
        return { dispatches: [{ ...clear.lower(context).dispatches[0]!, workgroups: [x + 1, y, z] }] };
      },
    },
  );
  device.choices.clear();
  await takeChoices(device, saved, openFolder(path.join(work, 'run')), { warn: () => undefined });
  const { kernels } = await train();
  expect(changeOf(saved, kernels, device)).toMatchInlineSnapshot(
    `"The kernels have changed since this run began (1 of its 1 measured choices lapsed): it will end with other bits than without the interruption."`,
  );
  expect(changeOf({ ...saved, choices: {} }, kernels, device)).toBeUndefined();
  expect(
    changeOf({ ...saved, choices: {}, kernels: kernels.slice(1) }, kernels, device),
  ).toMatchInlineSnapshot(
    `"The kernels have changed since this run began: it will end with other bits than without the interruption."`,
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
  const built = spawnSync(process.execPath, [path.join(root, 'scripts', 'build.mjs')], { encoding: 'utf8' });
  expect(built.stderr + built.stdout).toBe('');
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
    `Nothing is stored for this device any more (${store.fileOf(fingerprint)}).\n`,
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
  expect(resumed.stdout).toContain('(1 of its 1 measured choices lapsed)');
  expect(recorded('off')).toMatchObject({ tuning: 'off', choices: {} });
});
