/**
 * The device: one opened WebGPU adapter, with what its users share: the pipelines, the pool of buffers, the
 * counters, and what is known of the adapter. Openers (src/node, src/browser) find an adapter and call
 * `Device.open`; everything after that is the same in Node and in a browser.
 */
import { DeviceError, assert } from '../errors.js';
import { type Rule, oneOf, rule } from '../options.js';
import { BufferPool } from './buffer_pool.js';
import { GpuCalls, type AwaitGpu } from './gpu_calls.js';
import { KernelSelection } from './kernel_selection.js';
import { debug } from './debug.js';
import { LruCache } from './lru.js';
import type { DeviceTraits } from './primitive.js';
import { Resource } from './resource.js';
import { type SpecialisedShader } from './shader.js';

export interface DeviceOptions {
  /** Overrides the family that the adapter suggests. */
  readonly family?: DeviceTraits['family'];
  /** What runs us: Dawn in Node, or the browser's own name. */
  readonly runtime: string;
  /** Bytes of the host's memory that are free, for devices whose memory that is: software on the processor. */
  readonly freeHostMemory?: () => number;
  /** How to await what the device does, where awaiting costs something; left out, promises are awaited as they are. */
  readonly awaitGpu?: AwaitGpu;
  /**
   * Opens further devices of the same adapter that only compile. Used where the adapter is software: such a driver
   * compiles one kernel at a time per device, and finds again on disk what another device compiled.
   */
  readonly openHelpers?: () => Promise<Device[]>;
  /** True for such a helper: it is never the default device. */
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

/** How often the expensive things happened since the device was opened. */
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
export type TensorBytes = Float32Array<ArrayBuffer> | Uint32Array<ArrayBuffer> | Uint8Array<ArrayBuffer>;

/** A range of a GPU buffer; what a tensor or an intermediate value lies in. */
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

/** A kernel over memory, ready to be encoded. */
export interface BoundDispatch {
  readonly pipeline: GPUComputePipeline;
  readonly bindGroup: GPUBindGroup;
  readonly planned: { readonly workgroups: readonly [number, number, number] };
}

/** What a device's memory is used for. */
export interface DeviceMemory {
  /** Bytes of the buffers that tensors and steps hold. */
  readonly usedBytes: number;
  /** Bytes of the buffers that wait for the next tensor of their size. */
  readonly idleBytes: number;
  /** The most bytes that both together have been. */
  readonly peakBytes: number;
}

/** A pipeline, as far as it is there. */
interface Compiled {
  ready?: Pipeline;
  pending?: Promise<Pipeline>;
}

/** Bounds of the caches. A training step has some forty pipelines and an eager loop not many more plans. */
const mostPipelines = 512;
const mostCached = 256;

/** Idle buffers may always take so much, and half of what is in use. */
const leastPoolBytes = 32 * 2 ** 20;

/** What JavaScript has collected is destroyed as soon as it is so much. */
const leastReclaimedBytes = 256 * 1024;

interface Prepared {
  readonly module: GPUShaderModule;
  readonly layout: GPUBindGroupLayout;
  readonly descriptor: GPUComputePipelineDescriptor;
}

const wantedFeatures: readonly GPUFeatureName[] = ['timestamp-query', 'subgroups'];
const wantedLimits = [
  'maxStorageBufferBindingSize',
  'maxBufferSize',
  'maxComputeWorkgroupStorageSize',
  'maxComputeInvocationsPerWorkgroup',
  'maxComputeWorkgroupSizeX',
] as const;

/** Memory per binding for the first run of a kernel, which is only there to have it compiled. */
export const warmUpBytes = 65_536;

/** The devices that are open, oldest first; helpers are not among them. */
const openDevices = new Set<Device>();
let devicesOpened = 0;

/** The devices of the programs being recorded, innermost last. */
const recordingFor: Device[] = [];

/**
 * The device for what names none (creation, layers, programs): the first one opened that is still open, so that a second
 * `open()` changes nothing for what is already there. While a program is recorded, the program's own.
 */
export function defaultDevice(): Device {
  const device = findDefaultDevice();
  if (!device)
    throw new DeviceError('defaultDevice: no device is open; call `await open()` first.', {
      problem: 'other',
    });
  return device;
}

/** The same, or undefined when no device is open. */
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
  /** Bytes of all buffers alive, in use or waiting in the pool. */
  allocatedBytes = 0;
  peakBytes = 0;
  /** Pass name → variant name: the variant to use whatever the table says. For tests, the bench and the tuner. */
  readonly forcedVariants = new Map<string, string>();
  /** The variants found fastest on this device, case by case; the table decides where there is none. */
  readonly kernelSelection = new KernelSelection();
  /** Guards every call of WebGPU. */
  readonly calls: GpuCalls;

  /** Anything cached per device by other parts, e.g. the plans of ops called outside a program. */
  readonly #caches = new Map<string, LruCache<string, unknown>>();
  readonly #pool = new BufferPool(
    () => Math.max(leastPoolBytes, (this.allocatedBytes - this.#pool.bytes) / 2),
    (buffer) => this.#drop(buffer),
  );
  readonly #staging = new BufferPool(
    () => leastPoolBytes,
    (buffer) => buffer.destroy(),
  );
  /** Which piece of work the making of a buffer was: one that may have been refused is never used again. */
  readonly #madeAs = new WeakMap<GPUBuffer, number>();
  readonly #pipelines = new LruCache<string, Compiled>(mostPipelines);
  readonly #warm = new WeakSet<Pipeline>();
  /** By the access of each binding, so that there are few. */
  readonly #layouts = new Map<string, GPUBindGroupLayout>();
  #generation = 0;
  #isDestroyed = false;
  readonly #collected: GPUBuffer[] = [];
  #collectedBytes = 0;

  private constructor(
    readonly gpu: GPUDevice,
    /** What errors call it, as `device 2 (llvmpipe)`: devices are numbered as they are opened. */
    readonly name: string,
    readonly fingerprint: Fingerprint,
    readonly traits: DeviceTraits,
    readonly hasTimestamps: boolean,
    readonly awaitGpu: AwaitGpu,
    /** Bytes that are free where the device's memory is the host's; undefined where nobody knows. */
    readonly freeMemory: () => number | undefined,
    /** Devices that may compile for this one; the caller destroys them. */
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
      subgroupSize,
      // Kernels keep to 256 so that they run everywhere, browsers' software adapter included.
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

  /** Throws when the device is gone, or once what it has refused; called before work is sent. */
  assertUsable(): void {
    this.calls.assertUsable();
  }

  /** Grows when pipelines and buffers that were kept may be invalid, after a refused command. */
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

  /** Resolves with the driver's reason when the device goes away. */
  get lost(): Promise<GPUDeviceLostInfo> {
    return this.gpu.lost;
  }

  // ---- memory ----

  /** The longest tensor or intermediate that a kernel can bind. */
  get maxBufferBytes(): number {
    return Math.min(this.gpu.limits.maxBufferSize, this.gpu.limits.maxStorageBufferBindingSize);
  }

  /** Bytes of the buffer that `allocate` takes for a length. */
  bufferBytes(byteLength: number): number {
    return Math.min(sizeClass(byteLength), Math.max(byteLength, this.maxBufferBytes));
  }

  /** Throws: DeviceError when one buffer cannot be so long. */
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
   * Gives the whole buffer behind `storage` back, to the pool where that has room; commands already submitted still see
   * it. Harmless when the device is destroyed.
   */
  release({ buffer }: Storage): void {
    if (this.#isDestroyed) return;
    if (this.calls.isRefused(this.#madeAs.get(buffer) ?? 0)) this.#drop(buffer);
    else this.#pool.give(buffer);
  }

  /**
   * Destroys the buffer behind what JavaScript has collected: a program that forgets its tensors would not find it in
   * the pool in time. In bulk, as little is not worth the calls.
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

  /** What the memory is used for now. */
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
      () => `memory: new buffer of ${mebibytes(size)} (${label}), ${mebibytes(this.allocatedBytes)} in all`,
    );
    return buffer;
  }

  /** A buffer that is no storage of tensors, such as one to read back through; the caller destroys it. */
  createBuffer(descriptor: GPUBufferDescriptor): GPUBuffer {
    this.counters.buffersCreated++;
    return this.calls.run('createBuffer', () => this.gpu.createBuffer(descriptor));
  }

  /**
   * Writes `data` to the start of `storage` at `byteOffset`; ordered with submits. Sizes are multiples of 4 bytes.
   * Returns which piece of work that is, as `GpuCalls` counts it.
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

  /** Copies whole storages on the device, behind all submitted work; `to` is no shorter than `from`. */
  copy(copies: readonly { readonly from: Storage; readonly to: Storage }[]): void {
    const encoder = this.encoder();
    for (const { from, to } of copies) this.encodeCopy(encoder, from, to, from.byteLength);
    this.submit(encoder);
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
   * Throws: DeviceError when the device is lost; never yields zeros in its place.
   */
  async read(storage: Storage, byteLength = storage.byteLength): Promise<ArrayBuffer> {
    const [bytes] = await this.readTogether([{ ...storage, byteLength }]);
    return bytes as ArrayBuffer;
  }

  /** The same for several storages, all as they are at one moment: no work submitted meanwhile comes between them. */
  async readTogether(storages: readonly Storage[]): Promise<ArrayBuffer[]> {
    const encoder = this.encoder();
    const pending = storages.map((storage) =>
      this.stageRead(encoder, storage, Math.ceil(storage.byteLength / 4) * 4),
    );
    this.submit(encoder);
    const found = await Promise.all(pending.map(async (read) => read.fetch()));
    return found.map((bytes, i) => bytes.slice(0, storages[i]?.byteLength));
  }

  /** Makes staging buffers ahead, so that later reads of this length allocate nothing. */
  prepareReads(byteLength: number, count: number): void {
    const size = sizeClass(byteLength);
    while (this.#staging.count(size) < count) this.#staging.give(this.#createStaging(size));
  }

  /**
   * Encodes a copy of `storage` into a staging buffer; `fetch`, called after the encoder was submitted, maps it.
   * Staging buffers are kept and used again.
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
    return {
      fetch: async () => {
        this.counters.readBacks++;
        this.counters.readBackBytes += byteLength;
        try {
          await this.calls.settle('mapAsync', async () => buffer.mapAsync(GPUMapMode.READ));
          // A lost device resolves promises as if nothing had happened: ask before believing the bytes.
          check();
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

  /** The compiled pipeline of a shader, compiled once as long as it is kept. */
  pipeline(shader: SpecialisedShader): Promise<Pipeline> {
    const compiled = this.#compiled(shader);
    if (compiled.pending) return compiled.pending;
    const pending = this.#compile(shader, compiled);
    compiled.pending = pending;
    // Whoever asks again gets another try: it may have failed for a reason that has passed.
    pending.catch(() => delete compiled.pending);
    return pending;
  }

  /** The same without waiting; a shader that does not compile is reported by the next call that checks. */
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

  /** Keeps these no longer for whoever asks for them again; what is bound has its own. */
  forgetPipelines(shaders: readonly SpecialisedShader[]): void {
    for (const { code } of shaders) this.#pipelines.delete(code);
  }

  /** Tells the work that was sent with a broken shader what is wrong with it. */
  async #report(shader: SpecialisedShader, module: GPUShaderModule, first: number): Promise<void> {
    try {
      const errors = await this.#errorsOf(module);
      if (errors.length > 0) this.calls.explain(shaderError(shader, errors), first);
    } catch {
      // The compiler's own words are lost: the work that the shader was for fails without them.
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

  /** `problem` resolves with what the device found wrong. */
  #prepareChecked(shader: SpecialisedShader) {
    this.calls.run('pushErrorScope', () => this.gpu.pushErrorScope('validation'));
    let prepared: Prepared;
    let problem: Promise<GPUError | null>;
    try {
      prepared = this.#prepare(shader);
    } finally {
      problem = this.calls.settle('popErrorScope', async () => this.gpu.popErrorScope());
      // When `#prepare` throws, its error counts.
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

  /** Runs one workgroup of a kernel over idle memory, so that the driver compiles it now; once is enough. */
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

  /** Encodes one compute pass that runs `dispatches` in order, `times` times over. */
  encodePass(
    encoder: GPUCommandEncoder,
    dispatches: readonly BoundDispatch[],
    times = 1,
    timestampWrites?: GPUComputePassTimestampWrites,
  ): void {
    // The call under way, for an error: cheaper than a guard around each, in the loop of every training.
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
    // A command that was refused while it was encoded makes no work of this.
    this.assertUsable();
    this.counters.submits++;
    this.calls.send();
    const commands = this.calls.run('finish', () => encoder.finish());
    this.calls.run('submit', () => this.gpu.queue.submit([commands]));
  }

  /** Waits until everything submitted is done, and throws what went wrong meanwhile. */
  async idle(): Promise<void> {
    this.assertUsable();
    const check = this.calls.answer();
    await this.calls.settle('onSubmittedWorkDone', async () => this.gpu.queue.onSubmittedWorkDone());
    check();
  }

  /** A cache that lives as long as the device and keeps what was used last. */
  cache<T>(name: string): LruCache<string, T> {
    let cache = this.#caches.get(name);
    if (!cache) this.#caches.set(name, (cache = new LruCache<string, unknown>(mostCached)));
    return cache as LruCache<string, T>;
  }

  /** Ends the device and frees its memory; its tensors are gone. Harmless when called twice. */
  dispose(): void {
    this.destroy();
  }

  /** The same, by WebGPU's name. */
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

/** By its traits, not its class: plans are also made for a device that is only described. */
export const deviceRule = () =>
  rule(
    'a Device, as open() gives',
    (value) => typeof value === 'object' && value !== null && 'traits' in value,
  );

/** Browsers tell no more than who made the adapter and its generation, as `nvidia ampere`. */
function nameOf({ device, description, vendor, architecture }: GPUAdapterInfo): string {
  return device || description || [vendor, architecture].filter(Boolean).join(' ') || 'unnamed adapter';
}

/** Buffers are rounded up to 256 bytes, from 64 KiB on to an eighth of their power of two, so that the pool finds matches. */
function sizeClass(byteLength: number): number {
  const grain = byteLength < 65_536 ? 256 : 2 ** (Math.floor(Math.log2(byteLength)) - 3);
  return Math.ceil(byteLength / grain) * grain;
}

export function mebibytes(bytes: number): string {
  return bytes < 2 ** 20 ? `${(bytes / 1024).toFixed(1)} KiB` : `${(bytes / 2 ** 20).toFixed(1)} MiB`;
}

/** The error for a shader that the device has refused; undefined when something else went wrong. */
function refusedShader(shader: SpecialisedShader, error: unknown): DeviceError | undefined {
  if (!(error instanceof DeviceError) || error.problem !== 'other') return undefined;
  const { cause, call } = error;
  const isPipelineError = cause instanceof Error && 'reason' in cause;
  // A command that was refused has no call's name, since no call failed.
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
  const told = messages.map(
    (m) => `  line ${m.lineNum}: ${m.message}\n    ${lines[m.lineNum - 1]?.trim() ?? ''}`,
  );
  return new DeviceError(`shader ${shader.label} does not compile:\n${told.join('\n') || other}`, {
    problem: 'shader',
  });
}
