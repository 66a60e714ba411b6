/** Plan: a bar on a terminal, drawn again no oftener than needed and ended with a new line; one line elsewhere. */
import { describe, expect, it } from 'vitest';
import { downloadProgress } from '../../src/cli/download_progress.js';
import type { Output } from '../../src/cli/output.js';

function fake(isTTY: boolean): { written: string[]; onProgress: ReturnType<typeof downloadProgress> } {
  const written: string[] = [];
  const write = (text: string): boolean => written.push(text) > 0;
  const stream = { isTTY, write } as unknown as Output['stream'];
  return { written, onProgress: downloadProgress({ stream, say: (line) => void write(`${line}\n`) }) };
}

describe('downloadProgress', () => {
  it('draws a bar on a terminal', () => {
    const { written, onProgress } = fake(true);
    onProgress('a.gz', 1_000_000, 4_000_000);
    onProgress('a.gz', 1_000_001, 4_000_000); // too soon to show
    onProgress('a.gz', 4_000_000, 4_000_000);
    expect(written).toEqual([
      '\ra.gz ━━━━━╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌ 1.0 MB of 4.0 MB\u001B[K',
      '\ra.gz ━━━━━━━━━━━━━━━━━━━━ 4.0 MB of 4.0 MB\u001B[K\n',
    ]);
  });

  it('says how much came when the whole is not known', () => {
    const { written, onProgress } = fake(true);
    onProgress('a.gz', 1_000_000, undefined);
    expect(written).toEqual(['\ra.gz ╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌ 1.0 MB\u001B[K']);
  });

  it('is a line per file elsewhere', () => {
    const { written, onProgress } = fake(false);
    for (const done of [1, 2, 3]) onProgress('a.gz', done, 26_421_880);
    onProgress('b.gz', 1, undefined);
    onProgress('c.gz', 1, 5125);
    expect(written).toEqual([
      'Downloading a.gz (26.4 MB).\n',
      'Downloading b.gz.\n',
      'Downloading c.gz (5.1 kB).\n',
    ]);
  });
});
