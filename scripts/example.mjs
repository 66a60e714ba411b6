// Runs one of the examples: `npm run example -- table`. They import the package by its name, as a project does.
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { transformSync } from 'esbuild';

const root = path.resolve(import.meta.dirname, '..');
const [name = '', ...args] = process.argv.slice(2);
const names = readdirSync(path.join(root, 'examples')).flatMap((file) => /^(\w+)\.ts$/.exec(file)?.[1] ?? []);
if (!names.includes(name)) {
  console.error(
    `example: ${name === '' ? 'no name' : `'${name}'`}, expected one of ${names.join(', ')}: npm run example -- table`,
  );
  process.exit(2);
}
const source = readFileSync(path.join(root, 'examples', `${name}.ts`), 'utf8');
const folder = path.join(root, 'dist', 'examples');
mkdirSync(folder, { recursive: true });
const file = path.join(folder, `${name}.mjs`);
writeFileSync(file, transformSync(source, { loader: 'ts', format: 'esm' }).code);
process.exit(spawnSync(process.execPath, [file, ...args], { stdio: 'inherit' }).status ?? 1);
