// Plan: a few cases of each kind of `npm run test:long` that needs a training (docs/testing.md): killed, with a failing call
// on files, with a failing call of WebGPU. Each ends as a training without faults, or the case reports what differs.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Kind, Setting } from '../long/case.js';
import { fileFaults } from '../long/file_faults.js';
import { fileCalls, kills } from '../long/kills.js';
import { spread } from '../long/main.js';
import { Trainings, fourEpochs } from '../long/training.js';
import { webgpuFaults } from '../long/webgpu_faults.js';

const root = path.resolve(import.meta.dirname, '..', '..');
const work = mkdtempSync(path.join(tmpdir(), 'shadegrad-faults-'));
let trainings: Trainings;

beforeAll(async () => {
  trainings = await Trainings.open(root, work, fourEpochs);
});
afterAll(() => rmSync(work, { recursive: true, force: true }));

type Open = (trainings: Trainings, setting: Setting) => Promise<Kind>;
const kinds: readonly [name: string, open: Open, count: number][] = [
  ['kills', kills, 1],
  ['file faults', fileFaults, 1],
  ['WebGPU faults', webgpuFaults, 1],
];

test.each(kinds)('%s', async (_, open, count) => {
  const kind = await open(trainings, { work, seed: 42 });
  const found: string[] = [];
  for (const n of spread(kind, count))
    for (const { wrong, message } of await kind.run(n)) found.push(`${kind.title(n)}: ${wrong}: ${message}`);
  await kind.close();
  expect(found).toEqual([]);
});

test('killed between the first two files of its run, a training begins again in the same folder', async () => {
  const calls = await fileCalls(trainings, 'counted-first');
  const named = calls.flatMap((call, i) => (/^rename .*\.(run|model)\.json\./.test(call) ? [i + 1] : []));
  const env = { FILE_CALLS: JSON.stringify({ under: work, nth: named[1], code: 'KILL' }) };
  expect((await trainings.run('killed-first', { preload: 'failing_files.mjs', env })).status).toBeNull();
  expect(await trainings.finish('killed-first')).toEqual([]);
});
