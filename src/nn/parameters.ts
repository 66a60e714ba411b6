/**
 * Parameters lie in one buffer, their gradients in another, each optimizer slot in another, all with the same
 * offsets: the kernels read and write slices, the optimizer takes the whole in one dispatch.
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
  /** Whether optimizers that shrink weights shrink it. Default false. */
  readonly decay?: boolean;
}

/** Where each parameter stands in the flat buffers, in elements: those that decay first, then the others. */
export class ParameterLayout {
  readonly entries: readonly (NamedShape & { readonly offset: number; readonly size: number })[];
  /** Elements of a flat buffer, the gaps included. */
  readonly length: number;
  /** Elements of the part in which all parameters decay. */
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

/** The part of a flat tensor from the element `start` up to `end`. */
function partOf(flat: Tensor, start: number, end: number): Tensor {
  const { device, storage } = flat;
  const slice: Storage = {
    buffer: storage.buffer,
    offset: storage.offset + start * 4,
    byteLength: (end - start) * 4,
  };
  return Tensor.over(device, slice, { shape: [end - start], dtype: 'f32' }, flat);
}

/** Flat tensors cut where the parameters that decay end; no part is empty. */
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

/** One flat buffer with a tensor over each parameter's slice. The gaps stay 0. */
export class ParameterGroup extends Resource {
  readonly flat: Tensor;
  readonly tensors: ReadonlyMap<string, Tensor>;

  /** Zeros, or `flat`, a tensor of the layout's length, which the group then owns. */
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

  /** Sets every parameter named in `values`. */
  write(values: ReadonlyMap<string, Float32Array<ArrayBuffer>>): void {
    for (const [name, data] of values) this.get(name).write(data);
  }

  dispose(): void {
    this.flat.dispose();
  }
}

/** The parameters of each group by name, all groups as they are at one moment, also while a training goes on. */
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
