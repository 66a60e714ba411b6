/**
 * What a program bundles of the sources, which is what it bundles of dist/modules (scripts/build_modules.mjs):
 *   a model of dense layers takes the matrix product and what training needs, and no other layer, op or shader
 *   a program that loads models takes every layer; one op takes its own shaders
 *   of the groups `layers`, `losses`, `optimizers`, `ops` and `callbacks`, a bundler that follows namespaces, as Rollup,
 *   Rolldown and webpack do, keeps the members that are used; esbuild does so for the subpaths, `shadegrad/layers`
 *   opening folders by path, which loadModel needs, stays
 *   typical programs are small (their sizes are printed)
 */
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';
// Vite's own bundler.
import { rolldown } from 'rolldown';
import { expect, test } from 'vitest';

/** A program's bundle, and the modules and shaders of which something is in it, without ending. */
async function bundle(program: string): Promise<{ readonly paths: Set<string>; readonly packed: number }> {
  const { metafile, outputFiles } = await build({
    stdin: { contents: program, resolveDir: process.cwd(), loader: 'ts' },
    bundle: true,
    minify: true,
    format: 'esm',
    loader: { '.wgsl': 'text' },
    packages: 'external',
    write: false,
    metafile: true,
    outdir: 'out',
    logLevel: 'silent',
  });
  const { inputs } = Object.values(metafile.outputs)[0]!;
  const found = Object.entries(inputs).filter(([, { bytesInOutput }]) => bytesInOutput > 0);
  return {
    paths: new Set(found.map(([path]) => path.replace(/\.\w+$/, ''))),
    packed: gzipSync(outputFiles[0]!.contents, { level: 9 }).length,
  };
}

const bundled = async (program: string): Promise<Set<string>> => (await bundle(program)).paths;

/** As `bundled`, by Rolldown. */
async function bundledByRolldown(program: string): Promise<Set<string>> {
  const entry = `${process.cwd()}/program.ts`;
  const build = await rolldown({
    input: entry,
    plugins: [
      {
        name: 'program',
        resolveId: (id) => (id === entry ? id : null),
        load: (id) => (id === entry ? program : null),
      },
    ],
    moduleTypes: { '.wgsl': 'text' },
    resolve: { extensionAlias: { '.js': ['.ts', '.js'] } },
    logLevel: 'silent',
  });
  const { output } = await build.generate({ format: 'esm' });
  const found = Object.entries(output[0].modules).filter(([, { renderedLength }]) => renderedLength > 0);
  return new Set(found.map(([path]) => path.replace(`${process.cwd()}/`, '').replace(/\.\w+$/, '')));
}

const under = (paths: Iterable<string>, folder: string): string[] =>
  [...paths].filter((path) => path.startsWith(`${folder}/`)).sort();

test('a model of dense layers', async () => {
  const paths = await bundled(`
    import { dense } from './src/nn/layers/index.ts';
    import { sequential } from './src/nn/model.ts';
    console.log(sequential([dense({ units: 10, inputShape: [784] })]).predict);
  `);
  expect(under(paths, 'shaders/matmul')).not.toEqual([]);
  const ops = new Set(under(paths, 'shaders').map((path) => path.split('/')[1]));
  for (const op of [
    'conv2d',
    'max_pool2d',
    'avg_pool2d',
    'batch_norm',
    'sgd',
    'rmsprop',
    'arg_max',
    'roofline',
  ])
    expect([op, ops.has(op)]).toEqual([op, false]);
  expect(under(paths, 'src/nn/layers')).not.toContain('src/nn/layers/conv2d');
});

test('a program that loads models', async () => {
  const paths = await bundled(`
    import { loadModel } from './src/nn/files/model_files.ts';
    console.log(loadModel);
  `);
  for (const layer of ['batch_normalization', 'conv2d', 'dense', 'max_pooling2d'])
    expect([layer, paths.has(`src/nn/layers/${layer}`)]).toEqual([layer, true]);
});

test('one op', async () => {
  const paths = await bundled(`
    import { softmax } from './src/kernels/index.ts';
    console.log(softmax);
  `);
  expect(under(paths, 'shaders')).toEqual([
    'shaders/elementwise/map',
    'shaders/floats/non_finite',
    // Over another axis than the last.
    'shaders/log_softmax/forward',
    'shaders/log_sum_exp/terms',
    'shaders/softmax/forward',
    'shaders/softmax/input_gradient',
    // The gradient of its gradient sums rows.
    'shaders/sum/forward',
    'shaders/sum/forward_gpu',
  ]);
});

const perceptron = `
  const model = sequential([layers.dense({ units: 10, inputShape: [784] })]);
  model.compile({ optimizer: optimizers.sgd(), loss: losses.sparseCategoricalCrossentropy() });
  console.log(model.fit, callbacks.earlyStopping);
`;
const groups = ['layers', 'losses', 'optimizers', 'ops', 'callbacks'];
const subpaths = `
  import { callbacks, sequential } from './src/browser/index.ts';
  import * as layers from './src/nn/layers/index.ts';
  import * as losses from './src/nn/losses/index.ts';
  import * as optimizers from './src/library/optimizers.ts';
`;

test.each<[string, () => Promise<Set<string>>]>([
  [
    'Rolldown, of the groups',
    async () =>
      bundledByRolldown(
        `import { sequential, ${groups.join(', ')} } from './src/browser/index.ts'; ${perceptron}`,
      ),
  ],
  ['esbuild, of the subpaths', async () => bundled(`${subpaths} ${perceptron}`)],
])('members that are not used are left out: %s', async (_, bundling) => {
  const paths = await bundling();
  const layers = under(paths, 'src/nn/layers').map((path) => path.slice('src/nn/layers/'.length));
  expect(layers).toEqual(['activation_registry', 'dense', 'layer', 'registry']);
  expect(under(paths, 'src/nn/optimizers')).not.toContain('src/nn/optimizers/rmsprop');
  expect(under(paths, 'src/nn/optimizers')).toContain('src/nn/optimizers/sgd');
  const ops = new Set(under(paths, 'shaders').map((path) => path.split('/')[1]));
  for (const op of ['conv2d', 'max_pool2d', 'batch_norm', 'concatenate', 'rmsprop', 'roofline'])
    expect([op, ops.has(op)]).toEqual([op, false]);
});

test('what a folder of a path needs is kept', async () => {
  for (const [entry, module] of [
    ['browser/index', 'src/browser/opfs_folder'],
    ['index', 'src/node/files'],
  ])
    expect([
      ...(await bundled(`import { loadModel } from './src/${entry}.ts'; console.log(loadModel);`)),
    ]).toContain(module);
});

test.each([
  [
    'predicts',
    103_600,
    `${subpaths} console.log(sequential([layers.conv2d({ filters: 8, kernelSize: 3, inputShape: [28, 28, 1] }),
      layers.flatten(), layers.dense({ units: 10 })]).predict);`,
  ],
  ['trains', 110_800, `${subpaths} ${perceptron}`],
  ['loads a model', 147_000, `import { loadModel } from './src/browser/index.ts'; console.log(loadModel);`],
  ['runs an op', 21_500, `import { relu } from './src/kernels/index.ts'; console.log(relu);`],
])('a program that %s is below %i bytes, packed', async (what, limit, program) => {
  const { packed } = await bundle(program);
  console.log(`a program that ${what}: ${(packed / 1000).toFixed(1)} kB gzipped`);
  expect(packed).toBeLessThan(limit);
});
