/** Writes the report of a run: `evaluation.json`, then `report.html` and its pictures from the files of the folder. */
import type { ImageSet } from '../data/dataset.js';
import type { Folder } from '../folder.js';
import { encodePng } from '../node/png.js';
import { svgToPng } from '../node/svg_png.js';
import { accuracyChart, lossChart } from '../report/charts/history_charts.js';
import { predictionGrid } from '../report/charts/prediction_grid.js';
import { type Drawing, svgFile } from '../report/charts/svg.js';
import { type Prediction, evaluate } from '../report/evaluation.js';
import {
  type AugmentedSamples,
  type EvaluationFile,
  type KernelTime,
  type Picture,
  type TestedSet,
  evaluationToJson,
} from '../report/evaluation_file.js';
import { type RunReport, runReportPage } from '../report/html/run_report.js';
import { confusionDrawing, gridImages } from '../report/html/test_sections.js';
import { testedPart } from '../report/run_record.js';
import { pictureOf } from './pictures.js';
import { readReport } from './report_files.js';

interface ReportInput {
  /** The run folder, with run.json (including `result`), history.json and model.json. */
  readonly folder: Folder;
  /** The labelled images that were tested, and the model's probabilities, [count,classes]. */
  readonly test: { readonly images: ImageSet; readonly probabilities: Float32Array };
  /** Selects the 25 predictions that are shown. */
  readonly seed: number;
  /** Left out without augmentation. */
  readonly augmented?: AugmentedSamples;
  /** One row per kernel of the training step; left out if they were not timed. */
  readonly kernelTimes?: readonly KernelTime[];
}

export const reportPictures = [
  'accuracy.png',
  'loss.png',
  'confusion.png',
  'worst.png',
  'random.png',
] as const;

/** The files of a report. */
export const reportFiles = ['evaluation.json', 'report.html', ...reportPictures] as const;

/**
 * Writes evaluation.json, report.html, accuracy.png, loss.png, confusion.png, worst.png and random.png; returns the names
 * of the files. The report also shows the recipe, device, versions, images and result in run.json.
 *
 * Throws: FileError; DataError if labels, probabilities and classes do not match.
 */
export async function writeReport(input: ReportInput): Promise<string[]> {
  const { folder, test, seed, augmented, kernelTimes } = input;
  const evaluation: EvaluationFile = {
    tested: testedSet(test.images, test.probabilities, seed),
    ...(augmented ? { augmented } : {}),
    ...(kernelTimes ? { kernelTimes } : {}),
  };
  await folder.write('evaluation.json', evaluationToJson(evaluation));
  return ['evaluation.json', ...(await rebuildReport(folder))];
}

/** Writes report.html and the pictures from the files of a run folder; returns the names of the written files. */
export async function rebuildReport(from: Folder, folder = from): Promise<string[]> {
  const report = await readReport(from);
  const pictures = drawings(report);
  await folder.write('report.html', runReportPage(report, encodePng));
  for (const [name, drawing] of pictures) await folder.write(name, svgToPng(svgFile(drawing)));
  // Remove pictures of an earlier test, which show another model.
  const stale = reportPictures.filter((name) => !pictures.some(([drawn]) => drawn === name));
  for (const name of stale) await folder.remove(name);
  return ['report.html', ...pictures.map(([name]) => name)];
}

function drawings({ run, history, evaluation: { tested } }: RunReport): [string, Drawing][] {
  const part = testedPart(run);
  const best = run.result?.bestEpoch;
  const options = { history, ...(best === undefined ? {} : { bestEpoch: best }) };
  const curves: [string, Drawing][] =
    history.epochs.length === 0
      ? []
      : [
          ['accuracy.png', accuracyChart(options)],
          ['loss.png', lossChart(options)],
        ];
  if (!tested) return curves;
  const { evaluation, worstImages, randomImages, classNames } = tested;
  const grid = (title: string, predictions: readonly Prediction[], pictures: readonly Picture[]): Drawing =>
    predictionGrid({ title, images: gridImages(predictions, pictures, classNames), encode: encodePng });
  return [
    ...curves,
    ['confusion.png', confusionDrawing(tested, `Confusion matrix of the ${part} set`)],
    ['worst.png', grid(`Worst mistakes on the ${part} set`, evaluation.worst, worstImages)],
    ['random.png', grid(`Random ${part} images`, evaluation.random, randomImages)],
  ];
}

function testedSet(images: ImageSet, probabilities: Float32Array, seed: number): TestedSet {
  const evaluation = evaluate(images.labels, probabilities, images.classCount, { seed });
  const pictures = (predictions: readonly Prediction[]) =>
    predictions.map(({ index }) => pictureOf(images, index));
  return {
    classNames: images.classNames,
    evaluation,
    worstImages: pictures(evaluation.worst),
    randomImages: pictures(evaluation.random),
  };
}
