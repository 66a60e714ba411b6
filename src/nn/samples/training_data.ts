/** What `fit` makes of a set before training: a validation part, weights of classes, and an order that repeats rare classes. */
import { type Shape, bytesPerElement, sizeOf, storageBytes } from '../../engine/primitive.js';
import { Tensor } from '../../engine/tensor.js';
import { outsideTidy } from '../../engine/tidy.js';
import { UsageError } from '../../errors.js';
import { layerStream, permutation, streams } from '../../random.js';
import type { DataOptions, ModelOfSet, PreparedData } from './any_data.js';
import type { Column, SampleSet } from './columns.js';

/**
 * Divides the set, then weights and orders the training part.
 *
 * Throws: UsageError for a split that leaves one part empty, and for classes that the targets do not have.
 */
export async function prepareData(
  set: SampleSet,
  options: DataOptions,
  { task, device }: ModelOfSet,
): Promise<PreparedData> {
  const { validationSplit, classWeights, oversample, variantsPerImage = 1, seed = 0 } = options;
  const own: Tensor[] = [];
  let training = set;
  let validation: SampleSet | undefined;
  if (validationSplit !== undefined) {
    const count = Math.floor(set.count * (1 - validationSplit));
    if (count === 0 || count === set.count)
      throw new UsageError(
        `fit: validationSplit is ${validationSplit}, which leaves ${count} of ${set.count} samples for training; expected samples in both parts.`,
      );
    training = partOf(set, 0, count, own);
    validation = partOf(set, count, set.count - count, own);
  }
  const prepared = {
    validation,
    dispose: (): void => {
      for (const tensor of own) tensor.dispose();
    },
  };
  if (classWeights === undefined && !oversample) return { ...prepared, set: training };
  const [output, ...others] = task.outputs as [(typeof task.outputs)[number]];
  if (others.length > 0)
    throw new UsageError(
      `fit: ${oversample ? 'oversample' : 'classWeights'} needs a model with one trained output, not ${task.outputs.length}; pass sampleWeight for each output.`,
    );
  const classes = await classesOf(training, device);
  checkWeighedClasses(classWeights, output.shape);
  const weights =
    classWeights === undefined
      ? training.columns
      : await weighted(training, classes, classWeights, output.name);
  const found = { ...prepared, set: { count: training.count, columns: weights } };
  if (!oversample) return found;
  const order = balancedOrder(classes, { variantsPerImage, seed });
  return { ...found, epochSize: order.epochSize, orderOf: order.orderOf };
}

// ---- classes ----

/** Throws: UsageError for a weight of a class that the output does not have. */
function checkWeighedClasses(weights: DataOptions['classWeights'], shape: Shape): void {
  const K = shape.length === 1 && shape[0]! > 1 ? shape[0]! : Infinity;
  const odd =
    typeof weights === 'object' ? Object.keys(weights).find((label) => Number(label) >= K) : undefined;
  if (odd !== undefined)
    throw new UsageError(
      `fit: classWeights has class ${odd}, but the output has ${K} classes (0 to ${K - 1}).`,
    );
}

/** The class of each sample: its label, or the place of the largest of its values. */
async function classesOf({ columns, count }: SampleSet, device: ModelOfSet['device']): Promise<Uint32Array> {
  const labels = columns.find(({ kind }) => kind === 'label');
  if (labels) return Uint32Array.from(await valuesOf(labels, count, device));
  const target = columns.find(({ kind }) => kind === 'value')!;
  if (target.dtype === 'u32')
    throw new UsageError(
      'fit: y has labels for each position, of which no sample has one; classWeights and oversample need one label for each sample. Weigh samples with sampleWeight.',
    );
  const size = sizeOf(target.shape);
  const values = await valuesOf(target, count, device);
  if (size === 1) {
    const odd = values.findIndex((each) => !Number.isInteger(each) || each < 0);
    if (odd >= 0)
      throw new UsageError(
        `fit: y[${odd}] is ${values[odd]}, which is not a class; classWeights and oversample need labels or one-hot targets.`,
      );
    return Uint32Array.from(values);
  }
  return Uint32Array.from({ length: count }, (_, i) => {
    const row = values.subarray(i * size, (i + 1) * size);
    return row.indexOf(Math.max(...row));
  });
}

async function valuesOf(
  { tensors, copy, shape, dtype }: Column,
  count: number,
  device: ModelOfSet['device'],
): Promise<Float32Array | Uint32Array> {
  const size = count * sizeOf(shape);
  const [tensor] = tensors ?? [];
  if (tensor) {
    const bytes = await device.read(tensor.storage);
    return dtype === 'u32' ? new Uint32Array(bytes, 0, size) : new Float32Array(bytes, 0, size);
  }
  const values = dtype === 'u32' ? new Uint32Array(size) : new Float32Array(size);
  copy(values, 0);
  return values;
}

function countsOf(classes: Uint32Array): Map<number, number> {
  const counts = new Map<number, number>();
  for (const each of classes) counts.set(each, (counts.get(each) ?? 0) + 1);
  return counts;
}

/** The columns with the weights of the classes in those of the samples: 'balanced' is N / (classes · samples of the class). */
async function weighted(
  { columns, count }: SampleSet,
  classes: Uint32Array,
  given: NonNullable<DataOptions['classWeights']>,
  name: string,
): Promise<readonly Column[]> {
  const counts = countsOf(classes);
  const weightOf = (each: number): number =>
    given === 'balanced' ? count / (counts.size * counts.get(each)!) : ((given as number[])[each] ?? 1);
  const values = new Float32Array(count).fill(1);
  const isWeight = ({ kind }: Column): boolean => kind === 'weight';
  columns.find(isWeight)?.copy(values, 0);
  values.forEach((value, i) => (values[i] = value * weightOf(classes[i]!)));
  return [
    ...columns.filter((column) => !isWeight(column)),
    rowsOf({ kind: 'weight', name, shape: [], dtype: 'f32' }, values),
  ];
}

/**
 * An epoch in which every class occurs as often as the largest: its samples come round again, each time as another variant for the
 * augmentation, and a last, incomplete round takes some of them at random.
 */
function balancedOrder(
  classes: Uint32Array,
  { variantsPerImage, seed }: { readonly variantsPerImage: number; readonly seed: number },
): Required<Pick<PreparedData, 'epochSize' | 'orderOf'>> {
  const samples = new Map<number, number[]>();
  classes.forEach((each, i) => void (samples.get(each) ?? samples.set(each, []).get(each)!).push(i));
  const most = variantsPerImage * Math.max(...[...samples.values()].map(({ length }) => length));
  const epochSize = most * samples.size;
  return {
    epochSize,
    orderOf: (epoch) => {
      const entries = [...samples].flatMap(([each, own]) => {
        const last = permutation(own.length, seed, layerStream(streams.shuffle, each + 1), epoch);
        return Array.from({ length: most }, (_, k) => {
          const round = Math.floor(k / own.length);
          const isWhole = (round + 1) * own.length <= most;
          const place = k % own.length;
          return round * classes.length + own[isWhole ? place : last[place]!]!;
        });
      });
      return permutation(epochSize, seed, streams.shuffle, epoch).map((place) => entries[place]!);
    },
  };
}

// ---- parts ----

/** `count` samples from `first` on. */
function partOf(set: SampleSet, first: number, count: number, own: Tensor[]): SampleSet {
  return {
    count,
    columns: set.columns.map((column) => partOfColumn(column, set.count, { first, count }, own)),
  };
}

interface Range {
  readonly first: number;
  readonly count: number;
}

function partOfColumn(column: Column, all: number, { first, count }: Range, own: Tensor[]): Column {
  const { kind, name, shape, dtype, tensors, copy } = column;
  const [tensor] = tensors ?? [];
  if (tensor) return { ...column, tensors: [partOfTensor(column, tensor, { first, count }, own)] };
  if (kind === 'input')
    return {
      ...column,
      copy: (target, from) => copyPart(copy, target, { first: first + from, count: count - from }, shape),
    };
  const values =
    dtype === 'u32' ? new Uint32Array(all * sizeOf(shape)) : new Float32Array(all * sizeOf(shape));
  copy(values, 0);
  const size = sizeOf(shape);
  return rowsOf({ kind, name, shape, dtype }, values.subarray(first * size, (first + count) * size));
}

/** Copies no more rows than the part has. */
function copyPart(
  copy: Column['copy'],
  target: Parameters<Column['copy']>[0],
  { first, count }: Range,
  shape: Shape,
): void {
  copy(target.subarray(0, Math.min(target.length, count * sizeOf(shape))), first);
}

function rowsOf(column: Omit<Column, 'copy'>, values: Float32Array | Uint32Array): Column {
  const size = sizeOf(column.shape);
  return {
    ...column,
    copy: (target, first) => {
      const from = first * size;
      target.set(values.subarray(from, Math.min(values.length, from + target.length)));
    },
  };
}

/** The start of a tensor shares its memory; other parts are copied on the device. */
function partOfTensor(column: Column, tensor: Tensor, { first, count }: Range, own: Tensor[]): Tensor {
  const { shape, dtype } = column;
  const { device, storage } = tensor;
  const spec = { shape: [count, ...shape], dtype };
  if (first === 0) return Tensor.over(device, { ...storage, byteLength: storageBytes(spec) }, spec, tensor);
  const row = sizeOf(shape) * bytesPerElement[dtype];
  if ((first * row) % 4 !== 0)
    throw new UsageError(
      `fit: validationSplit cuts the tensor of ${column.name} within a word of 4 bytes; pass the parts as the data and validationData.`,
    );
  const part = outsideTidy(() => Tensor.allocate(spec, device));
  own.push(part);
  const byteLength = Math.ceil((count * row) / 4) * 4;
  device.copy([
    { from: { buffer: storage.buffer, offset: storage.offset + first * row, byteLength }, to: part.storage },
  ]);
  return part;
}
