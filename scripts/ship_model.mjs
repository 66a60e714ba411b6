// Puts the best model of a run folder among those that come with the page: `node scripts/ship_model.mjs runs/x digits`
// writes web/models/digits.safetensors (weights and architecture, no optimizer) and digits.json, what is said of it.
import { mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';

const [run, name] = process.argv.slice(2);
if (run === undefined || name === undefined) {
  console.error('usage: node scripts/ship_model.mjs <run folder> <name>');
  process.exit(2);
}
const models = join(dirname(dirname(fileURLToPath(import.meta.url))), 'web', 'models');

/** @typedef {{ model: string, settings: Record<string, string | number>, classNames: string[] }} Run */
/** @typedef {{ count: number, accuracy: number, loss: number }} Evaluation */
const { model, settings, classNames } = /** @type {Run} */ (read('run.json'));
const { count, accuracy, loss } = /** @type {Evaluation} */ (read('evaluation.json'));

const { loadModel, open } = await /** @type {Promise<typeof import('../src/index.ts')>} */ (
  import(new URL('../dist/index.js', import.meta.url).href)
);
const device = await open();
const loaded = await loadModel(run);
const draft = mkdtempSync(join(models, '.draft-'));
await loaded.save(draft);
renameSync(join(draft, 'weights.safetensors'), join(models, `${name}.safetensors`));
rmSync(draft, { recursive: true });

const options = /** @type {const} */ ([
  ['dataset', 'dataset'],
  ['model', 'model'],
  ['preset', 'preset'],
  ['schedule', 'schedule'],
  ['learning-rate', 'learningRate'],
  ['batch-size', 'batchSize'],
  ['epochs', 'epochs'],
  ['seed', 'seed'],
]).map(([option, setting]) => `--${option} ${settings[setting]}`);
const said = {
  name,
  model,
  parameters: loaded.parameterCount,
  classes: classNames,
  test: { images: count, accuracy, loss: Number(loss.toPrecision(4)) },
  command: `npm run train -- ${options.join(' ')}`,
};
writeFileSync(join(models, `${name}.json`), `${JSON.stringify(said, null, 2)}\n`);
device.destroy();
process.exit(0); // an open device would keep it alive

/**
 * @param {string} file
 * @returns {unknown}
 */
function read(file) {
  return JSON.parse(readFileSync(join(/** @type {string} */ (run), file), 'utf8'));
}
