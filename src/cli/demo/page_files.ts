/** The page's own files: a table of names, so that nothing else of this machine can be asked for. */
import path from 'node:path';
import { FileError } from '../../errors.js';
import { readBytes } from '../../node/files.js';
import type { ServedFile } from './served_file.js';

/** What scripts/build_page.mjs writes. */
export const pageFileNames = [
  'index.html',
  'page.css',
  'page.js',
  'page-chunk.js',
  'page-lower.js',
  'worker.js',
  'worker-chunk.js',
  'worker-on_demand.js',
  'theme.js',
  'shaders.json',
  'shaders_gpu.json',
  'shaders_gpu_gradients.json',
  'shaders_software.json',
  'shaders_software_gradients.json',
  'icon.svg',
  'models/digits.safetensors',
  'models/digits.json',
  'models/fashion.safetensors',
  'models/fashion.json',
] as const;

/** Reads the built page from its folder. Throws: FileError when it is not there, or not whole. */
export async function readPage(folder: string): Promise<Map<string, ServedFile>> {
  const files = new Map<string, ServedFile>();
  for (const name of pageFileNames) {
    try {
      files.set(name, { name, contents: await readBytes(path.join(folder, name)) });
    } catch (cause) {
      if (!(cause instanceof FileError) || cause.problem !== 'missing') throw cause;
      throw new FileError(
        `demo: the page is not built, ${folder} lacks ${name}. Build it with 'npm run build'; 'npm run demo' does so by itself.`,
        { cause, problem: 'missing' },
      );
    }
  }
  return files;
}
