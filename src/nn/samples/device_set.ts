/** A set of samples on the device: the columns of its inputs and targets, and the order of an epoch. */
import type { Device } from '../../engine/device.js';
import { type Spec, bytesPerElement, sizeOf } from '../../engine/primitive.js';
import { Resource } from '../../engine/resource.js';
import { Tensor, type TensorData } from '../../engine/tensor.js';
import { outsideTidy } from '../../engine/tidy.js';
import { DeviceError, ShapeError } from '../../errors.js';
import type { Column, ColumnShape, SampleSet } from './columns.js';
import { type ImageSamples, type SetShape, columnsOf, copyImages, sampleCount, unnamed } from './samples.js';

/** A column of a set on the device: tensors, or something else for each of them. */
export interface ColumnParts<T> extends ColumnShape {
  /** One; or several, in the order of the set, if all rows exceed the device's limit per binding. */
  readonly parts: readonly T[];
}

export interface SetParts<T> {
  readonly columns: readonly ColumnParts<T>[];
  /** The order of the samples in an epoch; entries count modulo the number of samples. */
  readonly permutation: T;
}

export type SetTensors = SetParts<Tensor>;

/** Applies `make` to each part. */
export function mapParts<T, U>({ columns, permutation }: SetParts<T>, make: (part: T) => U): SetParts<U> {
  return {
    columns: columns.map((column) => ({ ...column, parts: column.parts.map((each) => make(each)) })),
    permutation: make(permutation),
  };
}

/** All parts, in a fixed order. */
export function partsIn<T>({ columns, permutation }: SetParts<T>): readonly T[] {
  return [...columns.flatMap(({ parts }) => parts), permutation];
}

export interface SetLayout {
  /** Entries of the permutation per sample. Default 1. */
  readonly variantsPerImage?: number | undefined;
  /** Entries of the permutation, if they are not the samples or a multiple of them. */
  readonly epochSize?: number | undefined;
  /** Rounds the number of samples up to a multiple, so that sets of similar size use the same kernel. Default 1. */
  readonly multipleOf?: number | undefined;
  /** Whether its targets are needed. Default true. */
  readonly isLabelled?: boolean | undefined;
}

/** A tensor of a set: where its rows come from. */
export interface PartSpec extends Spec {
  /** Writes its rows, and nothing after the last. */
  readonly fill?: (target: TensorData) => void;
  /** The tensor, if it exists already. */
  readonly tensor?: Tensor;
  readonly isOnDevice?: boolean | undefined;
}

/** For sets without labels: the kernel that gathers images gathers labels, too. */
const zeros: ColumnShape = { kind: 'label', name: unnamed, shape: [], dtype: 'u32' };

/** Throws: DeviceError if one sample does not fit into a buffer of the device. */
export function setSpecs(
  device: Pick<Device, 'maxBufferBytes'>,
  set: SetShape,
  { variantsPerImage = 1, multipleOf = 1, isLabelled = true, epochSize }: SetLayout = {},
): SetParts<PartSpec> {
  const { count, columns } = columnsOf(set);
  const places = Math.ceil(count / multipleOf) * multipleOf;
  const needed = columns.filter(({ kind }) => isLabelled || kind === 'input');
  const hasLabels = needed.some(({ kind }) => kind === 'label');
  return {
    columns: (hasLabels ? needed : [...needed, zeros]).map((column) => ({
      ...column,
      parts: partsOf(device, column, places),
    })),
    permutation: {
      shape: [epochSize ?? places * variantsPerImage],
      dtype: 'u32',
      fill: (target) => target.set(target.map((_, i) => i)),
    },
  };
}

function partsOf(
  { maxBufferBytes }: Pick<Device, 'maxBufferBytes'>,
  { shape, dtype, isOnDevice, tensors, copy }: ColumnShape & Partial<Column>,
  places: number,
): readonly PartSpec[] {
  if (tensors) return tensors.map((tensor) => ({ shape: tensor.shape, dtype, tensor, isOnDevice }));
  const bytes = sizeOf(shape) * bytesPerElement[dtype];
  // Storage is allocated in multiples of 16 bytes; some limits are not one.
  const usable = Math.floor(maxBufferBytes / 16) * 16;
  const most = Math.floor(usable / bytes);
  if (most === 0) {
    throw new DeviceError(
      `device: one sample of [${shape.join(',')}] takes ${bytes} bytes, more than this device's limit of ${usable} per buffer; use smaller ones.`,
      { problem: 'limit' },
    );
  }
  return Array.from({ length: Math.ceil(places / most) }, (_, i): PartSpec => {
    const first = i * most;
    const fill = (target: TensorData): void => copy?.(target, first);
    return { shape: [Math.min(most, places - first), ...shape], dtype, fill, isOnDevice };
  });
}

export class DeviceSet extends Resource implements SetTensors {
  readonly columns: SetTensors['columns'];
  readonly permutation: Tensor;
  readonly count: number;
  /** Samples in an epoch: each sample once per variant, unless the layout says otherwise. */
  readonly epochSize: number;
  readonly #own: Tensor[] = [];

  /** Labels are 0 if the set has none. Throws: DeviceError if a tensor exceeds the device's limits. */
  constructor(
    readonly device: Device,
    set: ImageSamples | SampleSet,
    layout: SetLayout = {},
  ) {
    super();
    this.count = sampleCount(set);
    this.epochSize = layout.epochSize ?? this.count * (layout.variantsPerImage ?? 1);
    const specs = setSpecs(device, set, layout);
    const { columns, permutation } = mapParts(specs, (part) => part.tensor ?? this.#allocate(part));
    this.columns = columns;
    this.permutation = permutation;
    const parts = partsIn(this);
    partsIn(specs).forEach((spec, i) => write(parts[i]!, spec));
  }

  #allocate(spec: Spec): Tensor {
    const tensor = outsideTidy(() => Tensor.allocate(spec, this.device));
    this.#own.push(tensor);
    return tensor;
  }

  /** Overwrites all images of a set of one input, [count,height,width,channels]. Throws: ShapeError for another number of bytes. */
  writeImages(images: Uint8Array): void {
    const [{ shape, parts }] = this.columns as [ColumnParts<Tensor>];
    const size = sizeOf(shape);
    if (images.length !== this.count * size) {
      throw new ShapeError(
        `write: [${[this.count, ...shape].join(',')}] u8 was given ${images.length} u8 values.`,
      );
    }
    let first = 0;
    for (const part of parts) {
      const from = first;
      write(part, { fill: (target) => copyImages({ images }, target as Uint8Array, from, size) });
      first += part.shape[0] as number;
    }
  }

  dispose(): void {
    for (const tensor of this.#own) tensor.dispose();
  }
}

const arrays = { u8: Uint8Array, u32: Uint32Array, f32: Float32Array } as const;

/** Writes the rows, and zeros after the last. */
function write(target: Tensor, { fill, tensor }: Pick<PartSpec, 'fill' | 'tensor'>): void {
  if (tensor) return;
  // Always a copy: the values may be in shared memory, which WebGPU does not read.
  const values = new arrays[target.dtype as keyof typeof arrays](target.size);
  fill?.(values);
  target.write(values);
}
