/**
 * Plan: the engine works in a dedicated worker, where the page runs it, as in a page: a device opens with a fingerprint and
 * computes; files, tuning, decompression and pictures work, and the page can read what the worker wrote.
 */
import { afterEach, expect, test } from 'vitest';
import { open } from '../../src/browser/open.js';
import { openOpfsFolder, removeOpfsFolder } from '../../src/browser/opfs_folder.js';

afterEach(async () => removeOpfsFolder('test-worker'));

/** The URL of a module on the test's server. */
const source = (path: string): string => JSON.stringify(`${location.origin}/src/${path}`);

/** The worker's script; it posts what `work` returns. */
const script = `
import { open } from ${source('browser/open.ts')};
import { openOpfsFolder } from ${source('browser/opfs_folder.ts')};
import { browserTuningStore } from ${source('browser/tuning_store.ts')};
import { readPicture } from ${source('browser/read_picture.ts')};
import { datasetFromFiles } from ${source('browser/dropped_files.ts')};
import { Tensor } from ${source('engine/tensor.ts')};
import { matmul } from ${source('kernels/index.ts')};

async function work() {
  const device = await open({ powerPreference: 'low-power' });
  const x = Tensor.from([1, 2, 3, 4], [2, 2]);
  const product = [...(await matmul(x, x).data())];
  const { adapter, runtime } = device.fingerprint;
  const family = device.traits.family;

  const store = browserTuningStore({ database: 'test-worker' });
  await store.save(device.fingerprint, new Map([['k', { variant: 'a', pass: 'p', shapes: '[1]' }]]));
  const tuned = (await store.load(device.fingerprint)).size;
  await store.forget(device.fingerprint);
  device.destroy();

  const folder = openOpfsFolder('test-worker');
  await folder.write('a', 'from the worker');
  await folder.append('a', '!');

  const canvas = new OffscreenCanvas(3, 2);
  canvas.getContext('2d').fillRect(0, 0, 3, 2);
  const picture = await readPicture(await canvas.convertToBlob({ type: 'image/webp' }));
  const set = await datasetFromFiles([new File(['label,p\\n1,7\\n'], 'a.csv')]);
  return { product, adapter, runtime, family, tuned, picture: [picture.width, picture.height], csv: set.train.images[0] };
}
work().then((value) => postMessage({ value }), (error) => postMessage({ error: String(error?.stack ?? error) }));
`;

test('everything that the engine needs works in a worker', async () => {
  const address = URL.createObjectURL(new Blob([script], { type: 'text/javascript' }));
  const worker = new Worker(address, { type: 'module' });
  const answer = await new Promise<unknown>((resolve, reject) => {
    worker.addEventListener('message', ({ data }) => resolve(data));
    worker.addEventListener('error', ({ message }) => reject(new Error(message)));
  });
  worker.terminate();
  expect(answer).toEqual({
    value: {
      product: [7, 10, 15, 22],
      adapter: expect.stringMatching(/\w/) as string,
      runtime: navigator.userAgent,
      family: expect.stringMatching(/^(software|gpu)$/) as string,
      tuned: 1,
      picture: [3, 2],
      csv: 7,
    },
  });
  expect(new TextDecoder().decode(await openOpfsFolder('test-worker').read('a'))).toBe('from the worker!');
});

test('the software adapter gets the kernels for CPUs, and others on request', async () => {
  const device = await open();
  const { adapter, architecture } = device.fingerprint;
  expect(device.traits.family).toBe(
    /swiftshader|llvmpipe/i.test(adapter + architecture) ? 'software' : 'gpu',
  );
  device.destroy();
  const other = await open({ family: 'gpu' });
  expect(other.traits.family).toBe('gpu');
  other.destroy();
});
