// Writes src/kernels/shaders.generated.ts, which imports every shader below shaders/ as text under its name,
// so that a bundler, a test and a browser all find the same shaders without reading files.
// Run by the build; test/unit/shader_index.test.ts fails when the file is stale.
import { existsSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve, sep } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
export const indexPath = join(root, 'src', 'kernels', 'shaders.generated.ts');

/** The names of all shaders, `<op>/<file without .wgsl>`, sorted by code unit so that the order is the same everywhere. */
export function shaderNames() {
  const folder = join(root, 'shaders');
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.wgsl'))
    .map((path) => path.slice(0, -'.wgsl'.length).replaceAll(sep, '/'))
    .sort();
}

/**
 * The text of the index, in the form prettier gives it.
 * @param {readonly string[]} names
 */
export function renderShaderIndex(names) {
  const identifier = (/** @type {string} */ name) =>
    name.replaceAll(/[^A-Za-z0-9]/g, '_').replace(/^(?=\d)/, '_');
  const clash = names.find((name, i) =>
    names.slice(0, i).some((earlier) => identifier(earlier) === identifier(name)),
  );
  if (clash !== undefined)
    throw new Error(`Two shaders become the name ${identifier(clash)}: rename ${clash}.wgsl.`);
  const head = '// Made by scripts/generate_shader_index.mjs from the files below shaders/: do not edit.\n';
  const imports = names
    .map((name) => `import ${identifier(name)} from '../../shaders/${name}.wgsl';\n`)
    .join('');
  const rows = names.map((name) => `  '${name}': ${identifier(name)},\n`).join('');
  return (
    `${head}${imports}\n` +
    '/** The text of every shader by its name, `<op>/<pass>[_<family>]`. */\n' +
    `export const shaders: Readonly<Record<string, string>> = {${rows === '' ? '' : '\n'}${rows}};\n`
  );
}

/** Writes the index if it is stale; true when it was. */
export function writeShaderIndex() {
  const text = renderShaderIndex(shaderNames());
  if (existsSync(indexPath) && readFileSync(indexPath, 'utf8') === text) return false;
  if (!existsSync(dirname(indexPath))) return false; // no kernels yet
  const draft = `${indexPath}.${process.pid}.part`;
  writeFileSync(draft, text);
  renameSync(draft, indexPath);
  return true;
}

if (process.argv[1] !== undefined && resolve(process.argv[1]) === fileURLToPath(import.meta.url))
  writeShaderIndex();
