/** The results of a test for every image, from which the images of each cell of the matrix can be listed. */
import { amongLabels, confusionRows, labelsToDraw } from '../../src/report/confusion.js';
import {
  type Evaluation,
  classScores,
  crossEntropy,
  evaluate,
  likeliest,
} from '../../src/report/evaluation.js';
import type { Mistake, TestEvaluation } from '../protocol.js';

/** Each cell of the page's matrix is a button; 10,000 of them are still usable. */
const inMatrix = { most: 100, least: 30 };

/** Selects images by actual and predicted class. Null matches any class, but only mistakes. */
export interface Cell {
  readonly actual: number | null;
  readonly predicted: number | null;
}

export class Verdicts {
  readonly #evaluation: Evaluation;
  /** By descending loss; ties in the order of the images. */
  readonly #ranked: readonly Mistake[];

  /**
   * Shapes: labels [N], probabilities [N, classes]. Loss: as `crossEntropy`.
   * Throws: DataError, as `evaluate`.
   */
  constructor(labels: ArrayLike<number>, probabilities: ArrayLike<number>, classes: number) {
    this.#evaluation = evaluate(labels, probabilities, classes, { seed: 0 });
    const all = Array.from(labels, (actual, index): Mistake => {
      const predicted = likeliest(probabilities, index, classes);
      return {
        index,
        actual,
        predicted,
        loss: crossEntropy(probabilities[index * classes + actual]!),
        probability: probabilities[index * classes + predicted]!,
      };
    });
    this.#ranked = all.sort((a, b) => b.loss - a.loss || a.index - b.index);
  }

  /** The metrics of the whole test. */
  summary(): Omit<TestEvaluation, 'modelVersion' | 'isTestPart' | 'ms'> {
    const { count, loss, accuracy } = this.#evaluation;
    const labels = labelsToDraw(this.#evaluation, inMatrix);
    const confusion = confusionRows(amongLabels(this.#evaluation, labels));
    return { count, loss, accuracy, labels, confusion, classes: classScores(this.#evaluation) };
  }

  /** The images of a cell by descending loss; all mistakes if both classes are null. */
  of({ actual, predicted }: Cell): readonly Mistake[] {
    const isOneCell = actual !== null && predicted !== null;
    return this.#ranked.filter(
      (each) =>
        (actual === null || each.actual === actual) &&
        (predicted === null || each.predicted === predicted) &&
        (isOneCell || each.actual !== each.predicted),
    );
  }
}
