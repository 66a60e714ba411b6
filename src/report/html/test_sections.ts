/** The parts of a run's page that show the test set: confusion, classes, calibration, predictions. */
import { confusionMatrix } from '../charts/confusion_matrix.js';
import { grouped, percent } from '../charts/numbers.js';
import type { EncodePng } from '../charts/picture.js';
import type { GridImage } from '../charts/prediction_grid.js';
import type { Drawing } from '../charts/svg.js';
import { type ClassScore, type Prediction, classScores, confusedPairs, macroAverage } from '../evaluation.js';
import type { Picture, TestedSet } from '../evaluation_file.js';
import { type Section, absent, figure, paragraph, table } from './elements.js';
import { pictureList } from './pictures.js';

const untested = 'This run has not been tested, or evaluation.json is missing, so this section is missing.';

export function confusionDrawing(tested: TestedSet, title: string): Drawing {
  return confusionMatrix({
    title,
    confusion: tested.evaluation,
    classNames: tested.classNames,
  });
}

export function confusionSection(tested: TestedSet | undefined, part: string): Section {
  const id = 'confusion';
  const title = 'Confusion';
  if (!tested) return { id, title, html: absent(untested) };
  const { classNames, evaluation } = tested;
  const pairs = confusedPairs(evaluation, 12);
  const pairTable =
    pairs.length === 0
      ? absent(`All ${part} images were classified correctly.`)
      : table({
          caption: 'Most confused pairs',
          head: ['true', 'predicted', 'images', 'of that class'],
          rows: pairs.map(({ truth, guess, count, share }) => [
            classNames[truth]!,
            classNames[guess]!,
            grouped(count),
            percent(share),
          ]),
          numeric: [2, 3],
        });
  return {
    id,
    title,
    html: `<div class="columns charts">${figure(confusionDrawing(tested, `Confusion matrix of the ${part} set`))}<div>${pairTable}</div></div>`,
  };
}

/** With more classes only some are listed. */
const mostListed = 100;

/** In the order of their labels. */
function worstScores(scores: readonly ClassScore[]): readonly ClassScore[] {
  if (scores.length <= mostListed) return scores;
  return scores
    .toSorted((a, b) => (a.f1 ?? 0) - (b.f1 ?? 0) || a.label - b.label)
    .slice(0, mostListed)
    .sort((a, b) => a.label - b.label);
}

export function classesSection(tested: TestedSet | undefined, part: string): Section {
  const id = 'classes';
  const title = 'Classes';
  if (!tested) return { id, title, html: absent(untested) };
  const scores = classScores(tested.evaluation);
  const shown = worstScores(scores);
  const average = (key: 'precision' | 'recall' | 'f1') => percent(macroAverage(scores, key));
  const html = table({
    caption: `Precision, recall and F1 of ${shown.length === scores.length ? 'each class' : `the ${shown.length} of ${grouped(scores.length)} classes with the lowest F1`} on the ${part} set`,
    head: ['class', 'precision', 'recall', 'F1', 'images'],
    rows: shown.map((score) => [
      tested.classNames[score.label]!,
      orDash(score.precision),
      orDash(score.recall),
      orDash(score.f1),
      grouped(score.support),
    ]),
    foot: [
      [
        'mean of the classes',
        average('precision'),
        average('recall'),
        average('f1'),
        grouped(tested.evaluation.count),
      ],
    ],
    numeric: [1, 2, 3, 4],
  });
  const notes = scores.some(({ precision, recall }) => precision === null || recall === null)
    ? paragraph(
        `A dash: the class has no ${part} images, or was never predicted. It counts as 0 in the mean.`,
      )
    : '';
  return {
    id,
    title,
    html: `<div class="columns"><div>${html}${notes}</div><div>${calibrationTable(tested)}</div></div>`,
  };
}

/** Confidence compared with accuracy, in ten bins of confidence. */
function calibrationTable({ evaluation: { bins, calibrationError, count: total } }: TestedSet): string {
  const rows = bins.flatMap(({ count, confidence, accuracy }, i) =>
    count === 0
      ? []
      : [
          [
            `${i * 10} to ${(i + 1) * 10} %`,
            grouped(count),
            percent(confidence),
            percent(accuracy),
            signed(accuracy - confidence),
          ],
        ],
  );
  const tenths = table({
    caption: 'Confidence and accuracy',
    head: ['confidence', 'images', 'mean', 'right', 'gap'],
    rows,
    foot: [['calibration error', grouped(total), '', '', percent(calibrationError)]],
    numeric: [1, 2, 3, 4],
  });
  return `${tenths}${paragraph('A negative gap means that the model was overconfident. The calibration error is the mean absolute gap, weighted by images.')}`;
}

/** `+3.02 %`, `−0.50 %`. */
function signed(share: number): string {
  return `${share < 0 ? '−' : '+'}${percent(Math.abs(share))}`;
}

function orDash(score: ClassScore['f1']): string {
  return score === null ? '–' : percent(score);
}

/** Predictions beside their images, for a grid. */
export function gridImages(
  predictions: readonly Prediction[],
  pictures: readonly Picture[],
  classNames: readonly string[],
): GridImage[] {
  return predictions.map(({ truth, guess, confidence }, i) => ({
    picture: pictures[i]!,
    truth: classNames[truth]!,
    guess: { name: classNames[guess]!, confidence },
  }));
}

export function predictionsSection(tested: TestedSet | undefined, part: string, encode: EncodePng): Section {
  const id = 'predictions';
  const title = 'Predictions';
  if (!tested) return { id, title, html: absent(untested) };
  const { classNames, evaluation, worstImages, randomImages } = tested;
  const list = (predictions: readonly Prediction[], pictures: readonly Picture[]): string =>
    pictureList(gridImages(predictions, pictures, classNames), encode);
  const worst =
    evaluation.worst.length === 0
      ? absent(`All ${part} images were classified correctly.`)
      : paragraph(
          `The ${part} images that the model misclassified with the highest confidence, most confident first.`,
        ) + list(evaluation.worst, worstImages);
  const random =
    paragraph(
      `${part === 'test' ? 'Test' : 'Validation'} images chosen by the seed. Mistakes have a cross and a dashed frame.`,
    ) + list(evaluation.random, randomImages);
  return {
    id,
    title,
    html: `<div class="columns"><div><h3>Worst mistakes</h3>${worst}</div><div><h3>Random images</h3>${random}</div></div>`,
  };
}
