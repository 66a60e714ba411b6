// Bundles src/ and the shaders into dist/: cli.mjs, the command line, index.js, the library for Node, and
// browser.js, the library for browsers.
// Packages stay outside the bundle. Takes about 0.1 s, so it runs before every command; says nothing when all is well.
import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import process from 'node:process';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const dist = join(root, 'dist');

/** @type {import('esbuild').BuildOptions} */
const forNode = { platform: 'node', target: 'node20' };
/** @type {import('esbuild').BuildOptions} */
const forBrowsers = { platform: 'browser', target: 'es2022' };

/** @type {(import('esbuild').BuildOptions & { source: string, output: string })[]} */
const bundles = [
  { source: 'src/cli/main.ts', output: 'cli.mjs', ...forNode, banner: { js: '#!/usr/bin/env node' } },
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
    entryPoints: [source],
    outfile: join(dist, output),
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
  // Renamed into place, so that a command started at the same moment never loads half a bundle.
  const { outputFiles = [] } = await bundle(name);
  for (const { path, contents } of outputFiles) {
    const draft = join(dist, `${basename(path)}.${process.pid}.part`);
    writeFileSync(draft, contents);
    renameSync(draft, path);
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  mkdirSync(dist, { recursive: true });
  try {
    await Promise.all(bundles.map(async ({ output }) => write(output)));
  } catch (error) {
    if (!(error instanceof Error && 'errors' in error)) throw error;
    process.exit(1); // esbuild has printed the place and the reason
  }
}
