/** A set of samples on the device: u8 images, labels, and the order of an epoch. */
import type { Device } from '../engine/device.js';
import { type Shape, type Spec, sizeOf } from '../engine/primitive.js';
import { Resource } from '../engine/resource.js';
import { Tensor } from '../engine/tensor.js';
import { outsideTidy } from '../engine/tidy.js';
import { DeviceError, ShapeError, UsageError } from '../errors.js';
import { firstOrphan, pixelsRule } from '../image_values.js';
import { checkArgument } from '../calls.js';
import { type RequiredRule, check, countOrZero, required, shown, wrong } from '../options.js';
import type { NetworkInput } from './network.js';
import type { ModelOutput } from './task.js';

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

/** What prediction takes: the images of a model with one input, or those of each input. */
export type Samples = Images | ImagesByInput;

/**
 * What training and evaluation take. For a model with several inputs or several trained outputs, by their names:
 *
 *   { ...images, labels: { digit: digits, parity: parities } }
 *   { inputs: { left, right }, labels: areEqual }
 */
export type LabelledSamples = Samples & { readonly labels: Labels };

type ImagesShape = Pick<Images, 'count' | 'height' | 'width' | 'channels'>;

/** The number of samples, the shapes of their images, and which outputs have labels. */
export type SetShape = (ImagesShape | { readonly inputs: Readonly<Record<string, ImagesShape>> }) & {
  readonly labels?: Labels;
};

/** The key of images and labels without a name: those of the only input and the only output. */
export const unnamed = '';

/** The images of a set by input; under '' if the set does not name the input. */
function imagesByInput<T extends ImagesShape>(
  set: T | { readonly inputs: Readonly<Record<string, T>> },
): ReadonlyMap<string, T> {
  return new Map(Object.entries('inputs' in set ? set.inputs : { [unnamed]: set }));
}

/** The labels of a set by output; under '' if the set does not name the output, or no labels are needed. */
function labelsByOutput(
  set: { readonly labels?: Labels },
  { isLabelled = true }: SetLayout = {},
): ReadonlyMap<string, ArrayLike<number> | undefined> {
  const labels = isLabelled ? set.labels : undefined;
  return new Map(Object.entries(isList(labels) ? { [unnamed]: labels } : labels));
}

function isList(labels: Labels | undefined): labels is ArrayLike<number> | undefined {
  return typeof labels !== 'object' || labels === null || typeof labels.length === 'number';
}

/** The part for `name`, or the only one if the set does not name it. */
export function partOf<T>(parts: ReadonlyMap<string, T>, name: string): T {
  return (parts.get(unnamed) ?? parts.get(name))!;
}

export function sampleCount(set: SetShape): number {
  return [...imagesByInput<ImagesShape>(set).values()][0]!.count;
}

/** The parts of a set on the device: tensors, or something else for each of them. */
export interface SetParts<T> {
  /** By input: one; or several, in the order of the set, if all images exceed the device's limit per binding. */
  readonly images: ReadonlyMap<string, readonly T[]>;
  /** By output. */
  readonly labels: ReadonlyMap<string, T>;
  /** The order of the samples in an epoch; entries count modulo the number of samples. */
  readonly permutation: T;
}

export type SetTensors = SetParts<Tensor>;

/** Applies `make` to each part. */
export function mapParts<T, U>(parts: SetParts<T>, make: (part: T) => U): SetParts<U> {
  return {
    images: new Map([...parts.images].map(([input, chunks]) => [input, chunks.map((each) => make(each))])),
    labels: new Map([...parts.labels].map(([output, labels]) => [output, make(labels)])),
    permutation: make(parts.permutation),
  };
}

export interface SetLayout {
  /** Entries of the permutation per sample. Default 1. */
  readonly variantsPerImage?: number | undefined;
  /** Rounds the number of samples up to a multiple, so that sets of similar size use the same kernel. Default 1. */
  readonly multipleOf?: number | undefined;
  /** Whether its labels are needed. Default true. */
  readonly isLabelled?: boolean | undefined;
}

/** Throws: DeviceError if one image does not fit into a buffer of the device. */
export function setSpecs(
  device: Pick<Device, 'maxBufferBytes'>,
  set: SetShape,
  layout: SetLayout = {},
): SetParts<Spec> {
  const { variantsPerImage = 1, multipleOf = 1 } = layout;
  const places = Math.ceil(sampleCount(set) / multipleOf) * multipleOf;
  const images = [...imagesByInput<ImagesShape>(set)].map(([input, each]): [string, readonly Spec[]] => [
    input,
    imageSpecs(device, each, places),
  ]);
  const outputs = labelsByOutput(set, layout).keys();
  return {
    images: new Map(images),
    labels: new Map([...outputs].map((output) => [output, { shape: [places], dtype: 'u32' }])),
    permutation: { shape: [places * variantsPerImage], dtype: 'u32' },
  };
}

function imageSpecs(
  { maxBufferBytes }: Pick<Device, 'maxBufferBytes'>,
  { height, width, channels }: ImagesShape,
  places: number,
): readonly Spec[] {
  const image = [height, width, channels];
  // Storage is allocated in multiples of 16 bytes; some limits are not one.
  const usable = Math.floor(maxBufferBytes / 16) * 16;
  const most = Math.floor(usable / sizeOf(image));
  if (most === 0) {
    throw new DeviceError(
      `device: one image of [${image.join(',')}] takes ${sizeOf(image)} bytes, more than this device's limit of ${usable} per buffer; use smaller images.`,
      { problem: 'limit' },
    );
  }
  return Array.from({ length: Math.ceil(places / most) }, (_, chunk): Spec => {
    return { shape: [Math.min(most, places - chunk * most), ...image], dtype: 'u8' };
  });
}

export class DeviceSet extends Resource implements SetTensors {
  readonly images: ReadonlyMap<string, readonly Tensor[]>;
  readonly labels: ReadonlyMap<string, Tensor>;
  readonly permutation: Tensor;
  readonly count: number;
  /** Samples in an epoch: each sample once per variant. */
  readonly epochSize: number;

  /** Labels are 0 if the set has none. Throws: DeviceError if a tensor exceeds the device's limits. */
  constructor(
    readonly device: Device,
    set: Samples & { readonly labels?: Labels },
    layout: SetLayout = {},
  ) {
    super();
    this.count = sampleCount(set);
    this.epochSize = this.count * (layout.variantsPerImage ?? 1);
    const specs = setSpecs(device, set, layout);
    const parts = mapParts(specs, (spec) => outsideTidy(() => Tensor.allocate(spec, device)));
    this.images = parts.images;
    for (const [input, images] of imagesByInput<Images>(set)) this.#write(this.images.get(input)!, images);
    this.labels = parts.labels;
    for (const [output, own] of labelsByOutput(set, layout)) {
      const tensor = this.labels.get(output)!;
      const values = new Uint32Array(tensor.size);
      if (own) values.set(own);
      tensor.write(values);
    }
    this.permutation = parts.permutation;
    this.permutation.write(Uint32Array.from({ length: this.permutation.size }, (_, i) => i));
  }

  /** Overwrites all images of a set of one input, [count,height,width,channels]. Throws: ShapeError for another number of bytes. */
  writeImages(bytes: Uint8Array): void {
    const [chunks] = [...this.images.values()] as [readonly Tensor[]];
    const image = (chunks[0] as Tensor).shape.slice(1);
    if (bytes.length !== this.count * sizeOf(image)) {
      throw new ShapeError(
        `write: [${[this.count, ...image].join(',')}] u8 was given ${bytes.length} u8 values.`,
      );
    }
    this.#write(chunks, { images: bytes });
  }

  #write(chunks: readonly Tensor[], set: Pick<Images, 'images' | 'copyImages'>): void {
    let first = 0;
    for (const chunk of chunks) {
      // Always a copy: the bytes may be in shared memory, which WebGPU does not read. Zeros after the last image.
      const own = new Uint8Array(chunk.size);
      copyImages(set, own, first, sizeOf(chunk.shape.slice(1)));
      chunk.write(own);
      first += chunk.shape[0] as number;
    }
  }

  dispose(): void {
    for (const tensor of [...[...this.images.values()].flat(), ...this.labels.values(), this.permutation])
      tensor.dispose();
  }
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

/**
 * Throws: UsageError if it is not a set of images, the model takes another shape, or labels are wrong; for records, the error
 * names the missing or unknown input or output.
 */
export function checkLabelled(
  who: string,
  set: LabelledSamples,
  inputs: readonly NetworkInput[],
  outputs: readonly ModelOutput[],
): void {
  checkSamples(who, set, inputs);
  checkArgument(who, 'labels', set.labels, () => labelsRule(outputs));
  const given = labelsByOutput(set);
  const isNamed = !given.has(unnamed);
  if (!isNamed && outputs.length > 1)
    throw new UsageError(
      `${who}: labels are ${shown(set.labels)}, but the model has ${outputs.length} trained outputs; give a list for each, as ${recordOf(outputs)}.`,
    );
  for (const { name, shape } of outputs)
    checkLabels(who, isNamed ? `labels.${name}` : 'labels', partOf(given, name), sampleCount(set), shape);
}

/** As `checkLabelled`, without the labels. */
export function checkSamples(who: string, set: Samples, inputs: readonly NetworkInput[]): void {
  checkArgument(who, 'the set', set, () => samplesRule(inputs));
  const given = imagesByInput<Images>(set);
  const isNamed = !given.has(unnamed);
  if (!isNamed && inputs.length > 1)
    throw new UsageError(
      `${who}: the set has images for one input, but the model has ${inputs.length}; give a set for each, as { inputs: ${recordOf(inputs)} }.`,
    );
  for (const { name, shape } of inputs)
    checkImages(isNamed ? `${who}: inputs.${name}` : who, partOf(given, name), sampleCount(set), shape);
}

interface Named {
  readonly name: string;
}

/** `{ left: …, right: … }` */
function recordOf(parts: readonly Named[]): string {
  return `{ ${parts.map(({ name }) => `${name}: …`).join(', ')} }`;
}

function checkImages(who: string, set: Images, count: number, inputShape: Shape): void {
  if (set.count === 0) throw new UsageError(`${who}: the set is empty.`);
  if (set.count !== count)
    throw new UsageError(`${who}: the set has ${set.count} images, expected ${count} as in the others.`);
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
    return undefined;
  });

const samplesRule = (inputs: readonly Named[]) =>
  required((set: unknown, who, name) => {
    const named = Object(set) as Partial<ImagesByInput>;
    if (!('inputs' in named)) return imagesRule()(set, who, name);
    checkNames(who, 'inputs', Object(named.inputs) as object, inputs, 'an input of the model');
    for (const [input, images] of Object.entries(named.inputs))
      check(`${who}: inputs.${input}`, name, images, imagesRule());
    return undefined;
  });

/** Throws: UsageError unless `given` has an entry for each of `wanted`, and no other. */
function checkNames(
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
