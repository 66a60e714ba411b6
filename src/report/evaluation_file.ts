/** `evaluation.json`: all that a report shows beside what run.json, history.json and model.json hold. */
import { DataError } from '../errors.js';
import { type Confusion, asConfusion } from './confusion.js';
import { type Evaluation, type Prediction, withRows } from './evaluation.js';

/** One image as bytes, channels last. */
export interface Picture {
  readonly data: Uint8Array;
  readonly width: number;
  readonly height: number;
  readonly channels: 1 | 3;
}

/** Training images as they are, each beside what augmentation makes of it. */
export interface AugmentedSamples {
  /** One line for people: `rotation ±10°, shifts ±0.1, zoom ±0.1, filled with the nearest pixel`. */
  readonly recipe: string;
  readonly rows: readonly { readonly original: Picture; readonly variants: readonly Picture[] }[];
}

/** What one kernel of the training step takes. */
export interface KernelTime {
  readonly kernel: string;
  readonly variant: string;
  readonly shapes: string;
  readonly ms: number;
  /** Of all kernels of the step, 0 … 1. */
  readonly share: number;
}

/** What came out of the test set. */
export interface TestedSet {
  readonly classNames: readonly string[];
  readonly evaluation: Evaluation;
  /** The images of `evaluation.worst` and of `evaluation.random`, in the same order. */
  readonly worstImages: readonly Picture[];
  readonly randomImages: readonly Picture[];
}

/** Every part is left out where the run has none. */
export interface EvaluationFile {
  readonly tested?: TestedSet;
  readonly augmented?: AugmentedSamples;
  readonly kernelTimes?: readonly KernelTime[];
}

const format = 'shadegrad evaluation 1';

/** The confusion matrix of more classes is written as the pairs that occur. */
const mostRows = 256;

/** JSON with a line per part; pixels are base64. */
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
  readonly size: readonly [height: number, width: number, channels: number];
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

/**
 * Reads what `evaluationToJson` wrote. `name` is what to call it in messages.
 *
 * Throws: DataError when the text is anything else, or its parts do not fit together.
 */
export function evaluationFromJson(text: string, name: string): EvaluationFile {
  const reader = new Reader(name);
  const root = reader.parse(text);
  if (root['format'] !== format)
    reader.fail(`its format is ${JSON.stringify(root['format'] ?? null)}, expected '${format}'`);
  const { classNames, augmented, kernelTimes } = root;
  return {
    ...(classNames === undefined ? {} : { tested: readTested(reader, root) }),
    ...(augmented === undefined ? {} : { augmented: reader.augmented(augmented) }),
    ...(kernelTimes === undefined ? {} : { kernelTimes: reader.kernelTimes(kernelTimes) }),
  };
}

function readTested(reader: Reader, root: Record<string, unknown>): TestedSet {
  const classNames = reader
    .list(root['classNames'], 'classNames')
    .map((one) => reader.text(one, 'classNames'));
  const classes = classNames.length;
  const confusion =
    root['confusionCells'] === undefined
      ? readRows(reader, root['confusion'], classes)
      : readCells(reader, root['confusionCells'], classes);
  const evaluation = withRows({
    ...confusion,
    count: reader.number(root['count'], 'count'),
    accuracy: reader.number(root['accuracy'], 'accuracy'),
    topTwoAccuracy: reader.number(root['topTwoAccuracy'], 'topTwoAccuracy'),
    loss: reader.number(root['loss'], 'loss'),
    calibrationError: reader.number(root['calibrationError'], 'calibrationError'),
    bins: reader.list(root['bins'], 'bins').map((bin) => ({
      count: reader.number(reader.field(bin, 'count', 'bins'), 'bins'),
      confidence: reader.number(reader.field(bin, 'confidence', 'bins'), 'bins'),
      accuracy: reader.number(reader.field(bin, 'accuracy', 'bins'), 'bins'),
    })),
    worst: reader.predictions(root['worst'], 'worst', classes),
    random: reader.predictions(root['random'], 'random', classes),
  });
  const worstImages = reader.pictures(root['worstImages'], 'worstImages', evaluation.worst.length);
  const randomImages = reader.pictures(root['randomImages'], 'randomImages', evaluation.random.length);
  return { classNames, evaluation, worstImages, randomImages };
}

function readRows(reader: Reader, value: unknown, classes: number): Confusion {
  const rows = reader.list(value, 'confusion').map((row) => {
    const counts = reader.list(row, 'confusion').map((count) => reader.number(count, 'confusion'));
    if (counts.length !== classes)
      reader.fail(`'confusion' has a row of ${counts.length}, expected ${classes}`);
    return counts;
  });
  if (classes === 0 || rows.length !== classes)
    reader.fail(`'confusion' has ${rows.length} rows for ${classes} classes`);
  return asConfusion(rows);
}

function readCells(reader: Reader, value: unknown, classes: number): Confusion {
  const of = 'confusionCells';
  let before = -1;
  const cells = reader.list(value, of).map((cell) => {
    const [truth = 0, guess = 0, count = 0, ...others] = reader
      .list(cell, of)
      .map((number) => reader.number(number, of));
    const isCell =
      others.length === 0 &&
      [truth, guess].every((label) => Number.isInteger(label) && label >= 0 && label < classes) &&
      Number.isSafeInteger(count) &&
      count > 0;
    const place = truth * classes + guess;
    if (!isCell || place <= before)
      reader.fail(`'${of}' holds ${JSON.stringify(cell)}, expected [truth, guess, images] in their order`);
    before = place;
    return { truth, guess, count };
  });
  return { classes, cells };
}

/** Checks values one by one, so that a damaged file is told at the place of the damage. */
class Reader {
  constructor(private readonly name: string) {}

  fail(what: string, cause?: unknown): never {
    throw new DataError(`${this.name}: not an evaluation: ${what}.`, { cause });
  }

  parse(text: string): Record<string, unknown> {
    try {
      const value: unknown = JSON.parse(text);
      if (typeof value === 'object' && value !== null) return value as Record<string, unknown>;
    } catch (cause) {
      this.fail(`it is not JSON (${cause instanceof Error ? cause.message : String(cause)})`, cause);
    }
    return this.fail('expected an object');
  }

  list(value: unknown, of: string): unknown[] {
    return Array.isArray(value) ? (value as unknown[]) : this.fail(`'${of}' must be a list`);
  }

  number(value: unknown, of: string): number {
    return typeof value === 'number'
      ? value
      : this.fail(`'${of}' holds ${JSON.stringify(value)}, not a number`);
  }

  text(value: unknown, of: string): string {
    return typeof value === 'string'
      ? value
      : this.fail(`'${of}' holds ${JSON.stringify(value)}, not a text`);
  }

  field(value: unknown, field: string, of: string): unknown {
    if (typeof value !== 'object' || value === null) this.fail(`'${of}' holds ${JSON.stringify(value)}`);
    return (value as Record<string, unknown>)[field];
  }

  predictions(value: unknown, of: string, classes: number): Prediction[] {
    const label = (one: unknown): number => {
      const found = this.number(one, of);
      if (!Number.isInteger(found) || found < 0 || found >= classes)
        this.fail(`'${of}' names class ${found} of ${classes}`);
      return found;
    };
    return this.list(value, of).map((one) => ({
      index: this.number(this.field(one, 'index', of), of),
      truth: label(this.field(one, 'truth', of)),
      guess: label(this.field(one, 'guess', of)),
      confidence: this.number(this.field(one, 'confidence', of), of),
    }));
  }

  pictures(value: unknown, of: string, count: number): Picture[] {
    const pictures = this.list(value, of).map((one) => this.picture(one, of));
    if (pictures.length !== count) this.fail(`'${of}' holds ${pictures.length} pictures, expected ${count}`);
    return pictures;
  }

  picture(value: unknown, of: string): Picture {
    const size = this.list(this.field(value, 'size', of), of).map((one) => this.number(one, of));
    const [height = 0, width = 0, channels = 0] = size;
    const isWhole = [height, width].every((side) => Number.isInteger(side) && side > 0);
    if (!isWhole || (channels !== 1 && channels !== 3))
      this.fail(`'${of}' holds a picture of [${size.join(',')}]`);
    const letters = this.text(this.field(value, 'pixels', of), of);
    let bytes: string;
    try {
      bytes = atob(letters);
    } catch (cause) {
      return this.fail(`'${of}' holds pixels that are not base64`, cause);
    }
    if (bytes.length !== height * width * channels)
      this.fail(`'${of}' holds a picture of [${size.join(',')}] with ${bytes.length} bytes`);
    const data = Uint8Array.from(bytes, (letter) => letter.charCodeAt(0));
    return { data, height, width, channels };
  }

  augmented(value: unknown): AugmentedSamples {
    const of = 'augmented';
    return {
      recipe: this.text(this.field(value, 'recipe', of), of),
      rows: this.list(this.field(value, 'rows', of), of).map((row) => ({
        original: this.picture(this.field(row, 'original', of), of),
        variants: this.list(this.field(row, 'variants', of), of).map((one) => this.picture(one, of)),
      })),
    };
  }

  kernelTimes(value: unknown): KernelTime[] {
    const of = 'kernelTimes';
    return this.list(value, of).map((row) => ({
      kernel: this.text(this.field(row, 'kernel', of), of),
      variant: this.text(this.field(row, 'variant', of), of),
      shapes: this.text(this.field(row, 'shapes', of), of),
      ms: this.number(this.field(row, 'ms', of), of),
      share: this.number(this.field(row, 'share', of), of),
    }));
  }
}
