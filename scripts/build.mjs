// Bundles src/ and the shaders into dist/: cli.mjs, the command line, index.js, the library for Node, and
// browser.js, the library for browsers. cli.mjs imports a command's code from cli/ when the command is called.
// Packages are not bundled. Bundlers take the library from build_modules.mjs. Takes about 0.2 s, so it runs before every command; prints nothing on success.
//
//   --clean   also removes recent chunks of earlier builds from cli/; for packing
import { mkdirSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const dist = join(root, 'dist');
const chunks = join(dist, 'cli');

/** @type {import('esbuild').BuildOptions} */
const forNode = { platform: 'node', target: 'node20' };
/** @type {import('esbuild').BuildOptions} */
const forBrowsers = { platform: 'browser', target: 'es2022' };

/** @type {(import('esbuild').BuildOptions & { source: string, output: string })[]} */
const bundles = [
  {
    source: 'src/cli/main.ts',
    output: 'cli.mjs',
    ...forNode,
    splitting: true,
    chunkNames: 'cli/[name]-[hash]',
    outExtension: { '.js': '.mjs' },
    banner: { js: '#!/usr/bin/env node' },
  },
  { source: 'src/index.ts', output: 'index.js', ...forNode },
  { source: 'src/browser/index.ts', output: 'browser.js', ...forBrowsers },
];

/**
 * The bundle of this name, in memory.
 * @param {string} name
 */
export async function bundle(name) {
  const { source, output, ...options } = /** @type {typeof bundles[number]} */ (
    bundles.find(({ output }) => output === name)
  );
  return build({
    absWorkingDir: root,
    entryPoints: [{ in: source, out: output.replace(/\.m?js$/, '') }],
    outdir: dist,
    bundle: true,
    format: 'esm',
    packages: 'external',
    loader: { '.wgsl': 'text' },
    sourcemap: true,
    logLevel: 'warning',
    metafile: true,
    write: false,
    ...options,
  });
}

/** @param {string} name */
async function write(name) {
  const { outputFiles = [] } = await bundle(name);
  // The entry last, and each renamed into place: a command started at the same moment never loads half a build.
  const isEntry = (/** @type {string} */ path) => path === join(dist, name);
  for (const { path, contents } of outputFiles.sort((a, b) => +isEntry(a.path) - +isEntry(b.path))) {
    const draft = `${path}.${process.pid}.part`;
    writeFileSync(draft, contents);
    renameSync(draft, path);
  }
  return outputFiles.map(({ path }) => path);
}

/**
 * Removes the chunks of earlier builds. Recent ones stay: a command that was just started may be about to import them.
 *
 * @param {readonly string[]} written
 */
function removeStaleChunks(written) {
  const now = Date.now();
  const keptMs = process.argv.includes('--clean') ? 0 : 600_000;
  for (const name of readdirSync(chunks)) {
    const path = join(chunks, name);
    const age = now - (statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? now);
    if (!written.includes(path) && age > keptMs) rmSync(path, { force: true });
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  mkdirSync(chunks, { recursive: true });
  try {
    const written = await Promise.all(bundles.map(async ({ output }) => write(output)));
    removeStaleChunks(written.flat());
  } catch (error) {
    if (!(error instanceof Error && 'errors' in error)) throw error;
    process.exit(1); // esbuild has printed the location and the reason
  }
}
