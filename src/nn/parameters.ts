/**
 * All parameters are in one buffer, their gradients in another, and each optimizer slot in another, with the same offsets:
 * kernels read and write slices, and the optimizer updates everything in one dispatch.
 */
import type { Device, Storage } from '../engine/device.js';
import { type Shape, sizeOf } from '../engine/primitive.js';
import { Resource } from '../engine/resource.js';
import { Tensor } from '../engine/tensor.js';
import { outsideTidy } from '../engine/tidy.js';
import { assert } from '../errors.js';

/** Bindings start at multiples of 256 bytes. */
const alignment = 256 / 4;

export interface NamedShape {
  readonly name: string;
  readonly shape: Shape;
  /** Whether weight decay applies to it. Default false. */
  readonly decay?: boolean;
}

/** The offset of each parameter in the flat buffers, in elements: those with decay first. */
export class ParameterLayout {
  readonly entries: readonly (NamedShape & { readonly offset: number; readonly size: number })[];
  /** Elements of a flat buffer, including gaps. */
  readonly length: number;
  /** Elements of the part with decay. */
  readonly decayingLength: number;

  constructor(shapes: readonly NamedShape[]) {
    const offsets = new Map<NamedShape, number>();
    let end = 0;
    const place = (some: readonly NamedShape[]): void => {
      for (const each of some) {
        offsets.set(each, end);
        end += Math.ceil(sizeOf(each.shape) / alignment) * alignment;
      }
    };
    place(shapes.filter(({ decay }) => decay));
    this.decayingLength = end;
    place(shapes.filter(({ decay }) => !decay));
    this.entries = shapes.map((each) => ({
      ...each,
      offset: offsets.get(each)!,
      size: sizeOf(each.shape),
    }));
    this.length = Math.max(end, alignment);
  }
}

/** The elements `start` to `end` of a flat tensor. */
function partOf(flat: Tensor, start: number, end: number): Tensor {
  const { device, storage } = flat;
  const slice: Storage = {
    buffer: storage.buffer,
    offset: storage.offset + start * 4,
    byteLength: (end - start) * 4,
  };
  return Tensor.over(device, slice, { shape: [end - start], dtype: 'f32' }, flat);
}

/** Splits flat tensors into the parts with and without decay; no part is empty. */
export function byDecay({
  length,
  decayingLength,
}: ParameterLayout): { readonly decay: boolean; readonly of: (flat: Tensor) => Tensor }[] {
  const parts = [
    { decay: true, start: 0, end: decayingLength },
    { decay: false, start: decayingLength, end: length },
  ];
  return parts
    .filter(({ start, end }) => end > start)
    .map(({ decay, start, end }) => ({ decay, of: (flat) => partOf(flat, start, end) }));
}

/** A flat buffer with a tensor for each parameter's slice. The gaps stay 0. */
export class ParameterGroup extends Resource {
  readonly flat: Tensor;
  readonly tensors: ReadonlyMap<string, Tensor>;

  /** Zeros by default, or `flat`, a tensor of the layout's length, which the group takes ownership of. */
  constructor(
    readonly device: Device,
    readonly layout: ParameterLayout,
    flat = outsideTidy(() => Tensor.zeros({ shape: [layout.length], dtype: 'f32' }, device)),
  ) {
    super();
    this.flat = flat;
    const { storage } = flat;
    this.tensors = new Map(
      layout.entries.map(({ name, shape, offset, size }) => {
        const slice: Storage = {
          buffer: storage.buffer,
          offset: offset * 4,
          byteLength: Math.ceil(size / 4) * 16,
        };
        return [name, Tensor.over(device, slice, { shape, dtype: 'f32' }, flat)];
      }),
    );
  }

  get(name: string): Tensor {
    const tensor = this.tensors.get(name);
    assert(tensor, `the parameter ${name} exists`);
    return tensor;
  }

  /** Writes the parameters named in `values`. */
  write(values: ReadonlyMap<string, Float32Array<ArrayBuffer>>): void {
    for (const [name, data] of values) this.get(name).write(data);
  }

  dispose(): void {
    this.flat.dispose();
  }
}

/** The parameters of each group by name; a consistent snapshot of all groups, even during a training. */
export async function readGroups(
  device: Device,
  groups: readonly ParameterGroup[],
): Promise<Map<string, Float32Array<ArrayBuffer>>[]> {
  const flats = await device.readTogether(groups.map(({ flat }) => flat.storage));
  return groups.map(({ layout }, i) => {
    const flat = new Float32Array(flats[i] as ArrayBuffer);
    return new Map(layout.entries.map(({ name, offset, size }) => [name, flat.slice(offset, offset + size)]));
  });
}
