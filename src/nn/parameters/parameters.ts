/**
 * All parameters are in one buffer, their gradients in another, and each optimizer slot in another, with the same offsets:
 * kernels read and write slices, and the optimizer updates everything in one dispatch.
 */
import type { Device, Storage } from '../../engine/device.js';
import { type Shape, sizeOf } from '../../engine/primitive.js';
import { Resource } from '../../engine/resource.js';
import { Tensor } from '../../engine/tensor.js';
import { outsideTidy } from '../../engine/tidy.js';
import { assert } from '../../errors.js';
import type { Treatment } from '../optimizers/optimizer.js';

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
    place(shapes.filter(({ decay }) => !decay));
    this.entries = shapes.map((each) => ({
      ...each,
      offset: offsets.get(each)!,
      size: sizeOf(each.shape),
    }));
    this.length = Math.max(end, alignment);
  }
}

/** Parameters of a layout that are updated at once, and how. */
export interface LayoutPart {
  readonly treatment: Treatment;
  /** Their part of a flat tensor: a run of parameters, with the gaps, or one parameter in its shape. */
  of(flat: Tensor): Tensor;
}

/** Splits a layout into the fewest runs of parameters that are treated alike, and those that are treated alone. */
export function partsOf(
  { entries, length }: ParameterLayout,
  treatmentOf: (parameter: NamedShape) => Treatment,
): LayoutPart[] {
  const runs: { readonly treatment: Treatment; readonly start: number; readonly shape?: Shape }[] = [];
  for (const entry of entries.toSorted((a, b) => a.offset - b.offset)) {
    const treatment = treatmentOf(entry);
    const before = runs.at(-1);
    const isAlike =
      before && !before.treatment.isAlone && !treatment.isAlone && before.treatment.decay === treatment.decay;
    if (isAlike) continue;
    runs.push({
      treatment,
      start: entry.offset,
      ...(treatment.isAlone ? { shape: entry.shape } : {}),
    });
  }
  return runs.map(({ treatment, start, shape }, i) => {
    const end = runs[i + 1]?.start ?? length;
    const isAll = start === 0 && end === length && !shape;
    return { treatment, of: (flat) => (isAll ? flat : partOf(flat, start, shape ?? [end - start])) };
  });
}

/** A part of a flat tensor from `start` on, in elements. */
function partOf(flat: Tensor, start: number, shape: Shape): Tensor {
  const { device, storage } = flat;
  const slice: Storage = {
    buffer: storage.buffer,
    offset: storage.offset + start * 4,
    byteLength: Math.ceil(sizeOf(shape) / 4) * 16,
  };
  return Tensor.over(device, slice, { shape, dtype: 'f32' }, flat);
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
    this.tensors = new Map(
      layout.entries.map(({ name, shape, offset }) => [name, partOf(flat, offset, shape)]),
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
