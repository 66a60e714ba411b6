// Bundles src/ and the shaders into dist/: cli.mjs, the command line, and index.js, the library for Node.
// Packages stay outside the bundle. Takes about 0.1 s, so it runs before every command; says nothing when all is well.
import { existsSync, mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { writeShaderIndex } from './generate_shader_index.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const dist = join(root, 'dist');

/** @type {{ source: string, output: string, banner?: string }[]} */
const bundles = [
  { source: 'src/cli/main.ts', output: 'cli.mjs', banner: '#!/usr/bin/env node' },
  { source: 'src/index.ts', output: 'index.js' },
];

writeShaderIndex();
mkdirSync(dist, { recursive: true });
try {
  await Promise.all(bundles.filter(({ source }) => existsSync(join(root, source))).map(bundle));
} catch {
  process.exit(1); // esbuild has printed the place and the reason
}

/** @param {typeof bundles[number]} what */
async function bundle({ source, output, banner }) {
  const { outputFiles } = await build({
    absWorkingDir: root,
    entryPoints: [source],
    outfile: join(dist, output),
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    packages: 'external',
    loader: { '.wgsl': 'text' },
    sourcemap: true,
    logLevel: 'warning',
    write: false,
    ...(banner === undefined ? {} : { banner: { js: banner } }),
  });
  // Renamed into place, so that a command started at the same moment never loads half a bundle.
  for (const { path, contents } of outputFiles) {
    const draft = join(dist, `${basename(path)}.${process.pid}.part`);
    writeFileSync(draft, contents);
    renameSync(draft, path);
  }
}
