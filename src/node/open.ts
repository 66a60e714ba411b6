/**
 * Node's opener: finds an adapter through Dawn (the package `webgpu`) and opens the device.
 * Dawn's object must stay referenced for the lifetime of the process: Node crashes if it is garbage-collected.
 */
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { availableParallelism } from 'node:os';
import { dirname, join } from 'node:path';
import { create, globals } from 'webgpu';
import { setDebugLevel } from '../engine/debug.js';
import { setStageListener } from '../engine/plan/planner.js';
import { printStage } from '../engine/plan/text.js';
import { Device, type DeviceOptions, familyRule } from '../engine/device.js';
import type { DeviceTraits } from '../engine/primitive.js';
import { DataError, UsageError } from '../errors.js';
import { type Form, readJson, text } from '../json_reader.js';
import { checkCall } from '../calls.js';
import { type Rules, nonEmptyText } from '../options.js';
import { aroundDawn } from './around_dawn.js';
import { noAdapter } from './no_adapter.js';
import { awaitGpu } from './await_gpu.js';

export interface OpenOptions {
  /** Part of the adapter's name, such as `llvmpipe` or `NVIDIA`. Default: the fastest adapter. */
  readonly device?: string;
  /** Overrides the kernel family that the adapter suggests. */
  readonly family?: DeviceTraits['family'];
}

const rules = (): Rules<OpenOptions> => ({ device: nonEmptyText, family: familyRule() });

export interface AdapterEntry {
  readonly backend: string;
  readonly name: string;
}

const fastest: GPURequestAdapterOptions = { powerPreference: 'high-performance' };
const dawn: GPU[] = [];
let isPrepared = false;

const settingsForm: Form<{ readonly driverFiles: string }> = { driverFiles: text };

/** Settings that Dawn and the drivers read at start: set before the first `create`. */
function prepare(): void {
  if (isPrepared) return;
  isPrepared = true;
  Object.assign(globalThis, globals);
  setDebugLevel(Number(process.env['DEBUG'] ?? 0) || 0);
  setStageListener(printStage);
  const require = createRequire(import.meta.url);
  const settingsPath = join(
    dirname(require.resolve('webgpu/package.json')),
    '..',
    '.cache',
    'shadegrad',
    'vulkan.json',
  );
  // Written by the set-up if no system driver works; names the SwiftShader driver that it unpacked.
  if (!process.env['VK_DRIVER_FILES'] && existsSync(settingsPath)) {
    const { driverFiles } = readJson(
      readFileSync(settingsPath),
      settingsForm,
      (what, cause) =>
        new DataError(`${settingsPath}: damaged: ${what}. Delete that file, and run the set-up again.`, {
          cause,
        }),
    );
    process.env['VK_DRIVER_FILES'] = driverFiles;
  }
}

function createGpu(flags: string[]): GPU {
  prepare();
  const gpu = aroundDawn(() => create(flags));
  dawn.push(gpu);
  return gpu;
}

/** Lists all adapters that Dawn finds. */
export async function listAdapters(): Promise<AdapterEntry[]> {
  try {
    // A name without a match makes Dawn list all adapters.
    const gpu = createGpu(['adapter=no adapter has this name']);
    await aroundDawn(() => gpu.requestAdapter());
    return [];
  } catch (error) {
    return [...String(error).matchAll(/backend: '([^']*)', name: '([^']*)'/g)].map((match) => ({
      backend: match[1] as string,
      name: match[2] as string,
    }));
  }
}

/** The adapter that `open` would use. */
export async function findAdapter(options: OpenOptions = {}): Promise<GPUAdapter> {
  return (await find(options)).adapter;
}

async function find({ device }: OpenOptions): Promise<{ readonly gpu: GPU; readonly adapter: GPUAdapter }> {
  // Disables the rounding of timestamps to 65 µs; only the profiler sees them.
  const flags = ['disable-dawn-features=timestamp_quantization'];
  if (device !== undefined) {
    const adapters = await listAdapters();
    if (!adapters.some(({ name }) => name.includes(device))) {
      const names = adapters.map(({ name }) => `'${name}'`).join(', ') || 'none';
      throw new UsageError(`open: no adapter's name contains '${device}'; found ${names}.`);
    }
    flags.push(`adapter=${device}`);
  }
  let gpu: GPU;
  let adapter: GPUAdapter | null;
  try {
    gpu = createGpu(flags);
    adapter = await aroundDawn(() => gpu.requestAdapter(fastest));
  } catch (cause) {
    throw noAdapter(String(cause).split('\n')[0] as string, { cause });
  }
  if (!adapter) throw noAdapter('Dawn lists no adapter');
  return { gpu, adapter };
}

/**
 * Opens a device in Node. The first open device is the default; see `defaultDevice`.
 *
 * Throws: DeviceError when there is no adapter, with what to install; UsageError when `device` matches none.
 */
export async function open(options: OpenOptions = {}): Promise<Device> {
  checkCall('open', options, rules);
  const { gpu, adapter } = await find(options);
  return Device.open(adapter, { ...deviceOptions(options), openHelpers: () => openHelpers(gpu, options) });
}

function deviceOptions({ family }: OpenOptions): DeviceOptions {
  return {
    runtime: `dawn, node ${process.version}`,
    awaitGpu,
    // Memory available to this process, including container limits.
    freeHostMemory: () => process.availableMemory(),
    ...(family ? { family } : {}),
  };
}

/**
 * One helper device per additional core, since each compiles in one thread; more than a few have too little work.
 * They come from the same Dawn instance: another instance would print its own warnings and keep driver threads until
 * the end.
 */
async function openHelpers(gpu: GPU, options: OpenOptions): Promise<Device[]> {
  const count = Math.min(4, availableParallelism() - 1);
  const opened = await Promise.allSettled(
    Array.from({ length: count }, async () => {
      const adapter = await gpu.requestAdapter(fastest);
      return adapter && Device.open(adapter, { ...deviceOptions(options), isHelper: true });
    }),
  );
  // Helpers that fail to open are not needed.
  return opened.flatMap((each) => (each.status === 'fulfilled' ? (each.value ?? []) : []));
}
