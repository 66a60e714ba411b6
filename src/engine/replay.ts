/**
 * A step is a plan with buffers and bind groups: replaying it encodes a flat list, and allocates, compiles and binds
 * nothing.
 */
import { StateError, assert } from '../errors.js';
import { debug, debugLevel } from './debug.js';
import type { BoundDispatch, Device, Pipeline, Storage } from './device.js';
import type { Plan, PlannedDispatch, Slot } from './plan/plan.js';
import { Resource, freeWhenForgotten, isFreed } from './resource.js';
import { type Tensor, assertOneDevice, describe } from './tensor.js';
import { Timestamps } from './timestamps.js';

interface Ready extends BoundDispatch {
  readonly planned: PlannedDispatch;
}

export interface DispatchTime {
  readonly dispatch: PlannedDispatch;
  /** Nanoseconds. */
  readonly ns: number;
}

/**
 * Throws: StateError when a kernel would change memory that it also reads, which WebGPU refuses. It happens when a
 * program changes one of several tensors that share a buffer.
 */
function refuseAliases({ label, shader }: PlannedDispatch, storages: readonly Storage[]): void {
  storages.forEach((written, i) => {
    if (shader.bindings[i]?.access !== 'read_write') return;
    storages.forEach((other, j) => {
      if (i === j || other.buffer !== written.buffer) return;
      const isApart = shader.bindings[j]?.access === 'read_write' && !overlap(other, written);
      if (!isApart)
        throw new StateError(
          `program: ${label} changes a tensor whose memory it also reads; pass a copy of one of them, such as ops.scale(x, 1).`,
        );
    });
  });
}

/**
 * Throws: StateError when the program changes memory that is also an input, since the plan was made for inputs with memory of
 * their own.
 */
function refuseSharedInputs({ changed, held }: Plan, inputs: readonly Tensor[]): void {
  const advice = 'pass a copy of one of them, such as ops.scale(x, 1).';
  for (const slot of changed) {
    const own = slot.kind === 'input' ? slot.index : undefined;
    const storage = own === undefined ? slot.kind === 'fixed' && slot.storage : inputs[own]?.storage;
    if (!storage) continue;
    const shared = inputs.findIndex((input, i) => i !== own && overlap(input.storage, storage));
    if (own !== undefined && shared >= 0)
      throw new StateError(`program: inputs ${own} and ${shared} share memory, which it changes; ${advice}`);
    if (shared >= 0 || (own !== undefined && held.some((tensor) => overlap(tensor.storage, storage))))
      throw new StateError(
        `program: input ${own ?? shared} shares memory with a tensor that it uses besides its inputs, and it changes one of them; ${advice}`,
      );
  }
}

function overlap(a: Storage, b: Storage): boolean {
  return a.buffer === b.buffer && a.offset < b.offset + b.byteLength && b.offset < a.offset + a.byteLength;
}

export class Step extends Resource {
  readonly #ready: Ready[];
  readonly #buffers: Storage[] = [];
  readonly #copies: { from: Storage; to: Storage }[];
  /** Tensors owned by others that the bind groups refer to; held here so that they are not garbage-collected. */
  #borrowed: readonly Tensor[];
  /** The tensors among them that the step may read. */
  #read: readonly Tensor[];
  #isDisposed = false;

  /**
   * Allocates the intermediates and builds the bind groups. The caller owns inputs and outputs.
   *
   * Throws: StateError when one of them, or a captured tensor, was disposed or is on another device.
   */
  constructor(
    readonly plan: Plan,
    inputs: readonly Tensor[],
    readonly outputs: readonly Tensor[],
    pipelines: readonly Pipeline[],
  ) {
    super();
    const { device } = plan;
    this.#read = [...inputs, ...plan.held];
    this.#borrowed = [...this.#read, ...outputs];
    this.#checkBorrowed();
    assertOneDevice('program', device, this.#borrowed);
    const buffers = this.#buffers;
    try {
      for (const byteLength of plan.buffers) buffers.push(device.allocate(byteLength, 'intermediate'));
      ({ ready: this.#ready, copies: this.#copies } = this.#bind(inputs, pipelines));
      refuseSharedInputs(plan, inputs);
    } catch (error) {
      this.dispose();
      throw error;
    }
    if (buffers.length > 0)
      freeWhenForgotten(this, () => {
        for (const storage of buffers) device.reclaim(storage);
      });
  }

  /** Assigns buffers to the slots. */
  #bind(
    inputs: readonly Tensor[],
    pipelines: readonly Pipeline[],
  ): { readonly ready: Ready[]; readonly copies: { from: Storage; to: Storage }[] } {
    const { device, plan, outputs } = this;
    const scalars = this.#placeScalars();
    const storageOf = (slot: Slot): Storage => {
      if (slot.kind === 'fixed') return slot.storage;
      if (slot.kind === 'scalars') return { ...(scalars as Storage), ...slot };
      if (slot.kind === 'input') return (inputs[slot.index] as Tensor).storage;
      if (slot.kind === 'output') return (outputs[slot.index] as Tensor).storage;
      // The binding covers the value only, so that WebGPU clamps accesses beyond its end.
      return { ...(this.#buffers[slot.index] as Storage), byteLength: slot.byteLength };
    };
    const ready = plan.dispatches.map((planned, i) => {
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
    const copies = plan.copies.map(({ from, output }) => ({
      from: storageOf(from),
      to: (outputs[output] as Tensor).storage,
    }));
    return { ready, copies };
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

  /** The memory of a disposed tensor may already belong to another tensor, which a replay would read and write. */
  #checkBorrowed(): void {
    if (this.#isDisposed)
      throw new StateError('program: this step was disposed; bind the program again to run it.');
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
    if (this.device.calls.hasRefused) for (const tensor of this.#read) tensor.assertAccepted();
    for (const { planned } of this.#ready) {
      debug(
        4,
        () =>
          `dispatch: ${planned.label} (${planned.variant}) ${planned.shapes} × [${planned.workgroups.join(',')}]`,
      );
    }
    const { beforeRuns } = this.plan;
    // Usually there is nothing before a run, and all runs are in one pass.
    const runsPerPass = beforeRuns.length === 0 ? times : 1;
    for (let run = 0; run < times; run += runsPerPass) {
      for (const encodeBefore of beforeRuns) encodeBefore(encoder);
      this.device.encodePass(encoder, this.#ready, runsPerPass, timestampWrites);
    }
    this.device.counters.dispatches += times * this.#ready.length;
    for (const { from, to } of this.#copies) this.device.encodeCopy(encoder, from, to, to.byteLength);
    for (const output of this.outputs) output.willBeWritten();
  }

  /** Encodes and submits. */
  run(times = 1): void {
    this.device.assertUsable();
    if (debugLevel() >= 2 && this.device.hasTimestamps) {
      // Not awaited: the work is submitted immediately, only the printing comes later.
      for (let i = 0; i < times; i++) {
        // The next call that awaits the device reports what it refuses or loses meanwhile.
        void this.profileAndPrint().catch((error: unknown) => debug(1, () => `profile: ${String(error)}`));
      }
      return;
    }
    const encoder = this.device.encoder();
    this.encode(encoder, times);
    this.device.submit(encoder);
  }

  /** Replays once and prints the time of each kernel (debug level 2). */
  async profileAndPrint(): Promise<void> {
    for (const { dispatch, ns } of await this.profile()) {
      const { label, variant, shapes, flops, bytes } = dispatch;
      const rates =
        flops > 0 || bytes > 0 ? `, ${(flops / ns).toFixed(1)} GFLOP/s, ${(bytes / ns).toFixed(1)} GB/s` : '';
      debug(2, () => `kernel: ${label} (${variant}) ${shapes}: ${(ns / 1e6).toFixed(3)} ms${rates}`);
    }
  }

  /** Replays once with each dispatch in its own compute pass between two timestamps. Units: nanoseconds per dispatch. */
  async profile(): Promise<DispatchTime[]> {
    assert(this.device.hasTimestamps, 'profile is called on devices with timestamp queries only');
    const { device } = this;
    const timestamps = new Timestamps(device, this.#ready.length);
    try {
      const encoder = device.encoder();
      for (const encodeBefore of this.plan.beforeRuns) encodeBefore(encoder);
      this.#ready.forEach((ready, i) => device.encodePass(encoder, [ready], 1, timestamps.around(i)));
      timestamps.resolve(encoder);
      device.submit(encoder);
      const times = await timestamps.read();
      return this.#ready.map(({ planned }, i) => ({ dispatch: planned, ns: times[i] as number }));
    } finally {
      timestamps.dispose();
    }
  }

  /** Frees the intermediates; submitted work is not affected. */
  dispose(): void {
    this.#isDisposed = true;
    this.#borrowed = this.#read = [];
    isFreed(this);
    for (const storage of this.#buffers.splice(0)) this.device.release(storage);
  }
}
