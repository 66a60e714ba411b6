/**
 * The device: one opened WebGPU adapter, with what its users share: the pipelines, the pool of buffers, the
 * counters, and what is known of the adapter. Openers (src/node, src/browser) find an adapter and call
 * `Device.open`; everything after that is the same in Node and in a browser.
 */
import { DeviceError, assert } from '../errors.js';
import { rule } from '../options.js';
import { Choices } from './choices.js';
import { debug } from './debug.js';
import type { DeviceTraits } from './pass.js';
import { type SpecialisedShader } from './shader.js';

export interface DeviceOptions {
  /** Overrides the family that the adapter suggests. */
  readonly family?: DeviceTraits['family'];
  /** What runs us: Dawn in Node, or the browser's own name. */
  readonly runtime: string;
  /** Bytes of the host's memory that are free, for devices whose memory that is: software on the processor. */
  readonly freeHostMemory?: () => number;
  /** How to await what the device does, where awaiting costs something; left out, promises are awaited as they are. */
  readonly patiently?: Patience;
  /**
   * Opens further devices of the same adapter that only compile. Used where the adapter is software: such a driver
   * compiles one kernel at a time per device, and finds again on disk what another device compiled.
   */
  readonly openHelpers?: () => Promise<Device[]>;
  /** True for such a helper: it is never the default device. */
  readonly isHelper?: boolean;
}

/** Awaits a promise that the device settles. */
export type Patience = <T>(promise: Promise<T>) => Promise<T>;

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

export class Device {
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
  readonly choices = new Choices();
  /** Anything cached per device by other parts, e.g. the plans of ops called outside a program. */
  readonly caches = new Map<string, Map<string, unknown>>();

  readonly #pool = new Map<number, GPUBuffer[]>();
  readonly #staging = new Map<number, GPUBuffer[]>();
  readonly #pipelines = new Map<string, Promise<Pipeline>>();
  readonly #readyPipelines = new Map<string, Pipeline>();
  readonly #warm = new WeakSet<Pipeline>();
  readonly #layouts = new Map<string, GPUBindGroupLayout>();
  #lostReason: string | undefined;
  #failure: string | undefined;

  private constructor(
    readonly gpu: GPUDevice,
    /** What errors call it, as `device 2 (llvmpipe)`: devices are numbered as they are opened. */
    readonly name: string,
    readonly fingerprint: Fingerprint,
    readonly traits: DeviceTraits,
    readonly hasTimestamps: boolean,
    readonly patiently: Patience,
    /** Bytes that are free where the device's memory is the host's; undefined where nobody knows. */
    readonly freeMemory: () => number | undefined,
    /** Devices that may compile for this one; the caller destroys them. */
    readonly openHelpers: () => Promise<Device[]>,
  ) {
    void this.#watch();
    gpu.onuncapturederror = (event) => {
      event.preventDefault();
      this.#failure ??= event.error.message;
    };
  }

  /** Remembers why the device went away, for `assertUsable`. */
  async #watch(): Promise<void> {
    const { message, reason } = await this.gpu.lost;
    this.#lostReason ??= message || reason;
    openDevices.delete(this);
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
        { cause, problem: 'other' },
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
      options.patiently ?? ((promise) => promise),
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

  /** Throws when the device is gone or an earlier command was refused; called before work is sent. */
  assertUsable(): void {
    if (this.#lostReason !== undefined) throw DeviceError.lost(this.#lostReason);
    if (this.#failure !== undefined) {
      throw new DeviceError(`device: WebGPU refused a command: ${this.#failure}`, { problem: 'other' });
    }
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
    const buffer = this.#pool.get(size)?.pop() ?? this.#create(size, label);
    return { buffer, offset: 0, byteLength };
  }

  /** Gives the whole buffer behind `storage` back to the pool; commands already submitted still see it. */
  release(storage: Storage): void {
    const list = this.#pool.get(storage.buffer.size) ?? [];
    list.push(storage.buffer);
    this.#pool.set(storage.buffer.size, list);
  }

  /** Destroys the buffers that wait in the pool. */
  trim(): void {
    for (const buffers of this.#pool.values()) {
      for (const buffer of buffers) {
        this.allocatedBytes -= buffer.size;
        buffer.destroy();
      }
    }
    this.#pool.clear();
  }

  #create(size: number, label: string): GPUBuffer {
    this.counters.buffersCreated++;
    this.allocatedBytes += size;
    this.peakBytes = Math.max(this.peakBytes, this.allocatedBytes);
    debug(
      1,
      () => `memory: new buffer of ${mebibytes(size)} (${label}), ${mebibytes(this.allocatedBytes)} in all`,
    );
    const { STORAGE, UNIFORM, COPY_SRC, COPY_DST } = GPUBufferUsage;
    return this.gpu.createBuffer({ size, usage: STORAGE | UNIFORM | COPY_SRC | COPY_DST, label });
  }

  /** Writes `data` to the start of `storage` at `byteOffset`; ordered with submits. Sizes are multiples of 4 bytes. */
  write(storage: Storage, data: TensorBytes, byteOffset = 0): void {
    this.assertUsable();
    const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    const whole = bytes.byteLength - (bytes.byteLength % 4);
    this.gpu.queue.writeBuffer(storage.buffer, storage.offset + byteOffset, bytes, 0, whole);
    if (whole < bytes.byteLength) {
      const tail = new Uint8Array(4);
      tail.set(bytes.subarray(whole));
      this.gpu.queue.writeBuffer(storage.buffer, storage.offset + byteOffset + whole, tail);
    }
  }

  /** Copies whole storages on the device, behind all submitted work; `to` is no shorter than `from`. */
  copy(copies: readonly { readonly from: Storage; readonly to: Storage }[]): void {
    this.assertUsable();
    const encoder = this.gpu.createCommandEncoder();
    for (const { from, to } of copies)
      encoder.copyBufferToBuffer(from.buffer, from.offset, to.buffer, to.offset, from.byteLength);
    this.submit(encoder);
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
    const encoder = this.gpu.createCommandEncoder();
    const pending = storages.map((storage) =>
      this.stageRead(encoder, storage, Math.ceil(storage.byteLength / 4) * 4),
    );
    this.submit(encoder);
    const found = await Promise.all(pending.map(async (read) => read.fetch()));
    return found.map((bytes, i) => bytes.slice(0, storages[i]?.byteLength));
  }

  /** Makes staging buffers ahead, so that later reads of this length allocate nothing. */
  prepareReads(byteLength: number, count: number): void {
    const list = this.#staging.get(byteLength) ?? [];
    this.#staging.set(byteLength, list);
    while (list.length < count) list.push(this.#createStaging(byteLength));
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
    const list = this.#staging.get(byteLength) ?? [];
    this.#staging.set(byteLength, list);
    const staging = list.pop() ?? this.#createStaging(byteLength);
    encoder.copyBufferToBuffer(storage.buffer, storage.offset, staging, 0, byteLength);
    return {
      fetch: async () => {
        this.counters.readBacks++;
        this.counters.readBackBytes += byteLength;
        try {
          await this.patiently(staging.mapAsync(GPUMapMode.READ));
        } catch (cause) {
          this.assertUsable();
          throw new DeviceError(`device: reading back failed (${String(cause)}).`, {
            cause,
            problem: 'other',
          });
        }
        // A lost device resolves promises as if nothing had happened: ask before believing the bytes.
        this.assertUsable();
        const bytes = staging.getMappedRange(0, byteLength).slice(0);
        staging.unmap();
        list.push(staging);
        return bytes;
      },
    };
  }

  #createStaging(byteLength: number): GPUBuffer {
    this.counters.buffersCreated++;
    return this.gpu.createBuffer({
      size: byteLength,
      usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST,
      label: 'staging',
    });
  }

  // ---- pipelines ----

  /** The compiled pipeline of a shader, compiled at most once per device. */
  pipeline(shader: SpecialisedShader): Promise<Pipeline> {
    let pending = this.#pipelines.get(shader.code);
    if (!pending) {
      pending = this.#compile(shader);
      this.#pipelines.set(shader.code, pending);
    }
    return pending;
  }

  /** The same without waiting; a shader that does not compile is reported by the next call that checks. */
  pipelineNow(shader: SpecialisedShader): Pipeline {
    const ready = this.#readyPipelines.get(shader.code);
    if (ready) return ready;
    const { module, layout, descriptor } = this.#prepare(shader);
    const pipeline = {
      label: shader.label,
      shader,
      pipeline: this.gpu.createComputePipeline(descriptor),
      layout,
    };
    this.#readyPipelines.set(shader.code, pipeline);
    // Not awaited: the caller cannot wait. The message lands in assertUsable.
    void this.#report(shader, module);
    return pipeline;
  }

  /** Keeps these no longer for whoever asks for them again; what is bound has its own. */
  forgetPipelines(shaders: readonly SpecialisedShader[]): void {
    for (const { code } of shaders) {
      this.#pipelines.delete(code);
      this.#readyPipelines.delete(code);
    }
  }

  async #report(shader: SpecialisedShader, module: GPUShaderModule): Promise<void> {
    const { messages } = await module.getCompilationInfo();
    const errors = messages.filter((message) => message.type === 'error');
    if (errors.length > 0) this.#failure = shaderError(shader, errors).message;
  }

  async #compile(shader: SpecialisedShader): Promise<Pipeline> {
    const ready = this.#readyPipelines.get(shader.code);
    if (ready) return ready;
    this.gpu.pushErrorScope('validation');
    const { module, layout, descriptor } = this.#prepare(shader);
    const scope = this.gpu.popErrorScope();
    const messages = (await module.getCompilationInfo()).messages.filter(
      (message) => message.type === 'error',
    );
    const moduleError = await scope;
    if (messages.length > 0 || moduleError) throw shaderError(shader, messages, moduleError?.message);
    try {
      const pipeline = {
        label: shader.label,
        shader,
        pipeline: await this.patiently(this.gpu.createComputePipelineAsync(descriptor)),
        layout,
      };
      this.#readyPipelines.set(shader.code, pipeline);
      return pipeline;
    } catch (cause) {
      throw shaderError(shader, [], String(cause));
    }
  }

  #prepare(shader: SpecialisedShader): {
    module: GPUShaderModule;
    layout: GPUBindGroupLayout;
    descriptor: GPUComputePipelineDescriptor;
  } {
    this.assertUsable();
    this.counters.pipelinesCreated++;
    debug(3, () => `shader ${shader.label}:\n${shader.code}`);
    const module = this.gpu.createShaderModule({ code: shader.code, label: shader.label });
    const layout = this.#layout(shader);
    const descriptor = {
      layout: this.gpu.createPipelineLayout({ bindGroupLayouts: [layout] }),
      compute: { module, entryPoint: 'main' },
      label: shader.label,
    };
    return { module, layout, descriptor };
  }

  /** Runs one workgroup of a kernel over idle memory, so that the driver compiles it now; once is enough. */
  async warmUp(pipeline: Pipeline): Promise<void> {
    if (this.#warm.has(pipeline)) return;
    const storages = pipeline.shader.bindings.map(() => this.allocate(warmUpBytes, 'warm-up'));
    const encoder = this.gpu.createCommandEncoder();
    const pass = encoder.beginComputePass();
    pass.setPipeline(pipeline.pipeline);
    pass.setBindGroup(0, this.bindGroup(pipeline, storages));
    pass.dispatchWorkgroups(1);
    pass.end();
    this.submit(encoder);
    await this.idle();
    for (const storage of storages) this.release(storage);
    this.#warm.add(pipeline);
  }

  #layout(shader: SpecialisedShader): GPUBindGroupLayout {
    const types = { read: 'read-only-storage', read_write: 'storage', uniform: 'uniform' } as const;
    const key = shader.bindings.map(({ access }) => access).join();
    let layout = this.#layouts.get(key);
    if (!layout) {
      layout = this.gpu.createBindGroupLayout({
        entries: shader.bindings.map(({ access }, binding) => ({
          binding,
          visibility: GPUShaderStage.COMPUTE,
          buffer: { type: types[access] },
        })),
      });
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
    return this.gpu.createBindGroup({
      layout: pipeline.layout,
      label: pipeline.label,
      entries: storages.map((storage, binding) => ({
        binding,
        resource: { buffer: storage.buffer, offset: storage.offset, size: storage.byteLength },
      })),
    });
  }

  // ---- commands ----

  submit(encoder: GPUCommandEncoder): void {
    this.counters.submits++;
    this.gpu.queue.submit([encoder.finish()]);
  }

  /** Waits until everything submitted is done, and throws what went wrong meanwhile. */
  async idle(): Promise<void> {
    await this.patiently(this.gpu.queue.onSubmittedWorkDone());
    this.assertUsable();
  }

  /** A cache that lives as long as the device. */
  cache<T>(name: string): Map<string, T> {
    let cache = this.caches.get(name);
    if (!cache) this.caches.set(name, (cache = new Map<string, unknown>()));
    return cache as Map<string, T>;
  }

  /** Ends the device; its tensors are gone. */
  destroy(): void {
    openDevices.delete(this);
    this.#lostReason ??= 'destroyed';
    this.gpu.destroy();
  }
}

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
