// Measures the size and speed of the page in the tests' Chromium:
//
//   npm run bench:page            a table; about two minutes on a device without a GPU
//   npm run bench:page -- --json  one JSON object on the last line of standard output
//
//   size         page.js, the worker's two scripts and page.css, compressed with gzip
//   prediction   from the start of the navigation to the first prediction on the page: fresh profiles
//   throughput   images per second of a training in the page, and of a worker that only trains, with the same
//                engine, images, model and recipe (bench/page/bare_worker.ts), interleaved; ratios per round
//   frames       time between two frames, and tasks above 50 ms on the page's main thread, while it trains
//   behind       throughput with another tab in front, relative to the page's own (without a screen, a browser paints it anyway)
import { dirname } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';
import { chromium } from 'playwright';
import { buildPage } from './build_page.mjs';
import { findChromium } from './chromium.mjs';
import { startPageServer } from './page_server.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const { values: options } = parseArgs({
  options: { json: { type: 'boolean', default: false }, rounds: { type: 'string', default: '3' } },
});
const roundCount = Number(options.rounds);

/** Long enough for stable speeds, even on a device that takes 20 ms per step. */
const settings = { model: 'small', batchSize: 32, epochs: 50, limit: 3000, seed: 42 };
const query = 'model=small&batch=32&epochs=50&limit=3000';
const warmUp = 30;
const measuredMs = 12_000;

/** @param {string} text */
const say = (text) => process.stderr.write(`${text}\n`);

const found = findChromium();
if (!('launchOptions' in found)) throw new Error(found.reason);
const watchScript = await bundle('bench/page/watch.ts');
const server = await startPageServer();
const browser = await chromium.launch(found.launchOptions);
try {
  say('sizes');
  const sizes = await sizesOf();
  say('first predictions');
  /** @type {number[]} */
  const firstPredictionMs = [];
  for (let i = 0; i < 5; i++) firstPredictionMs.push(await firstPrediction());
  /** @type {Round[]} */
  const rounds = [];
  for (let i = 0; i < roundCount; i++) {
    say(`throughput: round ${i + 1} of ${roundCount}`);
    rounds.push({ ...(await trainInPage()), bare: await trainBare() });
  }
  /** @type {Result} */
  const result = {
    browser: browser.version(),
    sizes,
    firstPredictionMs,
    rounds,
    pageOverBare: median(rounds.map(({ visible, bare }) => visible / bare)),
    behindOverFront: median(rounds.map(({ visible, behind }) => behind / visible)),
  };
  print(result);
  if (options.json) console.log(JSON.stringify(result));
} finally {
  await browser.close();
  server.stop();
}

/** @typedef {import('../bench/page/frames.ts').Frames} Frames */
/**
 * Images per second.
 * @typedef {{ visible: number, behind: number, bare: number, frames: Frames }} Round
 */
/**
 * Bytes.
 * @typedef {{ script: number, worker: number, styles: number }} Sizes
 */
/**
 * @typedef {{
 *   browser: string, sizes: Sizes, firstPredictionMs: number[], rounds: Round[],
 *   pageOverBare: number, behindOverFront: number
 * }} Result
 */

/** @returns {Promise<Sizes>} */
async function sizesOf() {
  const files = await buildPage();
  /** @param {string} name */
  const packed = (name) => gzipSync(files.get(name) ?? '', { level: 9 }).byteLength;
  // A visit fetches the shaders of one family: the larger one counts.
  const shaders = Math.max(packed('shaders_gpu.json'), packed('shaders_software.json'));
  const worker = packed('worker.js') + packed('worker-chunk.js') + shaders;
  return { script: packed('page.js'), worker, styles: packed('page.css') };
}

/** @returns {Promise<number>} */
async function firstPrediction() {
  const context = await browser.newContext();
  try {
    await context.addInitScript(watchScript);
    const page = await context.newPage();
    await page.goto(server.address);
    return await evaluate(page, 'watch.firstPrediction()');
  } finally {
    await context.close();
  }
}

/**
 * The value of an expression over bench/page/watch.ts in the page.
 * @template T
 * @param {import('playwright').Page} page
 * @param {string} expression
 * @returns {Promise<T>}
 */
async function evaluate(page, expression) {
  return /** @type {T} */ (await page.evaluate(expression));
}

/** Trains in the page: first with its tab in front, then with another one in front. */
async function trainInPage() {
  const context = await browser.newContext();
  try {
    await context.addInitScript(watchScript);
    const page = await context.newPage();
    await page.goto(`${server.address}?${query}`);
    await page.evaluate('watch.firstPrediction()');
    await page.getByRole('button', { name: 'Train', exact: true }).click();
    await page.evaluate(`watch.reached(${warmUp})`);
    await page.evaluate('watch.beginFrames()');
    const visible = await speed(page);
    /** @type {Frames} */
    const frames = await evaluate(page, 'watch.frames()');
    const other = await context.newPage();
    await other.goto('about:blank');
    await other.bringToFront();
    return { visible, frames, behind: await speed(page) };
  } finally {
    await context.close();
  }
}

/** @param {import('playwright').Page} page */
async function speed(page) {
  /** @returns {Promise<{ step: number, at: number }>} */
  const shown = async () => evaluate(page, 'watch.nextStep()');
  const before = await shown();
  await new Promise((resolve) => setTimeout(resolve, measuredMs));
  const after = await shown();
  return ((after.step - before.step) * settings.batchSize * 1000) / (after.at - before.at);
}

// ---- the bare worker ----

/** @returns {Promise<number>} */
async function trainBare() {
  const worker = await bundle('bench/page/bare_worker.ts');
  const context = await browser.newContext();
  try {
    await context.addInitScript(watchScript);
    await context.route('**/bare.html', (route) =>
      route.fulfill({ contentType: 'text/html', body: '<!doctype html><title>bare</title>' }),
    );
    await context.route('**/bare.js', (route) =>
      route.fulfill({ contentType: 'text/javascript', body: worker }),
    );
    const page = await context.newPage();
    await page.goto(`${server.address}bare.html`);
    const request = {
      base: server.address,
      warmUp,
      measuredMs,
      choice: { ...settings, dataset: 'digits', preset: 'quick', learningRate: 2e-3 },
    };
    return await evaluate(page, `watch.bare('bare.js', ${JSON.stringify(request)})`);
  } finally {
    await context.close();
  }
}

/** @param {string} file */
async function bundle(file) {
  const { outputFiles } = await build({
    absWorkingDir: root,
    entryPoints: [file],
    bundle: true,
    minify: true,
    format: 'esm',
    platform: 'browser',
    loader: { '.wgsl': 'text' },
    write: false,
  });
  return outputFiles[0]?.text ?? '';
}

// ---- the table ----

/** @param {readonly number[]} values */
function median(values) {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? NaN;
}

/** @param {Result} result */
function print({ sizes, firstPredictionMs, rounds, pageOverBare, behindOverFront }) {
  /** @param {number} value */
  const whole = (value) => value.toFixed(0);
  /** @param {number} bytes */
  const kibibytes = (bytes) => `${(bytes / 1024).toFixed(1)} KiB`;
  const { script, worker, styles } = sizes;
  /** @type {[name: string, value: string][]} */
  const rows = [
    [
      'scripts, gzip',
      `${kibibytes(script + worker)} (page ${kibibytes(script)}, worker ${kibibytes(worker)})`,
    ],
    ['styles, gzip', kibibytes(styles)],
    [
      'first prediction',
      `${whole(median(firstPredictionMs))} ms (${firstPredictionMs.map(whole).join(', ')})`,
    ],
    ['images/s, page', rounds.map(({ visible }) => whole(visible)).join(', ')],
    ['images/s, behind', rounds.map(({ behind }) => whole(behind)).join(', ')],
    ['images/s, bare', rounds.map(({ bare }) => whole(bare)).join(', ')],
    ['page / bare', pageOverBare.toFixed(3)],
    ['behind / front', behindOverFront.toFixed(3)],
    ...rounds.map(
      ({ frames }, i) => /** @type {[string, string]} */ ([`frames, round ${i + 1}`, words(frames)]),
    ),
  ];
  for (const [name, value] of rows) console.log(`${name.padEnd(18)} ${value}`);
}

/** @param {Frames} frames */
function words({ count, medianMs, p95Ms, worstMs, longTasksMs }) {
  const tasks = longTasksMs.map((ms) => ms.toFixed(0)).join(', ') || 'none';
  return `${count}; median ${medianMs.toFixed(1)}, 95 % ${p95Ms.toFixed(1)}, worst ${worstMs.toFixed(1)} ms; tasks above 50 ms: ${tasks}`;
}
