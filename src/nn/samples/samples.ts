/** Sets of images with labels, as they are passed to `fit`, `evaluate` and `predict`: their checks and their columns. */
import { checkArgument } from '../../calls.js';
import { type Shape, sizeOf } from '../../engine/primitive.js';
import type { Tensor } from '../../engine/tensor.js';
import { UsageError } from '../../errors.js';
import { firstOrphan, pixelsRule } from '../../image_values.js';
import { type RequiredRule, check, countOrZero, required, shown, wrong } from '../../options.js';
import { type BatchSource, type ModelOfSet, type StreamOptions, anyData } from './any_data.js';
import type { Column, SampleSet, SampleShape } from './columns.js';
import type { NetworkInput } from '../network/network.js';
import type { ModelOutput } from '../training/task.js';

/** A set of images for prediction, such as an `ImageSet` of src/data. */
export interface Images {
  /** [count,height,width,channels], one byte per value. */
  readonly images: Uint8Array;
  /**
   * Copies images into `target`, from image `first` to the last one or the end of `target`. If a set has it, its `images` are not
   * read: a set that shares the pixels of another copies them only when they go to the device.
   */
  copyImages?(target: Uint8Array, first: number): void;
  readonly count: number;
  readonly height: number;
  readonly width: number;
  readonly channels: number;
}

/** A set of images with one label each. */
export interface LabelledImages extends Images {
  readonly labels: ArrayLike<number>;
}

/** The images of each input of a model, by name, as many of one as of another: image i of each belongs to sample i. */
export interface ImagesByInput {
  readonly inputs: Readonly<Record<string, Images>>;
}

/** A label for each sample, or the labels of each trained output by name. */
export type Labels = ArrayLike<number> | Readonly<Record<string, ArrayLike<number>>>;

/** The images of a model with one input, or those of each input. */
type InputImages = Images | ImagesByInput;

export type TypedNumbers =
  | Float32Array
  | Float64Array
  | Int8Array
  | Int16Array
  | Int32Array
  | Uint8Array
  | Uint8ClampedArray
  | Uint16Array
  | Uint32Array;

/** Nested lists of numbers; the rows may be typed arrays. */
export type NumberRows = readonly (number | TypedNumbers | NumberRows)[];

/** Numbers of all samples, one sample after another: a typed array, lists, or a tensor on the model's device. */
export type Values = Tensor | TypedNumbers | NumberRows;

/** One for a model with one input or output, or one for each by name. */
export type ByName<T> = T | Readonly<Record<string, T>>;

/**
 * Samples as arrays or tensors. The first axis counts the samples; the others are those of the model's input, or of what the loss
 * compares the output with. A typed array may be flat.
 *
 *   { x: new Float32Array(500 * 13), y: prices }
 *   { x: { image: pixels, size: sizes }, y: { digit: [7, 2, …], weight: [[0.3], [0.9], …] } }
 *
 * Bytes (Uint8Array, Uint8ClampedArray, u8 tensors) in `x` are scaled by the model's preprocessing, as the bytes of images are.
 * All other numbers are used as they are. A tensor of f32 stays where it is, on the device; its values are not checked for NaN.
 */
export interface ArraySamples {
  readonly x: ByName<Values | Images>;
  /** Labels, one integer per sample, or values: whichever the loss of the output takes. */
  readonly y: ByName<Values>;
  /** A non-negative factor of each sample's loss, for all outputs or by output. Default 1. */
  readonly sampleWeight?: ByName<Values>;
}

/** What prediction takes. */
export type Samples = InputImages | ByName<Values | Images> | Pick<ArraySamples, 'x'>;

/**
 * What training and evaluation take: arrays, or images with labels. For a model with several inputs or several trained outputs,
 * images by their names:
 *
 *   { ...images, labels: { digit: digits, parity: parities } }
 *   { inputs: { left, right }, labels: areEqual }
 */
export type LabelledSamples = (InputImages & { readonly labels: Labels }) | ArraySamples;

/** Batches of samples, one after another, or a function that makes them for each epoch, which is counted from 0. */
export type Batches<Batch> =
  Iterable<Batch> | AsyncIterable<Batch> | ((epoch: number) => Iterable<Batch> | AsyncIterable<Batch>);

/** All that `fit` and `evaluate` take. */
export type TrainingData = LabelledSamples | Batches<LabelledSamples>;

type ImagesShape = Pick<Images, 'count' | 'height' | 'width' | 'channels'>;

/** The number of images, their shapes, and which outputs have labels. */
export type ImageSetShape = (ImagesShape | { readonly inputs: Readonly<Record<string, ImagesShape>> }) & {
  readonly labels?: Labels;
};

/** The shape of a set; planning needs no more. */
export type SetShape = ImageSetShape | SampleShape;

/** A set of images, with or without labels. */
export type ImageSamples = InputImages & { readonly labels?: Labels };

/** The key of images and labels without a name: those of the only input and the only output. */
export const unnamed = '';

/** The images of a set by input; under '' if the set does not name the input. */
function imagesByInput<T extends ImagesShape>(
  set: T | { readonly inputs: Readonly<Record<string, T>> },
): ReadonlyMap<string, T> {
  return new Map(Object.entries('inputs' in set ? set.inputs : { [unnamed]: set }));
}

/** The labels of a set by output; under '' if the set does not name the output. */
function labelsByOutput({
  labels,
}: {
  readonly labels?: Labels;
}): ReadonlyMap<string, ArrayLike<number> | undefined> {
  return new Map(Object.entries(isList(labels) ? { [unnamed]: labels } : labels));
}

function isList(labels: Labels | undefined): labels is ArrayLike<number> | undefined {
  return typeof labels !== 'object' || labels === null || typeof labels.length === 'number';
}

/** The part for `name`, or the only one if the set does not name it. */
export function partOf<T>(parts: ReadonlyMap<string, T>, name: string): T {
  return (parts.get(unnamed) ?? parts.get(name))!;
}

export const sampleCount = (set: SetShape): number => columnsOf(set).count;

/** The columns of images and their labels. A set of columns is returned as it is. */
export function columnsOf(set: ImageSamples | SampleSet): SampleSet;
export function columnsOf(set: SetShape): SampleShape;
export function columnsOf(set: SetShape): SampleShape {
  if ('columns' in set) return set;
  const images = [...imagesByInput<ImagesShape & Partial<Images>>(set)];
  return {
    count: images[0]![1].count,
    columns: [
      ...images.map(([name, each]) => imageColumn(name, each)),
      ...[...labelsByOutput(set)].flatMap(([name, own]) => (own ? [labelColumn(name, own)] : [])),
    ],
  };
}

export function imageColumn(name: string, images: ImagesShape & Partial<Images>): Column {
  const shape = [images.height, images.width, images.channels];
  const size = sizeOf(shape);
  const copy: Column['copy'] = (target, first) =>
    copyImages(images as Images, target as Uint8Array, first, size);
  return { kind: 'input', name, shape, dtype: 'u8', copy };
}

export function labelColumn(name: string, labels: ArrayLike<number>): Column {
  return { kind: 'label', name, shape: [], dtype: 'u32', copy: (target) => target.set(labels) };
}

/** `Images.copyImages`, for sets without it too. `imageSize` is in bytes. */
export function copyImages(
  set: Pick<Images, 'images' | 'copyImages'>,
  target: Uint8Array,
  first: number,
  imageSize: number,
): void {
  if (set.copyImages) set.copyImages(target, first);
  else target.set(set.images.subarray(first * imageSize, first * imageSize + target.length));
}

/** Whether it is, or is meant to be, a set of images. */
export function isImageSet(samples: unknown): samples is ImageSamples {
  return (
    typeof samples === 'object' &&
    samples !== null &&
    ('images' in samples || 'copyImages' in samples || 'inputs' in samples)
  );
}

/** The source of an iterable of batches; undefined for other data. Throws: UsageError for steps of other data. */
export function streamOf(
  who: string,
  samples: unknown,
  model: ModelOfSet,
  options: StreamOptions & { readonly isLabelled?: boolean },
): BatchSource | undefined {
  const data = anyData.provided;
  if (data?.isBatches(samples)) return data.stream(who, samples, model, options);
  checkArgument(
    who,
    'the number of steps',
    options.steps,
    () => (steps) =>
      steps === undefined ? undefined : 'none, because the data is not an iterable of batches',
  );
  return undefined;
}

/** The columns of a set with targets. Throws: like `checkLabelled`, and like those of arrays (array_samples.ts). */
export function labelledSet(
  who: string,
  samples: LabelledSamples,
  model: ModelOfSet,
): SampleSet | Promise<SampleSet> {
  const { inputs, task } = model;
  const isPlain = isImageSet(samples) && task.outputs.every(({ loss }) => loss.target === 'labels');
  const found = isPlain ? undefined : anyData.provided?.labelledSet(who, samples, model);
  if (found) return found;
  checkLabelled(who, samples as ImageSamples, inputs, task.outputs);
  return columnsOf(samples as ImageSamples);
}

/** The columns of a set without targets. Throws: like `checkSamples`, and like those of arrays (array_samples.ts). */
export function inputSet(who: string, samples: Samples, model: ModelOfSet): SampleSet {
  const found = isImageSet(samples) ? undefined : anyData.provided?.inputSet(who, samples, model);
  if (found) return found;
  checkSamples(who, samples as ImageSamples, model.inputs);
  return columnsOf(samples as ImageSamples);
}

/**
 * Throws: UsageError if it is not a set of images, the model takes another shape, or labels are wrong; for records, the error
 * names the missing or unknown input or output.
 */
export function checkLabelled(
  who: string,
  set: ImageSamples,
  inputs: readonly NetworkInput[],
  outputs: readonly ModelOutput[],
): void {
  checkSamples(who, set, inputs);
  checkArgument(who, 'labels', set.labels, () => labelsRule(outputs));
  const given = labelsByOutput(set);
  const isNamed = !given.has(unnamed);
  for (const { name, shape } of outputs)
    checkLabels(who, isNamed ? `labels.${name}` : 'labels', partOf(given, name), sampleCount(set), shape);
}

/** As `checkLabelled`, without the labels. */
export function checkSamples(who: string, set: ImageSamples, inputs: readonly NetworkInput[]): void {
  checkArgument(who, 'the set', set, () => samplesRule(inputs));
  const given = imagesByInput<Images>(set);
  const isNamed = !given.has(unnamed);
  for (const { name, shape } of inputs)
    checkImages(isNamed ? `${who}: inputs.${name}` : who, partOf(given, name), shape);
}

export interface Named {
  readonly name: string;
}

/** `{ left: …, right: … }` */
export function recordOf(parts: readonly Named[]): string {
  return `{ ${parts.map(({ name }) => `${name}: …`).join(', ')} }`;
}

export function checkImages(who: string, set: Images, inputShape: Shape): void {
  if (set.count === 0) throw new UsageError(`${who}: the set is empty.`);
  const shape = [set.height, set.width, set.channels];
  if (shape.join() !== inputShape.join()) {
    throw new UsageError(
      `${who}: the images are [${shape.join(',')}] but the model takes [${inputShape.join(',')}].`,
    );
  }
}

function checkLabels(
  who: string,
  name: string,
  labels: ArrayLike<number> | undefined,
  count: number,
  shape: Shape,
): void {
  if (labels?.length !== count) {
    const found = ArrayBuffer.isView(labels) ? `${shown(labels)} of ${labels.length}` : shown(labels);
    throw new UsageError(`${who}: ${name} are ${found}, expected one for each of ${count} images.`);
  }
  // An output with several axes has no number of classes: any non-negative integer is a label.
  const classes = shape.length === 1 ? shape[0] : undefined;
  const orphan = firstOrphan(labels, classes ?? Infinity);
  if (orphan < 0) return;
  throw new UsageError(
    classes === undefined
      ? `${who}: ${name}[${orphan}] is ${shown(labels[orphan])}, expected a non-negative integer.`
      : `${who}: ${name}[${orphan}] is ${shown(labels[orphan])}, which does not fit an output of ${classes} classes (0 to ${classes - 1}).`,
  );
}

const labelsRule = (outputs: readonly Named[]) =>
  required((labels: unknown, who) => {
    if (!isList(labels as Labels)) checkNames(who, 'labels', labels as object, outputs, 'a trained output');
    else if (outputs.length > 1)
      throw new UsageError(
        `${who}: labels are ${shown(labels)}, but the model has ${outputs.length} trained outputs; give a list for each, as ${recordOf(outputs)}.`,
      );
    return undefined;
  });

const samplesRule = (inputs: readonly Named[]) =>
  required((set: unknown, who, name) => {
    const named = Object(set) as Partial<ImagesByInput>;
    if (!('inputs' in named)) {
      const expected = imagesRule()(set, who, name);
      if (expected === undefined && inputs.length > 1)
        throw new UsageError(
          `${who}: the set has images for one input, but the model has ${inputs.length}; give a set for each, as { inputs: ${recordOf(inputs)} }.`,
        );
      return expected;
    }
    checkNames(who, 'inputs', Object(named.inputs) as object, inputs, 'an input of the model');
    for (const [input, images] of Object.entries(named.inputs))
      check(`${who}: inputs.${input}`, name, images, imagesRule());
    const [first, ...others] = Object.entries(named.inputs) as [[string, Images], ...[string, Images][]];
    const odd = others.find(([, { count }]) => count !== first[1].count);
    if (odd)
      throw new UsageError(
        `${who}: inputs.${odd[0]}: the set has ${odd[1].count} images, expected ${first[1].count} as in the others.`,
      );
    return undefined;
  });

/** Throws: UsageError unless `given` has an entry for each of `wanted`, and no other. */
export function checkNames(
  who: string,
  record: string,
  given: object,
  wanted: readonly Named[],
  kind: string,
): void {
  const names = wanted.map(({ name }) => name);
  const unknown = Object.keys(given).find((name) => !names.includes(name));
  const missing = names.find((name) => !Object.hasOwn(given, name));
  const odd = unknown ?? missing;
  if (odd === undefined) return;
  throw new UsageError(
    `${who}: ${record}.${odd} is ${odd === unknown ? `not ${kind}` : 'missing'}, expected ${record} for ${names.join(', ')}.`,
  );
}

/** Checks the members and not the class: callers may pass their own objects. */
const imagesRule = (): RequiredRule =>
  required((value, who) => {
    const set = (value ?? {}) as Partial<Images & { readonly train: unknown }>;
    const hasImages = typeof set.copyImages === 'function' || set.images !== undefined;
    if (!hasImages) return `an ImageSet${set.train ? ', such as its .train or .test' : ''}`;
    const shape = (['count', 'height', 'width', 'channels'] as const).map((name) => {
      const extent = set[name];
      check(who, name, extent, countOrZero);
      return extent as number;
    });
    if (set.copyImages) return undefined;
    check(who, 'images', set.images, pixelsRule());
    const bytes = shape.reduce((product, extent) => product * extent, 1);
    if (set.images?.length !== bytes)
      throw wrong(who, 'images.length', set.images?.length, `${bytes} for images of [${shape.join(',')}]`);
    return undefined;
  });
