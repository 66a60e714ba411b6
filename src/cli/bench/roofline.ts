/**
 * Measures the roofline of the device: the rate of multiply-adds in registers and the memory bandwidth, which together bound
 * the speed of every kernel.
 *
 *   least time of a kernel = max(operations / peak, bytes / bandwidth)
 *
 * Source: Williams, Waterman and Patterson 2009, Roofline.
 */
import type { Device } from '../../engine/device.js';
import type { Attributes, Cost, Primitive } from '../../engine/primitive.js';
import { type BoundStep, program, runPrimitive } from '../../engine/program.js';
import { timeInTurns } from '../../engine/stopwatch.js';
import { Tensor } from '../../engine/tensor.js';
import { rooflineCopy, rooflineMultiplyAdd, rooflineRead, stepsPerRound } from '../../kernels/roofline.js';
import type { Report } from './report.js';
import { type Spread, spreadOf } from './statistics.js';

interface MultiplyAddRow {
  /** The type that one invocation computes with: f32 or vec4. */
  readonly width: string;
  /** Independent sums per invocation. */
  readonly chains: number;
  readonly gflops: Spread;
}

export interface MemoryRow {
  readonly way: 'copy' | 'read';
  readonly width: string;
  /** Bytes read and written; small sizes stay in the device's caches. */
  readonly bytes: number;
  readonly gbPerSecond: Spread;
}

export interface Roofline {
  readonly multiplyAdd: readonly MultiplyAddRow[];
  readonly memory: readonly MemoryRow[];
  /** The highest rate; a multiply-add counts as two operations. */
  readonly peakGflops: number;
  /** The highest bandwidth of the largest buffers. */
  readonly peakGbPerSecond: number;
}

const widths = ['f32', 'vec4'] as const;
type Width = (typeof widths)[number];
/** Few chains expose latency, many do not fit into registers. */
const chainCounts = { f32: [4, 6, 8, 12, 16], vec4: [1, 2, 3, 4] } as const;
/** Multiply-adds per element, approximately, for any number of chains. */
const multiplyAddsEach = 32_768;
/** Terms of each sum in the kernel that reads. */
const terms = 64;

/** Sizes for a few milliseconds of work, on a software device a few hundredths of a second. */
const sizes = {
  software: { elements: 2 ** 14, bytes: 64 * 2 ** 20 },
  gpu: { elements: 2 ** 22, bytes: 256 * 2 ** 20 },
} as const;

/** Buffer sizes that caches may hold. */
const cachedBytes = [2 * 2 ** 20, 16 * 2 ** 20] as const;

/** Throws: DeviceError. */
export async function measureRoofline(
  device: Device,
  { isQuick }: { readonly isQuick: boolean },
): Promise<Roofline> {
  const rounds = isQuick ? 4 : 30;
  const multiplyAdd = await measureMultiplyAdd(device, rounds);
  const memory = await measureMemory(device, rounds);
  const largest = Math.max(...memory.map(({ bytes }) => bytes)) / 2;
  return {
    multiplyAdd,
    memory,
    peakGflops: Math.max(...multiplyAdd.map(({ gflops }) => gflops.max)),
    peakGbPerSecond: bandwidthFor(memory, largest),
  };
}

/**
 * The highest bandwidth for a kernel that reads and writes `bytes`, measured at this size or above: operands that fit into
 * a cache are compared with the cache.
 */
function bandwidthFor(memory: readonly MemoryRow[], bytes: number): number {
  const largest = Math.max(...memory.map((row) => row.bytes));
  const wide = memory.filter((row) => row.bytes >= Math.min(bytes, largest / 2));
  return Math.max(...wide.map(({ gbPerSecond }) => gbPerSecond.max));
}

/** The least milliseconds of a kernel with this cost, and whether arithmetic or memory bounds it. */
export function leastTime(
  { peakGflops, memory }: Pick<Roofline, 'peakGflops' | 'memory'>,
  { flops, bytes }: Cost,
): { readonly ms: number; readonly bound: 'arithmetic' | 'memory' } {
  const arithmetic = flops / (peakGflops * 1e6);
  const moving = bytes / (bandwidthFor(memory, bytes) * 1e6);
  return { ms: Math.max(arithmetic, moving), bound: arithmetic > moving ? 'arithmetic' : 'memory' };
}

// ---- arithmetic ----

async function measureMultiplyAdd(device: Device, rounds: number): Promise<MultiplyAddRow[]> {
  const { elements } = sizes[device.traits.family];
  const x = Tensor.from(new Float32Array(elements).fill(1), [elements], device);
  const line = Tensor.from([0.9999, 1e-4], [2], device);
  const configurations = widths.flatMap((width) => chainCounts[width].map((chains) => ({ width, chains })));
  const runs: Run[] = [];
  for (const { width, chains } of configurations) {
    const attributes = { chains, steps: stepsOf(chains) };
    runs.push(await bindPrimitive(rooflineMultiplyAdd, { x, line }, attributes, width, device));
  }
  const times = await timeInTurns(
    device,
    runs.map(({ bound }) => bound.step),
    rounds,
  );
  dispose(runs, [x, line]);
  return configurations.map((configuration, i) => ({
    ...configuration,
    gflops: spreadOf(times[i]!.map((ms) => runs[i]!.cost.flops / ms / 1e6)),
  }));
}

/** A multiple of the steps of the shader's loop. */
function stepsOf(chains: number): number {
  return Math.round(multiplyAddsEach / chains / stepsPerRound) * stepsPerRound;
}

// ---- memory ----

async function measureMemory(device: Device, rounds: number): Promise<MemoryRow[]> {
  const { maxBufferSize, maxStorageBufferBindingSize } = device.gpu.limits;
  const most = Math.min(maxBufferSize, maxStorageBufferBindingSize, sizes[device.traits.family].bytes);
  const rows: MemoryRow[] = [];
  for (const byteLength of [...cachedBytes, most]) {
    const elements = Math.floor(byteLength / 4 / terms / 4) * terms * 4;
    const x = Tensor.from(new Float32Array(elements).fill(1), [elements], device);
    const runs: Run[] = [];
    for (const width of widths) {
      runs.push(await bindPrimitive(rooflineCopy, { x }, {}, width, device));
      runs.push(await bindPrimitive(rooflineRead, { x }, { terms }, width, device));
    }
    const times = await timeInTurns(
      device,
      runs.map(({ bound }) => bound.step),
      rounds,
    );
    dispose(runs, [x]);
    runs.forEach(({ primitive, width, cost: { bytes } }, i) =>
      rows.push({
        way: primitive === rooflineCopy.name ? 'copy' : 'read',
        width,
        bytes,
        gbPerSecond: spreadOf(times[i]!.map((ms) => bytes / ms / 1e6)),
      }),
    );
  }
  device.trim();
  return rows;
}

// ---- one primitive at one width ----

interface Run {
  readonly primitive: string;
  readonly width: Width;
  readonly cost: Cost;
  readonly bound: BoundStep<Record<string, Tensor>>;
}

async function bindPrimitive<I extends string, A extends Attributes>(
  primitive: Primitive<I, 'y', A>,
  inputs: Readonly<Record<I, Tensor>>,
  attributes: A,
  width: Width,
  device: Device,
): Promise<Run> {
  const { forcedVariants } = device;
  forcedVariants.set(primitive.name, width);
  try {
    const tensors = primitive.inputs.map((name) => inputs[name]);
    const run = program((...traced: Tensor[]): Record<string, Tensor> => {
      const operands = Object.fromEntries(primitive.inputs.map((name, i) => [name, traced[i]!]));
      return runPrimitive(primitive, operands as Record<I, Tensor>, attributes);
    }, device);
    const bound = await run.bind(tensors);
    const { flops, bytes } = bound.step.plan.dispatches[0]!;
    return { primitive: primitive.name, width, cost: { flops, bytes }, bound };
  } finally {
    forcedVariants.delete(primitive.name);
  }
}

function dispose(runs: readonly Run[], tensors: readonly Tensor[]): void {
  for (const { bound } of runs) {
    bound.step.dispose();
    for (const tensor of Object.values(bound.outputs)) tensor.dispose();
  }
  for (const tensor of tensors) tensor.dispose();
}

// ---- report ----

export function reportRoofline({ multiplyAdd, memory, peakGflops, peakGbPerSecond }: Roofline): Report[] {
  const cells = ({ median, low, high, max }: Spread): string[] =>
    [median, low, high, max].map((value) => value.toFixed(1));
  const ridge = peakGflops / peakGbPerSecond;
  return [
    {
      title: 'Multiply-adds in registers',
      head: ['width', 'chains', 'GFLOP/s', 'low', 'high', 'max'],
      rows: multiplyAdd.map(({ width, chains, gflops }) => [width, chains, ...cells(gflops)]),
    },
    {
      title: 'Memory',
      head: ['access', 'width', 'MiB', 'GB/s', 'low', 'high', 'max'],
      rows: memory.map(({ way, width, bytes, gbPerSecond }) => [
        way,
        width,
        (bytes / 2 ** 20).toFixed(0),
        ...cells(gbPerSecond),
      ]),
      note: `Peak: ${peakGflops.toFixed(1)} GFLOP/s and ${peakGbPerSecond.toFixed(1)} GB/s; memory bounds kernels with fewer than ${ridge.toFixed(1)} operations per byte.`,
    },
  ];
}
