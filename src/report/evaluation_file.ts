/** `evaluation.json`: what a report shows in addition to run.json, history.json and model.json. */
import { DataError } from '../errors.js';
import {
  type Form,
  type Refuse,
  checkForm,
  count,
  countOrZero,
  nanForNull,
  number,
  numberOrNull,
  optional,
  parseJson,
  text,
} from '../json_reader.js';
import { type Confusion, asConfusion } from './confusion.js';
import { type Evaluation, type Prediction, withRows } from './evaluation.js';

/** One image as bytes, channels last. */
export interface Picture {
  readonly data: Uint8Array;
  readonly width: number;
  readonly height: number;
  readonly channels: 1 | 3;
}

/** Training images, each with its augmented versions. */
export interface AugmentedSamples {
  /** One line for display: `rotation ±10°, shifts ±0.1, zoom ±0.1, filled with the nearest pixel`. */
  readonly recipe: string;
  readonly rows: readonly { readonly original: Picture; readonly variants: readonly Picture[] }[];
}

/** Time of one kernel of the training step. */
export interface KernelTime {
  readonly kernel: string;
  readonly variant: string;
  readonly shapes: string;
  readonly ms: number;
  /** Share of the time of the step, 0 … 1. */
  readonly share: number;
}

/** The result on the test set. */
export interface TestedSet {
  readonly classNames: readonly string[];
  readonly evaluation: Evaluation;
  /** The images of `evaluation.worst` and of `evaluation.random`, in the same order. */
  readonly worstImages: readonly Picture[];
  readonly randomImages: readonly Picture[];
}

/** Parts are undefined if the run has none. */
export interface EvaluationFile {
  readonly tested?: TestedSet;
  readonly augmented?: AugmentedSamples;
  readonly kernelTimes?: readonly KernelTime[];
}

const format = 'shadegrad evaluation 1';

/** Above this number of classes, the confusion matrix is written as pairs. */
const mostRows = 256;

/** Writes JSON with a line per part; pixels are base64. */
export function evaluationToJson({ tested, augmented, kernelTimes }: EvaluationFile): string {
  const parts = {
    format,
    ...(tested && {
      classNames: tested.classNames,
      ...evaluationParts(tested.evaluation),
      worstImages: tested.worstImages.map(packPicture),
      randomImages: tested.randomImages.map(packPicture),
    }),
    augmented: augmented && {
      recipe: augmented.recipe,
      rows: augmented.rows.map(({ original, variants }) => ({
        original: packPicture(original),
        variants: variants.map(packPicture),
      })),
    },
    kernelTimes,
  };
  const lines = Object.entries(parts)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `  ${JSON.stringify(name)}: ${JSON.stringify(value)}`);
  return `{\n${lines.join(',\n')}\n}\n`;
}

function evaluationParts(evaluation: Evaluation): object {
  const { classes, cells, count, accuracy, topTwoAccuracy, loss } = evaluation;
  const { calibrationError, bins, worst, random } = evaluation;
  const confusion =
    classes <= mostRows
      ? { confusion: evaluation.confusion }
      : { confusionCells: cells.map(({ truth, guess, count }) => [truth, guess, count]) };
  return { count, accuracy, topTwoAccuracy, loss, ...confusion, calibrationError, bins, worst, random };
}

interface PackedPicture {
  /** Height, width and channels. */
  readonly size: readonly number[];
  readonly pixels: string;
}

function packPicture({ data, width, height, channels }: Picture): PackedPicture {
  return { size: [height, width, channels], pixels: toBase64(data) };
}

export function toBase64(bytes: Uint8Array): string {
  let letters = '';
  for (const byte of bytes) letters += String.fromCharCode(byte);
  return btoa(letters);
}

const picture: Form<PackedPicture> = { size: [count], pixels: text };
const prediction: Form<Prediction> = {
  index: countOrZero,
  truth: countOrZero,
  guess: countOrZero,
  confidence: numberOrNull,
};

interface PackedFile {
  readonly augmented?: {
    readonly recipe: string;
    readonly rows: readonly {
      readonly original: PackedPicture;
      readonly variants: readonly PackedPicture[];
    }[];
  };
  readonly kernelTimes?: readonly KernelTime[];
}

const fileForm: Form<PackedFile> = {
  augmented: optional({ recipe: text, rows: [{ original: picture, variants: [picture] }] }),
  kernelTimes: optional([{ kernel: text, variant: text, shapes: text, ms: number, share: numberOrNull }]),
};

/** The confusion matrix as all rows, or as the non-zero cells. */
interface PackedTest extends Omit<Evaluation, 'classes' | 'cells' | 'confusion'> {
  readonly classNames: readonly string[];
  readonly confusion?: readonly (readonly number[])[];
  readonly confusionCells?: readonly (readonly number[])[];
  readonly worstImages: readonly PackedPicture[];
  readonly randomImages: readonly PackedPicture[];
}

const testForm: Form<PackedTest> = {
  classNames: [text],
  confusion: optional([[countOrZero]]),
  confusionCells: optional([[countOrZero]]),
  count: countOrZero,
  accuracy: numberOrNull,
  topTwoAccuracy: numberOrNull,
  loss: numberOrNull,
  calibrationError: numberOrNull,
  bins: [{ count: countOrZero, confidence: numberOrNull, accuracy: numberOrNull }],
  worst: [prediction],
  random: [prediction],
  worstImages: [picture],
  randomImages: [picture],
};

/**
 * Reads the output of `evaluationToJson`. `name` names it in messages.
 *
 * Throws: DataError for anything else, or when the parts do not match.
 */
export function evaluationFromJson(source: Uint8Array | string, name: string): EvaluationFile {
  const refuse = (what: string, cause?: unknown): DataError =>
    new DataError(`${name}: not an evaluation: ${what}.`, { cause });
  const root = parseJson(source, refuse);
  const { format: found } = Object(root) as { readonly format?: unknown };
  if (found !== format) throw refuse(`its format is ${JSON.stringify(found ?? null)}, expected '${format}'`);
  const { augmented, kernelTimes } = checkForm(root, fileForm, refuse);
  const unpack = (of: string, packed: PackedPicture): Picture => unpackPicture(packed, of, refuse);
  return {
    ...('classNames' in (root as object)
      ? { tested: readTested(checkForm(root, testForm, refuse), refuse) }
      : {}),
    ...(augmented && {
      augmented: {
        recipe: augmented.recipe,
        rows: augmented.rows.map(({ original, variants }) => ({
          original: unpack('augmented', original),
          variants: variants.map((variant) => unpack('augmented', variant)),
        })),
      },
    }),
    ...(kernelTimes && { kernelTimes }),
  };
}

function readTested(packed: PackedTest, refuse: Refuse): TestedSet {
  const { classNames, worst, random, worstImages, randomImages } = packed;
  const classes = classNames.length;
  const evaluation = withRows({
    ...(packed.confusionCells === undefined
      ? readRows(packed.confusion ?? [], classes, refuse)
      : readCells(packed.confusionCells, classes, refuse)),
    count: packed.count,
    accuracy: nanForNull(packed.accuracy),
    topTwoAccuracy: nanForNull(packed.topTwoAccuracy),
    loss: nanForNull(packed.loss),
    calibrationError: nanForNull(packed.calibrationError),
    bins: packed.bins.map(({ count: inBin, confidence, accuracy }) => ({
      count: inBin,
      confidence: nanForNull(confidence),
      accuracy: nanForNull(accuracy),
    })),
    worst: worst.map((one) => readPrediction(one, 'worst', classes, refuse)),
    random: random.map((one) => readPrediction(one, 'random', classes, refuse)),
  });
  const pictures = (of: string, list: readonly PackedPicture[], wanted: number): Picture[] => {
    if (list.length !== wanted) throw refuse(`'${of}' holds ${list.length} pictures, expected ${wanted}`);
    return list.map((one) => unpackPicture(one, of, refuse));
  };
  return {
    classNames,
    evaluation,
    worstImages: pictures('worstImages', worstImages, worst.length),
    randomImages: pictures('randomImages', randomImages, random.length),
  };
}

function readRows(rows: readonly (readonly number[])[], classes: number, refuse: Refuse): Confusion {
  const odd = rows.find(({ length }) => length !== classes);
  if (odd) throw refuse(`'confusion' has a row of ${odd.length}, expected ${classes}`);
  if (classes === 0 || rows.length !== classes)
    throw refuse(`'confusion' has ${rows.length} rows for ${classes} classes`);
  return asConfusion(rows);
}

function readCells(list: readonly (readonly number[])[], classes: number, refuse: Refuse): Confusion {
  let before = -1;
  const cells = list.map((cell) => {
    const [truth = 0, guess = 0, images = 0, ...others] = cell;
    const isCell = others.length === 0 && truth < classes && guess < classes && images > 0;
    const place = truth * classes + guess;
    if (!isCell || place <= before)
      throw refuse(
        `'confusionCells' holds ${JSON.stringify(cell)}, expected [truth, guess, images] in their order`,
      );
    before = place;
    return { truth, guess, count: images };
  });
  return { classes, cells };
}

function readPrediction(one: Prediction, of: string, classes: number, refuse: Refuse): Prediction {
  const strange = [one.truth, one.guess].find((label) => label >= classes);
  if (strange !== undefined) throw refuse(`'${of}' names class ${strange} of ${classes}`);
  return { ...one, confidence: nanForNull(one.confidence) };
}

function unpackPicture({ size, pixels }: PackedPicture, of: string, refuse: Refuse): Picture {
  const [height = 0, width = 0, channels = 0, ...others] = size;
  if ((channels !== 1 && channels !== 3) || others.length > 0)
    throw refuse(`'${of}' holds a picture of [${size.join(',')}]`);
  let bytes: string;
  try {
    bytes = atob(pixels);
  } catch (cause) {
    throw refuse(`'${of}' holds pixels that are not base64`, cause);
  }
  if (bytes.length !== height * width * channels)
    throw refuse(`'${of}' holds a picture of [${size.join(',')}] with ${bytes.length} bytes`);
  return { data: Uint8Array.from(bytes, (letter) => letter.charCodeAt(0)), height, width, channels };
}
