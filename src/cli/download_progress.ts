/** How far a download is: a bar on a terminal, a line per file elsewhere. */
import type { LoadOptions } from '../node/datasets.js';
import type { Output } from './output.js';

type OnProgress = NonNullable<LoadOptions['onProgress']>;

const barWidth = 20;
const refreshMs = 50;

/**
 * What `loadDataset` calls while it downloads.
 *
 *   train-images-idx3-ubyte.gz ━━━━━━━━━━━━━━━━━━━━ 12.3 of 26.4 MB
 */
export function downloadProgress({ stream, say }: Pick<Output, 'stream' | 'say'>): OnProgress {
  let current = '';
  let shownAt = 0;
  return (file, done, total) => {
    const isNew = file !== current;
    current = file;
    if (!stream.isTTY) {
      if (isNew) say(`Downloading ${file}${total === undefined ? '' : ` (${megabytes(total)} MB)`}.`);
      return;
    }
    const isDone = done === total;
    if (!isNew && !isDone && performance.now() - shownAt < refreshMs) return;
    shownAt = performance.now();
    const of = total === undefined ? '' : ` of ${megabytes(total)}`;
    const filled = total === undefined ? 0 : Math.round((done / total) * barWidth);
    const bar = `${'━'.repeat(filled)}${'╌'.repeat(barWidth - filled)}`;
    stream.write(`\r${file} ${bar} ${megabytes(done)}${of} MB\u001B[K${isDone ? '\n' : ''}`);
  };
}

function megabytes(bytes: number): string {
  return (bytes / 1e6).toFixed(1);
}
