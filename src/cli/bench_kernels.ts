/**
 * What each kernel does in how much time: the kernels of a step, and every op at the shapes that its reference names.
 */
import type { Device } from '../engine/device.js';
import { grad } from '../engine/op.js';
import type { PlannedDispatch } from '../engine/plan.js';
import { type BoundStep, program, runPass } from '../engine/program.js';
import type { Step } from '../engine/replay.js';
import { Tensor } from '../engine/tensor.js';
import { assert } from '../errors.js';
import { lonePasses, ops } from '../kernels/index.js';
import type { Pass } from '../engine/pass.js';
import { toBytes } from '../reference/check.js';
import { references } from '../reference/index.js';
import {
  type Array64,
  type BenchShape,
  type Reference,
  evaluate,
  randomFrom,
} from '../reference/reference.js';
import { type Output, table } from './output.js';

/** Every pass there is. */
const passes = [...ops.flatMap((op) => op.passes), ...lonePasses] as unknown as readonly Pass[];

export interface KernelRow {
  readonly kernel: string;
  /** The shape's name, of ops at named shapes. */
  readonly name?: string;
  readonly variant: string;
  readonly shapes: string;
  /** Median and spread over the repeats. */
  readonly ms: number;
  readonly msMin: number;
  readonly msMax: number;
  readonly gflops: number;
  readonly gbPerSecond: number;
  /** Of the sum of all kernels of the step. */
  readonly share: number;
}

/** Times every kernel of a step `repeats` times; the slowest first. */
export async function kernelRows(step: Step, repeats: number): Promise<KernelRow[]> {
  const { dispatches } = step.plan;
  const samples: number[][] = dispatches.map(() => []);
  for (let i = 0; i <= repeats; i++) {
    const profile = await step.profile();
    // The first one warms up.
    if (i > 0) profile.forEach(({ ns }, j) => samples[j]!.push(ns / 1e6));
  }
  const total = samples.reduce((sum, times) => sum + middle(times), 0);
  return merge(dispatches, samples)
    .map(({ first: { label, variant, shapes, flops, bytes }, times }) => {
      const ms = middle(times);
      return {
        kernel: label.replaceAll('/forward', ''),
        variant,
        shapes,
        ms,
        msMin: Math.min(...times),
        msMax: Math.max(...times),
        gflops: flops / ms / 1e6,
        gbPerSecond: bytes / ms / 1e6,
        share: ms / total,
      };
    })
    .sort((a, b) => b.ms - a.ms);
}

/** Dispatches of one pass, such as partial sums and their reduction, are one row: their times add up. */
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

/** Every op, forward and gradients, at every shape that its reference names for the bench. */
export async function namedRows(device: Device, repeats: number, output: Output): Promise<KernelRow[]> {
  const rows: KernelRow[] = [];
  for (const reference of references.values()) {
    for (const shape of reference.bench) {
      if (output.stream.isTTY) output.stream.write(`\r\u001B[K${reference.op}, ${shape.name}`);
      const { bound, tensors } = await bindShape(device, reference, shape);
      // What feeds the op, such as a gradient of ones, is not the op's own.
      const own = (await kernelRows(bound.step, repeats)).filter(({ kernel }) =>
        kernel.startsWith(reference.op),
      );
      rows.push(...own.map((row) => ({ ...row, name: shape.name })));
      bound.step.dispose();
      for (const tensor of [...tensors, ...Object.values(bound.outputs)]) tensor.dispose();
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

/** A pass that has no public function of its own, with the operands that its reference makes. */
async function bindPass(device: Device, reference: Reference, shape: BenchShape): Promise<Bound> {
  const [name, makeCase] = Object.entries(reference.passes)[0]!;
  const pass = passes.find((candidate) => candidate.name === name);
  assert(pass, `${name} is a pass of an op or stands alone`);
  const { inputs, attributes } = makeCase(evaluate(reference, { ...shape, name: shape.name }));
  const names = Object.keys(inputs);
  const tensors = names.map((input) => upload(device, inputs[input]!));
  const run = program(
    (...traced: Tensor[]): Record<string, Tensor> =>
      runPass(pass, Object.fromEntries(names.map((input, i) => [input, traced[i]!])), attributes),
    device,
  );
  return { bound: await run.bind(tensors), tensors };
}

function upload(device: Device, value: Array64): Tensor {
  return Tensor.from(toBytes(value), value.shape, device);
}

export function kernelTable(rows: readonly KernelRow[]): string {
  const hasNames = rows.some(({ name }) => name !== undefined);
  const head = [
    'kernel',
    ...(hasNames ? ['at'] : []),
    'variant',
    'shapes',
    'ms',
    'min',
    'max',
    'GFLOP/s',
    'GB/s',
  ];
  return table(
    hasNames ? head : [...head, 'share %'],
    rows.map((row) => [
      row.kernel,
      ...(hasNames ? [row.name ?? ''] : []),
      row.variant,
      row.shapes,
      row.ms.toFixed(2),
      row.msMin.toFixed(2),
      row.msMax.toFixed(2),
      row.gflops.toFixed(1),
      row.gbPerSecond.toFixed(1),
      ...(hasNames ? [] : [(row.share * 100).toFixed(1)]),
    ]),
  );
}

export function middle(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const half = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? sorted[half]! : (sorted[half - 1]! + sorted[half]!) / 2;
}
