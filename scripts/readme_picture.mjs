// Draws docs/digits.svg, the picture in the README: random test digits and a trained model's predictions, and its most
// confident mistakes.
//
//   node scripts/build.mjs && node scripts/readme_picture.mjs runs/x
import { readFileSync, writeFileSync } from 'node:fs';
import process from 'node:process';
import { PNG } from 'pngjs';
import { datasets, loadModel, open } from 'shadegrad';

const run = process.argv[2];
if (run === undefined) throw new Error('usage: node scripts/readme_picture.mjs RUN_FOLDER');

const columns = 10;
const cell = { width: 80, height: 88, digit: 56 };

await open();
const model = await loadModel(run);
const { test } = await datasets.digits();
const probabilities = await model.predict(test);
const answers = Array.from({ length: test.count }, (_, i) => {
  const row = [...probabilities.subarray(i * 10, i * 10 + 10)];
  const guess = row.indexOf(Math.max(...row));
  return { index: i, guess, share: row[guess] ?? 0, truth: test.labels[i] ?? 0 };
});
const wrong = answers.filter(({ guess, truth }) => guess !== truth);
const shown = test.take(20, { seed: 4 });
const right = answers.filter(({ guess, truth, index }) => guess === truth && isShown(index)).slice(0, 20);
// The most confident mistakes first.
const mistakes = wrong.toSorted((a, b) => b.share - a.share).slice(0, 10);

/** @param {number} index */
function isShown(index) {
  const image = Buffer.from(test.image(index));
  return Array.from({ length: shown.count }, (_, i) => shown.image(i)).some((other) => image.equals(other));
}

const { recipe } = /** @type {{ recipe: { preset: string, epochs: number } }} */ (
  JSON.parse(readFileSync(`${run}/run.json`, 'utf8'))
);
const accuracy = (100 * (1 - wrong.length / test.count)).toFixed(2);
const title = `${accuracy} % of 10,000 test digits read right (preset ${recipe.preset}, ${recipe.epochs} epoch${recipe.epochs === 1 ? '' : 's'})`;
const rows = [...chunk(right, columns), mistakes];
const width = columns * cell.width + 20;
const headRight = 58;
const headWrong = headRight + 2 * cell.height + 34;
const height = headWrong + cell.height + 12;

writeFileSync(
  'docs/digits.svg',
  `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" font-family="system-ui, sans-serif">
<title>${title}; the last row shows its most confident mistakes (of ${wrong.length})</title>
<rect width="100%" height="100%" rx="8" fill="#14161a"/>
<text x="16" y="28" fill="#f2f2f2" font-size="16" font-weight="600">${title}</text>
<text x="16" y="48" fill="#a8adb5" font-size="12">random test images: what the model reads, and how sure it is</text>
<text x="16" y="${headWrong - 8}" fill="#a8adb5" font-size="12">most confident mistakes (of ${wrong.length}): predicted ✗ true</text>
${rows.map((row, i) => row.map((answer, j) => draw(answer, 10 + j * cell.width, i < 2 ? headRight + i * cell.height : headWrong)).join('\n')).join('\n')}
</svg>
`,
);
process.exit(0);

/**
 * @param {{ index: number, guess: number, share: number, truth: number }} answer
 * @param {number} x
 * @param {number} y
 */
function draw({ index, guess, share, truth }, x, y) {
  const left = x + (cell.width - cell.digit) / 2;
  const isRight = guess === truth;
  const label = isRight ? `${guess}` : `${guess} ✗ ${truth}`;
  return `<image x="${left}" y="${y}" width="${cell.digit}" height="${cell.digit}" style="image-rendering:pixelated" href="data:image/png;base64,${png(index)}"/>
<text x="${x + cell.width / 2}" y="${y + cell.digit + 14}" text-anchor="middle" font-size="13" font-weight="600" fill="${isRight ? '#9ad1ff' : '#ffb86b'}">${label}<tspan dx="5" font-weight="400" font-size="10" fill="#a8adb5">${Math.floor(share * 100)} %</tspan></text>`;
}

/** @param {number} index */
function png(index) {
  const picture = new PNG({ width: 28, height: 28 });
  test.image(index).forEach((grey, i) => picture.data.set([grey, grey, grey, 255], i * 4));
  return PNG.sync.write(picture, { colorType: 0 }).toString('base64');
}

/**
 * @template T
 * @param {readonly T[]} list
 * @param {number} size
 */
function chunk(list, size) {
  return Array.from({ length: Math.ceil(list.length / size) }, (_, i) =>
    list.slice(i * size, i * size + size),
  );
}
