/**
 * The roofline of this device, measured: the rate of multiply-adds in registers and the bandwidth of memory, which together
 * bound every kernel.
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

export interface MultiplyAddRow {
  /** Numbers that one invocation works on at a time: f32 or vec4. */
  readonly width: string;
  /** Sums side by side that do not wait for each other. */
  readonly chains: number;
  readonly gflops: Spread;
}

export interface MemoryRow {
  readonly way: 'copy' | 'read';
  readonly width: string;
  /** All that is touched; small ones stay in the device's caches. */
  readonly bytes: number;
  readonly gbPerSecond: Spread;
}

export interface Roofline {
  readonly multiplyAdd: readonly MultiplyAddRow[];
  readonly memory: readonly MemoryRow[];
  /** The most that was seen, a multiply-add counted as two operations. */
  readonly peakGflops: number;
  /** The most that was seen of the largest buffers. */
  readonly peakGbPerSecond: number;
}

const widths = ['f32', 'vec4'] as const;
type Width = (typeof widths)[number];
/** Few wait for each other, many do not fit the registers. */
const chainCounts = { f32: [4, 6, 8, 12, 16], vec4: [1, 2, 3, 4] } as const;
/** Multiply-adds of each element, nearly, whatever the number of chains. */
const multiplyAddsEach = 32_768;
/** Terms of each sum of the reading kernel. */
const terms = 64;

/** How much work there is: some milliseconds, on a software device some hundredths of a second. */
const sizes = {
  software: { elements: 2 ** 14, bytes: 64 * 2 ** 20 },
  gpu: { elements: 2 ** 22, bytes: 256 * 2 ** 20 },
} as const;

/** Bytes of the buffers that caches may hold. */
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
 * The bandwidth that a kernel which touches `bytes` can hope for: the most that was seen at this size or a larger one, so
 * that operands which fit a cache are measured against the cache.
 */
function bandwidthFor(memory: readonly MemoryRow[], bytes: number): number {
  const largest = Math.max(...memory.map((row) => row.bytes));
  const wide = memory.filter((row) => row.bytes >= Math.min(bytes, largest / 2));
  return Math.max(...wide.map(({ gbPerSecond }) => gbPerSecond.max));
}

/** Milliseconds that a kernel of this cost takes at least, and which of the two bounds it. */
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
    runs.push(await bindPass(rooflineMultiplyAdd, { x, line }, attributes, width, device));
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

/** Whole turns of the shader's loop. */
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
      runs.push(await bindPass(rooflineCopy, { x }, {}, width, device));
      runs.push(await bindPass(rooflineRead, { x }, { terms }, width, device));
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

// ---- one primitive, in the width asked for ----

interface Run {
  readonly primitive: string;
  readonly width: Width;
  readonly cost: Cost;
  readonly bound: BoundStep<Record<string, Tensor>>;
}

async function bindPass<I extends string, A extends Attributes>(
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

// ---- for people ----

export function reportRoofline({ multiplyAdd, memory, peakGflops, peakGbPerSecond }: Roofline): Report[] {
  const cells = ({ median, low, high, max }: Spread): string[] =>
    [median, low, high, max].map((value) => value.toFixed(1));
  const ridge = peakGflops / peakGbPerSecond;
  return [
    {
      title: 'Multiply-adds in registers',
      head: ['width', 'chains', 'GFLOP/s', 'low', 'high', 'most'],
      rows: multiplyAdd.map(({ width, chains, gflops }) => [width, chains, ...cells(gflops)]),
    },
    {
      title: 'Memory',
      head: ['way', 'width', 'touched MiB', 'GB/s', 'low', 'high', 'most'],
      rows: memory.map(({ way, width, bytes, gbPerSecond }) => [
        way,
        width,
        (bytes / 2 ** 20).toFixed(0),
        ...cells(gbPerSecond),
      ]),
      note: `Peak: ${peakGflops.toFixed(1)} GFLOP/s and ${peakGbPerSecond.toFixed(1)} GB/s; memory bounds what does fewer than ${ridge.toFixed(1)} operations per byte.`,
    },
  ];
}
