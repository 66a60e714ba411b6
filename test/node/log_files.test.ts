// Plan: a training that writes for TensorBoard and as CSV, into a folder on disk: the files, and their lines.
import { mkdtemp, readFile, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, it } from 'vitest';
import type { Training } from '../../src/nn/callbacks/callback.js';
import { openFolder } from '../../src/node/files.js';
import { encodePng } from '../../src/node/png.js';
import { csvLogger } from '../../src/report/csv_log.js';
import { tensorBoard } from '../../src/report/tensorboard/index.js';
import { useDevice } from '../device/device.js';
import { bars, smallModel } from '../device/small_model.js';

useDevice();

it('TensorBoard and CSV write to disk while training', async () => {
  const base = await mkdtemp(path.join(tmpdir(), 'shadegrad-logs-'));
  try {
    const model = smallModel();
    const validation = bars(9, 2);
    const confusion = async (_: number, { model: trained }: Training): Promise<number[][]> => {
      expect(trained).toBe(model);
      const outputs = await model.predict(validation);
      const counts = [0, 1, 2].map(() => [0, 0, 0]);
      validation.labels.forEach((label, i) => {
        const row = [...outputs.subarray(3 * i, 3 * i + 3)];
        counts[label]![row.indexOf(Math.max(...row))]!++;
      });
      return counts;
    };
    await model.fit(bars(12), {
      epochs: 2,
      batchSize: 4,
      validationData: validation,
      callbacks: [
        csvLogger({ folder: openFolder(base), name: 'log.csv' }),
        tensorBoard({
          logDir: openFolder(path.join(base, 'logs')),
          run: 'run',
          histogramFreq: 1,
          encodePng,
          confusion,
        }),
      ],
    });
    const csv = await readFile(path.join(base, 'log.csv'), 'utf8');
    expect(csv.split('\r\n').map((line) => line.split(',').length)).toEqual([6, 6, 6, 1]);
    expect(csv).toMatch(/^epoch,accuracy,learning_rate,loss,val_accuracy,val_loss\r\n0,/);
    for (const kind of ['train', 'validation']) {
      const files = await readdir(path.join(base, 'logs', 'run', kind));
      expect(files).toEqual([expect.stringMatching(/^events\.out\.tfevents\.\d+\.localhost\.0\.\d+\.v2$/)]);
    }
  } finally {
    await rm(base, { recursive: true, force: true });
  }
});
