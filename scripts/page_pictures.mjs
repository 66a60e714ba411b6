// Takes the pictures of the page in docs/, from the real page in the tests' Chromium: it draws a digit, trains and tests a
// network, and opens its data and its inside. Takes two minutes on a device without a GPU.
//
//   npm run demo:pictures               into docs/
//   npm run demo:pictures -- FOLDER     elsewhere
//
//   page_light, page_dark   a drawn digit with its prediction; curves during a training
//   page_results            the confusion matrix, and the images of a cell
//   page_data               augmentation and its previews
//   page_inside             filters, activations of the drawn digit, kernels, WGSL
//   page_phone              the drawing on a phone
import { mkdirSync, readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import process from 'node:process';
import { parseArgs } from 'node:util';
import { chromium } from 'playwright';
import { chromiumLaunchOptions } from './chromium.mjs';
import { startPageServer } from './page_server.mjs';

/** @typedef {import('playwright').Page} Page */
/** @typedef {readonly (readonly [x: number, y: number])[]} Stroke */

const { positionals } = parseArgs({ allowPositionals: true });
const folder = resolve(positionals[0] ?? 'docs');
mkdirSync(folder, { recursive: true });
// Those in docs/ are its own; elsewhere they may be the user's.
const taken = readdirSync(folder).filter((name) => /^page_\w+\.png$/.test(name));
if (folder !== resolve('docs') && taken.length > 0) {
  process.stderr.write(
    `demo:pictures: ${folder} holds ${taken.join(', ')}, which may be overwritten; name another folder, or move these files away.\n`,
  );
  process.exit(2);
}

/** After one epoch, mostly right, with enough mistakes for an interesting matrix. */
const query = 'model=small&batch=8&limit=2000&epochs=3';
const stepsAtPicture = 520;

/** Relative to the pad's width and height. */
/** @type {Stroke} */
const three = [
  [0.31, 0.27], [0.36, 0.21], [0.44, 0.17], [0.53, 0.17], [0.61, 0.21], [0.65, 0.28], [0.64, 0.36], [0.58, 0.43],
  [0.49, 0.47], [0.43, 0.48], [0.52, 0.49], [0.61, 0.53], [0.67, 0.6], [0.68, 0.69], [0.63, 0.77], [0.54, 0.82],
  [0.44, 0.82], [0.35, 0.78], [0.3, 0.71],
]; // prettier-ignore

/** @type {Stroke} */
const six = [
  [0.62, 0.16], [0.5, 0.24], [0.41, 0.37], [0.36, 0.52], [0.36, 0.66], [0.42, 0.77], [0.52, 0.81], [0.62, 0.77],
  [0.67, 0.67], [0.64, 0.56], [0.55, 0.51], [0.45, 0.54], [0.38, 0.62],
]; // prettier-ignore

const server = await startPageServer();
const browser = await chromium.launch(chromiumLaunchOptions());
try {
  const page = await open({ viewport: { width: 1280, height: 900 } }, query);
  await draw(page, three);
  await inside(page);
  await colours(page, 'Dark');
  await data(page);
  await colours(page, 'Light');
  await button(page, 'Train').click();
  await training(page);
  await top(page, 'page_light');
  await colours(page, 'Dark');
  await top(page, 'page_dark');
  await colours(page, 'Light');
  await results(page);
  await page.context().close();

  const phone = await open(
    { viewport: { width: 390, height: 844 }, deviceScaleFactor: 2, hasTouch: true, isMobile: true },
    '',
  );
  await phone.getByRole('link', { name: 'Draw', exact: true }).click();
  await draw(phone, six);
  await phone.screenshot({ path: join(folder, 'page_phone.png') });
} finally {
  await browser.close();
  server.stop();
}

/**
 * @param {import('playwright').BrowserContextOptions} options
 * @param {string} query
 */
async function open(options, query) {
  const context = await browser.newContext({ colorScheme: 'light', reducedMotion: 'reduce', ...options });
  context.setDefaultTimeout(300_000);
  const page = await context.newPage();
  await page.goto(`${server.address}?${query}`);
  await predicted(page);
  return page;
}

/** @param {Page} page */
async function predicted(page) {
  await page.locator('#draw').getByText('ms, computed').waitFor();
}

/**
 * @param {Page} page
 * @param {string} name
 */
function button(page, name) {
  return page.getByRole('button', { name, exact: true });
}

/**
 * @param {Page} page
 * @param {'Light' | 'Dark'} name
 */
async function colours(page, name) {
  await page.getByRole('radio', { name, exact: true }).check();
}

/**
 * @param {Page} page
 * @param {Stroke} stroke
 */
async function draw(page, stroke) {
  await button(page, 'Clear').click();
  const box = await page.getByLabel('Drawing pad').boundingBox();
  if (!box) throw new Error('the pad is not visible');
  const { mouse } = page;
  for (const [i, [x, y]] of smooth(stroke).entries()) {
    await mouse.move(box.x + x * box.width, box.y + y * box.height);
    if (i === 0) await mouse.down();
  }
  await mouse.up();
  await predicted(page);
  await mouse.move(0, 0);
}

/**
 * Catmull and Rom's curve through the points.
 * @param {Stroke} stroke
 * @returns {Stroke}
 */
function smooth(stroke) {
  const pieces = 6;
  return stroke.flatMap((from, i) => {
    const to = stroke[i + 1];
    if (!to) return [from];
    const [before, behind] = [stroke[i - 1] ?? from, stroke[i + 2] ?? to];
    return Array.from({ length: pieces }, (_, k) => {
      const t = k / pieces;
      const at = (/** @type {0 | 1} */ axis) => {
        const [a, b, c, d] = [before[axis], from[axis], to[axis], behind[axis]];
        return b + (t / 2) * (c - a + t * (2 * a - 5 * b + 4 * c - d + t * (3 * (b - c) + d - a)));
      };
      return /** @type {const} */ ([at(0), at(1)]);
    });
  });
}

/**
 * Resolves during the training, after the first validation.
 * @param {Page} page
 */
async function training(page) {
  const place = page.locator('.training-position');
  for (;;) {
    const text = (await place.innerText()).replaceAll(',', '');
    const [, epoch = 0, step = 0, perEpoch = 0] =
      /Training · epoch (\d+) of \d+ · step (\d+) of (\d+)/.exec(text)?.map(Number) ?? [];
    if ((epoch - 1) * perEpoch + step >= stepsAtPicture) return;
    await page.waitForTimeout(100);
  }
}

/**
 * Drawing and training, next to each other at the top.
 * @param {Page} page
 * @param {string} name
 */
async function top(page, name) {
  await page.evaluate('scrollTo(0, 0)');
  await page.waitForTimeout(400);
  const results = await page.locator('#results').boundingBox();
  if (!results) throw new Error('the page has no results');
  const clip = { x: 0, y: 0, width: 1280, height: Math.ceil(results.y) - 24 };
  await page.screenshot({ path: join(folder, `${name}.png`), clip, fullPage: true });
}

/**
 * @param {Page} page
 * @param {string} id
 * @param {string} name
 */
async function section(page, id, name) {
  await page.mouse.move(0, 0);
  await page.waitForTimeout(400);
  await page.evaluate('scrollTo(0, 0)');
  await page.waitForTimeout(400);
  const box = await page.locator(`#${id}`).boundingBox();
  if (!box) throw new Error(`#${id} is not visible`);
  const clip = { x: 0, y: Math.floor(box.y) + 1, width: 1280, height: Math.ceil(box.height) + 40 };
  await page.screenshot({ path: join(folder, `${name}.png`), clip, fullPage: true });
}

/**
 * Folds sections so that the picture shows some of everything: filters, maps, kernels in one list, and the start of a shader.
 * @param {Page} page
 */
async function inside(page) {
  const part = page.locator('#inside');
  await part.scrollIntoViewIfNeeded();
  await part.locator('pre').waitFor();
  for (const name of ['input', 'softmax'])
    await part.locator('.layers summary').filter({ hasText: name }).click();
  await part.getByLabel('Group by layer').uncheck();
  await button(page, 'softmax/forward').click();
  await part.getByRole('heading', { name: 'softmax/forward.wgsl' }).waitFor();
  await section(page, 'inside', 'page_inside');
}

/** @param {Page} page */
async function results(page) {
  await button(page, 'Stop').click();
  await page.locator('.training-position').getByText('Stopped').waitFor();
  const part = page.locator('#results');
  await part.getByLabel('How many images').selectOption('500');
  await button(page, 'Test').click();
  const cell = part.locator('.matrix button[tabindex="0"]');
  await cell.click();
  await part.getByRole('button', { name: 'All mistakes' }).waitFor();
  await section(page, 'results', 'page_results');
}

/** @param {Page} page */
async function data(page) {
  const part = page.locator('#data');
  await part.scrollIntoViewIfNeeded();
  await part.getByRole('button', { name: 'Corrected' }).click();
  await page.locator('#data .previews canvas').last().waitFor();
  await page.waitForTimeout(2000);
  await section(page, 'data', 'page_data');
}
