// Adds the best model of a run folder to the page's built-in models: `node scripts/ship_model.mjs runs/x digits` writes
// web/models/digits.safetensors (weights and architecture, no optimizer) and digits.json, its description.
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { load } from './build_page.mjs';

const [run = '', name = ''] = process.argv.slice(2);
if (name === '') {
  console.error('usage: node scripts/ship_model.mjs <run folder> <name>');
  process.exit(2);
}
const target = join(dirname(dirname(fileURLToPath(import.meta.url))), 'web', 'models', name);

/** @type {typeof import('../src/nn/files/safetensors.ts')} */
const { readSafetensors, writeSafetensors } = await load('src/nn/files/safetensors.ts');
const best = 'best.safetensors';
const { tensors, metadata } = readSafetensors(readFileSync(join(run, best)), best);
const { format = '', model: description = '' } = metadata;
const { layers } = /** @type {{ layers: { config: { name: string } }[] }} */ (JSON.parse(description));
// The names of optimizer slots start with the slot: `mean_square/conv2d/kernel`.
const isWeight = (/** @type {string} */ tensor) =>
  layers.some(({ config }) => tensor.startsWith(`${config.name}/`));
const weights = [...tensors].filter(([tensor]) => isWeight(tensor));
writeFileSync(`${target}.safetensors`, writeSafetensors(weights, { format, model: description }));

/** @typedef {{ model: string, recipe: Record<string, string | number>, classNames: string[] }} Run */
/** @typedef {{ count: number, accuracy: number, loss: number }} Evaluation */
const { model, recipe, classNames } = /** @type {Run} */ (read('run.json'));
const { count, accuracy, loss } = /** @type {Evaluation} */ (read('evaluation.json'));
/** @type {[string, string][]} */
const options = [
  ['dataset', 'dataset'],
  ['model', 'model'],
  ['preset', 'preset'],
  ['schedule', 'schedule'],
  ['learning-rate', 'learningRate'],
  ['batch-size', 'batchSize'],
  ['epochs', 'epochs'],
  ['seed', 'seed'],
];
const said = {
  name,
  model,
  parameters: weights.reduce((sum, [, { data }]) => sum + data.length, 0),
  classes: classNames,
  test: { images: count, accuracy, loss: Number(loss.toPrecision(4)) },
  command: `npm run train -- ${options.map(([option, member]) => `--${option} ${recipe[member]}`).join(' ')}`,
};
writeFileSync(`${target}.json`, `${JSON.stringify(said, null, 2)}\n`);

/**
 * @param {string} file
 * @returns {unknown}
 */
function read(file) {
  return JSON.parse(readFileSync(join(run, file), 'utf8'));
}
