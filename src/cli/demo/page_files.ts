/** The files of the page, as a fixed list: no other file of this machine can be requested. */
import path from 'node:path';
import { FileError } from '../../errors.js';
import { readBytes } from '../../node/files.js';
import type { ServedFile } from './served_file.js';

/** The files that scripts/build_page.mjs writes. */
export const pageFileNames = [
  'index.html',
  'page.css',
  'page.js',
  'page-chunk.js',
  'page-lower.js',
  'worker.js',
  'worker-chunk.js',
  'worker-all_layers.js',
  'worker-all_layers-on_demand.js',
  'worker-cpu_model.js',
  'worker-cpu_model-on_demand.js',
  'worker-on_demand.js',
  'theme.js',
  'shaders.json',
  'shaders_gpu.json',
  'shaders_gpu_training.json',
  'shaders_software.json',
  'shaders_software_training.json',
  'icon.svg',
  'models/digits.safetensors',
  'models/digits.json',
  'models/fashion.safetensors',
  'models/fashion.json',
] as const;

/** Reads the built page from its folder. Throws: FileError if a file is missing. */
export async function readPage(folder: string): Promise<Map<string, ServedFile>> {
  const files = new Map<string, ServedFile>();
  for (const name of pageFileNames) {
    try {
      files.set(name, { name, contents: await readBytes(path.join(folder, name)) });
    } catch (cause) {
      if (!(cause instanceof FileError) || cause.problem !== 'missing') throw cause;
      throw new FileError(
        `demo: the page is not built: ${path.join(folder, name)} is missing. Run 'npm run build', or use 'npm run demo', which builds the page.`,
        { cause, problem: 'missing' },
      );
    }
  }
  return files;
}
