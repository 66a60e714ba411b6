// Writes the declarations of the library's entries into dist/types, for users who check types. They stand alone: a
// project needs no other package and no `lib` but the language's own. Takes about a second, so it runs only before the
// package is packed; prints nothing on success.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const entries = [
  'index.d.ts',
  'browser/index.d.ts',
  // The package's subpaths.
  'nn/layers/index.d.ts',
  'nn/losses/index.d.ts',
  'nn/metrics/index.d.ts',
  'kernels/index.d.ts',
  'library/optimizers.d.ts',
];

const folder = join(root, 'dist', 'types');
// Renamed into place, so that a compiler that runs at the same moment never reads half of them.
const draft = `${folder}.${process.pid}.part`;
const before = `${draft}.before`;
try {
  emit();
  removeUnreachable();
  addPlatformTypes();
  if (existsSync(folder)) renameSync(folder, before);
  renameSync(draft, folder);
} finally {
  for (const path of [draft, before]) rmSync(path, { recursive: true, force: true });
}

function emit() {
  const { status, stdout } = tsc('-p', join(root, 'tsconfig.declarations.json'), '--outDir', draft);
  if (status === 0) return;
  process.stderr.write(stdout);
  process.exit(1);
}

/** @param {string[]} args */
function tsc(...args) {
  const path = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
  return spawnSync(process.execPath, [path, ...args], { encoding: 'utf8' });
}

/** Removes the declarations of modules that the entries use and do not show. */
function removeUnreachable() {
  const reached = new Set(entries);
  for (const file of reached) {
    const text = readFileSync(join(draft, file), 'utf8');
    for (const [, path = ''] of text.matchAll(/(?:from |import\(|import )['"](\.[^'"]+)\.js['"]/g))
      reached.add(join(dirname(file), `${path}.d.ts`));
  }
  for (const entry of readdirSync(draft, { recursive: true, withFileTypes: true })) {
    const file = join(entry.parentPath, entry.name);
    if (entry.isFile() && !reached.has(file.slice(draft.length + 1).replace(/\.map$/, ''))) rmSync(file);
  }
}

/**
 * Declares what the declarations mention of the platform, such as AbortSignal and GPUDevice. A project may have them from
 * lib.dom, @types/node or @webgpu/types, or not at all: an empty interface merges with any of these, and stands in where
 * there is none.
 */
function addPlatformTypes() {
  const alone = [
    '--ignoreConfig',
    '--noEmit',
    '--strict',
    '--target',
    'es2022',
    '--lib',
    'es2022',
    '--types',
    '',
  ];
  const { stdout } = tsc(...alone, ...entries.map((entry) => join(draft, entry)));
  const missing = new Set([...stdout.matchAll(/Cannot find name '(\w+)'/g)].map(([, name = '']) => name));
  const lines = [...missing].sort().map((name) => `interface ${name} {}\n`);
  writeFileSync(
    join(draft, 'platform.d.ts'),
    `// Empty: they merge with the interfaces of the project's own lib or types, where it has them.\n${lines.join('')}`,
  );
  for (const entry of entries) {
    const path = join(draft, entry);
    const up = '../'.repeat(entry.split('/').length - 1) || './';
    const text = readFileSync(path, 'utf8');
    writeFileSync(path, `/// <reference path="${up}platform.d.ts" />\n${text}`);
    // A line more in front of the declarations is a semicolon more in front of their map.
    const map = readFileSync(`${path}.map`, 'utf8');
    writeFileSync(`${path}.map`, map.replace('"mappings":"', '"mappings":";'));
  }
}
