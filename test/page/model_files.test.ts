/**
 * Models as files, exchanged between the page and Node with the same bits: downloaded, opened again, loaded in Node; a model
 * trained in Node opened on the page, with a layer that the page fetches for it. Files that are not models are rejected with an
 * error, and the current model stays.
 */
import type { Page } from 'playwright';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Device } from '../../src/engine/device.js';
import { loadDataset } from '../../src/node/datasets.js';
import { batchNormalization, dense, flatten } from '../../src/nn/layers/index.js';
import { sequential } from '../../src/nn/model.js';
import { rmsprop } from '../../src/nn/optimizers/index.js';
import { readSafetensors, writeSafetensors } from '../../src/nn/files/safetensors.js';
import { modelFile, modelFromFile } from '../../src/nn/files/model_files.js';
import { open } from '../device/open.js';
import { download, note, section, train, weightBitsOf } from './acts.js';
import { tiny, useVisits, whenPredicted } from './page.js';

const visits = useVisits();

let device: Device;
beforeAll(async () => {
  device = await open();
});
afterAll(() => device?.destroy());

interface NamedBytes {
  readonly name: string;
  readonly bytes: Uint8Array;
}

async function openModel(page: Page, ...files: NamedBytes[]): Promise<void> {
  const chosen = page.waitForEvent('filechooser');
  await section(page, 'Train').getByRole('button', { name: 'Open', exact: true }).click();
  const payloads = files.map(({ name, bytes }) => ({
    name,
    mimeType: 'application/octet-stream',
    buffer: Buffer.from(bytes),
  }));
  await (await chosen).setFiles(payloads);
}

test('trained on the page, loaded in Node; reset, opened again', async () => {
  const page = await visits.visit(tiny);
  const shipped = await download(page);
  const { step } = await train(page);
  const trained = await download(page);
  expect(trained.name).toBe(`digits-mlp-${step}-steps.safetensors`);
  expect(trained.bits === shipped.bits).toBe(false);

  const inNode = modelFromFile(trained.bytes, { device, file: trained.name });
  expect(inNode.name).toBe('mlp');
  const again = await modelFile(inNode);
  const weights = weightBitsOf(trained.stored);
  expect(weightBitsOf(readSafetensors(again, 'again')) === weights).toBe(true);
  inNode.dispose();

  const training = section(page, 'Train');
  await training.getByRole('button', { name: 'Reset', exact: true }).click();
  await training.getByText(/built in\.$/).waitFor();
  expect((await download(page)).bits === shipped.bits).toBe(true);
  await openModel(page, trained);
  await training.getByText('mlp, 3,985 parameters, opened from a file.').waitFor();
  expect(weightBitsOf((await download(page)).stored) === weights).toBe(true);
});

test('trained in Node, opened on the page; it predicts, also after a reload', async () => {
  const { train: digits } = await loadDataset('digits', { offline: true });
  // Built-in models have no normalisation.
  const model = sequential(
    [
      flatten({ inputShape: [28, 28, 1] }),
      dense({ units: 5 }),
      batchNormalization(),
      dense({ units: 10, activation: 'softmax' }),
    ],
    { device, name: 'normalised', seed: 3 },
  );
  model.compile({ optimizer: rmsprop(), loss: 'sparseCategoricalCrossentropy' });
  await model.fit(digits.take(64, { seed: 3 }), { epochs: 1, batchSize: 16, seed: 3 });
  const bytes = await modelFile(model);
  const bits = weightBitsOf(readSafetensors(bytes, 'node'));
  model.dispose();

  const page = await visits.visit();
  await openModel(page, { name: 'from-node.safetensors', bytes });
  const opened = section(page, 'Train').getByText('normalised, 4,005 parameters, opened from a file.');
  await opened.waitFor();
  await whenPredicted(page);
  expect(weightBitsOf((await download(page)).stored) === bits).toBe(true);
  await section(page, 'Train')
    .getByText(/^saved at /)
    .waitFor();
  await page.reload();
  await opened.waitFor();
  expect(weightBitsOf((await download(page)).stored) === bits).toBe(true);
});

test('a file that is not a model is rejected with an error', async () => {
  const page = await visits.visit();
  const { bytes, bits, stored } = await download(page);
  await openModel(page, { name: 'notes.txt.json', bytes: Buffer.from('{}') });
  await note(
    page,
    'models: notes.txt.json given, expected a .safetensors file, or one with its model.json.',
  ).waitFor();
  await openModel(page, { name: 'cut.safetensors', bytes: bytes.subarray(0, 50_000) });
  await note(page, /^cut\.safetensors: not a valid \.safetensors file: .* Is it cut off\?$/).waitFor();
  await openModel(page, { name: 'bare.safetensors', bytes: writeSafetensors(stored.tensors) });
  await note(page, /^models: bare\.safetensors holds weights but no model description; /).waitFor();
  expect((await download(page)).bits === bits).toBe(true);
});
