// Writes the library into dist/modules for bundlers, a file for each module and shader: a bundler leaves out the modules that
// a program does not use, and cannot do so with parts of one file, since they register shaders. Also writes dist/layers.js and
// the like, which Node loads for the package's subpaths. Runs only before the package is packed; prints nothing on success.
import { mkdirSync, readFileSync, renameSync, rmSync, existsSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { bundle } from './build.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const dist = join(root, 'dist');

/** The package's subpaths: which module each is, as in package.json. */
const subpaths = {
  layers: 'src/nn/layers/index.ts',
  losses: 'src/nn/losses/index.ts',
  metrics: 'src/nn/metrics/index.ts',
  ops: 'src/kernels/index.ts',
  optimizers: 'src/library/optimizers.ts',
};

/** The sources of the library, from both entries. */
async function inputs() {
  const bundles = await Promise.all(['index.js', 'browser.js'].map(bundle));
  return [...new Set(bundles.flatMap(({ metafile }) => Object.keys(metafile?.inputs ?? {})))];
}

/** @returns {Promise<[path: string, text: string][]>} */
async function modules() {
  const paths = await inputs();
  const { outputFiles } = await build({
    absWorkingDir: root,
    entryPoints: paths.filter((path) => path.endsWith('.ts')),
    outbase: root,
    outdir: join(dist, 'modules'),
    format: 'esm',
    target: 'es2022',
    write: false,
  });
  const shaders = paths.filter((path) => path.endsWith('.wgsl'));
  return [
    ...outputFiles.map(({ path, text }) =>
      pair(path, text.replaceAll(/(?<=from "[^"]+\.wgsl)(?=")/g, '.js')),
    ),
    ...shaders.map((path) =>
      pair(
        join(dist, 'modules', `${path}.js`),
        `export default ${JSON.stringify(readFileSync(join(root, path), 'utf8'))};\n`,
      ),
    ),
  ];
}

/**
 * @param {string} path
 * @param {string} text
 * @returns {[path: string, text: string]}
 */
const pair = (path, text) => [path, text];

/**
 * What Node loads for a subpath: the members of the group of dist/index.js, so that there is one library.
 *
 * @param {string} group
 * @param {string} module
 */
async function subpath(group, module) {
  const { metafile } = await build({
    absWorkingDir: root,
    entryPoints: [module],
    bundle: true,
    format: 'esm',
    loader: { '.wgsl': 'text' },
    write: false,
    metafile: true,
    outdir: dist,
  });
  const names = Object.values(metafile.outputs).flatMap(({ exports }) => exports);
  return `import * as library from './index.js';\nexport const { ${names.sort().join(', ')} } = library.${group};\n`;
}

const draft = join(dist, `modules.${process.pid}.part`);
const folder = join(dist, 'modules');
for (const [path, text] of await modules()) {
  const file = path.replace(folder, draft);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
}
// Renamed into place, so that a bundler that runs at the same moment never reads half of them.
const before = `${draft}.before`;
if (existsSync(folder)) renameSync(folder, before);
renameSync(draft, folder);
rmSync(before, { recursive: true, force: true });
for (const [group, module] of Object.entries(subpaths))
  writeFileSync(join(dist, `${group}.js`), await subpath(group, module));
