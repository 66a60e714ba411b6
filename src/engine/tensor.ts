/**
 * Tensors are cheap handles: a shape, a dtype, and either memory on a device or a place in a program that is
 * being recorded. Memory is freed by `dispose()`; several handles may share it (reshape), the last one frees it.
 * Only reading back is asynchronous.
 */
import { ShapeError, StateError, assert } from '../errors.js';
import { defaultDevice, type Device, type Storage, type TensorBytes } from './device.js';
import { type DType, type Shape, type Spec, sizeOf, storageBytes } from './pass.js';
import type { Recording, Value } from './value.js';

/** Device memory with the number of handles that hold it; `release` is absent for memory that others own. */
interface Memory {
  readonly device: Device;
  readonly storage: Storage;
  readonly release?: () => void;
  handles: number;
}

export type TensorData = TensorBytes;

export class Tensor implements Spec {
  #memory: Memory | undefined;

  private constructor(
    readonly shape: Shape,
    readonly dtype: DType,
    memory: Memory | undefined,
    /** Where the tensor stands in the program being recorded; undefined for one with memory. */
    readonly traced?: { readonly trace: Recording; readonly value: Value },
  ) {
    this.#memory = memory;
    if (memory) memory.handles++;
  }

  /** A tensor with memory of its own, whose contents are undefined. */
  static allocate(spec: Spec, device: Device = defaultDevice()): Tensor {
    const storage = device.allocate(storageBytes(spec), `tensor ${describe(spec)}`);
    return new Tensor(spec.shape, spec.dtype, {
      device,
      storage,
      release: () => device.release(storage),
      handles: 0,
    });
  }

  /** A tensor over memory that belongs to someone else, such as a slice of a parameter group. */
  static over(device: Device, storage: Storage, spec: Spec): Tensor {
    assert(storage.byteLength >= storageBytes(spec), `${describe(spec)} fits its storage`);
    return new Tensor(spec.shape, spec.dtype, { device, storage, handles: 0 });
  }

  /** A tensor with a place of its own and no memory there: programs over it can be planned, not run. */
  static placeholder(spec: Spec, device: Device): Tensor {
    // Planning tells buffers apart and asks nothing of them.
    const buffer = {} as GPUBuffer;
    const storage = { buffer, offset: 0, byteLength: storageBytes(spec) };
    return new Tensor(spec.shape, spec.dtype, { device, storage, handles: 0 });
  }

  /** A tensor inside the program that `trace` records. */
  static traced(trace: Recording, value: Value): Tensor {
    return new Tensor(value.spec.shape, value.spec.dtype, undefined, { trace, value });
  }

  /**
   * A tensor from host data; its dtype follows the array's type.
   *
   * Throws: ShapeError when the shape does not hold exactly that many elements.
   */
  static from(data: TensorData | readonly number[], shape?: Shape, device: Device = defaultDevice()): Tensor {
    const array =
      data instanceof Float32Array || data instanceof Uint32Array || data instanceof Uint8Array
        ? data
        : Float32Array.from(data);
    const spec: Spec = { shape: shape ?? [array.length], dtype: dtypeOf(array) };
    checkShape('tensor', spec.shape);
    if (sizeOf(spec.shape) !== array.length) {
      throw new ShapeError(
        `tensor: shape [${spec.shape.join(',')}] holds ${sizeOf(spec.shape)} elements but the data have ${array.length}.`,
      );
    }
    const tensor = Tensor.allocate(spec, device);
    device.write(tensor.storage, array);
    return tensor;
  }

  static zeros(spec: Spec, device: Device = defaultDevice()): Tensor {
    const Values = { f32: Float32Array, u32: Uint32Array, u8: Uint8Array }[spec.dtype];
    return Tensor.from(new Values(sizeOf(spec.shape)), spec.shape, device);
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
    return !this.traced && !this.#memory;
  }

  #held(): Memory {
    if (this.traced) {
      throw new StateError(
        `tensor: ${describe(this)} is part of a program being recorded and has no values yet; return it from the program to read it.`,
      );
    }
    if (!this.#memory)
      throw new StateError(`tensor: ${describe(this)} was disposed and cannot be used any more.`);
    return this.#memory;
  }

  /** Another handle on the same memory, with another shape of the same size. */
  alias(shape: Shape): Tensor {
    return new Tensor(shape, this.dtype, this.#held());
  }

  /**
   * The values, copied back once all work submitted so far is done.
   *
   * Throws: StateError when disposed or recorded, DeviceError when the device is lost.
   */
  async data(): Promise<TensorData> {
    const { device, storage } = this.#held();
    const bytes = await device.read(storage);
    const size = this.size;
    if (this.dtype === 'f32') return new Float32Array(bytes, 0, size);
    if (this.dtype === 'u32') return new Uint32Array(bytes, 0, size);
    return new Uint8Array(bytes, 0, size);
  }

  /** The single value of a scalar. */
  async item(): Promise<number> {
    if (this.size !== 1)
      throw new ShapeError(`item: ${describe(this)} has ${this.size} elements, expected 1; use data().`);
    return (await this.data())[0] as number;
  }

  /** Overwrites the values; ordered with the work submitted before and after. */
  write(data: TensorData): void {
    if (data.length !== this.size || dtypeOf(data) !== this.dtype) {
      throw new ShapeError(`write: ${describe(this)} was given ${data.length} ${dtypeOf(data)} values.`);
    }
    const { device, storage } = this.#held();
    device.write(storage, data);
  }

  /** Gives this handle up; harmless when called twice. */
  dispose(): void {
    const memory = this.#memory;
    this.#memory = undefined;
    if (memory && --memory.handles === 0) memory.release?.();
  }
}

function dtypeOf(data: TensorData): DType {
  if (data instanceof Float32Array) return 'f32';
  return data instanceof Uint32Array ? 'u32' : 'u8';
}

export function checkShape(who: string, shape: Shape): void {
  for (const extent of shape) {
    if (!Number.isInteger(extent) || extent < 1) {
      throw new ShapeError(
        `${who}: shape [${shape.join(',')}] has the extent ${extent}; extents are whole numbers from 1 on.`,
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

/** `[8,28,28,1] f32`, as error messages and printouts show a tensor; f32 goes without saying. */
export function describe(spec: Spec): string {
  return `[${spec.shape.join(',')}]${spec.dtype === 'f32' ? '' : ` ${spec.dtype}`}`;
}
