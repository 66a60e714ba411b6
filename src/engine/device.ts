/**
 * The device: one opened WebGPU adapter with the pipelines, the buffer pool and the counters that its users share,
 * and the properties of the adapter. Openers (src/node, src/browser) find an adapter and call `Device.open`; from
 * then on Node and browsers run the same code.
 */
import { DeviceError, assert, StateError } from '../errors.js';
import { type Rule, oneOf, rule } from '../options.js';
import { BufferPool } from './buffer_pool.js';
import { GpuCalls, type AwaitGpu } from './gpu_calls.js';
import { KernelSelection } from './kernel_selection.js';
import { debug } from './debug.js';
import { LruCache } from './lru.js';
import type { DeviceTraits, Feature } from './primitive.js';
import { Resource } from './resource.js';
import { type SpecialisedShader } from './shader.js';

export interface DeviceOptions {
  /** Overrides the family that the adapter suggests. */
  readonly family?: DeviceTraits['family'];
  /** The WebGPU implementation: Dawn in Node, or the name of the browser. */
  readonly runtime: string;
  /** Free bytes of host memory, for devices that use it: software adapters. */
  readonly freeHostMemory?: () => number;
  /** How to await the device, if that takes more than `await`. Default: plain `await`. */
  readonly awaitGpu?: AwaitGpu;
  /**
   * Opens further devices of the same adapter that only compile. For software adapters: their driver compiles one
   * kernel at a time per device, and finds kernels that another device compiled in its cache on disk.
   */
  readonly openHelpers?: () => Promise<Device[]>;
  /** True for such a helper, which never becomes the default device. */
  readonly isHelper?: boolean;
}

/** What identifies adapter and driver: tuning results and bit-exactness hold for one fingerprint. */
export interface Fingerprint {
  readonly adapter: string;
  readonly vendor: string;
  readonly architecture: string;
  readonly driver: string;
  readonly runtime: string;
  readonly subgroupSize: number;
}

/** How often each expensive operation has happened since the device was opened. */
export interface Counters {
  buffersCreated: number;
  bindGroupsCreated: number;
  pipelinesCreated: number;
  readBacks: number;
  readBackBytes: number;
  submits: number;
  dispatches: number;
}

/** Host data to write; never shared memory. */
export type TensorBytes =
  Float32Array<ArrayBuffer> | Uint32Array<ArrayBuffer> | Uint16Array<ArrayBuffer> | Uint8Array<ArrayBuffer>;

/**
 * Kernels that a software device may have before the host waits for it. llvmpipe keeps a mapping of memory for each, of which Linux
 * allows a process 65,530; beyond, it crashes.
 */
const mostWaiting = 50_000;

/** A range of a GPU buffer that holds a tensor or an intermediate value. */
export interface Storage {
  readonly buffer: GPUBuffer;
  readonly offset: number;
  readonly byteLength: number;
}

export interface Pipeline {
  readonly label: string;
  readonly shader: SpecialisedShader;
  readonly pipeline: GPUComputePipeline;
  readonly layout: GPUBindGroupLayout;
}

/** A kernel with its bind group, ready to be encoded. */
export interface BoundDispatch {
  readonly pipeline: GPUComputePipeline;
  readonly bindGroup: GPUBindGroup;
  readonly planned: { readonly workgroups: readonly [number, number, number] };
}

/** How the memory of a device is used. */
export interface DeviceMemory {
  /** Bytes of the buffers that tensors and steps hold. */
  readonly usedBytes: number;
  /** Bytes of idle buffers in the pool. */
  readonly idleBytes: number;
  /** Peak of both together, in bytes. */
  readonly peakBytes: number;
}

/** A pipeline that may still be compiling. */
interface Compiled {
  ready?: Pipeline;
  pending?: Promise<Pipeline>;
}

/** Bounds of the caches. A training step has about forty pipelines, an eager loop not many more plans. */
const mostPipelines = 512;
const mostCached = 256;

/** The pool may always keep this many bytes idle, and half as many as are in use. */
const leastPoolBytes = 32 * 2 ** 20;

/** Buffers whose tensors were garbage-collected are destroyed once they add up to this many bytes. */
const leastReclaimedBytes = 256 * 1024;

interface Prepared {
  readonly module: GPUShaderModule;
  readonly layout: GPUBindGroupLayout;
  readonly descriptor: GPUComputePipelineDescriptor;
}

const wantedFeatures: readonly Feature[] = ['timestamp-query', 'subgroups', 'shader-f16'];
const wantedLimits = [
  'maxStorageBufferBindingSize',
  'maxBufferSize',
  'maxComputeWorkgroupStorageSize',
  'maxComputeInvocationsPerWorkgroup',
  'maxComputeWorkgroupSizeX',
] as const;

/** Bytes per binding for the first run of a kernel, which only makes the driver compile it. */
export const warmUpBytes = 65_536;

/** Open devices, oldest first, without helpers. */
const openDevices = new Set<Device>();
let devicesOpened = 0;

/** The devices of the programs being recorded, innermost last. */
const recordingFor: Device[] = [];

/**
 * The device for calls that do not name one (tensor creation, layers, programs): the first device opened that is
 * still open, so that a second `open()` changes nothing for existing objects. While a program is recorded, the device
 * of that program.
 */
export function defaultDevice(): Device {
  const device = findDefaultDevice();
  if (!device)
    throw new DeviceError('defaultDevice: no device is open; call `await open()` first.', {
      problem: 'other',
    });
  return device;
}

/** The default device, or undefined when no device is open. */
export function findDefaultDevice(): Device | undefined {
  const [oldest] = openDevices;
  return recordingFor.at(-1) ?? oldest;
}

/** Runs `fn` with `device` as the default. */
export function withDefaultDevice<R>(device: Device, fn: () => R): R {
  recordingFor.push(device);
  try {
    return fn();
  } finally {
    recordingFor.pop();
  }
}

export class Device extends Resource {
  readonly counters: Counters = {
    buffersCreated: 0,
    bindGroupsCreated: 0,
    pipelinesCreated: 0,
    readBacks: 0,
    readBackBytes: 0,
    submits: 0,
    dispatches: 0,
  };
  /** Bytes of all live buffers, in use or idle in the pool. */
  allocatedBytes = 0;
  peakBytes = 0;
  /** Primitive name → name of the variant to use, overriding the table. For tests, the bench and the tuner. */
  readonly forcedVariants = new Map<string, string>();
  /** The fastest variants measured on this device, case by case; the table decides all other cases. */
  readonly kernelSelection = new KernelSelection();
  /** Guards every call of WebGPU. */
  readonly calls: GpuCalls;

  /** Per-device caches of other parts, e.g. plans of ops called outside a program. */
  readonly #caches = new Map<string, LruCache<string, unknown>>();
  readonly #pool = new BufferPool(
    () => Math.max(leastPoolBytes, (this.allocatedBytes - this.#pool.bytes) / 2),
    (buffer) => this.#drop(buffer),
  );
  readonly #staging = new BufferPool(
    () => leastPoolBytes,
    (buffer) => buffer.destroy(),
  );
  /** The serial of each buffer's creation: a buffer whose creation may have been refused is never reused. */
  readonly #madeAs = new WeakMap<GPUBuffer, number>();
  readonly #pipelines = new LruCache<string, Compiled>(mostPipelines);
  readonly #warm = new WeakSet<Pipeline>();
  /** Bind group layouts by the access of each binding, which makes few of them. */
  readonly #layouts = new Map<string, GPUBindGroupLayout>();
  /** Dispatches that were submitted, and of these those that were done when the host last waited. */
  #dispatchesSent = 0;
  #dispatchesDone = 0;
  #generation = 0;
  #isDestroyed = false;
  readonly #collected: GPUBuffer[] = [];
  #collectedBytes = 0;

  private constructor(
    readonly gpu: GPUDevice,
    /** Name in error messages, such as `device 2 (llvmpipe)`: devices are numbered in the order of opening. */
    readonly name: string,
    readonly fingerprint: Fingerprint,
    readonly traits: DeviceTraits,
    readonly hasTimestamps: boolean,
    readonly awaitGpu: AwaitGpu,
    /** Free bytes if the device uses host memory; undefined if unknown. */
    readonly freeMemory: () => number | undefined,
    /** Helper devices that may compile for this one; the caller destroys them. */
    readonly openHelpers: () => Promise<Device[]>,
  ) {
    super();
    this.calls = new GpuCalls(
      gpu,
      awaitGpu,
      () => this.#forget(),
      () => openDevices.delete(this),
    );
  }

  /**
   * Opens `adapter` with the limits and features that kernels can use.
   *
   * Throws: DeviceError when the adapter refuses.
   */
  static async open(adapter: GPUAdapter, options: DeviceOptions): Promise<Device> {
    const requiredFeatures = wantedFeatures.filter((feature) => adapter.features.has(feature));
    const requiredLimits: Record<string, number> = {};
    for (const limit of wantedLimits) requiredLimits[limit] = adapter.limits[limit];
    let gpu: GPUDevice;
    try {
      gpu = await adapter.requestDevice({ requiredFeatures, requiredLimits });
    } catch (cause) {
      throw new DeviceError(
        `open: the adapter '${nameOf(adapter.info)}' refused a device (${String(cause)}).`,
        { cause, call: 'requestDevice', problem: 'other' },
      );
    }
    const { info } = adapter;
    const isFixed = info.subgroupMinSize !== undefined && info.subgroupMinSize === info.subgroupMaxSize;
    const subgroupSize = gpu.features.has('subgroups') && isFixed ? info.subgroupMinSize : 0;
    const name = nameOf(info);
    const isSoftware =
      info.isFallbackAdapter ||
      /llvmpipe|lavapipe|swiftshader|basic render|warp/i.test(
        `${name} ${info.description} ${info.architecture}`,
      );
    const traits: DeviceTraits = {
      family: options.family ?? (isSoftware ? 'software' : 'gpu'),
      features: requiredFeatures,
      subgroupSize,
      // Kernels stay within 256 so that they run everywhere, including the software adapter of browsers.
      maxInvocationsPerWorkgroup: Math.min(256, gpu.limits.maxComputeInvocationsPerWorkgroup),
      maxWorkgroupStorageBytes: gpu.limits.maxComputeWorkgroupStorageSize,
      maxWorkgroupsPerDimension: gpu.limits.maxComputeWorkgroupsPerDimension,
    };
    const fingerprint: Fingerprint = {
      adapter: name,
      vendor: info.vendor,
      architecture: info.architecture,
      driver: info.description,
      runtime: options.runtime,
      subgroupSize,
    };
    const device = new Device(
      gpu,
      options.isHelper ? `helper (${name})` : `device ${++devicesOpened} (${name})`,
      fingerprint,
      traits,
      gpu.features.has('timestamp-query'),
      options.awaitGpu ?? ((promise) => promise),
      (isSoftware && options.freeHostMemory) || (() => undefined),
      (isSoftware && options.openHelpers) || (() => Promise.resolve([])),
    );
    if (options.isHelper) return device;
    openDevices.add(device);
    debug(
      1,
      () =>
        `device: ${name}, ${fingerprint.driver}, family ${traits.family}, subgroups ${subgroupSize || 'none'}`,
    );
    return device;
  }

  /** Throws when the device is lost, or, once, for a command that it refused. Called before work is submitted. */
  assertUsable(): void {
    this.calls.assertUsable();
  }

  /** Incremented when cached pipelines and buffers may be invalid, after a refused command. */
  get generation(): number {
    return this.#generation;
  }

  #forget(): void {
    this.#generation++;
    this.#caches.clear();
    this.#pipelines.clear();
    this.#layouts.clear();
    this.#pool.clear();
    this.#staging.clear();
  }

  /** Resolves with the driver's reason when the device is lost. */
  get lost(): Promise<GPUDeviceLostInfo> {
    return this.gpu.lost;
  }

  // ---- memory ----

  /** The largest binding in bytes, which limits tensors and intermediates. */
  get maxBufferBytes(): number {
    return Math.min(this.gpu.limits.maxBufferSize, this.gpu.limits.maxStorageBufferBindingSize);
  }

  /** Bytes of the buffer that `allocate` uses for a length. */
  bufferBytes(byteLength: number): number {
    return Math.min(sizeClass(byteLength), Math.max(byteLength, this.maxBufferBytes));
  }

  /** Throws: DeviceError when the length exceeds the largest buffer or binding. */
  assertTakes(byteLength: number): void {
    const limit = this.maxBufferBytes;
    if (byteLength > limit) {
      throw new DeviceError(
        `device: a tensor of ${mebibytes(byteLength)} exceeds this device's limit of ${mebibytes(limit)} per buffer; use a smaller batch.`,
        { problem: 'limit' },
      );
    }
  }

  /**
   * A buffer of at least `byteLength` bytes, from the pool when one fits. Its contents are undefined.
   *
   * Throws: DeviceError when it exceeds the device's limits.
   */
  allocate(byteLength: number, label = 'storage'): Storage {
    this.assertUsable();
    this.assertTakes(byteLength);
    const size = this.bufferBytes(byteLength);
    const buffer = this.#pool.take(size) ?? this.#create(size, label);
    return { buffer, offset: 0, byteLength };
  }

  /**
   * Returns the whole buffer behind `storage` to the pool if that has room, otherwise destroys it. Submitted
   * commands are not affected. No effect on a destroyed device.
   */
  release({ buffer }: Storage): void {
    if (this.#isDestroyed) return;
    if (this.calls.isRefused(this.#madeAs.get(buffer) ?? 0)) this.#drop(buffer);
    else this.#pool.give(buffer);
  }

  /**
   * Destroys the buffer of a garbage-collected tensor: a program that forgets its tensors would rarely reuse it from
   * the pool in time. Works in bulk, because a few buffers are not worth the calls.
   */
  reclaim({ buffer }: Storage): void {
    if (this.#isDestroyed) return;
    this.#collected.push(buffer);
    this.#collectedBytes += buffer.size;
    if (this.#collectedBytes >= leastReclaimedBytes) this.#dropCollected();
  }

  #dropCollected(): void {
    this.#collectedBytes = 0;
    for (const buffer of this.#collected.splice(0)) this.#drop(buffer);
  }

  /** Destroys the idle buffers. */
  trim(): void {
    this.#pool.clear();
    this.#dropCollected();
  }

  /** How the memory is used now. */
  get memory(): DeviceMemory {
    const { allocatedBytes, peakBytes } = this;
    const idleBytes = this.#pool.bytes + this.#collectedBytes;
    return { usedBytes: allocatedBytes - idleBytes, idleBytes, peakBytes };
  }

  #drop(buffer: GPUBuffer): void {
    this.allocatedBytes -= buffer.size;
    this.calls.run('destroy', () => buffer.destroy());
  }

  #create(size: number, label: string): GPUBuffer {
    const { STORAGE, UNIFORM, COPY_SRC, COPY_DST } = GPUBufferUsage;
    const made = this.calls.send();
    const buffer = this.createBuffer({ size, usage: STORAGE | UNIFORM | COPY_SRC | COPY_DST, label });
    this.#madeAs.set(buffer, made);
    this.allocatedBytes += size;
    this.peakBytes = Math.max(this.peakBytes, this.allocatedBytes);
    debug(
      1,
      () => `memory: new buffer of ${mebibytes(size)} (${label}), ${mebibytes(this.allocatedBytes)} in total`,
    );
    return buffer;
  }

  /** A buffer outside the pool, such as a staging buffer; the caller destroys it. */
  createBuffer(descriptor: GPUBufferDescriptor): GPUBuffer {
    this.counters.buffersCreated++;
    return this.calls.run('createBuffer', () => this.gpu.createBuffer(descriptor));
  }

  /**
   * Writes `data` to the start of `storage` at `byteOffset`; ordered with submits. Sizes are multiples of 4 bytes.
   * Returns the serial of the write (see `GpuCalls`).
   */
  write(storage: Storage, data: TensorBytes, byteOffset = 0): number {
    this.assertUsable();
    const work = this.calls.send();
    const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    const whole = bytes.byteLength - (bytes.byteLength % 4);
    const { buffer } = storage;
    const offset = storage.offset + byteOffset;
    this.calls.run('writeBuffer', () => {
      this.gpu.queue.writeBuffer(buffer, offset, bytes, 0, whole);
      if (whole === bytes.byteLength) return;
      const tail = new Uint8Array(4);
      tail.set(bytes.subarray(whole));
      this.gpu.queue.writeBuffer(buffer, offset + whole, tail);
    });
    return work;
  }

  /** Copies whole storages on the device, after all submitted work; `to` is at least as long as `from`. */
  copy(copies: readonly { readonly from: Storage; readonly to: Storage }[]): void {
    const encoder = this.encoder();
    for (const { from, to } of copies) this.encodeCopy(encoder, from, to, from.byteLength);
    this.submit(encoder);
  }

  /** Exchanges the contents of two storages of one length. */
  exchange(a: Storage, b: Storage): void {
    const kept = this.allocate(a.byteLength);
    this.copy([
      { from: a, to: kept },
      { from: b, to: a },
      { from: kept, to: b },
    ]);
    this.release(kept);
  }

  encodeCopy(
    encoder: GPUCommandEncoder,
    from: Storage,
    to: Pick<Storage, 'buffer' | 'offset'>,
    byteLength: number,
  ): void {
    try {
      encoder.copyBufferToBuffer(from.buffer, from.offset, to.buffer, to.offset, byteLength);
    } catch (cause) {
      throw this.calls.failed('copyBufferToBuffer', cause);
    }
  }

  /**
   * Copies bytes back to the host once all submitted work is done.
   *
   * Throws: DeviceError when the device is lost; it never returns zeros instead.
   */
  async read(storage: Storage, byteLength = storage.byteLength): Promise<ArrayBuffer> {
    const [bytes] = await this.readTogether([{ ...storage, byteLength }]);
    return bytes as ArrayBuffer;
  }

  /** Reads a consistent snapshot of several storages: no work submitted meanwhile runs between the copies. */
  async readTogether(storages: readonly Storage[]): Promise<ArrayBuffer[]> {
    const encoder = this.encoder();
    const pending = storages.map((storage) =>
      this.stageRead(encoder, storage, Math.ceil(storage.byteLength / 4) * 4),
    );
    this.submit(encoder);
    const found = await Promise.all(pending.map(async (read) => read.fetch()));
    return found.map((bytes, i) => bytes.slice(0, storages[i]?.byteLength));
  }

  /** Allocates staging buffers in advance, so that later reads of this length do not allocate. */
  prepareReads(byteLength: number, count: number): void {
    const size = sizeClass(byteLength);
    while (this.#staging.count(size) < count) this.#staging.give(this.#createStaging(size));
  }

  /**
   * Encodes a copy of `storage` into a staging buffer; `fetch`, called after the encoder was submitted, maps it.
   * Staging buffers are reused.
   */
  stageRead(
    encoder: GPUCommandEncoder,
    storage: Storage,
    byteLength = storage.byteLength,
  ): { fetch(): Promise<ArrayBuffer> } {
    this.assertUsable();
    const size = sizeClass(byteLength);
    const buffer = this.#staging.take(size) ?? this.#createStaging(size);
    this.encodeCopy(encoder, storage, { buffer, offset: 0 }, byteLength);
    const check = this.calls.answer();
    const { dispatches } = this.counters;
    return {
      fetch: async () => {
        this.counters.readBacks++;
        this.counters.readBackBytes += byteLength;
        try {
          await this.calls.settle('mapAsync', async () => buffer.mapAsync(GPUMapMode.READ));
          // A lost device resolves promises as usual: check before using the bytes.
          check();
          this.#dispatchesDone = dispatches;
          const bytes = this.calls.run('getMappedRange', () => buffer.getMappedRange(0, byteLength).slice(0));
          this.calls.run('unmap', () => buffer.unmap());
          this.#staging.give(buffer);
          return bytes;
        } catch (error) {
          buffer.destroy();
          throw error;
        }
      },
    };
  }

  #createStaging(size: number): GPUBuffer {
    const usage = GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST;
    return this.createBuffer({ size, usage, label: 'staging' });
  }

  // ---- pipelines ----

  /** The compiled pipeline of a shader, from the cache if it is there. */
  pipeline(shader: SpecialisedShader): Promise<Pipeline> {
    const compiled = this.#compiled(shader);
    if (compiled.pending) return compiled.pending;
    const pending = this.#compile(shader, compiled);
    compiled.pending = pending;
    // The next caller tries again: the failure may have been temporary.
    pending.catch(() => delete compiled.pending);
    return pending;
  }

  /** Like `pipeline`, without waiting; the next checked call reports a shader that does not compile. */
  pipelineNow(shader: SpecialisedShader): Pipeline {
    const compiled = this.#compiled(shader);
    if (compiled.ready) return compiled.ready;
    this.assertUsable();
    const first = this.calls.sent + 1;
    let module: GPUShaderModule;
    try {
      const prepared = this.#prepare(shader);
      const { layout, descriptor } = prepared;
      module = prepared.module;
      const pipeline = this.calls.run('createComputePipeline', () =>
        this.gpu.createComputePipeline(descriptor),
      );
      compiled.ready = { label: shader.label, shader, pipeline, layout };
    } catch (error) {
      throw refusedShader(shader, error) ?? error;
    }
    // Not awaited: the caller cannot wait.
    void this.#report(shader, module, first);
    return compiled.ready;
  }

  #compiled({ code }: SpecialisedShader): Compiled {
    let compiled = this.#pipelines.get(code);
    if (!compiled) this.#pipelines.set(code, (compiled = {}));
    return compiled;
  }

  /** Drops these from the cache; bound steps keep their own references. */
  forgetPipelines(shaders: readonly SpecialisedShader[]): void {
    for (const { code } of shaders) this.#pipelines.delete(code);
  }

  /** Attaches the compiler's message to work that was submitted with a broken shader. */
  async #report(shader: SpecialisedShader, module: GPUShaderModule, first: number): Promise<void> {
    try {
      const errors = await this.#errorsOf(module);
      if (errors.length > 0) this.calls.explain(shaderError(shader, errors), first);
    } catch {
      // The compiler's message is lost; the work that needs the shader fails without it.
    }
  }

  async #errorsOf(module: GPUShaderModule): Promise<readonly GPUCompilationMessage[]> {
    const { messages } = await this.calls.settle('getCompilationInfo', async () =>
      module.getCompilationInfo(),
    );
    return messages.filter((message) => message.type === 'error');
  }

  async #compile(shader: SpecialisedShader, compiled: Compiled): Promise<Pipeline> {
    if (compiled.ready) return compiled.ready;
    this.assertUsable();
    try {
      const { module, layout, descriptor, problem } = this.#prepareChecked(shader);
      const [errors, moduleError] = await Promise.all([this.#errorsOf(module), problem]);
      if (errors.length > 0 || moduleError) throw shaderError(shader, errors, moduleError?.message);
      const pipeline = await this.calls.settle('createComputePipelineAsync', async () =>
        this.gpu.createComputePipelineAsync(descriptor),
      );
      compiled.ready = { label: shader.label, shader, pipeline, layout };
      return compiled.ready;
    } catch (error) {
      throw refusedShader(shader, error) ?? error;
    }
  }

  /** `problem` resolves with the error that the device reports. */
  #prepareChecked(shader: SpecialisedShader) {
    this.calls.run('pushErrorScope', () => this.gpu.pushErrorScope('validation'));
    let prepared: Prepared;
    let problem: Promise<GPUError | null>;
    try {
      prepared = this.#prepare(shader);
    } finally {
      problem = this.calls.settle('popErrorScope', async () => this.gpu.popErrorScope());
      // If `#prepare` throws, its error takes precedence.
      void problem.catch(() => undefined);
    }
    return { ...prepared, problem };
  }

  #prepare(shader: SpecialisedShader): Prepared {
    this.counters.pipelinesCreated++;
    debug(3, () => `shader ${shader.label}:\n${shader.code}`);
    const { code, label } = shader;
    const module = this.calls.run('createShaderModule', () => this.gpu.createShaderModule({ code, label }));
    const layout = this.#layout(shader);
    const pipelineLayout = this.calls.run('createPipelineLayout', () =>
      this.gpu.createPipelineLayout({ bindGroupLayouts: [layout] }),
    );
    const descriptor = { layout: pipelineLayout, compute: { module, entryPoint: 'main' }, label };
    return { module, layout, descriptor };
  }

  /** Runs one workgroup of a kernel over idle memory, once, so that the driver compiles it now. */
  async warmUp(pipeline: Pipeline): Promise<void> {
    if (this.#warm.has(pipeline)) return;
    const storages: Storage[] = [];
    try {
      pipeline.shader.bindings.forEach(() => storages.push(this.allocate(warmUpBytes, 'warm-up')));
      const bindGroup = this.bindGroup(pipeline, storages);
      const encoder = this.encoder();
      const planned = { workgroups: [1, 1, 1] } as const;
      this.encodePass(encoder, [{ pipeline: pipeline.pipeline, bindGroup, planned }]);
      this.submit(encoder);
      await this.idle();
    } finally {
      for (const storage of storages) this.release(storage);
    }
    this.#warm.add(pipeline);
  }

  #layout(shader: SpecialisedShader): GPUBindGroupLayout {
    const types = { read: 'read-only-storage', read_write: 'storage', uniform: 'uniform' } as const;
    const key = shader.bindings.map(({ access }) => access).join();
    let layout = this.#layouts.get(key);
    if (!layout) {
      const entries = shader.bindings.map(({ access }, binding): GPUBindGroupLayoutEntry => ({
        binding,
        visibility: GPUShaderStage.COMPUTE,
        buffer: { type: types[access] },
      }));
      layout = this.calls.run('createBindGroupLayout', () => this.gpu.createBindGroupLayout({ entries }));
      this.#layouts.set(key, layout);
    }
    return layout;
  }

  bindGroup(pipeline: Pipeline, storages: readonly Storage[]): GPUBindGroup {
    assert(
      storages.length === pipeline.shader.bindings.length,
      `${pipeline.label} gets one storage per binding`,
    );
    this.counters.bindGroupsCreated++;
    const { layout, label } = pipeline;
    const entries = storages.map(({ buffer, offset, byteLength: size }, binding) => ({
      binding,
      resource: { buffer, offset, size },
    }));
    return this.calls.run('createBindGroup', () => this.gpu.createBindGroup({ layout, label, entries }));
  }

  // ---- commands ----

  encoder(): GPUCommandEncoder {
    this.assertUsable();
    return this.calls.run('createCommandEncoder', () => this.gpu.createCommandEncoder());
  }

  /**
   * Encodes one compute pass that runs `dispatches` in order, `times` times over.
   *
   * Throws: StateError if a software device has more work than it holds until the host waits for a result.
   */
  encodePass(
    encoder: GPUCommandEncoder,
    dispatches: readonly BoundDispatch[],
    times = 1,
    timestampWrites?: GPUComputePassTimestampWrites,
  ): void {
    const waiting = this.#dispatchesSent - this.#dispatchesDone;
    if (this.traits.family === 'software' && waiting > mostWaiting)
      throw new StateError(
        `device: ${waiting} kernels run without anything waiting for a result, which is more than a software driver holds; read a value now and then, such as await loss.item() every 20 steps.`,
      );
    // Names the current call for an error; cheaper than a guard around each call in the training loop.
    let call = 'beginComputePass';
    try {
      const pass = encoder.beginComputePass(timestampWrites ? { timestampWrites } : {});
      for (let i = 0; i < times; i++) {
        for (const { pipeline, bindGroup, planned } of dispatches) {
          call = 'setPipeline';
          pass.setPipeline(pipeline);
          call = 'setBindGroup';
          pass.setBindGroup(0, bindGroup);
          call = 'dispatchWorkgroups';
          pass.dispatchWorkgroups(...planned.workgroups);
        }
      }
      call = 'end';
      pass.end();
    } catch (cause) {
      throw this.calls.failed(call, cause);
    }
  }

  submit(encoder: GPUCommandEncoder): void {
    // A command refused during encoding means that nothing is submitted.
    this.assertUsable();
    this.counters.submits++;
    this.calls.send();
    const commands = this.calls.run('finish', () => encoder.finish());
    this.calls.run('submit', () => this.gpu.queue.submit([commands]));
    this.#dispatchesSent = this.counters.dispatches;
  }

  /** Waits until all submitted work is done, and throws errors that occurred meanwhile. */
  async idle(): Promise<void> {
    this.assertUsable();
    const check = this.calls.answer();
    const { dispatches } = this.counters;
    await this.calls.settle('onSubmittedWorkDone', async () => this.gpu.queue.onSubmittedWorkDone());
    check();
    this.#dispatchesDone = dispatches;
  }

  /** A least-recently-used cache that lives as long as the device. */
  cache<T>(name: string): LruCache<string, T> {
    let cache = this.#caches.get(name);
    if (!cache) this.#caches.set(name, (cache = new LruCache<string, unknown>(mostCached)));
    return cache as LruCache<string, T>;
  }

  /** Destroys the device and frees its memory; its tensors become unusable. Idempotent. */
  dispose(): void {
    this.destroy();
  }

  /** Alias of `dispose`, the name in WebGPU. */
  destroy(): void {
    if (this.#isDestroyed) return;
    this.#isDestroyed = true;
    openDevices.delete(this);
    this.calls.lose('destroyed');
    this.#forget();
    this.allocatedBytes = 0;
    this.calls.run('destroy', () => this.gpu.destroy());
  }
}

export const familyRule = (): Rule => oneOf(['software', 'gpu']);

/** Checks traits, not the class: plans are also made for fake devices. */
export const deviceRule = () =>
  rule(
    'a Device, as open() gives',
    (value) => typeof value === 'object' && value !== null && 'traits' in value,
  );

/** Browsers reveal only vendor and architecture, such as `nvidia ampere`. */
function nameOf({ device, description, vendor, architecture }: GPUAdapterInfo): string {
  return device || description || [vendor, architecture].filter(Boolean).join(' ') || 'unnamed adapter';
}

/** Rounds lengths up to 256 bytes, and from 64 KiB to an eighth of the power of two, so that buffers can be reused. */
function sizeClass(byteLength: number): number {
  const grain = byteLength < 65_536 ? 256 : 2 ** (Math.floor(Math.log2(byteLength)) - 3);
  return Math.ceil(byteLength / grain) * grain;
}

export function mebibytes(bytes: number): string {
  return bytes < 2 ** 20 ? `${(bytes / 1024).toFixed(1)} KiB` : `${(bytes / 2 ** 20).toFixed(1)} MiB`;
}

/** The error for a shader that the device refused; undefined for any other problem. */
function refusedShader(shader: SpecialisedShader, error: unknown): DeviceError | undefined {
  if (!(error instanceof DeviceError) || error.problem !== 'other') return undefined;
  const { cause, call } = error;
  const isPipelineError = cause instanceof Error && 'reason' in cause;
  // A refused command has no call name, since no call failed.
  return isPipelineError || call === undefined
    ? shaderError(shader, [], (cause as Error).message)
    : undefined;
}

function shaderError(
  shader: SpecialisedShader,
  messages: readonly GPUCompilationMessage[],
  other?: string,
): DeviceError {
  const lines = shader.code.split('\n');
  const texts = messages.map(
    (m) => `  line ${m.lineNum}: ${m.message}\n    ${lines[m.lineNum - 1]?.trim() ?? ''}`,
  );
  return new DeviceError(`shader ${shader.label} does not compile:\n${texts.join('\n') || other}`, {
    problem: 'shader',
  });
}
