/**
 * The time of each kernel, and how close it comes to the roofline: the kernels of a training step, and every op at the
 * shapes that its check lists.
 */
import type { Device } from '../../engine/device.js';
import type { Cost } from '../../engine/primitive.js';
import type { PlannedDispatch } from '../../engine/plan/plan.js';
import { grad } from '../../kernels/grad.js';
import { type BoundStep, program, runPrimitive } from '../../engine/program.js';
import type { Step } from '../../engine/replay.js';
import type { Tensor } from '../../engine/tensor.js';
import { assert } from '../../errors.js';
import { randomFrom } from '../../check/draws.js';
import { evaluate } from '../../check/evaluate.js';
import { tensorOf } from '../../check/guarded_run.js';
import { canCheck, checks } from '../../check/index.js';
import type { BenchShape, OpCheck } from '../../check/op_check.js';
import type { Output } from '../output.js';
import type { Report } from './report.js';
import { type Roofline, leastTime } from './roofline.js';
import { type Spread, spreadOf } from './statistics.js';
import { syntheticImages, trainingSubject } from './subject.js';

interface KernelTiming {
  /** The primitive and the ops fused into it, e.g. `conv2d + add + relu`. */
  readonly kernel: string;
  /** The name of the shape, for ops at named shapes. */
  readonly name?: string;
  readonly variant: string;
  readonly shapes: string;
  readonly ms: Spread;
  /** At the median time. */
  readonly gflops: number;
  readonly gbPerSecond: number;
  readonly cost: Cost;
}

export interface KernelRow extends KernelTiming {
  /** The least time that the roofline allows, divided by the median; above 1 if caches are faster than memory. */
  readonly ofRoofline?: number;
  readonly bound?: 'arithmetic' | 'memory';
}

interface KernelOptions {
  readonly isQuick: boolean;
  /** Left out: the kernels are not compared with a roofline. */
  readonly roofline: Roofline | undefined;
}

/** Times the kernels of one training step of the paper model. */
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
  const set = syntheticImages(device, batchSize);
  const subject = await trainingSubject(set, { batchSize, onProgress });
  const timings = await timeKernels(
    subject.step,
    isQuick ? { repeats: 5, seconds: 5 } : { repeats: 15, seconds: 20 },
  );
  for (const resource of [subject, set]) resource.dispose();
  return withRoofline(timings, roofline);
}

/** Times every op at the shapes that its check lists. */
export async function measureNamedShapes(
  device: Device,
  { isQuick, roofline, output }: KernelOptions & { readonly output: Output },
): Promise<KernelRow[]> {
  const limits = isQuick ? { repeats: 3, seconds: 1 } : { repeats: 9, seconds: 2 };
  return withRoofline(await timeNamedShapes(device, limits, output), roofline);
}

/** How often to time a kernel: `repeats` times, or fewer, but at least three, once `seconds` have passed. */
interface TimingLimits {
  readonly repeats: number;
  readonly seconds: number;
}

/** Times every kernel of a step, in the order of its plan. The device must have timestamps. */
export async function timeKernels(step: Step, { repeats, seconds }: TimingLimits): Promise<KernelTiming[]> {
  const { dispatches } = step.plan;
  const samples: number[][] = dispatches.map(() => []);
  // Warm-up.
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

/** Compares the kernels with the roofline, if it was measured. */
function withRoofline(rows: readonly KernelTiming[], roofline: Roofline | undefined): KernelRow[] {
  if (!roofline) return [...rows];
  return rows.map((row) => {
    const { ms, bound } = leastTime(roofline, row.cost);
    return { ...row, ofRoofline: ms / row.ms.median, bound };
  });
}

/** Merges the dispatches of one primitive, such as partial sums and their reduction, into one row with their total time. */
function merge(
  dispatches: readonly PlannedDispatch[],
  samples: readonly number[][],
): { first: PlannedDispatch; times: number[] }[] {
  const rows: { first: PlannedDispatch; times: number[] }[] = [];
  dispatches.forEach((dispatch, i) => {
    const before = rows.at(-1);
    const times = samples[i]!;
    if (before?.first.kernel === dispatch.kernel) times.forEach((ms, j) => (before.times[j]! += ms));
    else rows.push({ first: dispatch, times: [...times] });
  });
  return rows;
}

/** Ops that only the section `roofline` measures. */
const skippedOps: readonly string[] = ['roofline'];

/** Times every op, forward and gradients, at every benchmark shape of its check. */
async function timeNamedShapes(
  device: Device,
  limits: TimingLimits,
  output: Output,
): Promise<KernelTiming[]> {
  const rows: KernelTiming[] = [];
  for (const check of checks.values()) {
    const op = check.op.name;
    if (skippedOps.includes(op) || !canCheck(device, check)) continue;
    for (const { gpuInputs, ...declared } of check.bench) {
      const isGpuShape = device.traits.family === 'gpu' && gpuInputs !== undefined;
      const shape = isGpuShape ? { ...declared, inputs: gpuInputs } : declared;
      if (output.stream.isTTY) output.stream.write(`\r\u001B[K${op}, ${shape.name}`);
      const { bound, tensors } = await bindShape(device, check, shape);
      // Leaves out kernels that only feed the op, such as the gradient of ones.
      const own = (await timeKernels(bound.step, limits)).filter(({ kernel }) => kernel.startsWith(op));
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

async function bindShape(device: Device, check: OpCheck, shape: BenchShape): Promise<Bound> {
  const { call } = check;
  if (!call) return bindPrimitive(device, check, shape);
  const random = randomFrom(1, 0);
  const names = Object.keys(check.inputs);
  const drawn = names.map((name) => check.inputs[name]!.draw(random, shape.inputs[name]!, shape.inputs));
  const tensors = drawn.map((value) => tensorOf(device, value));
  const run = program((...inputs: Tensor[]): Record<string, Tensor> => {
    const outputs = call(Object.fromEntries(names.map((name, i) => [name, inputs[i]!])), shape.options);
    const results = Object.values(outputs);
    if (!check.reference.backward) return { ...outputs };
    const loss = outputs[(check.differentiable ?? check.outputs)[0]!]!;
    const wanted = inputs.filter(({ dtype }) => dtype === 'f32' || dtype === 'f16');
    return Object.fromEntries([...results, ...grad(loss, wanted)].map((tensor, i) => [`${i}`, tensor]));
  }, device);
  return { bound: await run.bind(tensors), tensors };
}

/** Binds a primitive without a public function, with operands made by its check. */
async function bindPrimitive(device: Device, check: OpCheck, shape: BenchShape): Promise<Bound> {
  const [name, makeCase] = Object.entries(check.primitives)[0]!;
  const primitive = check.op.primitives.find((candidate) => candidate.name === name);
  assert(primitive, `the check of ${check.op.name} names its primitives`);
  const { inputs, attributes } = makeCase(evaluate(check, shape));
  const names = Object.keys(inputs);
  const tensors = names.map((input) => tensorOf(device, inputs[input]!));
  const run = program(
    (...traced: Tensor[]): Record<string, Tensor> =>
      runPrimitive(primitive, Object.fromEntries(names.map((input, i) => [input, traced[i]!])), attributes),
    device,
  );
  return { bound: await run.bind(tensors), tensors };
}

// ---- report ----

/** A table of the kernels: those of a step, slowest first and with their share of its time, or those at named shapes. */
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
