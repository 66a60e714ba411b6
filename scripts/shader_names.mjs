import { readdirSync } from 'node:fs';
import { dirname, join, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

const folder = join(dirname(dirname(fileURLToPath(import.meta.url))), 'shaders');

/** The names of all shaders, `<op>/<file without .wgsl>`, sorted by code unit so that the order is the same everywhere. */
export function shaderNames() {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.wgsl'))
    .map((path) => path.slice(0, -'.wgsl'.length).replaceAll(sep, '/'))
    .sort();
}
