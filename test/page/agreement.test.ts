/**
 * Node and Chromium, each with its own `open` on its own device, in one run:
 *   the first 20 losses from one seed agree: real digits, augmented, a convolution, dropout, RMSprop
 *   a model trained on one side loads on the other, which saves it with the same bytes, including optimizer slots
 */
import path from 'node:path';
import { build } from 'esbuild';
import { type Browser, type Page, chromium } from 'playwright';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { chromiumLaunchOptions } from '../../scripts/chromium.mjs';
import type { Device } from '../../src/engine/device.js';
import { loadDataset } from '../../src/node/datasets.js';
import { open } from '../device/open.js';
import type * as Agreement from './agreement_page.js';
import { type Trained, saveAgain, train } from './agreement_training.js';

declare const agreement: typeof Agreement;

let browser: Browser;
let page: Page;
let device: Device;
let inNode: Trained;
let inChromium: Trained;

beforeAll(async () => {
  device = await open();
  browser = await chromium.launch(chromiumLaunchOptions());
  page = await browser.newPage();
  // WebGPU needs a secure context; localhost is one.
  const address = 'http://localhost/';
  await page.route(address, async (route) => route.fulfill({ contentType: 'text/html', body: '' }));
  await page.goto(address);
  await page.addScriptTag({ content: await script() });
  await page.evaluate(async () => void (await agreement.open()));

  const { train: all } = await loadDataset('digits', { offline: true });
  const { images, labels } = all.take(160, { seed: 1 });
  const digits = { images: [...images], labels: [...labels] };
  inNode = await train(digits);
  inChromium = await page.evaluate(async (digits) => agreement.train(digits), digits);
});
afterAll(async () => {
  await browser?.close();
  device?.destroy();
});

async function script(): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [path.join(import.meta.dirname, 'agreement_page.ts')],
    bundle: true,
    format: 'iife',
    globalName: 'agreement',
    loader: { '.wgsl': 'text' },
    write: false,
  });
  return outputFiles[0]!.text;
}

function areSame(a: readonly number[], b: readonly number[]): boolean {
  return Buffer.from(a).equals(Buffer.from(b));
}

// Measured between llvmpipe and SwiftShader: 1.1e-7, one unit in the last place of an f32. The tolerance is a hundred times
// larger, for drivers that fuse multiply-adds: RMSprop's first steps are as large as the rate, however small the gradient.
const tolerance = 1e-5;

it('the first 20 losses agree', () => {
  expect(inNode.losses).toHaveLength(20);
  expect(inChromium.losses).toHaveLength(20);
  const off = inNode.losses.map((loss, i) => Math.abs(inChromium.losses[i]! / loss - 1));
  expect(Math.max(...off), `relative distances ${off.map((d) => d.toExponential(1)).join(' ')}`).toBeLessThan(
    tolerance,
  );
});

it('a model trained in Node loads in Chromium', async () => {
  const again = await page.evaluate(async (file) => agreement.saveAgain(file), inNode.file);
  expect(areSame(again, inNode.file)).toBe(true);
});

it('a model trained in Chromium loads in Node', async () => {
  expect(areSame(await saveAgain(inChromium.file), inChromium.file)).toBe(true);
});
