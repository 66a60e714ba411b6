/**
 * What a program bundles of the sources: a model of dense layers takes the matrix product and what training needs, and no
 * layer, op or shader besides; a program that loads models takes every layer; one op takes its own shaders.
 */
import { build } from 'esbuild';
import { expect, test } from 'vitest';

/** The modules and shaders of which something is in the bundle of a program, without ending. */
async function bundled(program: string): Promise<Set<string>> {
  const { metafile } = await build({
    stdin: { contents: program, resolveDir: process.cwd(), loader: 'ts' },
    bundle: true,
    format: 'esm',
    loader: { '.wgsl': 'text' },
    write: false,
    metafile: true,
    outdir: 'out',
    logLevel: 'silent',
  });
  const { inputs } = Object.values(metafile.outputs)[0]!;
  const found = Object.entries(inputs).filter(([, { bytesInOutput }]) => bytesInOutput > 0);
  return new Set(found.map(([path]) => path.replace(/\.\w+$/, '')));
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
    import { loadModel } from './src/nn/model_files.ts';
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
    'shaders/softmax/forward',
    'shaders/softmax/input_gradient',
  ]);
});
