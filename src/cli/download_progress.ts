/** Progress of downloads and of decoding: a bar on a terminal, otherwise one line per file, or nothing. */
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
    const bar = barOf(total === undefined ? 0 : done / total);
    const amount = total === undefined ? size(done, done) : `${size(done, total)} of ${size(total, total)}`;
    stream.write(`\r${file} ${bar} ${amount}\u001B[K${isDone ? '\n' : ''}`);
  };
}

/** The `onPicture` callback for `loadDataset`: a bar on a terminal, while there are many pictures. */
export function pictureProgress({ stream }: Pick<Output, 'stream'>): NonNullable<LoadOptions['onPicture']> {
  let shownAt = 0;
  return (done, total) => {
    const isDone = done === total;
    if (!stream.isTTY || total < 100 || (!isDone && performance.now() - shownAt < refreshMs)) return;
    shownAt = performance.now();
    stream.write(isDone ? '\r\u001B[K' : `\rPictures ${barOf(done / total)} ${done} of ${total}\u001B[K`);
  };
}

function barOf(share: number): string {
  const filled = Math.round(share * barWidth);
  return `${'━'.repeat(filled)}${'╌'.repeat(barWidth - filled)}`;
}

/** Formats bytes in the unit that suits `scale`. */
function size(bytes: number, scale: number): string {
  return scale < 1e6 ? `${(bytes / 1e3).toFixed(1)} kB` : `${(bytes / 1e6).toFixed(1)} MB`;
}
