/** `predict`: classifies pictures, rows of a CSV and IDX files with a saved model. A file that cannot be used does not stop the others. */
import path from 'node:path';
import process from 'node:process';
import { text } from 'node:stream/consumers';
import { shapeText } from '../data/dataset.js';
import type { PicturePreparation } from '../picture_preparation.js';
import { DataError, ModelError, UsageError } from '../errors.js';
import { maxOf } from '../extent.js';
import { writeAtomic } from '../node/files.js';
import { percent } from '../report/charts/numbers.js';
import { likeliest } from '../report/evaluation.js';
import { type PredictOptions, imagesShown } from './commands.js';
import { describeClasses } from './data_summary.js';
import { type Output, bold, columnName, counted, openOutput, sayError, table } from './output.js';
import { type Input, namedFiles, readInputs } from './prediction_inputs.js';
import { checkReplaceable } from './replaceable.js';
import { readSavedModel, stepCounter } from './saved_model.js';

/** The number of classes shown per image. */
const classesShown = 3;

export async function predict(names: readonly string[], options: PredictOptions): Promise<number> {
  const output = openOutput(options);
  const { submission, csv, all = false, transpose = false } = options;
  const files = await namedFiles(names, standardInput);
  if (submission !== undefined && files.some((file) => path.resolve(file) === path.resolve(submission)))
    throw new UsageError(`predict: --submission ${submission} would overwrite the images.`);
  if (submission !== undefined)
    await checkReplaceable(submission, {
      isOwn: (text) => text.startsWith(submissionHeader),
      refuse: `predict: ${submission} exists and is not a submission (${submissionHeader}), so --submission does not overwrite it. Name another file.`,
    });
  if (csv !== undefined)
    await checkReplaceable(csv, {
      isOwn: (text) => text.startsWith(csvHeader),
      refuse: `predict: ${csv} exists and is not a table of predictions (${csvHeader}), so --csv does not overwrite it. Name another file.`,
    });
  const saved = await readSavedModel('predict', options);
  const { shape, classNames } = saved;
  const pictures = { ...saved.pictures, ...chosenPreparation(options) };

  const { inputs, refused } = await readInputs(files, {
    shape,
    pictures,
    transpose,
    ...(saved.run?.recipe.pixelRange && { pixelRange: saved.run.recipe.pixelRange }),
  });
  sayError(...refused.map(({ reason }) => reason));
  if (inputs.length === 0) return 1;
  if (submission !== undefined && refused.length > 0)
    throw new DataError(
      `predict: --submission needs an answer for each image, but ${counted(refused.length, 'file')} cannot be used; nothing was written.`,
    );
  const images = joined(inputs);
  output.say(
    `Model ${options.model} on ${counted(images.count, 'image')} of ${shapeText(shape)}, ${classNames.length} classes (${describeClasses(classNames)}).`,
  );
  const model = await saved.open(output);
  const probabilities = await model.predict(images, {
    batchSize: options.batchSize,
    callbacks: [stepCounter(output)],
  });
  const results = resultsOf(inputs, probabilities, classNames);

  const shortNames = shortened(results.map(({ file }) => file));
  for (const [i, given] of results.entries()) {
    const result = { ...given, file: shortNames[i]! };
    if (all || result.predictions.length <= imagesShown) showEach(output, result, classNames);
    else showCounts(output, result, classNames);
  }
  if (submission !== undefined) {
    const labels = results.flatMap(({ predictions }) => predictions.map(({ label }) => label));
    await writeAtomic(submission, submissionText(labels, classNames));
    output.say(`Wrote ${submission}: ${labels.length} rows.`);
  }
  if (csv !== undefined) {
    const rows = results.flatMap(({ predictions }) => predictions);
    await writeAtomic(csv, tableOf(rows));
    output.say(`Wrote ${csv}: ${rows.length} rows.`);
  }
  if (refused.length > 0)
    output.say(
      `${counted(refused.length, 'file')} could not be used: ${refused.map(({ file }) => file).join(', ')}.`,
    );
  output.result({
    files: results.map(({ file, predictions, accuracy }) => ({
      file,
      images: predictions.length,
      counts: countsOf(predictions, classNames.length),
      ...(accuracy === undefined ? {} : { accuracy }),
    })),
    predictions: results
      .filter(({ predictions }) => all || predictions.length <= imagesShown)
      .flatMap(({ predictions }) => predictions)
      .map((prediction) => ({ ...prediction, probabilities: [...prediction.probabilities] })),
    ...(refused.length > 0 ? { refused } : {}),
  });
  return refused.length > 0 ? 1 : 0;
}

/** What the options say about pictures. */
function chosenPreparation({ fit, background, invert }: PredictOptions): Partial<PicturePreparation> {
  return {
    ...(fit === undefined ? {} : { fit }),
    ...(background === undefined ? {} : { background }),
    ...(invert ? { polarity: 'lightOnDark' as const } : {}),
  };
}

async function standardInput(): Promise<string> {
  if (process.stdin.isTTY)
    throw new UsageError("predict: '-' reads names of files from standard input, which is a terminal.");
  return text(process.stdin);
}

/** Names of files without their folders, where that leaves them apart. */
function shortened(files: readonly string[]): string[] {
  const counts = new Map<string, number>();
  for (const file of new Set(files))
    counts.set(path.basename(file), (counts.get(path.basename(file)) ?? 0) + 1);
  return files.map((file) => (counts.get(path.basename(file)) === 1 ? path.basename(file) : file));
}

const csvHeader = 'file,image,class,probability';

function tableOf(predictions: readonly Prediction[]): string {
  const cell = (value: string): string =>
    /[",\r\n]/.test(value) ? `"${value.replaceAll('"', '""')}"` : value;
  const rows = predictions.map(({ file, image, label, className, probabilities }) =>
    [cell(file), image, cell(className), probabilities[label]!.toFixed(6)].join(','),
  );
  return `${[csvHeader, ...rows].join('\n')}\n`;
}

const submissionHeader = 'ImageId,Label';

interface Prediction {
  readonly file: string;
  /** From 1. */
  readonly image: number;
  readonly label: number;
  readonly className: string;
  /** One per label. */
  readonly probabilities: Float32Array;
  /** The label in the file. */
  readonly trueLabel?: number;
}

interface FileResult {
  readonly file: string;
  readonly predictions: readonly Prediction[];
  /** For files with labels. */
  readonly accuracy?: number;
}

/** Concatenates the images of all files. */
function joined(inputs: readonly Input[]): Input {
  const [first] = inputs as [Input];
  if (inputs.length === 1) return first;
  const images = new Uint8Array(inputs.reduce((sum, input) => sum + input.images.length, 0));
  let at = 0;
  for (const input of inputs) {
    images.set(input.images, at);
    at += input.images.length;
  }
  return { ...first, images, count: inputs.reduce((sum, { count }) => sum + count, 0) };
}

function resultsOf(
  inputs: readonly Input[],
  probabilities: Float32Array,
  classNames: readonly string[],
): FileResult[] {
  const classes = classNames.length;
  let row = 0;
  return inputs.map(({ file, count, labels, labelNames }) => {
    const predictions = Array.from({ length: count }, (_, i): Prediction => {
      const own = probabilities.subarray(row * classes, (row + 1) * classes);
      if (!own.every(Number.isFinite)) {
        throw new ModelError(
          `predict: the model's output for image ${i + 1} of ${file} contains NaN or infinity; its training probably diverged. Train again with a smaller learning rate.`,
        );
      }
      const label = likeliest(probabilities, row, classes);
      row++;
      const truth = labels === undefined ? {} : { trueLabel: placeOf(labels[i]!, labelNames, classNames) };
      return { file, image: i + 1, label, className: classNames[label]!, probabilities: own, ...truth };
    });
    if (labels === undefined) return { file, predictions };
    const right = predictions.filter(({ label, trueLabel }) => label === trueLabel).length;
    return { file, predictions, accuracy: right / count };
  });
}

/** The class of a label in a file: by its name if there is such a class, otherwise by its number. */
function placeOf(
  label: number,
  labelNames: readonly string[] | undefined,
  classNames: readonly string[],
): number {
  const place = classNames.indexOf(labelNames?.[label] ?? String(label));
  return place >= 0 || labelNames ? place : label;
}

/** Prints the most likely classes of each image, with bars. */
function showEach(
  output: Output,
  { file, predictions, accuracy }: FileResult,
  classNames: readonly string[],
): void {
  const names = classNames.map(columnName);
  const width = maxOf(names.map((name) => name.length));
  for (const { image, label, probabilities, trueLabel } of predictions) {
    const title = predictions.length === 1 ? file : `${file} #${image}`;
    const truth = trueLabel === undefined ? '' : ` (${verdict(label, trueLabel, classNames)})`;
    output.say(`${title}: ${bold(output, classNames[label]!)}${truth}`);
    for (const likely of firstClasses(probabilities)) {
      const bar = '█'.repeat(Math.round(probabilities[likely]! * 30));
      const share = percent(probabilities[likely]!).padStart(8);
      output.say(`  ${names[likely]!.padEnd(width)} ${share} ${bar}`.trimEnd());
    }
  }
  sayAccuracy(output, file, predictions.length, accuracy);
}

function verdict(label: number, truth: number, classNames: readonly string[]): string {
  return label === truth ? 'correct' : `wrong: it is ${classNames[truth] ?? truth}`;
}

/** The labels with the highest probabilities, in descending order; ties go to the lower label. */
function firstClasses(probabilities: Float32Array): number[] {
  return Array.from(probabilities, (_, label) => label)
    .sort((a, b) => probabilities[b]! - probabilities[a]! || a - b)
    .slice(0, classesShown);
}

/** Prints how many images were classified as each class. */
function showCounts(
  output: Output,
  { file, predictions, accuracy }: FileResult,
  classNames: readonly string[],
): void {
  const counts = countsOf(predictions, classNames.length);
  output.say(`${file}: ${predictions.length} images (--all prints each)`);
  const shown = mostCounted(counts);
  const rows = shown.map((label) => [
    columnName(classNames[label]!),
    counts[label]!,
    percent(counts[label]! / predictions.length),
  ]);
  output.say(...table(['class', 'images', 'share'], rows));
  if (shown.length < counts.length)
    output.say(
      `Only the ${shown.length} of ${counts.length} classes with the most images are listed; --json prints all.`,
    );
  sayAccuracy(output, file, predictions.length, accuracy);
}

/** At most this many classes are listed. */
const mostListed = 100;

/** The labels with the most images, in ascending order. */
function mostCounted(counts: readonly number[]): number[] {
  const labels = counts.map((_, label) => label);
  if (labels.length <= mostListed) return labels;
  return labels
    .sort((a, b) => counts[b]! - counts[a]! || a - b)
    .slice(0, mostListed)
    .sort((a, b) => a - b);
}

function countsOf(predictions: readonly Prediction[], classes: number): number[] {
  const counts = Array.from({ length: classes }, () => 0);
  for (const { label } of predictions) counts[label]!++;
  return counts;
}

function sayAccuracy(output: Output, file: string, count: number, accuracy: number | undefined): void {
  if (accuracy === undefined) return;
  output.say(
    `${file}: ${bold(output, `accuracy ${percent(accuracy)}`)} (${Math.round(accuracy * count)} of ${count} correct)`,
  );
}

/**
 * A submission for Kaggle's digit recogniser: a header, then the images, numbered from 1. If all class names are numbers,
 * such as folders 1 to 9, a label is the class's name; otherwise it is the index of the class, from 0.
 */
export function submissionText(labels: readonly number[], classNames: readonly string[]): string {
  const areNumbers = classNames.every((name) => /^\d+$/.test(name));
  const rows = labels.map((label, i) => `${i + 1},${areNumbers ? Number(classNames[label]) : label}\n`);
  return `${submissionHeader}\n${rows.join('')}`;
}
