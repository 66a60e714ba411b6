/** Download progress: a bar on a terminal, otherwise one line per file. */
import type { LoadOptions } from '../node/datasets.js';
import type { Output } from './output.js';

type OnProgress = NonNullable<LoadOptions['onProgress']>;

const barWidth = 20;
const refreshMs = 50;

/**
 * The `onProgress` callback for `loadDataset`.
 *
 *   train-images-idx3-ubyte.gz ━━━━━━━━━━━━━━━━━━━━ 12.3 MB of 26.4 MB
 */
export function downloadProgress({ stream, say }: Pick<Output, 'stream' | 'say'>): OnProgress {
  let current = '';
  let shownAt = 0;
  return (file, done, total) => {
    const isNew = file !== current;
    current = file;
    if (!stream.isTTY) {
      if (isNew) say(`Downloading ${file}${total === undefined ? '' : ` (${size(total, total)})`}.`);
      return;
    }
    const isDone = done === total;
    if (!isNew && !isDone && performance.now() - shownAt < refreshMs) return;
    shownAt = performance.now();
    const filled = total === undefined ? 0 : Math.round((done / total) * barWidth);
    const bar = `${'━'.repeat(filled)}${'╌'.repeat(barWidth - filled)}`;
    const amount = total === undefined ? size(done, done) : `${size(done, total)} of ${size(total, total)}`;
    stream.write(`\r${file} ${bar} ${amount}\u001B[K${isDone ? '\n' : ''}`);
  };
}

/** Formats bytes in the unit that suits `scale`. */
function size(bytes: number, scale: number): string {
  return scale < 1e6 ? `${(bytes / 1e3).toFixed(1)} kB` : `${(bytes / 1e6).toFixed(1)} MB`;
}
