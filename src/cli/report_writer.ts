/** The report of a run folder: `evaluation.json`, then `report.html` and its pictures from the files of the folder. */
import type { ImageSet } from '../data/dataset.js';
import type { Folder } from '../folder.js';
import type { AugmentedSamples, EvaluationFile, KernelTime } from '../report/evaluation_file.js';

export interface ReportInput {
  /** The run folder. run.json (with its `result`), history.json and model.json must have been written. */
  readonly folder: Folder;
  /** The test set with its labels, and what the model said: [count, classes], row by row. */
  readonly test: { readonly images: ImageSet; readonly probabilities: Float32Array };
  /** Keys which 25 predictions are shown. */
  readonly seed: number;
  /** Left out when nothing is augmented. */
  readonly augmented?: AugmentedSamples;
  /** One row per kernel of the training step, as `kernelRows` of the bench returns them; left out when not timed. */
  readonly kernelTimes?: readonly KernelTime[];
}

export interface WrittenReport {
  /** The names of the files inside the folder: evaluation.json, report.html and the PNGs. */
  readonly files: readonly string[];
  readonly evaluation: EvaluationFile;
}

/**
 * Writes evaluation.json, report.html, accuracy.png, loss.png, confusion.png, worst.png and random.png.
 *
 * Of run.json it shows `settings` (any record), `device`, `versions`, `images`, `source`, and of its `result`
 * `bestEpoch`, `reason` (why that epoch), `train`, `validation`, `test` (each { accuracy, loss }) and `seconds`, as
 * far as they are there.
 * Throws: FileError; DataError when labels, probabilities and classes do not fit together.
 */
export async function writeReport(input: ReportInput): Promise<WrittenReport> {
  throw new Error(`report of ${input.folder.path}: to come`);
}
