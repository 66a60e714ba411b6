/**
 * Tensors are cheap handles: a shape, a dtype, and either memory on a device or a place in a program that is
 * being recorded. `dispose()`, `using`, `tidy` or the garbage collector free the memory; several handles may share
 * it (reshape), and the last one frees it.
 * Only reading values back is asynchronous.
 */
import { ShapeError, StateError, assert } from '../errors.js';
import { checkArgument, checkCall } from '../calls.js';
import { type RequiredRule, type Rule, type Rules, required, rule, shown, wrong } from '../options.js';
import { fromHalves, toHalves } from '../half.js';
import { defaultDevice, deviceRule, type Device, type Storage, type TensorBytes } from './device.js';
import { type DType, type Shape, type Spec, describe, sizeOf, storageBytes } from './primitive.js';
import { Resource, freeWhenForgotten, isFreed } from './resource.js';
import { track } from './tidy.js';
import type { Recording, Value } from './value.js';

export { describe };

/** Device memory with the number of handles that hold it. */
interface Memory {
  readonly device: Device;
  readonly storage: Storage;
  /** False for memory with another owner. */
  readonly isOwn: boolean;
  handles: number;
  /** The tensor that owns the memory, kept alive as long as this one. */
  readonly owner?: Tensor | undefined;
  /** Serial of the work that wrote it last (see `GpuCalls`). */
  written: number;
}

/** The last handle frees the memory. */
function letGo(memory: Memory, way: 'release' | 'reclaim'): void {
  if (--memory.handles === 0 && memory.isOwn) memory.device[way](memory.storage);
}

/** The values of a tensor on the host: those of f32 and f16 tensors as Float32Array. */
export type TensorData = Float32Array<ArrayBuffer> | Uint32Array<ArrayBuffer> | Uint8Array<ArrayBuffer>;

/** Nested lists of numbers; all lists of one axis have the same length. */
export type NestedNumbers = readonly (number | NestedNumbers)[];

/** Host data that a tensor can be made from. */
export type HostData = TensorData | Uint8ClampedArray<ArrayBuffer> | Float64Array | NestedNumbers;

export class Tensor extends Resource implements Spec {
  #memory: Memory | undefined;

  private constructor(
    readonly shape: Shape,
    readonly dtype: DType,
    memory: Memory | undefined,
    /** The value in the program being recorded; undefined for a tensor with memory. */
    readonly traced?: { readonly trace: Recording; readonly value: Value },
  ) {
    super();
    this.#memory = memory;
    if (!memory) return;
    memory.handles++;
    if (!memory.isOwn) return;
    freeWhenForgotten(this, () => letGo(memory, 'reclaim'));
    track(this);
  }

  /** A tensor with memory of its own, whose contents are undefined. */
  static allocate(spec: Spec, device: Device = defaultDevice()): Tensor {
    checkArgument('tensor', 'device', device, deviceRule);
    checkShape('tensor', spec.shape);
    const storage = device.allocate(storageBytes(spec), `tensor ${describe(spec)}`);
    return new Tensor(spec.shape, spec.dtype, {
      device,
      storage,
      isOwn: true,
      handles: 0,
      written: 0,
    });
  }

  /**
   * A tensor over memory of `owner`, such as a slice of a parameter group. It becomes invalid when `owner` is
   * disposed, and keeps `owner` from being garbage-collected.
   */
  static over(device: Device, storage: Storage, spec: Spec, owner?: Tensor): Tensor {
    assert(storage.byteLength >= storageBytes(spec), `${describe(spec)} fits its storage`);
    return new Tensor(spec.shape, spec.dtype, {
      device,
      storage,
      isOwn: false,
      handles: 0,
      owner,
      written: 0,
    });
  }

  /** A tensor without memory: programs over it can be planned but not run. */
  static placeholder(spec: Spec, device: Device): Tensor {
    // Planning compares buffers by identity only.
    const buffer = {} as GPUBuffer;
    const storage = { buffer, offset: 0, byteLength: storageBytes(spec) };
    return new Tensor(spec.shape, spec.dtype, { device, storage, isOwn: false, handles: 0, written: 0 });
  }

  /** A tensor inside the program that `trace` records. */
  static traced(trace: Recording, value: Value): Tensor {
    return new Tensor(value.spec.shape, value.spec.dtype, undefined, { trace, value });
  }

  /**
   * A tensor from host data. The dtype follows the type of the array: u32 for Uint32Array, u8 for Uint8Array and
   * Uint8ClampedArray, otherwise f32. Default shape: that of the nested lists, as in NumPy.
   *
   * Throws: UsageError for data of another kind; ShapeError when the shape does not hold exactly that many elements.
   */
  static from(data: HostData, shape?: Shape, device: Device = defaultDevice()): Tensor {
    return Tensor.#make(data, shape, device);
  }

  static #make(data: HostData, shape: Shape | undefined, device: Device, dtype?: 'f16'): Tensor {
    checkArgument('tensor', 'data', data, dataRule);
    const { array, shape: found } = hostArray(data, dtype);
    const spec: Spec = { shape: shape ?? found, dtype: dtype ?? dtypeOf(array) };
    checkShape('tensor', spec.shape);
    if (sizeOf(spec.shape) !== array.length) {
      throw new ShapeError(
        `tensor: shape [${spec.shape.join(',')}] holds ${sizeOf(spec.shape)} elements, but the data has ${array.length}.`,
      );
    }
    const tensor = Tensor.allocate(spec, device);
    try {
      tensor.#write(array);
    } catch (error) {
      tensor.dispose();
      throw error;
    }
    return tensor;
  }

  /**
   * An f16 tensor from host data; `cast` makes one from a tensor. Rounds to the nearest half, ties to even: 11 significant
   * bits, infinity from 65,520 on. Memory: 2 bytes per element. Its values read back as Float32Array, exactly.
   *
   * Throws: like `from`.
   */
  static f16(data: HostData, shape?: Shape, device: Device = defaultDevice()): Tensor {
    return Tensor.#make(data, shape, device, 'f16');
  }

  static zeros(spec: Spec, device: Device = defaultDevice()): Tensor {
    checkCall('tensor', spec, specRules);
    // The device first, because it reports a size that is too large: the host may lack the memory, too.
    const tensor = Tensor.allocate(spec, device);
    device.write(tensor.storage, new arrayTypes[spec.dtype](sizeOf(spec.shape)));
    return tensor;
  }

  get size(): number {
    return sizeOf(this.shape);
  }

  get device(): Device {
    if (this.traced) return this.traced.trace.device;
    return this.#held().device;
  }

  get storage(): Storage {
    return this.#held().storage;
  }

  get isDisposed(): boolean {
    return !this.traced && (!this.#memory || this.#memory.owner?.isDisposed === true);
  }

  #held(): Memory {
    if (this.traced) {
      throw new StateError(
        `tensor: ${describe(this)} is part of a program being recorded and has no values yet; return it from the program to read it.`,
      );
    }
    if (!this.#memory || this.isDisposed)
      throw new StateError(`tensor: ${describe(this)} was disposed and cannot be used any more.`);
    return this.#memory;
  }

  /** A handle on the same memory with another shape of the same size. */
  alias(shape: Shape): Tensor {
    checkArgument('alias', 'shape', shape, () => aliasRule(this));
    return new Tensor(shape, this.dtype, this.#held());
  }

  /**
   * The values, copied back once all work submitted so far is done.
   *
   * Throws: StateError when disposed or recorded, DeviceError when the device is lost.
   */
  async data(): Promise<TensorData> {
    const { device, storage } = this.#held();
    this.assertAccepted();
    const bytes = await device.read(storage);
    const size = this.size;
    if (this.dtype === 'f32') return new Float32Array(bytes, 0, size);
    if (this.dtype === 'f16') return fromHalves(new Uint16Array(bytes, 0, size));
    if (this.dtype === 'u32') return new Uint32Array(bytes, 0, size);
    return new Uint8Array(bytes, 0, size);
  }

  /** The single value of a scalar. */
  async item(): Promise<number> {
    if (this.size !== 1)
      throw new ShapeError(`item: ${describe(this)} has ${this.size} elements, expected 1; use data().`);
    return (await this.data())[0] as number;
  }

  /** Overwrites the values; ordered with the work submitted before and after. An f16 tensor rounds a Float32Array. */
  write(data: TensorData): void {
    checkArgument('write', 'data', data, writtenRule);
    const dtype = this.dtype === 'f16' ? 'f32' : this.dtype;
    if (data.length !== this.size || dtypeOf(data) !== dtype) {
      throw new ShapeError(`write: ${describe(this)} was given ${data.length} ${dtypeOf(data)} values.`);
    }
    this.#write(this.dtype === 'f16' ? toHalves(data) : data);
  }

  #write(data: TensorBytes): void {
    const memory = this.#held();
    const { device, storage } = memory;
    memory.written = device.write(storage, data);
  }

  /** Records that the next submitted work writes it. */
  willBeWritten(): void {
    const memory = this.#held();
    memory.written = memory.device.calls.sent + 1;
  }

  /** Throws: DeviceError when the device may have refused the work that wrote it. */
  assertAccepted(): void {
    const { device, written } = this.#held();
    device.calls.assertAccepted(written);
  }

  /** Releases this handle. Idempotent. */
  dispose(): void {
    const memory = this.#memory;
    if (!memory) return;
    this.#memory = undefined;
    isFreed(this);
    letGo(memory, 'release');
  }
}

function dtypeOf(data: TensorBytes): DType {
  if (data instanceof Float32Array) return 'f32';
  return data instanceof Uint32Array ? 'u32' : 'u8';
}

const arrayTypes = { f32: Float32Array, f16: Uint16Array, u32: Uint32Array, u8: Uint8Array } as const;

function isTensorData(data: unknown): data is TensorData {
  return [Float32Array, Uint32Array, Uint8Array].some((Values) => data instanceof Values);
}

/** The values as a typed array, and the shape that follows from their nesting. */
function hostArray(data: HostData, dtype?: 'f16'): { readonly array: TensorBytes; readonly shape: Shape } {
  if (dtype === 'f16') {
    const numbers = Array.isArray(data) ? flat(data as NestedNumbers) : (data as ArrayLike<number>);
    const shape = Array.isArray(data) ? nestedShape(data as NestedNumbers) : [numbers.length];
    return { array: toHalves(numbers), shape };
  }
  if (!Array.isArray(data)) {
    const array = isTensorData(data)
      ? data
      : data instanceof Uint8ClampedArray
        ? new Uint8Array(data.buffer, data.byteOffset, data.length)
        : Float32Array.from(data as Float64Array);
    return { array, shape: [array.length] };
  }
  const shape = nestedShape(data as NestedNumbers);
  return { array: Float32Array.from(shape.length > 1 ? flat(data as NestedNumbers) : data), shape };
}

function flat(row: NestedNumbers): number[] {
  return Array.from(row, (each) => (typeof each === 'number' ? each : flat(each))).flat();
}

/** The shape that the first element of each list implies. */
function nestedShape(data: NestedNumbers): number[] {
  const shape: number[] = [];
  // A list that contains itself never ends.
  for (let at: unknown = data; isList(at) && shape.length < 32; at = at[0]) shape.push(at.length);
  return shape;
}

/** Rows may be typed arrays. */
function isList(value: unknown): value is ArrayLike<unknown> {
  return Array.isArray(value) || (ArrayBuffer.isView(value) && 'length' in value);
}

const dataRule = (): RequiredRule =>
  required((data) => {
    if (isShared(data))
      return 'memory that is not shared, which may change while it is copied; pass a copy, as with Float32Array.from(data)';
    if (Array.isArray(data)) {
      checkNested(data as NestedNumbers);
      return undefined;
    }
    if (isTensorData(data) || data instanceof Uint8ClampedArray || data instanceof Float64Array)
      return undefined;
    const kinds =
      'numbers: a list, a Float32Array, Float64Array, Uint32Array, Uint8Array or Uint8ClampedArray';
    return isList(data) ? `${kinds}; convert it, as with Float32Array.from(data)` : kinds;
  });

const aliasRule = (tensor: Tensor): Rule =>
  rule(`extents of the ${tensor.size} elements of ${describe(tensor)}`, (shape) => {
    checkShape('alias', shape as Shape);
    return sizeOf(shape as Shape) === tensor.size;
  });

const writtenRule = (): Rule =>
  rule(
    'a Float32Array, Uint32Array or Uint8Array of memory that is not shared',
    (data) => isTensorData(data) && !isShared(data),
  );

/** Throws: UsageError for rows of several lengths, and elements that are not numbers. */
function checkNested(data: NestedNumbers): void {
  const shape = nestedShape(data);
  const checkRow = (row: ArrayLike<unknown>, axis: number, place: string): void => {
    // `forEach` would skip holes.
    Array.from(row, (each, i) => {
      if (axis === shape.length - 1) {
        if (typeof each !== 'number') throw wrong('tensor', `${place}[${i}]`, each, 'a number');
      } else {
        if (!isList(each) || each.length !== shape[axis + 1])
          throw wrong(
            'tensor',
            `${place}[${i}]`,
            each,
            `a list of ${shape[axis + 1]}, like the one before it`,
          );
        checkRow(each, axis + 1, `${place}[${i}]`);
      }
    });
  };
  checkRow(data, 0, 'data');
}

function isShared(data: unknown): boolean {
  return (
    typeof SharedArrayBuffer !== 'undefined' &&
    ArrayBuffer.isView(data) &&
    (data.buffer as unknown) instanceof SharedArrayBuffer
  );
}

/** Throws: UsageError unless it is a list; ShapeError for extents that are not positive integers. */
export function checkShape(who: string, shape: Shape): void {
  if (!Array.isArray(shape)) throw wrong(who, 'shape', shape, 'a list of positive integers');
  // `every` would skip holes.
  for (const extent of shape as readonly unknown[]) {
    if (!Number.isSafeInteger(extent) || (extent as number) < 1) {
      throw new ShapeError(
        `${who}: shape ${shown(shape)} has the extent ${shown(extent)}; extents are positive integers.`,
      );
    }
  }
}

/** Throws: StateError naming both devices when `who` runs on `device` and a tensor is on another one. */
export function assertOneDevice(who: string, device: Device, tensors: readonly Tensor[]): void {
  for (const tensor of tensors) {
    if (tensor.isDisposed || tensor.device === device) continue;
    throw new StateError(
      `${who}: runs on ${device.name}, but the tensor ${describe(tensor)} is on ${tensor.device.name}; use tensors of one device.`,
    );
  }
}

const specRules = (): Rules<Spec> => ({
  shape: required((shape, who) => {
    checkShape(who, shape as Shape);
    return undefined;
  }),
  dtype: required(rule("'f32', 'f16', 'u32' or 'u8'", (dtype) => Object.hasOwn(arrayTypes, dtype as string))),
});

/** Rule for an operand. Throws: StateError for a disposed tensor. */
export const tensorRule = (): RequiredRule =>
  required((value, who, name) => {
    if (!(value instanceof Tensor)) return 'a Tensor; make one with Tensor.from(values)';
    if (value.isDisposed)
      throw new StateError(`${who}: ${name} ${describe(value)} was disposed and cannot be used any more.`);
    return undefined;
  });

/** Throws: UsageError for an operand that is not a tensor; StateError for one that was disposed. */
export function checkTensors(who: string, operands: Readonly<Record<string, unknown>>): void {
  for (const [name, value] of Object.entries(operands)) checkArgument(who, name, value, tensorRule);
}

/** Like `checkTensors`, for a record that must hold exactly these operands. */
export function checkOperands<I extends string>(
  who: string,
  names: readonly I[],
  operands: Readonly<Record<I, Tensor>>,
): void {
  checkCall(who, operands, () => Object.fromEntries(names.map((name) => [name, tensorRule()])) as never);
}
