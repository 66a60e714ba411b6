/**
 * Plan: the package as a project gets it, packed and unpacked, and its types as the repository's compiler sees them from
 * there. The project has no other package, the strictest options and, in some cases, no types of the platform.
 * Compiled are the README's examples, every name that the package exports, and wrong uses, each of which must be an error:
 * an export that became `any` would let them pass. Packing builds, so that nothing here is of an earlier build. The command
 * line's chunks are all packed.
 */
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';

const root = path.resolve(import.meta.dirname, '..', '..');
const run = promisify(execFile);
const timeout = 120_000;

let work: string;
let installed: string;

beforeAll(async () => {
  work = await mkdtemp(path.join(tmpdir(), 'shadegrad-types-'));
  await run('npm', ['pack', '--offline', '--pack-destination', work], { cwd: root });
  const [tarball] = (await readdir(work)).filter((name) => name.endsWith('.tgz'));
  installed = path.join(work, 'node_modules', 'shadegrad');
  await mkdir(installed, { recursive: true });
  await run('tar', ['-xf', path.join(work, tarball!), '--strip-components=1', '-C', installed]);
  await writeFile(path.join(work, 'package.json'), '{ "type": "module" }');
}, timeout);

afterAll(async () => rm(work, { recursive: true, force: true }));

/** What the language's own library lacks, where a case goes without the platform's. */
const consoleType = 'declare const console: { log(...values: unknown[]): void };';

/** The examples of docs/own_ops.md, in order. */
async function ownOps(): Promise<string> {
  const page = await readFile(path.join(root, 'docs', 'own_ops.md'), 'utf8');
  const examples = [...page.matchAll(/```ts\n([\s\S]*?)```/g)].map(([, code = '']) => code);
  expect(examples).toHaveLength(3);
  return [`import { defineOp, gradcheck, ops, Tensor } from 'shadegrad';`, ...examples].join('\n');
}

/** The README's five examples; the fourth continues the first, the fifth uses its tensors. */
async function readmeExamples(): Promise<string> {
  const readme = await readFile(path.join(root, 'README.md'), 'utf8');
  const examples = [...readme.matchAll(/```ts\n([\s\S]*?)```/g)].map(([, code = '']) => code);
  expect(examples).toHaveLength(5);
  return [
    `import { grad, input, model as connect, ops, program, type Tensor } from 'shadegrad';`,
    consoleType,
    examples[0],
    `{ const model = connect; ${examples[1]} }`,
    `{ ${examples[2]} }`,
    examples[3],
    `{ const [x, w] = [] as unknown as [Tensor, Tensor]; ${examples[4]} }`,
  ].join('\n');
}

/** Every name of the entry, and of the groups in it, each of which must have a type that is not `any`. */
async function everyName(file: string): Promise<string> {
  const entry = (await import(/* @vite-ignore */ pathToFileURL(path.join(root, file)).href)) as object;
  const names = Object.entries(entry).flatMap(([name, value]: [string, unknown]) => [
    name,
    ...(typeof value === 'object' && value !== null
      ? Object.keys(value).map((member) => `${name}.${member}`)
      : []),
  ]);
  expect(names.length).toBeGreaterThan(100);
  return [
    `import * as library from 'shadegrad';`,
    'type Known<T> = 0 extends 1 & T ? never : T;',
    'declare function known<T>(value: Known<T>): void;',
    ...names.map((name) => `known(library.${name});`),
  ].join('\n');
}

const wrongUses = `
import {
  type Callback, type Device, type Folder, type History, type Logs, Tensor,
  callbacks, datasets, defineLayer, grad, layers, models, ops, open, optimizers, program, sequential,
} from 'shadegrad';
import * as layersAlone from 'shadegrad/layers';
import * as lossesAlone from 'shadegrad/losses';
import * as metricsAlone from 'shadegrad/metrics';
import * as opsAlone from 'shadegrad/ops';
import * as optimizersAlone from 'shadegrad/optimizers';

// @ts-expect-error: misspelt
layers.dense({ unit: 10 });
// @ts-expect-error: no such padding
layers.conv2d({ filters: 8, kernelSize: 3, padding: 'full' });
// @ts-expect-error: a kernel has two extents
layers.conv2d({ filters: 8, kernelSize: [3, 3, 3] });
// @ts-expect-error: no such activation
layers.dense({ units: 10, activation: 'gelu?' });
// @ts-expect-error: no such option
optimizers.rmsprop({ momentum: '0.9', beta: 1 });
// @ts-expect-error: no such export
import { nothing } from 'shadegrad';
// @ts-expect-error: no such mode
callbacks.earlyStopping({ mode: 'least' });

const model = sequential([layers.flatten({ inputShape: [28, 28, 1] }), layers.dense({ units: 10 })]);
// @ts-expect-error: no such loss
model.compile({ optimizer: optimizers.sgd({ learningRate: 0.1 }), loss: 'hinge?' });
// @ts-expect-error: a model takes no text
void model.fit('digits', { epochs: 1 });
// @ts-expect-error: no such option
void datasets.digits({ downloads: false });
// @ts-expect-error: awaited first
open().destroy();
// @ts-expect-error: a number is no tensor
ops.relu(1);
// @ts-expect-error: made by its functions
new Tensor();

declare const device: Device;
// @ts-expect-error: read only
device.fingerprint.adapter = 'another';
export const read: (folder: Folder) => Promise<Uint8Array> = (folder) => folder.read('model.json');
export const callback: Callback = { onEpochEnd: async (epoch: number, logs: Logs) => void [epoch, logs] };
export const accuracies = ({ metrics }: History): number[] => metrics['val_accuracy'] ?? [];
// @ts-expect-error: misspelt
layersAlone.dense({ unit: 10 });
// @ts-expect-error: no such option
optimizersAlone.sgd({ beta: 1 });
// @ts-expect-error: a number is no tensor
opsAlone.relu(1);
// @ts-expect-error: no such option
lossesAlone.sparseCategoricalCrossentropy({ logits: true });
// Gradients of a list of known length are as many, and take no assertion.
const [v, c] = [Tensor.zeros({ shape: [784, 10], dtype: 'f32' }), Tensor.zeros({ shape: [10], dtype: 'f32' })];
const adam = optimizers.adam({ learningRate: 1e-3 }).over({ v, c });
export const ownStep = program((x, labels) => {
  const { loss } = ops.softmaxCrossEntropy(ops.add(ops.matmul(x, v), c), labels);
  const [dv, dc] = grad(loss, [v, c]);
  adam.update({ v: dv, c: dc });
  return loss;
});
// @ts-expect-error: no such option
metricsAlone.auc({ thresholds: 3 });
export const Scaled = defineLayer({
  className: 'Scaled',
  defaults: { power: 2 },
  parameters: (shape) => [{ name: 'gain', shape, initializer: { kind: 'ones' } }],
  call: (x, { gain }, { config, isTraining }) => ops.scale(ops.multiply(x, gain), isTraining ? 1 : config.power),
});
sequential([Scaled({ power: 3, inputShape: [4] })]);
// @ts-expect-error: no such option
Scaled({ powers: 3 });
defineLayer({
  className: 'Shifted',
  parameters: (shape) => [{ name: 'shift', shape, initializer: { kind: 'zeros' } }],
  // @ts-expect-error: no such parameter
  call: (x, { gain }) => ops.add(x, gain),
});
export const twice = program((x: Tensor) => ({ y: ops.add(x, x) }));
void models;
`;

const inJavaScript = `
import { layers, sequential } from 'shadegrad';
/** @param {import('shadegrad').ImageSet} images */
export const classes = (images) => images.classCount.toFixed();
// @ts-expect-error: misspelt
sequential([layers.dense({ unit: 10 })]);
`;

interface Case {
  readonly module: 'nodenext' | 'esnext';
  readonly entry: 'dist/index.js' | 'dist/browser.js';
  readonly hasPlatform: boolean;
}

const cases = (['nodenext', 'esnext'] as const).flatMap((module) =>
  (['dist/index.js', 'dist/browser.js'] as const).flatMap((entry): Case[] => [
    { module, entry, hasPlatform: true },
    { module, entry, hasPlatform: false },
  ]),
);

/** The compiler's complaints about a project of its own, '' when there are none. */
async function compile({ module, entry, hasPlatform }: Case): Promise<string> {
  const isForBrowsers = entry === 'dist/browser.js';
  const files: Record<string, string> = {
    'every_name.ts': await everyName(entry),
    'wrong_uses.ts': wrongUses,
    'in_javascript.js': inJavaScript,
    'own_ops.ts': await ownOps(),
    // It prints a progress line, which a browser has not.
    ...(isForBrowsers ? {} : { 'readme.ts': await readmeExamples() }),
  };
  const project = await mkdtemp(path.join(work, 'project-'));
  const compilerOptions = {
    module,
    moduleResolution: module === 'esnext' ? 'bundler' : module,
    target: 'es2022',
    lib: hasPlatform ? ['es2022', 'dom'] : ['es2022'],
    types: [],
    customConditions: isForBrowsers ? ['browser'] : [],
    allowJs: true,
    checkJs: true,
    noEmit: true,
    strict: true,
    // The declarations of shadegrad are checked too.
    skipLibCheck: false,
    exactOptionalPropertyTypes: true,
    noUncheckedIndexedAccess: true,
    verbatimModuleSyntax: true,
  };
  await writeFile(
    path.join(project, 'tsconfig.json'),
    JSON.stringify({ compilerOptions, files: Object.keys(files) }),
  );
  for (const [name, text] of Object.entries(files)) await writeFile(path.join(project, name), text);
  const tsc = path.join(root, 'node_modules', 'typescript', 'bin', 'tsc');
  return run(process.execPath, [tsc, '-p', project]).then(
    () => '',
    (error: { stdout: string }) => error.stdout,
  );
}

test.each(cases)(
  'a strict project compiles: $module, $entry, lib.dom $hasPlatform',
  async (given) => {
    expect(await compile(given)).toBe('');
  },
  timeout,
);

test('in Node, the subpaths are the groups of the library', async () => {
  const program = `
    import * as library from 'shadegrad';
    for (const group of ['layers', 'losses', 'metrics', 'ops', 'optimizers']) {
      const alone = await import('shadegrad/' + group);
      const names = Object.keys(library[group]);
      console.log(group, names.length > 0, Object.keys(alone).join() === names.sort().join(),
        names.every((name) => alone[name] === library[group][name]));
    }`;
  // In the repository, which has the packages that the library needs.
  const { stdout } = await run(process.execPath, ['--input-type=module', '-e', program], { cwd: root });
  expect(stdout.trim().split('\n')).toEqual(
    ['layers', 'losses', 'metrics', 'ops', 'optimizers'].map((group) => `${group} true true true`),
  );
});

test('bundlers get every module that another one imports', async () => {
  const folder = path.join(installed, 'dist', 'modules');
  const names = await readdir(folder, { recursive: true });
  const modules = new Set(names.map((name) => path.join(folder, name)));
  for (const file of [...modules].filter((name) => name.endsWith('.js'))) {
    const code = await readFile(file, 'utf8');
    for (const [, name = ''] of code.matchAll(
      /^(?:import|export) .*?from "(\.[^"]+)"|^\} from "(\.[^"]+)"/gm,
    ))
      expect([file, name, modules.has(path.resolve(path.dirname(file), name))]).toEqual([file, name, true]);
  }
  expect(modules.size).toBeGreaterThan(200);
});

test('the command line is packed with every chunk that it imports, and with no other', async () => {
  const dist = path.join(installed, 'dist');
  const reached = new Set<string>();
  const visit = async (file: string): Promise<void> => {
    if (reached.has(file)) return;
    reached.add(file);
    const code = await readFile(path.join(dist, file), 'utf8');
    const found = [...code.matchAll(/(?:from |import |import\()"(\.\.?\/[^"]+\.mjs)"/g)];
    for (const [, name = ''] of found) await visit(path.join(path.dirname(file), name));
  };
  await visit('cli.mjs');
  const packed = (await readdir(path.join(dist, 'cli'))).filter((name) => name.endsWith('.mjs'));
  expect(packed.length).toBeGreaterThan(10);
  expect([...reached].sort()).toEqual(['cli.mjs', ...packed.map((name) => path.join('cli', name))].sort());
});

test('the declarations stand alone, and their maps lead to sources that are packed too', async () => {
  const folder = path.join(installed, 'dist', 'types');
  const names = (await readdir(folder, { recursive: true })).filter((name) => name.endsWith('.d.ts'));
  expect(names).toContain('index.d.ts');
  for (const name of names) {
    const text = await readFile(path.join(folder, name), 'utf8');
    // Comments show how users import the package.
    const code = text.replaceAll(/\/\*[\s\S]*?\*\/|\/\/.*/g, '');
    expect(code.match(/(?<=from |import\(|import )["'](?!\.\.?\/).*?["']/g), name).toBeNull();
    if (name === 'platform.d.ts') continue;
    const map = JSON.parse(await readFile(path.join(folder, `${name}.map`), 'utf8')) as { sources: string[] };
    for (const source of map.sources)
      await expect(readFile(path.resolve(folder, path.dirname(name), source)), name).resolves.toBeDefined();
  }
});
