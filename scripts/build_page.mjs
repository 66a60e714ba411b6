// Builds the page into dist/page: everything except the data sets, for any static host, at any path. Takes some tenths of
// a second, so it runs before every `npm run demo`; prints nothing on success.
//
//   page.js, page-chunk.js  web/page.ts and the views; page.css, their style sheets, and the colours shared with charts
//   page-lower.js           the sections below Train, fetched when one of them comes near
//   worker.js, worker-chunk.js  web/worker.ts and the engine, shaders as text: what every visit fetches
//   worker-on_demand.js, …      what the worker fetches when it is first needed: a script for each module that it imports by
//                               import(), and one for what two of them share
//   theme.js   web/theme.ts
//   shaders_gpu.json, shaders_software.json  the shaders of each family, of which each device needs one
//   shaders_gpu_training.json, …             the further shaders of a training
//   shaders.json  the comments of each shader, for display
//   index.html, icon.svg, models/
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build, transform } from 'esbuild';
import { shaderNames } from './shader_names.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));

/**
 * The page's files by name, in memory.
 *
 * @returns {Promise<Map<string, Uint8Array>>}
 */
export async function buildPage() {
  const web = join(root, 'web');
  const scripts = await bundles();
  /** @type {typeof import('../src/cli/demo/policy.ts')} */
  const { pagePolicy } = await load('src/cli/demo/policy.ts');
  const page = readFileSync(join(web, 'index.html'), 'utf8').replace('%policy%', pagePolicy);
  const models = readdirSync(join(web, 'models')).filter((name) => /\.(safetensors|json)$/.test(name));
  /** @type {[string, Uint8Array][]} */
  const files = [
    ['index.html', new TextEncoder().encode(page)],
    ['shaders.json', new TextEncoder().encode(JSON.stringify(shaderComments()))],
    ['icon.svg', readFileSync(join(web, 'icons', 'icon.svg'))],
    ...scripts,
    ...models.map((name) => named(`models/${name}`, readFileSync(join(web, 'models', name)))),
  ];
  return new Map(files);
}

/**
 * @param {string} name
 * @param {Uint8Array} bytes
 * @returns {[string, Uint8Array]}
 */
const named = (name, bytes) => [name, bytes];

const forPages = /** @type {const} */ ({
  absWorkingDir: root,
  bundle: true,
  minify: true,
  platform: 'browser',
  target: 'es2022',
  legalComments: 'none',
  logLevel: 'warning',
  write: false,
  outdir: 'page',
});

/** @returns {Promise<[string, Uint8Array][]>} */
async function bundles() {
  const [page, worker, theme] = await Promise.all([
    build({
      ...forPages,
      entryPoints: ['web/page.ts'],
      format: 'esm',
      plugins: [sharedColours, typedCalls],
      splitting: true,
      chunkNames: 'page-[name]',
    }),
    buildWorker(),
    build({ ...forPages, entryPoints: ['web/theme.ts'], format: 'iife' }),
  ]);
  const [others, workers] = await Promise.all(
    [[...page.outputFiles, ...theme.outputFiles], worker.outputFiles].map((outputFiles) =>
      Promise.all(outputFiles.map(byName)),
    ),
  );
  return [...(others ?? []), ...stamped([...(workers ?? []), ...shaderFiles(worker.later)])];
}

/**
 * The worker, and the names of the shaders that its initial scripts do not contain. These are known only after a first
 * build: scripts that are fetched on demand contain the shaders that only they need.
 */
async function buildWorker() {
  const bundle = (/** @type {ReadonlySet<string>} */ later) =>
    build({
      ...forPages,
      metafile: true,
      entryPoints: ['web/worker.ts'],
      format: 'esm',
      plugins: [shortShaders(later), typedCalls, afterFirst()],
      splitting: true,
      chunkNames: 'worker-[name]-[hash]',
      // The import that `afterFirst` adds counts for the division into scripts, and is not needed in them.
      logOverride: { 'ignored-bare-import': 'silent' },
    });
  const names = firstModules(await bundle(new Set())).flatMap(
    (path) => /^shaders\/(.+)\.wgsl$/.exec(path)?.[1] ?? [],
  );
  const later = new Set(names.filter((name) => familyOf(name) !== undefined || isOfTraining(name)));
  const { outputFiles, metafile } = withKnownNames(await bundle(later));
  return { outputFiles, metafile, later };
}

/**
 * The modules and shaders of which the worker's initial scripts contain a part.
 *
 * @param {{ readonly metafile: import('esbuild').Metafile }} worker
 */
function firstModules({ metafile: { outputs } }) {
  const [entry = ''] = Object.keys(outputs).filter((path) => outputs[path]?.entryPoint === 'web/worker.ts');
  const scripts = [entry, ...staticImportsOf(outputs, entry)];
  const inputs = scripts.flatMap((path) => Object.entries(outputs[path]?.inputs ?? {}));
  return inputs.flatMap(([path, { bytesInOutput }]) => (bytesInOutput > 0 ? [path] : []));
}

/** For tests: see `firstModules`. */
export async function firstModulesOfWorker() {
  return firstModules(await buildWorker());
}

/**
 * @param {import('esbuild').Metafile['outputs']} outputs
 * @param {string} path
 */
const staticImportsOf = (outputs, path) =>
  (outputs[path]?.imports ?? []).filter(({ kind }) => kind === 'import-statement').map(({ path }) => path);

/**
 * Replaces the hashes in the names of scripts, because the server has a fixed list of names: the script of a module that is
 * imported by import() is called `worker-<module>.js`; what two of them share, after both; the rest is `worker-chunk.js`.
 *
 * @param {import('esbuild').BuildResult<{ write: false, metafile: true }>} worker
 */
function withKnownNames({ outputFiles, metafile }) {
  const { outputs } = metafile;
  const paths = Object.keys(outputs);
  const [first = ''] = paths.filter((path) => outputs[path]?.entryPoint === 'web/worker.ts');
  const ofFirst = staticImportsOf(outputs, first);
  const moduleOf = (/** @type {string} */ path) =>
    /([^/]+)\.ts$/.exec(outputs[path]?.entryPoint ?? '')?.[1] ?? '';
  /** @type {(path: string) => string} */
  const nameOf = (path) => {
    if (path === first) return 'worker.js';
    if (ofFirst.includes(path)) return 'worker-chunk.js';
    const users = paths.filter((user) => staticImportsOf(outputs, user).includes(path)).map(moduleOf);
    return `worker-${moduleOf(path) || users.sort().join('-')}.js`;
  };
  const names = new Map(paths.map((path) => [path.split('/').at(-1) ?? '', nameOf(path)]));
  if (new Set(names.values()).size < names.size)
    throw new Error(`two scripts of the worker have the same name: ${[...names.values()].sort().join(', ')}`);
  const renamed = outputFiles.map(({ path, text }) => ({
    path: path.replace(/[^/\\]+$/, (name) => names.get(name) ?? name),
    text: [...names].reduce((all, [hashed, name]) => all.replaceAll(`"./${hashed}"`, `"./${name}"`), text),
  }));
  return { outputFiles: renamed, metafile };
}

/**
 * Makes each module that is imported by import() import the worker's first module, which is loaded long before. All code of
 * the initial scripts is then in one script, however many others use parts of it.
 *
 * @returns {import('esbuild').Plugin}
 */
const afterFirst = () => ({
  name: 'scripts after the first',
  setup(context) {
    const later = new Set();
    context.onResolve({ filter: /^\.\/.+\.js$/ }, ({ kind, path, resolveDir }) => {
      if (kind === 'dynamic-import') later.add(join(resolveDir, path.replace(/js$/, 'ts')));
      return undefined;
    });
    context.onLoad({ filter: /[/\\]web[/\\]worker[/\\]\w+\.ts$/ }, ({ path }) =>
      later.has(path)
        ? { loader: 'ts', contents: `${readFileSync(path, 'utf8')}\nimport '../worker.js';\n` }
        : undefined,
    );
  },
});

/**
 * The shaders outside the scripts, by device family: those for predictions, and separately the further ones for training.
 *
 * @param {ReadonlySet<string>} later
 */
function shaderFiles(later) {
  return ['gpu', 'software'].flatMap((family) => {
    const names = [...later].filter((name) => [family, undefined].includes(familyOf(name))).sort();
    const file = (/** @type {string} */ suffix, /** @type {string[]} */ names) => {
      const shaders = Object.fromEntries(names.map((name) => [name, shortened(pathOf(name))]));
      const json = JSON.stringify({ build: '%build%', shaders });
      return named(`shaders_${family}${suffix}.json`, new TextEncoder().encode(json));
    };
    return [
      file(
        '',
        names.filter((name) => !isOfTraining(name)),
      ),
      file('_training', names.filter(isOfTraining)),
    ];
  });
}

/**
 * A file by its name. A script passes through esbuild once more, which removes what only dropped calls used.
 *
 * @param {Pick<import('esbuild').OutputFile, 'path' | 'text'>} file
 * @returns {Promise<[string, Uint8Array]>}
 */
async function byName({ path, text }) {
  const name = path.slice(join(root, 'page').length + 1);
  if (!name.endsWith('.js')) return named(name, new TextEncoder().encode(text));
  const { code } = await transform(text, { minify: true, treeShaking: true, target: 'es2022' });
  return named(name, new TextEncoder().encode(code));
}

/**
 * Adds the same build id to the worker's scripts and shaders: a file that is fetched later may be from another build
 * (web/worker/same_build.ts).
 *
 * @param {[string, Uint8Array][]} files
 * @returns {[string, Uint8Array][]}
 */
function stamped(files) {
  const hash = createHash('sha256');
  for (const [, contents] of files) hash.update(contents);
  const stamp = hash.digest('hex').slice(0, 12);
  return files.map(([name, contents]) =>
    named(name, new TextEncoder().encode(new TextDecoder().decode(contents).replaceAll('%build%', stamp))),
  );
}

/** By name, the comments that web/shader_comments.ts restores: a shader's head, and the meanings of its constants. */
function shaderComments() {
  /** @type {Record<string, { head: string, meanings: Record<string, string> }>} */
  const comments = {};
  for (const name of shaderNames()) {
    const source = readFileSync(pathOf(name), 'utf8');
    const [head = ''] = /^(?:\/\/(?!!).*\n)*/.exec(source) ?? [];
    const marked = [...source.matchAll(/^(?:const|alias) (\w+).*\/\/! (.+)$/gm)];
    comments[name] = {
      head: `${head}\n`,
      meanings: Object.fromEntries(marked.map(([, constant = '', meaning = '']) => [constant, meaning])),
    };
  }
  return comments;
}

/** @type {import('esbuild').Plugin} */
const sharedColours = {
  name: 'colours that charts and page share',
  setup(context) {
    context.onResolve({ filter: /^virtual:colours\.css$/ }, ({ path }) => ({ path, namespace: 'colours' }));
    context.onLoad({ filter: /./, namespace: 'colours' }, async () => {
      /** @type {typeof import('../src/report/charts/palette.ts')} */
      const { variables } = await load('src/report/charts/palette.ts');
      const light = `color-scheme:light;${variables('light')}`;
      const dark = `color-scheme:dark;${variables('dark')}`;
      return {
        loader: 'css',
        contents: `:root{${light}}
@media (prefers-color-scheme:dark){:root:not([data-theme='light']){${dark}}}
:root[data-theme='dark']{${dark}}`,
      };
    });
  },
};

/**
 * Shaders as sent to the browser; those in `later` are empty (web/worker/family_shaders.ts fetches them).
 *
 * @param {ReadonlySet<string>} later
 * @returns {import('esbuild').Plugin}
 */
const shortShaders = (later) => ({
  name: 'short shaders',
  setup(context) {
    const paths = new Set([...later].map(pathOf));
    context.onLoad({ filter: /\.wgsl$/ }, ({ path }) => ({
      loader: 'text',
      contents: paths.has(path) ? '' : shortened(path),
    }));
  },
});

/** @param {string} name */
const pathOf = (name) => join(root, 'shaders', `${name}.wgsl`);

/** @param {string} name */
const familyOf = (name) => /_(gpu|software)(?:_\w+)?$/.exec(name)?.[1];

/** Ops of the first scripts that no prediction dispatches. test/unit/page_build.test.ts plans predictions to check that. */
const opsOfTraining = new Set([
  'augment',
  'l2_penalty',
  'micro_batch',
  'softmax_cross_entropy',
  'step_state',
  'sum',
]);

/**
 * Gradients, what only second derivatives read (`…/gather`), and the ops above.
 *
 * @param {string} name
 */
export const isOfTraining = (name) =>
  name.includes('gradient') ||
  name.endsWith('/gather') ||
  opsOfTraining.has(name.slice(0, name.indexOf('/')));

/**
 * A shader without its comments, a third of its size. The marks (`//!`) stay, because the engine needs them.
 * @param {string} path
 */
function shortened(path) {
  return readFileSync(path, 'utf8')
    .split('\n')
    .map((line) => line.replace(/\s*\/\/(?!!).*$/, '').replace(/^((?:const|alias) .*\/\/!).*$/, '$1'))
    .filter((line) => line !== '')
    .join('\n');
}

/**
 * Without the checks of calls (src/calls.ts), and the hints on misspelt options: the compiler has checked the page's own
 * calls. Without the texts of the planner's stages and the table of a model's layers, which are read in Node. esbuild drops
 * calls of empty functions and, on its second run (`byName`), the rules that only those calls read.
 * @type {import('esbuild').Plugin}
 */
const typedCalls = {
  name: 'calls that the compiler has checked',
  setup(context) {
    const dropped = {
      calls: ['checkCall', 'checkArgument'],
      option_hints: ['hintFor'],
      'nn/callbacks/callbacks_rule': ['callbacksRule'],
      'nn/summary': ['summaryTable'],
      'engine/plan/text': ['printStage', 'graphText', 'kernelsText', 'groupsText', 'memoryText'],
    };
    for (const [file, names] of Object.entries(dropped)) {
      const filter = new RegExp(`[/\\\\]src[/\\\\]${file.replaceAll('/', '[/\\\\]')}\\.ts$`);
      const contents = names.map((name) => `export function ${name}() {}`).join('\n');
      context.onLoad({ filter }, () => ({ loader: 'js', contents }));
    }
  },
};

/**
 * Runs a module of ours that imports nothing of Node's, from its source.
 *
 * @template T
 * @param {string} file
 * @returns {Promise<T>}
 */
export async function load(file) {
  const { outputFiles } = await build({
    absWorkingDir: root,
    entryPoints: [file],
    bundle: true,
    format: 'esm',
    write: false,
  });
  const code = Buffer.from(outputFiles[0]?.contents ?? []).toString('base64');
  return /** @type {Promise<T>} */ (import(`data:text/javascript;base64,${code}`));
}

/** Writes the files into a new folder that then replaces the old one, so that no reader sees a partial page. */
async function writePage() {
  const folder = join(root, 'dist', 'page');
  const draft = `${folder}.${process.pid}.part`;
  for (const [name, bytes] of await buildPage()) {
    const file = join(draft, name);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, bytes);
  }
  const before = `${draft}.before`;
  for (let tries = 1; ; tries++) {
    try {
      if (existsSync(folder)) renameSync(folder, before);
      renameSync(draft, folder);
      break;
    } catch (error) {
      // Another build may do the same concurrently.
      if (tries === 10) throw error;
    } finally {
      rmSync(before, { recursive: true, force: true });
    }
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  try {
    await writePage();
  } catch (error) {
    if (!(error instanceof Error && 'errors' in error)) throw error;
    process.exit(1); // esbuild has printed the location and the reason
  }
}
