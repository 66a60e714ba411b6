/**
 * What each kernel does in how much time, and how near that is to the roofline: the kernels of a step, and every op at the
 * shapes that its reference names.
 */
import type { Device } from '../../engine/device.js';
import { grad } from '../../engine/op.js';
import type { Cost, Primitive } from '../../engine/primitive.js';
import type { PlannedDispatch } from '../../engine/plan.js';
import { type BoundStep, program, runPrimitive } from '../../engine/program.js';
import type { Step } from '../../engine/replay.js';
import { Tensor } from '../../engine/tensor.js';
import { assert } from '../../errors.js';
import { nonDifferentiable, ops } from '../../kernels/index.js';
import { toBytes } from '../../reference/check.js';
import { references } from '../../reference/index.js';
import {
  type Array64,
  type BenchShape,
  type Reference,
  evaluate,
  randomFrom,
} from '../../reference/reference.js';
import type { Output } from '../output.js';
import type { Report } from './report.js';
import { type Roofline, leastTime } from './roofline.js';
import { type Spread, spreadOf } from './statistics.js';
import { madeUpImages, trainingSubject } from './subject.js';

/** Every primitive there is. */
const primitives = [
  ...ops.flatMap((op) => op.primitives),
  ...nonDifferentiable,
] as unknown as readonly Primitive[];

export interface KernelTiming {
  /** The primitive and what is fused into it, e.g. `conv2d + add + relu`. */
  readonly kernel: string;
  /** The shape's name, of ops at named shapes. */
  readonly name?: string;
  readonly variant: string;
  readonly shapes: string;
  readonly ms: Spread;
  /** By the median. */
  readonly gflops: number;
  readonly gbPerSecond: number;
  readonly cost: Cost;
}

export interface KernelRow extends KernelTiming {
  /** The least time that the roofline allows, as a share of the median; above 1 where caches beat the memory. */
  readonly ofRoofline?: number;
  readonly bound?: 'arithmetic' | 'memory';
}

export interface KernelOptions {
  readonly isQuick: boolean;
  /** What to measure the kernels against. */
  readonly roofline: Roofline | undefined;
}

/** The kernels of one training step of the paper model. */
export async function measureStep(
  device: Device,
  {
    batchSize,
    isQuick,
    roofline,
    onProgress,
  }: KernelOptions & {
    readonly batchSize: number;
    readonly onProgress: (done: number, total: number) => void;
  },
): Promise<KernelRow[]> {
  const set = madeUpImages(device, batchSize);
  const subject = await trainingSubject(set, { batchSize, onProgress });
  const timings = await timeKernels(
    subject.step,
    isQuick ? { repeats: 5, seconds: 5 } : { repeats: 15, seconds: 20 },
  );
  for (const resource of [subject, set]) resource.dispose();
  return withRoofline(timings, roofline);
}

/** Every op at the shapes that its reference names. */
export async function measureNamedShapes(
  device: Device,
  { isQuick, roofline, output }: KernelOptions & { readonly output: Output },
): Promise<KernelRow[]> {
  const patience = isQuick ? { repeats: 3, seconds: 1 } : { repeats: 9, seconds: 2 };
  return withRoofline(await timeNamedShapes(device, patience, output), roofline);
}

/** How often to time a kernel: `repeats` times, or fewer, but three, when `seconds` are over. */
export interface Patience {
  readonly repeats: number;
  readonly seconds: number;
}

/** Times every kernel of a step, in the order of its plan. The device has timestamps. */
export async function timeKernels(step: Step, { repeats, seconds }: Patience): Promise<KernelTiming[]> {
  const { dispatches } = step.plan;
  const samples: number[][] = dispatches.map(() => []);
  // The first one warms up.
  await step.profile();
  const started = performance.now();
  for (let i = 0; i < repeats; i++) {
    if (i >= 3 && performance.now() - started > seconds * 1000) break;
    (await step.profile()).forEach(({ ns }, j) => samples[j]!.push(ns / 1e6));
  }
  return merge(dispatches, samples).map(({ first: { label, variant, shapes, flops, bytes }, times }) => {
    const ms = spreadOf(times);
    return {
      kernel: label.replaceAll('/forward', ''),
      variant,
      shapes,
      ms,
      gflops: flops / ms.median / 1e6,
      gbPerSecond: bytes / ms.median / 1e6,
      cost: { flops, bytes },
    };
  });
}

/** Beside the roofline, where there is one. */
function withRoofline(rows: readonly KernelTiming[], roofline: Roofline | undefined): KernelRow[] {
  if (!roofline) return [...rows];
  return rows.map((row) => {
    const { ms, bound } = leastTime(roofline, row.cost);
    return { ...row, ofRoofline: ms / row.ms.median, bound };
  });
}

/** Dispatches of one primitive, such as partial sums and their reduction, are one row: their times add up. */
function merge(
  dispatches: readonly PlannedDispatch[],
  samples: readonly number[][],
): { first: PlannedDispatch; times: number[] }[] {
  const rows: { first: PlannedDispatch; times: number[] }[] = [];
  dispatches.forEach((dispatch, i) => {
    const before = rows.at(-1);
    const times = samples[i]!;
    if (before?.first.node === dispatch.node) times.forEach((ms, j) => (before.times[j]! += ms));
    else rows.push({ first: dispatch, times: [...times] });
  });
  return rows;
}

/** The ops that the roofline measures by themselves. */
const elsewhere: readonly string[] = ['roofline'];

/** Every op, forward and gradients, at every shape that its reference names for the bench. */
async function timeNamedShapes(device: Device, patience: Patience, output: Output): Promise<KernelTiming[]> {
  const rows: KernelTiming[] = [];
  for (const reference of references.values()) {
    if (elsewhere.includes(reference.op)) continue;
    for (const { gpuInputs, ...declared } of reference.bench) {
      const isFilled = device.traits.family === 'gpu' && gpuInputs !== undefined;
      const shape = isFilled ? { ...declared, inputs: gpuInputs } : declared;
      if (output.stream.isTTY) output.stream.write(`\r\u001B[K${reference.op}, ${shape.name}`);
      const { bound, tensors } = await bindShape(device, reference, shape);
      // What feeds the op, such as a gradient of ones, is not the op's own.
      const own = (await timeKernels(bound.step, patience)).filter(({ kernel }) =>
        kernel.startsWith(reference.op),
      );
      rows.push(...own.map((row) => ({ ...row, name: shape.name })));
      bound.step.dispose();
      for (const tensor of [...tensors, ...Object.values(bound.outputs)]) tensor.dispose();
      device.trim();
    }
  }
  if (output.stream.isTTY) output.stream.write('\r\u001B[K');
  return rows;
}

interface Bound {
  readonly bound: BoundStep<Record<string, Tensor>>;
  readonly tensors: readonly Tensor[];
}

async function bindShape(device: Device, reference: Reference, shape: BenchShape): Promise<Bound> {
  const { call } = reference;
  if (!call) return bindPass(device, reference, shape);
  const random = randomFrom(1, 0);
  const names = Object.keys(reference.inputs);
  const drawn = names.map((name) => reference.inputs[name]!.draw(random, shape.inputs[name]!, shape.inputs));
  const tensors = drawn.map((value) => upload(device, value));
  const run = program((...inputs: Tensor[]): Record<string, Tensor> => {
    const outputs = call(Object.fromEntries(names.map((name, i) => [name, inputs[i]!])), shape.options);
    const results = Object.values(outputs);
    if (!reference.backward) return { ...outputs };
    const loss = outputs[(reference.differentiable ?? reference.outputs)[0]!]!;
    const wanted = inputs.filter(({ dtype }) => dtype === 'f32');
    return Object.fromEntries([...results, ...grad(loss, wanted)].map((tensor, i) => [`${i}`, tensor]));
  }, device);
  return { bound: await run.bind(tensors), tensors };
}

/** A primitive that has no public function of its own, with the operands that its reference makes. */
async function bindPass(device: Device, reference: Reference, shape: BenchShape): Promise<Bound> {
  const [name, makeCase] = Object.entries(reference.primitives)[0]!;
  const primitive = primitives.find((candidate) => candidate.name === name);
  assert(primitive, `${name} is a primitive of an op or stands alone`);
  const { inputs, attributes } = makeCase(evaluate(reference, shape));
  const names = Object.keys(inputs);
  const tensors = names.map((input) => upload(device, inputs[input]!));
  const run = program(
    (...traced: Tensor[]): Record<string, Tensor> =>
      runPrimitive(primitive, Object.fromEntries(names.map((input, i) => [input, traced[i]!])), attributes),
    device,
  );
  return { bound: await run.bind(tensors), tensors };
}

function upload(device: Device, value: Array64): Tensor {
  return Tensor.from(toBytes(value), value.shape, device);
}

// ---- for people ----

/** Of a step, whose kernels share its time, the slowest first; or of named shapes. */
export function reportKernels(title: string, rows: readonly KernelRow[]): Report {
  const hasNames = rows.some(({ name }) => name !== undefined);
  const hasRoofline = rows.some(({ ofRoofline }) => ofRoofline !== undefined);
  const total = rows.reduce((sum, { ms }) => sum + ms.median, 0);
  const ordered = hasNames ? rows : rows.toSorted((a, b) => b.ms.median - a.ms.median);
  const columns: readonly Column[] = [
    ['kernel', ({ kernel }) => kernel],
    ...when(hasNames, ['at', ({ name = '' }) => name]),
    ['variant', ({ variant }) => variant],
    ['shapes', ({ shapes }) => shapes],
    ['ms', ({ ms }) => ms.median.toFixed(2)],
    ['low', ({ ms }) => ms.low.toFixed(2)],
    ['high', ({ ms }) => ms.high.toFixed(2)],
    ['GFLOP/s', ({ gflops }) => gflops.toFixed(1)],
    ['GB/s', ({ gbPerSecond }) => gbPerSecond.toFixed(1)],
    ...when(hasRoofline, ['roof %', ({ ofRoofline = Number.NaN }) => (ofRoofline * 100).toFixed(0)]),
    ...when(hasRoofline, ['bound by', ({ bound = '' }) => bound]),
    ...when(!hasNames, ['share %', ({ ms }) => ((ms.median / total) * 100).toFixed(1)]),
  ];
  return {
    title,
    head: columns.map(([head]) => head),
    rows: ordered.map((row) => columns.map(([, cell]) => cell(row))),
    ...(hasRoofline
      ? { note: 'roof %: the least time that arithmetic and memory of this device allow, of the time taken.' }
      : {}),
  };
}

type Column = readonly [head: string, cell: (row: KernelRow) => string];

function when(isShown: boolean, column: Column): readonly Column[] {
  return isShown ? [column] : [];
}
