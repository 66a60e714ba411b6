/**
 * Arrays and tensors as samples: `{ x, y, sampleWeight }` for `fit` and `evaluate`, `x` for `predict`. Values are used as they are;
 * only bytes are scaled by the model's preprocessing, as images are.
 */
import { type Shape, sizeOf, storageBytes } from '../../engine/primitive.js';
import { Tensor, type TensorData, assertOneDevice, describe } from '../../engine/tensor.js';
import { ShapeError, StateError, UsageError } from '../../errors.js';
import { firstOrphan } from '../../image_values.js';
import { type Rules, checkOptions, required, rule, shown, wrong } from '../../options.js';
import type { ModelOfSet } from './any_data.js';
import type { Column, ColumnKind, SampleSet } from './columns.js';
import type { NetworkInput } from '../network/network.js';
import {
  type ArraySamples,
  type ByName,
  type Images,
  type NumberRows,
  type TypedNumbers,
  type Values,
  checkImages,
  checkNames,
  imageColumn,
  isImageSet,
  labelColumn,
  recordOf,
} from './samples.js';
import type { Loss } from '../losses/loss.js';
import type { TrainedOutput } from '../training/task.js';

const given = rule('', () => true);

const rules = (): Rules<ArraySamples> => ({ x: required(given), y: required(given), sampleWeight: given });

/**
 * The columns of what `predict` takes: images, `x`, or `{ x }`.
 *
 * Throws: UsageError, which names the input; ShapeError for values of another shape; StateError for a disposed tensor.
 */
export function inputSet(who: string, samples: unknown, model: ModelOfSet): SampleSet {
  const x = isRecord(samples) && 'x' in samples ? samples.x : samples;
  if (typeof x !== 'object' || x === null || 'then' in x)
    throw wrong(who, 'the set', samples, 'an ImageSet, numbers or a tensor');
  return inputColumns(who, x as ByName<Values | Images>, model);
}

/**
 * The columns of samples with targets. Labels in a tensor are read back; other tensors stay on the device.
 *
 * Throws: like `inputSet`; rejects alike for targets and weights.
 */
export function labelledSet(who: string, samples: unknown, model: ModelOfSet): Promise<SampleSet> {
  const isImages = isImageSet(samples);
  if (!isImages && !(isRecord(samples) && 'x' in samples)) {
    const remedy = isRecord(samples) && 'train' in samples ? ', such as its .train or .test' : '';
    throw wrong(who, 'the set', samples, `an ImageSet or { x, y }${remedy}`);
  }
  if (!isImages) checkOptions(who, samples as ArraySamples, rules());
  const found = isImages
    ? { x: samples as Images, y: samples.labels as ByName<Values> }
    : (samples as ArraySamples);
  const set = withTargets(who, inputColumns(who, found.x, model), found, model, isImages ? 'labels' : 'y');
  // The caller that awaits it handles a rejection; this no-op catch keeps Node from reporting it as unhandled before.
  void set.catch(() => undefined);
  return set;
}

async function withTargets(
  who: string,
  { count, columns: inputs }: SampleSet,
  { y, sampleWeight }: Omit<ArraySamples, 'x'>,
  { task: { outputs }, device }: ModelOfSet,
  yName: string,
): Promise<SampleSet> {
  const targets: Column[] = [];
  for (const [output, name, own] of byName(who, yName, y, outputs, 'a trained output'))
    targets.push(
      await targetColumn(
        { who, name, count, device, key: output.name, areLabels: yName === 'labels' },
        own,
        output,
      ),
    );
  const weights: Column[] = [];
  if (sampleWeight !== undefined)
    for (const [{ name: key }, name, own] of byName(
      who,
      'sampleWeight',
      sampleWeight,
      outputs,
      'a trained output',
    ))
      weights.push(await weightColumn({ who, name, count, device, key, areLabels: false }, own));
  return { count, columns: withOnes([...inputs, ...targets, ...weights]) };
}

/** With weights of 1 for the values that have none: a loss of values needs weights, which end where the epoch ends. */
function withOnes(columns: readonly Column[]): readonly Column[] {
  const isWeighted = (output: string): boolean =>
    columns.some(({ kind, name }) => kind === 'weight' && name === output);
  const missing = columns.filter(({ kind, name }) => kind === 'value' && !isWeighted(name));
  const copy: Column['copy'] = (target) => void target.fill(1);
  return [
    ...columns,
    ...missing.map(({ name }): Column => ({ kind: 'weight', name, shape: [], dtype: 'f32', copy })),
  ];
}

/** The entries of `given` for each of `wanted`, with names for messages. A lone one needs no record. */
function byName<T, N extends { readonly name: string }>(
  who: string,
  what: string,
  given: ByName<T>,
  wanted: readonly N[],
  kind: string,
): readonly (readonly [N, string, T])[] {
  if (isRecord(given) && !isImageSet(given)) {
    checkNames(who, what, given, wanted, kind);
    return wanted.map((each) => [each, `${what}.${each.name}`, (given as Record<string, T>)[each.name]!]);
  }
  const [only, ...others] = wanted;
  if (!only || others.length > 0)
    throw new UsageError(
      `${who}: ${what} is ${shown(given)}, but the model has ${wanted.length} ${kind.replace(/^an? /, '')}s; give values for each, as ${what}: ${recordOf(wanted)}.`,
    );
  return [[only, what, given as T]];
}

function isRecord(value: unknown): value is object {
  return (
    typeof value === 'object' &&
    value !== null &&
    !Array.isArray(value) &&
    !ArrayBuffer.isView(value) &&
    !(value instanceof Tensor) &&
    !(Symbol.iterator in value) &&
    !(Symbol.asyncIterator in value) &&
    !('then' in value)
  );
}

interface Source {
  readonly who: string;
  /** Of the values, in messages. */
  readonly name: string;
  /** Of the input or output. */
  readonly key: string;
  readonly device: ModelOfSet['device'];
}

/** Values for a column of known length. */
interface Target extends Source {
  readonly count: number;
  /** Whether they are the labels of images, of which losses of values make one-hot targets. */
  readonly areLabels: boolean;
}

// ---- inputs ----

function inputColumns(who: string, x: ByName<Values | Images>, { inputs, device }: ModelOfSet): SampleSet {
  // `{ inputs: { left, right } }` is a set of images, too.
  const record =
    isRecord(x) && isRecord((x as { inputs?: object }).inputs)
      ? (x as unknown as { readonly inputs: Readonly<Record<string, Images>> }).inputs
      : x;
  const found = byName(who, 'x', record, inputs, 'an input').map(([input, name, own]) =>
    inputColumn({ who, name, device, key: input.name }, own, input),
  );
  const [first, ...others] = found as [Counted, ...Counted[]];
  if (first.count === 0) throw new UsageError(`${who}: the set is empty.`);
  const odd = others.find(({ count }) => count !== first.count);
  if (odd)
    throw new UsageError(
      `${who}: x.${odd.column.name} has ${samples(odd.count)}, expected ${first.count} as x.${first.column.name} has.`,
    );
  return { count: first.count, columns: found.map(({ column }) => column) };
}

const samples = (count: number): string => `${count} sample${count === 1 ? '' : 's'}`;

interface Counted {
  readonly count: number;
  readonly column: Column;
}

function inputColumn(
  source: Source,
  x: Values | Images,
  { shape, dtype }: NetworkInput & { readonly dtype?: string },
): Counted {
  const { who } = source;
  if (isRecord(x) && isImageSet(x)) {
    const images = x as Images;
    checkImages(who, images, shape);
    return { count: images.count, column: imageColumn(source.key, images) };
  }
  if (x instanceof Tensor) {
    const column = tensorColumn(source, 'input', x, shape);
    return { count: x.shape[0]!, column };
  }
  const { values, count } = rowsIn(source, x as TypedNumbers | NumberRows, shape);
  const isBytes = values instanceof Uint8Array || values instanceof Uint8ClampedArray;
  if (dtype === 'u32') {
    checkIntegers(source, values, sizeOf(shape));
    return { count, column: hostColumn(source, 'input', values, { shape, dtype: 'u32' }) };
  }
  if (!isBytes) checkNumbers(source, values, sizeOf(shape));
  return { count, column: hostColumn(source, 'input', values, { shape, dtype: isBytes ? 'u8' : 'f32' }) };
}

function hostColumn(
  { key }: Source,
  kind: ColumnKind,
  values: ArrayLike<number>,
  { shape, dtype }: Pick<Column, 'shape' | 'dtype'>,
): Column {
  const size = sizeOf(shape);
  return { kind, name: key, shape, dtype, copy: (target, first) => copyRows(values, target, first, size) };
}

/** A tensor as a column, where it is. Extents of 1 in its shape may differ. */
function tensorColumn({ who, name, device, key }: Source, kind: ColumnKind, x: Tensor, shape: Shape): Column {
  if (x.isDisposed)
    throw new StateError(`${who}: ${name} ${describe(x)} was disposed and cannot be used any more.`);
  assertOneDevice(who, device, [x]);
  if (x.dtype === 'f16')
    throw new UsageError(
      `${who}: ${name} is ${describe(x)}, expected f32; convert it with ops.cast(x, 'f32').`,
    );
  const [count] = x.shape;
  if (count === undefined || !areAlike(x.shape.slice(1), shape))
    throw new ShapeError(`${who}: ${name} is ${describe(x)}, expected [count${axes(shape)}].`);
  const spec = { shape: [count, ...shape], dtype: x.dtype };
  const own = Tensor.over(device, { ...x.storage, byteLength: storageBytes(spec) }, spec, x);
  return {
    kind,
    name: key,
    shape,
    dtype: x.dtype,
    isOnDevice: true,
    tensors: [own],
    copy: () => {
      throw new StateError(`${who}: ${name} is a tensor, whose values are on the device.`);
    },
  };
}

const axes = (shape: Shape): string => shape.map((extent) => `,${extent}`).join('');

/** Whether two shapes differ only in extents of 1. */
function areAlike(a: Shape, b: Shape): boolean {
  const long = (shape: Shape): string => shape.filter((extent) => extent !== 1).join();
  return long(a) === long(b);
}

// ---- targets ----

async function targetColumn(source: Target, y: Values, { shape, loss }: TrainedOutput): Promise<Column> {
  const valueShape = loss.targetShape?.(shape) ?? shape;
  const kind = loss.target === 'either' ? kindOf(source, y, valueShape) : loss.target;
  if (kind === 'labels') return labelsIn(source, y, shape, loss);
  if (y instanceof Tensor && y.dtype === 'f32') {
    const column = tensorColumn(source, 'value', y, valueShape);
    checkCount(source, y.shape[0]!);
    return column;
  }
  const host = await onHost(source, y);
  const classes = sizeOf(valueShape);
  if (
    classes > 1 &&
    isNumbers(host) &&
    !isList((host as ArrayLike<unknown>)[0]) &&
    host.length === source.count
  ) {
    if (source.areLabels) {
      await labelsIn(source, y, [classes], loss); // refuses classes that the output does not have
      return oneHotColumn(source, host, classes);
    }
    throw new UsageError(
      `${source.who}: ${source.name} has one number for each sample, but the loss ${loss.name} compares ${classes}; pass ${classes} for each, such as one-hot targets, or compile with 'sparseCategoricalCrossentropy'.`,
    );
  }
  const { values, count } = rowsIn(source, host, valueShape);
  checkCount(source, count);
  checkNumbers(source, values, sizeOf(valueShape));
  return hostColumn(source, 'value', values, { shape: valueShape, dtype: 'f32' });
}

/** Labels as one-hot values: 1 for the class of the sample, 0 for the others. */
function oneHotColumn(source: Target, labels: ArrayLike<number>, classes: number): Column {
  const values = new Float32Array(labels.length * classes);
  for (let i = 0; i < labels.length; i++) values[i * classes + labels[i]!] = 1;
  return hostColumn(source, 'value', values, { shape: [classes], dtype: 'f32' });
}

/** A loss of either takes values if there are as many, otherwise one label for each sample. */
function kindOf({ count }: Target, y: Values, shape: Shape): 'labels' | 'values' {
  const length = y instanceof Tensor ? y.size : lengthOf(y);
  return length === count && sizeOf(shape) > 1 ? 'labels' : 'values';
}

function lengthOf(values: TypedNumbers | NumberRows): number {
  if (!Array.isArray(values) || typeof values[0] === 'number') return values.length;
  return values.length * (isList(values[0]) ? lengthOf(values[0] as NumberRows) : 1);
}

/** One label for each sample, or for each of its positions: all axes of the output but the last. */
async function labelsIn(source: Target, y: Values, outputShape: Shape, loss: Loss): Promise<Column> {
  const { who, name, count } = source;
  const host = await onHost(source, y);
  const isNested = Array.isArray(host) && host.some(isList);
  const values = isNested ? flattened(source, host).values : rowsIn(source, host, []).values;
  const positions = outputShape.slice(0, -1);
  const perSample = sizeOf(positions);
  const areOfPositions = perSample > 1 && values.length === count * perSample;
  if (values.length !== count && !areOfPositions) {
    const remedy =
      values.length > count && values.length % count === 0
        ? `; for ${values.length / count} values per sample, compile with a loss of values, such as 'categoricalCrossentropy'`
        : '';
    const each = perSample > 1 ? `, or for each of their [${positions.join(',')}] positions` : '';
    throw new UsageError(
      `${who}: ${name} has ${values.length} values, but the loss ${loss.name} takes one label for each of ${count} samples${each}${remedy}.`,
    );
  }
  const classes = outputShape.length === 1 || areOfPositions ? outputShape.at(-1)! : Infinity;
  const known = loss.ignoreClass ?? -1;
  const checked = known < classes ? values : Float64Array.from(values, (each) => (each === known ? 0 : each));
  const orphan = firstOrphan(checked, classes);
  if (orphan >= 0)
    throw new UsageError(
      Number.isFinite(classes)
        ? `${who}: ${name}[${orphan}] is ${shown(values[orphan])}, which does not fit an output of ${classes} classes (0 to ${classes - 1}).`
        : `${who}: ${name}[${orphan}] is ${shown(values[orphan])}, expected a non-negative integer.`,
    );
  if (areOfPositions) return hostColumn(source, 'value', values, { shape: positions, dtype: 'u32' });
  return labelColumn(source.key, values);
}

async function weightColumn(source: Target, weights: Values): Promise<Column> {
  const { who, name } = source;
  const { values, count } = rowsIn(source, await onHost(source, weights), []);
  checkCount(source, count);
  const odd = Array.prototype.findIndex.call(values, (each: number) => !(each >= 0 && each < Infinity));
  if (odd >= 0) throw wrong(who, `${name}[${odd}]`, values[odd], 'a non-negative number');
  return hostColumn(source, 'weight', values, { shape: [], dtype: 'f32' });
}

function checkCount({ who, name, count }: Target, found: number): void {
  if (found !== count)
    throw new UsageError(`${who}: ${name} has ${samples(found)}, expected ${count} as x has.`);
}

async function onHost({ who, name, device }: Source, values: Values): Promise<TypedNumbers | NumberRows> {
  if (!(values instanceof Tensor)) return values;
  if (values.isDisposed)
    throw new StateError(`${who}: ${name} ${describe(values)} was disposed and cannot be used any more.`);
  assertOneDevice(who, device, [values]);
  return values.data();
}

// ---- numbers on the host ----

interface Rows {
  readonly values: ArrayLike<number>;
  readonly count: number;
}

/** The rows of an array: a flat one of count · size numbers, or nested lists of the shape of a sample. */
function rowsIn(source: Source, values: TypedNumbers | NumberRows, shape: Shape): Rows {
  const { who, name } = source;
  const size = sizeOf(shape);
  const flat = Array.isArray(values) && isList(values[0]) ? flattened(source, values as NumberRows) : values;
  if (!isNumbers(flat))
    throw wrong(who, name, values, 'numbers: a typed array, lists of numbers, or a tensor');
  if ('shape' in flat) {
    const [count, ...row] = flat.shape as [number, ...number[]];
    if (!areAlike(row, shape))
      throw new ShapeError(`${who}: ${name} is [${flat.shape.join(',')}], expected [count${axes(shape)}].`);
    return { values: flat.values, count };
  }
  const list = flat as ArrayLike<number>;
  if (list.length % size !== 0)
    throw new ShapeError(
      `${who}: ${name} has ${list.length} values, expected a multiple of the ${size} of a sample [${shape.join(',')}].`,
    );
  return { values: list, count: list.length / size };
}

interface Nested {
  readonly values: Float64Array;
  readonly shape: Shape;
}

function isNumbers(values: unknown): values is ArrayLike<number> | Nested {
  if (typeof values !== 'object' || values === null) return false;
  if (ArrayBuffer.isView(values))
    return 'length' in values && !(values instanceof BigInt64Array || values instanceof BigUint64Array);
  return Array.isArray(values) || 'shape' in values;
}

function isList(value: unknown): value is ArrayLike<unknown> {
  return Array.isArray(value) || (ArrayBuffer.isView(value) && 'length' in value);
}

/** Throws: UsageError for rows of several lengths, and elements that are not numbers. */
function flattened({ who, name }: Source, rows: NumberRows): Nested {
  const shape: number[] = [];
  // A list that contains itself never ends.
  for (let at: unknown = rows; isList(at) && shape.length < 32; at = at[0]) shape.push(at.length);
  const values = new Float64Array(sizeOf(shape));
  let place = 0;
  const visit = (row: ArrayLike<unknown>, axis: number, path: string): void => {
    for (let i = 0; i < row.length; i++) {
      const each = row[i];
      if (axis === shape.length - 1) {
        if (typeof each !== 'number') throw wrong(who, `${path}[${i}]`, each, 'a number');
        values[place++] = each;
      } else {
        if (!isList(each) || each.length !== shape[axis + 1])
          throw wrong(who, `${path}[${i}]`, each, `a list of ${shape[axis + 1]}, like the one before it`);
        visit(each, axis + 1, `${path}[${i}]`);
      }
    }
  };
  visit(rows, 0, name);
  return { values, shape };
}

/** Throws: UsageError for NaN and anything but numbers. */
function checkNumbers(source: Source, values: ArrayLike<number>, size: number): void {
  if (values instanceof Int32Array || values instanceof Uint32Array) return;
  for (let i = 0; i < values.length; i++) {
    const each = values[i] as unknown;
    if (typeof each !== 'number' || Number.isNaN(each)) throw notOf(source, values, i, size, 'a number');
  }
}

function checkIntegers(source: Source, values: ArrayLike<number>, size: number): void {
  const odd = firstOrphan(values, 2 ** 32);
  if (odd >= 0) throw notOf(source, values, odd, size, 'a non-negative integer');
}

function notOf(
  { who, name }: Source,
  values: ArrayLike<number>,
  place: number,
  size: number,
  expected: string,
): UsageError {
  const row = Math.floor(place / size);
  const where = size === 1 ? `${name}[${row}]` : `value ${place % size} of ${name}[${row}]`;
  return wrong(who, where, values[place], expected);
}

/** Copies rows of `size` numbers from row `first` on, up to the last one or the end of `target`. */
function copyRows(rows: ArrayLike<number>, target: TensorData, first: number, size: number): void {
  const from = first * size;
  const count = Math.min(target.length, rows.length - from);
  for (let i = 0; i < count; i++) target[i] = rows[from + i]!;
}
