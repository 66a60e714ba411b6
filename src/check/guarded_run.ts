/**
 * Runs plans between guards: every input is followed by NaN that no kernel may read into a result, intermediates start as
 * NaN, and outputs start as a sentinel and are followed by more of it, which must remain unchanged.
 */
import type { Device, TensorBytes } from '../engine/device.js';
import type { Plan } from '../engine/plan/plan.js';
import { type Spec, sizeOf, storageBytes } from '../engine/primitive.js';
import { Step } from '../engine/replay.js';
import { Tensor } from '../engine/tensor.js';
import { fromHalves, toHalves } from '../half.js';
import type { Array64 } from '../reference/array64.js';

const guardBytes = 256;
/** A NaN whose payload no computation produces. */
const sentinel = 0x7fc0dead;

/** Memory for `spec` followed by guards, all filled with the sentinel. */
function guarded(device: Device, spec: Spec): Tensor {
  const storage = device.allocate(storageBytes(spec) + guardBytes, 'guarded');
  device.write(storage, new Uint32Array(storage.byteLength / 4).fill(sentinel));
  return Tensor.over(device, storage, spec);
}

function toBytes({ dtype, values }: Array64): TensorBytes {
  if (dtype === 'f32') return Float32Array.from(values);
  if (dtype === 'f16') return toHalves(values);
  return dtype === 'u32' ? Uint32Array.from(values) : Uint8Array.from(values);
}

/** The values as a tensor of their dtype. */
export function tensorOf(device: Device, value: Array64): Tensor {
  const tensor = Tensor.allocate(value, device);
  device.write(tensor.storage, toBytes(value));
  return tensor;
}

function upload(device: Device, value: Array64): Tensor {
  const tensor = guarded(device, value);
  device.write(tensor.storage, toBytes(value));
  return tensor;
}

/** Fills the pooled buffers that the step will use for intermediates with NaN. */
function poisonPool(device: Device, byteLengths: readonly number[]): void {
  const storages = byteLengths.map((byteLength) => device.allocate(byteLength));
  for (const storage of storages)
    device.write(storage, new Uint32Array(Math.ceil(storage.byteLength / 4)).fill(sentinel));
  for (const storage of storages) device.release(storage);
}

export interface ReadBack {
  readonly values: Float64Array;
  /** The index of the first guard word that changed. */
  readonly overrun: number | undefined;
}

async function readBack(device: Device, tensor: Tensor): Promise<ReadBack> {
  const bytes = await device.read(tensor.storage);
  const size = sizeOf(tensor.shape);
  const arrays = {
    f32: () => new Float32Array(bytes, 0, size),
    f16: () => fromHalves(new Uint16Array(bytes, 0, size)),
    u32: () => new Uint32Array(bytes, 0, size),
    u8: () => new Uint8Array(bytes, 0, size),
  };
  const values = Float64Array.from(arrays[tensor.dtype]());
  const start = storageBytes(tensor);
  const overrun = new Uint32Array(bytes, start).findIndex((word) => word !== sentinel);
  return { values, overrun: overrun < 0 ? undefined : overrun };
}

/** Runs a plan once over guarded copies of `inputs`; resolves to its outputs, and the inputs after the run. */
export async function runGuarded(
  device: Device,
  plan: Plan,
  inputs: readonly Array64[],
): Promise<{ outputs: ReadBack[]; inputs: ReadBack[] }> {
  const pipelines = await Promise.all(plan.dispatches.map((dispatch) => device.pipeline(dispatch.shader)));
  const inputTensors = inputs.map((value) => upload(device, value));
  const outputTensors = plan.outputs.map((spec) => guarded(device, spec));
  poisonPool(device, plan.buffers);
  const step = new Step(plan, inputTensors, outputTensors, pipelines);
  step.run();
  const outputs = await Promise.all(outputTensors.map((tensor) => readBack(device, tensor)));
  const after = await Promise.all(inputTensors.map((tensor) => readBack(device, tensor)));
  step.dispose();
  for (const { storage } of [...inputTensors, ...outputTensors]) device.release(storage);
  return { outputs, inputs: after };
}

/** Arrays as inputs for `Program.plan`, which only reads shapes and dtypes. */
export function asTensors(values: readonly Array64[]): Tensor[] {
  return values as unknown as Tensor[];
}
