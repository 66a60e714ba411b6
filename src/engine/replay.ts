/**
 * A step is a plan with buffers behind its slots and bind groups built: replaying it encodes a flat list.
 * Nothing is allocated, compiled or bound while it runs.
 */
import { StateError, assert } from '../errors.js';
import { debug, debugLevel } from './debug.js';
import { type Device, type Pipeline, type Storage } from './device.js';
import type { Plan, PlannedDispatch, Slot } from './plan.js';
import { type Tensor, assertOneDevice, describe } from './tensor.js';

interface Ready {
  readonly pipeline: GPUComputePipeline;
  readonly bindGroup: GPUBindGroup;
  readonly planned: PlannedDispatch;
}

export interface DispatchTime {
  readonly dispatch: PlannedDispatch;
  /** Nanoseconds. */
  readonly ns: number;
}

/**
 * Throws: StateError when a kernel would change memory that it also reads, which WebGPU refuses: tensors that share a
 * buffer were given to a program that changes one of them.
 */
function refuseAliases({ label, shader }: PlannedDispatch, storages: readonly Storage[]): void {
  storages.forEach((written, i) => {
    if (shader.bindings[i]?.access !== 'read_write') return;
    storages.forEach((other, j) => {
      if (i === j || other.buffer !== written.buffer) return;
      const isApart =
        shader.bindings[j]?.access === 'read_write' &&
        (other.offset + other.byteLength <= written.offset ||
          written.offset + written.byteLength <= other.offset);
      if (!isApart)
        throw new StateError(
          `program: ${label} changes a tensor whose memory it also reads; pass a copy of one of them, such as ops.scale(x, 1).`,
        );
    });
  });
}

export class Step {
  readonly #ready: Ready[];
  readonly #buffers: Storage[];
  readonly #copies: { from: Storage; to: Storage }[];
  /** Everything that the bind groups show and others own. */
  readonly #borrowed: readonly Tensor[];

  /**
   * Allocates the intermediates and builds the bind groups. Inputs and outputs belong to the caller.
   *
   * Throws: StateError when one of them, or a tensor that the program captured, was disposed or is on another device.
   */
  constructor(
    readonly plan: Plan,
    inputs: readonly Tensor[],
    readonly outputs: readonly Tensor[],
    pipelines: readonly Pipeline[],
  ) {
    const { device } = plan;
    this.#borrowed = [...inputs, ...outputs, ...plan.held];
    this.#checkBorrowed();
    assertOneDevice('program', device, this.#borrowed);
    this.#buffers = plan.buffers.map((byteLength) => device.allocate(byteLength, 'intermediate'));
    const scalars = this.#placeScalars();
    const storageOf = (slot: Slot): Storage => {
      if (slot.kind === 'fixed') return slot.storage;
      if (slot.kind === 'scalars') return { ...(scalars as Storage), ...slot };
      if (slot.kind === 'input') return (inputs[slot.index] as Tensor).storage;
      if (slot.kind === 'output') return (outputs[slot.index] as Tensor).storage;
      // The binding covers the value only, so that a kernel that strays past its end is clamped there.
      return { ...(this.#buffers[slot.index] as Storage), byteLength: slot.byteLength };
    };
    this.#ready = plan.dispatches.map((planned, i) => {
      const pipeline = pipelines[i];
      assert(pipeline, 'there is a pipeline for each dispatch');
      const storages = planned.slots.map(storageOf);
      refuseAliases(planned, storages);
      return {
        pipeline: pipeline.pipeline,
        bindGroup: device.bindGroup(pipeline, storages),
        planned,
      };
    });
    this.#copies = plan.copies.map(({ from, output }) => ({
      from: storageOf(from),
      to: (outputs[output] as Tensor).storage,
    }));
  }

  get device(): Device {
    return this.plan.device;
  }

  /** Writes the plan's scalars once, into a buffer that lives as long as the step. */
  #placeScalars(): Storage | undefined {
    const { device, scalars } = this.plan;
    if (scalars.length === 0) return undefined;
    const storage = device.allocate(scalars.byteLength, 'scalars');
    this.#buffers.push(storage);
    device.write(storage, scalars);
    return storage;
  }

  /** Memory of a disposed tensor may already belong to another one: a replay would read and write that. */
  #checkBorrowed(): void {
    for (const tensor of this.#borrowed) {
      if (tensor.isDisposed) {
        throw new StateError(
          `program: ${describe(tensor)}, which the program reads or writes, was disposed; keep it as long as the program runs.`,
        );
      }
    }
  }

  /** Encodes the step `times` times over into one compute pass, with the pass's timestamps when wanted. */
  encode(encoder: GPUCommandEncoder, times = 1, timestampWrites?: GPUComputePassTimestampWrites): void {
    this.#checkBorrowed();
    for (const { planned } of this.#ready) {
      debug(
        4,
        () =>
          `dispatch: ${planned.label} (${planned.variant}) ${planned.shapes} × [${planned.workgroups.join(',')}]`,
      );
    }
    const pass = encoder.beginComputePass(timestampWrites ? { timestampWrites } : {});
    for (let i = 0; i < times; i++) {
      for (const { pipeline, bindGroup, planned } of this.#ready) {
        pass.setPipeline(pipeline);
        pass.setBindGroup(0, bindGroup);
        pass.dispatchWorkgroups(...planned.workgroups);
      }
    }
    pass.end();
    this.device.counters.dispatches += times * this.#ready.length;
    for (const { from, to } of this.#copies)
      encoder.copyBufferToBuffer(from.buffer, from.offset, to.buffer, to.offset, to.byteLength);
  }

  /** Encodes and submits. */
  run(times = 1): void {
    this.device.assertUsable();
    if (debugLevel() >= 2 && this.device.hasTimestamps) {
      // Not awaited: the work is submitted at once, only the printing comes later.
      for (let i = 0; i < times; i++) void this.profileAndPrint();
      return;
    }
    const encoder = this.device.gpu.createCommandEncoder();
    this.encode(encoder, times);
    this.device.submit(encoder);
  }

  /** Replays once and says for each kernel how long it took (debug level 2). */
  async profileAndPrint(): Promise<void> {
    for (const { dispatch, ns } of await this.profile()) {
      const { label, variant, shapes, flops, bytes } = dispatch;
      const rates =
        flops > 0 || bytes > 0 ? `, ${(flops / ns).toFixed(1)} GFLOP/s, ${(bytes / ns).toFixed(1)} GB/s` : '';
      debug(2, () => `kernel: ${label} (${variant}) ${shapes}: ${(ns / 1e6).toFixed(3)} ms${rates}`);
    }
  }

  /** Replays once with each dispatch in a pass of its own between two timestamps: nanoseconds per dispatch. */
  async profile(): Promise<DispatchTime[]> {
    assert(this.device.hasTimestamps, 'profile is called on devices with timestamp queries only');
    const { gpu } = this.device;
    const count = this.#ready.length * 2;
    const querySet = gpu.createQuerySet({ type: 'timestamp', count });
    const resolved = gpu.createBuffer({
      size: count * 8,
      usage: GPUBufferUsage.QUERY_RESOLVE | GPUBufferUsage.COPY_SRC,
    });
    const encoder = gpu.createCommandEncoder();
    this.#ready.forEach(({ pipeline, bindGroup, planned }, i) => {
      const timestampWrites = { querySet, beginningOfPassWriteIndex: i * 2, endOfPassWriteIndex: i * 2 + 1 };
      const pass = encoder.beginComputePass({ timestampWrites });
      pass.setPipeline(pipeline);
      pass.setBindGroup(0, bindGroup);
      pass.dispatchWorkgroups(...planned.workgroups);
      pass.end();
    });
    encoder.resolveQuerySet(querySet, 0, count, resolved, 0);
    this.device.submit(encoder);
    const times = new BigUint64Array(
      await this.device.read({ buffer: resolved, offset: 0, byteLength: count * 8 }),
    );
    querySet.destroy();
    resolved.destroy();
    return this.#ready.map(({ planned }, i) => ({
      dispatch: planned,
      ns: Number((times[i * 2 + 1] ?? 0n) - (times[i * 2] ?? 0n)),
    }));
  }

  /** Gives the intermediates back; work already submitted is not disturbed. */
  dispose(): void {
    for (const storage of this.#buffers.splice(0)) this.device.release(storage);
  }
}
