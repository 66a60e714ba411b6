/**
 * Compares an op's passes with its float64 reference on a device: every primitive, every variant that takes the case, with
 * and without other ops fused behind it; then its gradients end to end through `grad`, and against differences that
 * the device computes itself.
 *
 * The error of an element is |got − want| / Σ|terms|. Rounding errors of a sum grow with the sum of its terms'
 * absolute values and not with the result, which cancellation may bring near 0; an element-wise relative error would
 * be meaningless there, and an error relative to the largest element would hide a wrong small one. Where nothing is
 * summed Σ|terms| is |want|.
 *
 * Operands are then spoilt with NaN and infinity (non_finite.ts): results hold NaN and infinity where NumPy's and PyTorch's
 * do, and nowhere else.
 *
 * Inputs are followed by NaN that no kernel may let into a result, intermediates start as NaN, outputs start as a
 * sentinel and are followed by more of it that must be untouched.
 */
import { ShadegradError, assert } from '../errors.js';
import { type Device, type TensorBytes } from '../engine/device.js';
import { type Op, grad } from '../engine/op.js';
import {
  type Attributes,
  type Primitive,
  type Spec,
  type Variant,
  sizeOf,
  storageBytes,
} from '../engine/primitive.js';
import { type Plan } from '../engine/plan.js';
import { program, runPrimitive } from '../engine/program.js';
import { Step } from '../engine/replay.js';
import { Tensor } from '../engine/tensor.js';
import { withVariant } from '../engine/tune.js';
import { add, multiply } from '../kernels/arithmetic.js';
import { dropout } from '../kernels/dropout.js';
import { relu, reluInputGradient } from '../kernels/relu.js';
import { stateSize, stateWords } from '../kernels/step_state.js';
import type { Composition } from './compositions.js';
import { dropoutFactor64 } from './dropout.js';
import { type Spoilt, spoiltCases } from './non_finite.js';
import { type Network, drawNetwork, networkLoss, parametersOf } from './network.js';
import {
  type Array64,
  type Case,
  type Evaluated,
  type Expected,
  type PrimitiveCase,
  type Reference,
  casesOf,
  drawSigned,
  evaluate,
  map64,
  randomFrom,
  tolerance,
} from './reference.js';

/** One comparison. */
export interface Row {
  readonly op: string;
  /** `forward`, `input_gradient` and so on; `input_gradient + bias, …`; of the public function `forward`, `gradient`, `differences`. */
  readonly primitive: string;
  readonly variant: string;
  readonly case: string;
  readonly shapes: string;
  /** The result's name. */
  readonly result: string;
  /** |got − want| / Σ|terms|, of the worst element. */
  readonly error: number;
  /** Where that is, and what stands there. */
  readonly at: string;
  readonly tolerance: number;
  readonly ok: boolean;
  /** Operands held NaN or infinity, which WGSL lets a driver assume away. */
  readonly isSpoilt?: true;
}

const guardBytes = 256;
/** A NaN with a payload that no computation yields. */
const sentinel = 0x7fc0dead;

// ---- memory ----

/** Memory for `spec` with guards behind it, all filled with the sentinel. */
function guarded(device: Device, spec: Spec): Tensor {
  const storage = device.allocate(storageBytes(spec) + guardBytes, 'guarded');
  device.write(storage, new Uint32Array(storage.byteLength / 4).fill(sentinel));
  return Tensor.over(device, storage, spec);
}

export function toBytes({ dtype, values }: Array64): TensorBytes {
  if (dtype === 'f32') return Float32Array.from(values);
  return dtype === 'u32' ? Uint32Array.from(values) : Uint8Array.from(values);
}

function upload(device: Device, value: Array64): Tensor {
  const tensor = guarded(device, value);
  device.write(tensor.storage, toBytes(value));
  return tensor;
}

/** Leaves NaN in the pooled buffers that the step's intermediates will be made of. */
function poisonPool(device: Device, byteLengths: readonly number[]): void {
  const storages = byteLengths.map((byteLength) => device.allocate(byteLength));
  for (const storage of storages)
    device.write(storage, new Uint32Array(Math.ceil(storage.byteLength / 4)).fill(sentinel));
  for (const storage of storages) device.release(storage);
}

interface ReadBack {
  readonly values: Float64Array;
  /** The first guard word that changed. */
  readonly strayed: number | undefined;
}

async function readBack(device: Device, tensor: Tensor): Promise<ReadBack> {
  const bytes = await device.read(tensor.storage);
  const size = sizeOf(tensor.shape);
  const values = Float64Array.from(
    tensor.dtype === 'f32'
      ? new Float32Array(bytes, 0, size)
      : tensor.dtype === 'u32'
        ? new Uint32Array(bytes, 0, size)
        : new Uint8Array(bytes, 0, size),
  );
  const start = storageBytes(tensor);
  const strayed = new Uint32Array(bytes, start).findIndex((word) => word !== sentinel);
  return { values, strayed: strayed < 0 ? undefined : strayed };
}

/** Runs a plan once over guarded copies of `inputs`; yields its outputs and what the inputs have become. */
async function runGuarded(
  device: Device,
  plan: Plan,
  inputs: readonly Array64[],
): Promise<{ outputs: ReadBack[]; inputs: ReadBack[] }> {
  const pipelines = await Promise.all(plan.dispatches.map((dispatch) => device.pipeline(dispatch.shader)));
  const inputTensors = inputs.map((value) => upload(device, value));
  const outputTensors = plan.outputs.map((spec) => guarded(device, spec));
  poisonPool(device, plan.buffers);
  const step = new Step(plan, inputTensors, outputTensors, pipelines);
  step.run();
  const outputs = await Promise.all(outputTensors.map((tensor) => readBack(device, tensor)));
  const after = await Promise.all(inputTensors.map((tensor) => readBack(device, tensor)));
  step.dispose();
  for (const { storage } of [...inputTensors, ...outputTensors]) device.release(storage);
  return { outputs, inputs: after };
}

// ---- comparing ----

function compare(got: ReadBack, expected: Expected): Pick<Row, 'error' | 'at' | 'ok'> {
  const { value, tolerance } = expected;
  let worst = 0;
  let error = 0;
  got.values.forEach((have, i) => {
    const relative = errorOf(have, expected, i);
    if (relative > error) [worst, error] = [i, relative];
  });
  const index = indexOf(worst, value.shape);
  const at = `[${index.join(',')}] ${short(got.values[worst] as number)} for ${short(value.values[worst] as number)}`;
  if (got.strayed !== undefined)
    return { error: Infinity, at: `wrote ${got.strayed} words behind the end`, ok: false };
  return { error, at, ok: error <= tolerance };
}

/** |have − want| / Σ|terms|; infinite where just one is finite, or they are not the same infinity or both NaN. */
function errorOf(have: number, { value, magnitude, mayBeNaN }: Expected, index: number): number {
  const want = value.values[index] as number;
  if (have === want || (Number.isNaN(have) && (Number.isNaN(want) || mayBeNaN?.(index)))) return 0;
  if (!Number.isFinite(have) || !Number.isFinite(want)) return Infinity;
  // A sum that holds an infinity says nothing of terms that it does not reach.
  const terms = magnitude[index] as number;
  const size = Number.isFinite(terms) ? terms : Math.abs(want);
  // Where all terms are 0 the result is 0 exactly; the floor only avoids 0 / 0.
  return Math.abs(have - want) / Math.max(size, 1e-30);
}

function indexOf(flat: number, shape: readonly number[]): number[] {
  return shape.map((extent, axis) => Math.floor(flat / sizeOf(shape.slice(axis + 1))) % extent);
}

function short(value: number): string {
  return Number.isInteger(value) ? `${value}` : value.toPrecision(7);
}

function shapesOf(inputs: Readonly<Record<string, Spec>>): string {
  return Object.values(inputs)
    .map(({ shape }) => `[${shape.join(',')}]`)
    .join(' ');
}

// ---- passes and variants ----

type AnyPrimitive = Primitive;
type AnyVariant = Variant<string, string, Attributes>;

/** Names of the variants that take the case; an element-wise primitive runs as a map. */
function variantsFor(
  device: Device,
  primitive: AnyPrimitive,
  { inputs, attributes }: PrimitiveCase,
): AnyVariant[] {
  const outputs = primitive.shape(inputs, attributes);
  return primitive.variants.filter((variant) =>
    variant.supports({ inputs, outputs, attributes, device: device.traits }),
  );
}

/** The plan of `fn` over the inputs, with one variant of one primitive forced. */
function planWith(
  device: Device,
  primitive: AnyPrimitive,
  variant: string | undefined,
  inputs: readonly Array64[],
  fn: (...inputs: Tensor[]) => Tensor[],
): Plan {
  const make = (): Plan => program(fn, device).plan(...asTensors(inputs));
  return variant === undefined ? make() : withVariant(device, primitive.name, variant, make);
}

/** Runs `fn`, with what it throws on purpose (a refused shader, a lost device) as a failed row. */
async function guard(row: Omit<Row, 'error' | 'at' | 'ok'>, fn: () => Promise<Row[]>): Promise<Row[]> {
  try {
    return await fn();
  } catch (error) {
    if (!(error instanceof ShadegradError)) throw error;
    return [{ ...row, error: Infinity, at: error.message, ok: false }];
  }
}

async function checkPrimitive(
  device: Device,
  label: Pick<Row, 'op' | 'case'>,
  primitive: AnyPrimitive,
  passCase: PrimitiveCase,
  variant: AnyVariant | undefined,
  /** The same once more with NaN and infinity in the operands. */
  spoilt: readonly { readonly name: string; readonly passCase: PrimitiveCase }[],
): Promise<Row[]> {
  const { inputs, attributes, results } = passCase;
  const names = Object.keys(inputs);
  const values = Object.values(inputs);
  const row = {
    ...label,
    primitive: primitive.name.slice(primitive.name.indexOf('/') + 1),
    variant: variant?.name ?? 'map',
    shapes: shapesOf(inputs),
    result: Object.keys(results).join(' '),
    tolerance: 0,
  };
  return guard(row, async () => {
    const plan = planWith(device, primitive, variant?.name, values, (...tensors) => {
      const operands = Object.fromEntries(names.map((name, i) => [name, tensors[i] as Tensor]));
      const outputs = runPrimitive(primitive, operands, attributes);
      return primitive.outputs.map((name) => outputs[name] as Tensor);
    });
    assertVariant(plan, primitive, variant);
    const rowsOf = async (given: PrimitiveCase, base: typeof row): Promise<Row[]> => {
      const got = await runGuarded(device, plan, Object.values(given.inputs));
      return Object.entries(given.results).map(([name, expected]) => {
        const output = primitive.outputs.indexOf(name);
        const value = output < 0 ? got.inputs[names.indexOf(name)] : got.outputs[output];
        assert(value, `${primitive.name} yields or changes '${name}'`);
        return { ...base, result: name, tolerance: expected.tolerance, ...compare(value, expected) };
      });
    };
    const rows = await rowsOf(passCase, row);
    for (const { name, passCase: given } of spoilt)
      rows.push(...spoiltRows(await rowsOf(given, { ...row, case: `${row.case}, ${name}` })));
    return rows;
  });
}

const spoiltRows = (rows: readonly Row[]): Row[] => rows.map((row) => ({ ...row, isSpoilt: true }));

function assertVariant(plan: Plan, primitive: AnyPrimitive, variant: AnyVariant | undefined): void {
  const ran = plan.dispatches.filter((dispatch) => dispatch.primitive === primitive.name);
  assert(
    ran.length > 0 && ran.every((dispatch) => dispatch.variant === (variant?.name ?? 'map')),
    `${primitive.name} runs as ${variant?.name ?? 'map'} when that is forced`,
  );
}

// ---- epilogues ----

const rate = 0.25;
const stream = 5;
const [seed, stepNumber] = [77, 3];

function stateArray(seed: number, step: number): Array64 {
  const words = new Float64Array(stateSize);
  words[stateWords.seed] = seed;
  words[stateWords.step] = step;
  // Every sample counts.
  words[stateWords.epochSize] = 0xffffffff;
  return { shape: [stateSize], dtype: 'u32', values: words };
}

interface Epilogue {
  readonly name: string;
  readonly operands: readonly Array64[];
  apply(value: Tensor, operands: readonly Tensor[]): Tensor;
  expect(result: Expected): Expected;
}

/** Chains that a kernel may take in: bias, activation and mask; and a gradient that waits for its second operand. */
function epilogues(result: Expected): Epilogue[] {
  const { shape } = result.value;
  const random = randomFrom(11, sizeOf(shape));
  const bias = drawSigned(random, [shape.at(-1) ?? 1]);
  const other = drawSigned(random, shape);
  const channels = bias.values.length;
  const biasAt = (index: number): number => bias.values[index % channels] as number;
  return [
    {
      name: '+ bias, relu, dropout',
      operands: [bias, stateArray(seed, stepNumber)],
      apply: (value, [b, state]) =>
        dropout(relu(add(value, b as Tensor)), { rate, stream, state: state as Tensor }),
      expect: ({ value, magnitude, tolerance: own }) => ({
        value: map64(
          value,
          (y, i) => Math.max(0, y + biasAt(i)) * dropoutFactor64(i, { rate, stream, seed, step: stepNumber }),
        ),
        magnitude: magnitude.map((m, i) => (m + Math.abs(biasAt(i))) / (1 - rate)),
        // The addition, the factor and the product round once more each.
        tolerance: own + tolerance(0, 3),
      }),
    },
    {
      name: '+ relu gradient',
      operands: [other],
      apply: (value, [y]) => runPrimitive(reluInputGradient, { y: y as Tensor, dy: value }, {}).y,
      expect: (want) => ({
        ...want,
        value: map64(want.value, (dy, i) => ((other.values[i] as number) > 0 ? dy : 0)),
      }),
    },
  ];
}

async function checkEpilogue(
  device: Device,
  label: Pick<Row, 'op' | 'case'>,
  primitive: AnyPrimitive,
  passCase: PrimitiveCase,
  variant: AnyVariant | undefined,
  /** How many of the chains to try. */
  most: number,
): Promise<Row[]> {
  const { inputs, attributes, results } = passCase;
  const [result] = primitive.outputs as [string];
  const expected = results[result] as Expected;
  const names = Object.keys(inputs);
  const rows: Row[] = [];
  for (const epilogue of epilogues(expected).slice(0, most)) {
    const values = [...Object.values(inputs), ...epilogue.operands];
    const row = {
      ...label,
      primitive: `${primitive.name.slice(primitive.name.indexOf('/') + 1)} ${epilogue.name}`,
      variant: variant?.name ?? 'map',
      shapes: shapesOf(inputs),
      result,
      tolerance: epilogue.expect(expected).tolerance,
    };
    rows.push(
      ...(await guard(row, async () => {
        const plan = planWith(device, primitive, variant?.name, values, (...tensors) => {
          const operands = Object.fromEntries(names.map((name, i) => [name, tensors[i] as Tensor]));
          const { [result]: value } = runPrimitive(primitive, operands, attributes);
          return [epilogue.apply(value as Tensor, tensors.slice(names.length))];
        });
        assertVariant(plan, primitive, variant);
        assert(
          plan.dispatches.every((dispatch) => dispatch.primitive === primitive.name),
          `${row.primitive} of ${row.variant} is one group of dispatches`,
        );
        const got = await runGuarded(device, plan, values);
        return [{ ...row, ...compare(got.outputs[0] as ReadBack, epilogue.expect(expected)) }];
      })),
    );
  }
  return rows;
}

// ---- the public function, end to end ----

/** The op and the gradients of Σ dy·y as a program records them, from the public function down. */
async function checkCall(
  device: Device,
  label: Pick<Row, 'op' | 'case'>,
  reference: Reference,
  at: Evaluated,
  spoilt: readonly Spoilt[],
): Promise<Row[]> {
  const { call } = reference;
  if (!call) return [];
  const differentiable = Object.keys(at.gradients);
  const names = Object.keys(at.inputs);
  const [first] = reference.outputs as [string];
  const valuesOf = (given: Evaluated): Array64[] => [
    ...Object.values(given.inputs),
    given.outputGradients[first] as Array64,
  ];
  // Multiplying by dy, and where needed adding up, rounds a little more than the kernels alone.
  const widened = (expected: Expected): Expected => ({
    ...expected,
    tolerance: expected.tolerance + tolerance(0, 2),
  });
  const wantedOf = (given: Evaluated) => [
    ...reference.outputs.map((name) => ({
      primitive: 'forward',
      name,
      expected: given.outputs[name] as Expected,
    })),
    ...differentiable.map((name) => ({
      primitive: 'gradient',
      name: `d${name}`,
      expected: widened(given.gradients[name] as Expected),
    })),
  ];
  const row = {
    ...label,
    primitive: 'call',
    variant: 'as chosen',
    shapes: shapesOf(at.inputs),
    result: '',
    tolerance: 0,
  };
  return guard(row, async () => {
    const plan = program((...tensors: Tensor[]) => {
      const operands = Object.fromEntries(names.map((name, i) => [name, tensors[i] as Tensor]));
      const outputs = call(operands, at.options);
      const results = reference.outputs.map((name) => outputs[name] as Tensor);
      if (differentiable.length === 0) return results;
      const loss = multiply(outputs[first] as Tensor, tensors.at(-1) as Tensor);
      return [
        ...results,
        ...grad(
          loss,
          differentiable.map((name) => operands[name] as Tensor),
        ),
      ];
    }, device).plan(...asTensors(valuesOf(at)));
    const rowsOf = async (given: Evaluated, name: string): Promise<Row[]> => {
      const got = await runGuarded(device, plan, valuesOf(given));
      return wantedOf(given).map(({ primitive, name: result, expected }, i) => ({
        ...row,
        case: name,
        primitive,
        result,
        tolerance: expected.tolerance,
        ...compare(got.outputs[i] as ReadBack, expected),
      }));
    };
    const rows = await rowsOf(at, row.case);
    for (const { name, at: given } of spoilt)
      rows.push(...spoiltRows(await rowsOf(given, `${row.case}, ${name}`)));
    return rows;
  });
}

/** Stand-ins for tensors where a plan is only made: nothing but shapes and dtypes is looked at. */
function asTensors(values: readonly Array64[]): Tensor[] {
  return values as unknown as Tensor[];
}

/**
 * The device's gradients against differences of the device's own forward, along one random direction v of ±1 per input:
 *
 *   Σ dx·(x⁺ − x⁻) ≈ Σ dy·(y(x⁺) − y(x⁻)),  x± = x ± h·v,  h = 2⁻¹⁰
 *
 * The sums are formed in float64. What remains is the rounding of the forward, bounded by its tolerance times
 * Σ|dy|·Σ|terms| on both sides, and the curvature of f, at most 10⁻³ of Σ|dx·2h| for the operands drawn here.
 */
async function checkDifferences(
  device: Device,
  label: Pick<Row, 'op' | 'case'>,
  reference: Reference,
  at: Evaluated,
): Promise<Row[]> {
  const call = reference.call;
  const wanted = Object.keys(at.gradients);
  if (!call || wanted.length === 0) return [];
  const [output] = reference.outputs as [string];
  const names = Object.keys(at.inputs);
  const dy = at.outputGradients[output] as Array64;
  const h = 2 ** -10;
  const run = async (inputs: Readonly<Record<string, Array64>>): Promise<ReadBack[]> => {
    const values = [...names.map((name) => inputs[name] as Array64), dy];
    const fn = (...tensors: Tensor[]): Tensor[] => {
      const operands = Object.fromEntries(names.map((name, i) => [name, tensors[i] as Tensor]));
      const y = call(operands, at.options)[output] as Tensor;
      const asked = wanted.map((name) => operands[name] as Tensor);
      return [y, ...grad(multiply(y, tensors.at(-1) as Tensor), asked)];
    };
    const plan = program(fn, device).plan(...asTensors(values));
    return (await runGuarded(device, plan, values)).outputs;
  };
  const rows: Row[] = [];
  for (const [i, name] of wanted.entries()) {
    const row = {
      ...label,
      primitive: 'differences',
      variant: 'as chosen',
      shapes: shapesOf(at.inputs),
      result: `d${name}`,
      tolerance: 1,
    };
    rows.push(
      ...(await guard(row, async () => {
        const random = randomFrom(12, i);
        const x = at.inputs[name] as Array64;
        const direction = x.values.map(() => (random() < 0.5 ? -h : h));
        const above = map64(x, (value, k) => Math.fround(value + (direction[k] as number)));
        const below = map64(x, (value, k) => Math.fround(value - (direction[k] as number)));
        const plus = (await run({ ...at.inputs, [name]: above }))[0] as ReadBack;
        const minus = (await run({ ...at.inputs, [name]: below }))[0] as ReadBack;
        const dx = (await run(at.inputs))[1 + i] as ReadBack;
        const expected = at.outputs[output] as Expected;
        let [numeric, rounding] = [0, 0];
        dy.values.forEach((g, k) => {
          numeric += g * ((plus.values[k] as number) - (minus.values[k] as number));
          rounding += Math.abs(g) * (expected.magnitude[k] as number) * (1 + 2 * h) * 2 * expected.tolerance;
        });
        let [analytic, size] = [0, 0];
        dx.values.forEach((g, k) => {
          const term = g * ((above.values[k] as number) - (below.values[k] as number));
          analytic += term;
          size += Math.abs(term);
        });
        const error = Math.abs(numeric - analytic) / (rounding + 1e-3 * size);
        return [
          {
            ...row,
            error,
            at: `${short(analytic)} for ${short(numeric)}`,
            ok: error <= 1 || numeric === analytic,
          },
        ];
      })),
    );
  }
  return rows;
}

// ---- an op ----

export interface CheckOptions {
  /** All declared cases and more random ones, as `npm run gradcheck` wants. */
  readonly thorough?: boolean;
  /**
   * In how many cases a variant made for another family of devices is checked; 2 when left out, all and everything
   * with Infinity. Large tiles made for
   * GPUs take a software driver a second each to compile.
   */
  readonly foreignCases?: number;
  /** Hears of every row as it is made. */
  readonly onRow?: (row: Row) => void;
}

/** Cases of a kernel that are checked with NaN and infinity too, and elements of their operands. */
const mostSpoilt = 3;
const mostSpoiltElements = 10_000;

function isSpoilable({ byHand }: Case, { inputs }: Evaluated): boolean {
  const sizes = Object.values(inputs).map(({ values }) => values.length);
  return !byHand && Math.max(...sizes) > 1 && Math.max(...sizes) <= mostSpoiltElements;
}

/** An op or a lone primitive, as far as checking it goes. */
export type Checkable = Pick<Op, 'name' | 'primitives'>;

/** Compares an op with its reference, case by case; every refused command of WebGPU is a failed row. */
export async function checkOp(
  device: Device,
  op: Checkable,
  reference: Reference,
  { thorough = false, foreignCases = 2, onRow }: CheckOptions = {},
): Promise<Row[]> {
  const rows: Row[] = [];
  const take = (more: readonly Row[]): void => {
    for (const row of more) {
      rows.push(row);
      onRow?.(row);
    }
  };
  const casesDone = new Map<string, number>();
  // Each variant takes ops into its epilogue in the first two cases that it supports, foreign ones in the
  // first, and in large cases only when every case is wanted.
  const epiloguesDone = new Map<string, number>();
  let differencesDone = 0;
  const spoiltDone = new Map<string, number>();
  const isBrief = Number.isFinite(foreignCases);
  for (const [index, given] of casesOf(reference, thorough ? 4 : 2, thorough).entries()) {
    const at = evaluate(reference, given, index);
    const label = { op: op.name, case: given.name };
    const spoilt = isSpoilable(given, at) ? spoiltCases(reference, at) : [];
    // What NaN does depends on the kernel, and little on the shape.
    const spoiltFor = (key: string): readonly Spoilt[] => {
      const done = spoiltDone.get(key) ?? 0;
      if (spoilt.length > 0) spoiltDone.set(key, done + 1);
      return done < mostSpoilt || !isBrief ? spoilt : [];
    };
    for (const primitive of op.primitives as readonly AnyPrimitive[]) {
      const describe = reference.primitives[primitive.name];
      assert(describe, `the reference of ${op.name} knows ${primitive.name}`);
      const passCase = describe(at);
      const variants = primitive.elementwise ? [undefined] : variantsFor(device, primitive, passCase);
      for (const variant of variants) {
        const key = `${primitive.name} ${variant?.name}`;
        const isForeign = variant && variant.family !== 'baseline' && variant.family !== device.traits.family;
        const seen = casesDone.get(key) ?? 0;
        if (isForeign && (seen >= foreignCases || (given.byHand && !thorough))) continue;
        if (given.isHuge && seen > 0 && isBrief) continue;
        if (variant?.family === 'baseline' && variants.length > 1 && given.forTiles) continue;
        casesDone.set(key, seen + 1);
        const spoiltPassCases = spoiltFor(key).map(({ name, at }) => ({ name, passCase: describe(at) }));
        take(await checkPrimitive(device, label, primitive, passCase, variant, spoiltPassCases));
        const done = epiloguesDone.get(key) ?? 0;
        if ((variant && !variant.hasEpilogue) || done === (isForeign ? 1 : 2) || given.byHand) continue;
        if (isForeign && given.isThorough && isBrief) continue;
        epiloguesDone.set(key, done + 1);
        take(await checkEpilogue(device, label, primitive, passCase, variant, isForeign ? 1 : 2));
      }
    }
    if (!(given.isHuge && isBrief)) take(await checkCall(device, label, reference, at, spoiltFor('call')));
    if (given.isSmooth !== false && !given.byHand && !given.isThorough && differencesDone < 2) {
      differencesDone++;
      take(await checkDifferences(device, label, reference, at));
    }
  }
  await device.idle();
  return rows;
}

// ---- compositions and networks ----

/** The gradients of a composition through `grad`, against central differences of its float64 twin. */
export async function checkComposition(device: Device, composition: Composition): Promise<Row[]> {
  const { name, call, float64, constants = [] } = composition;
  const random = randomFrom(13, 0);
  const inputs = composition.inputs.map(({ shape, draw }) => draw(random, shape, {}));
  const values = [...inputs, ...constants];
  const row = {
    op: 'grad',
    primitive: name,
    variant: 'as chosen',
    case: name,
    shapes: inputs.map(({ shape }) => `[${shape.join(',')}]`).join(' '),
    result: '',
    // Chains of up to ten ops, sums of up to 150 terms.
    tolerance: tolerance(150, 60),
  };
  return guard(row, async () => {
    const plan = program((...tensors: Tensor[]) => {
      const operands = tensors.slice(0, inputs.length);
      const loss = call(operands, tensors.slice(inputs.length));
      return [loss, ...grad(loss, operands)];
    }, device).plan(...asTensors(values));
    const got = await runGuarded(device, plan, values);
    const loss = got.outputs[0] as ReadBack;
    const sum = loss.values.reduce((so, value) => so + value, 0);
    const size = loss.values.reduce((so, value) => so + Math.abs(value), 0);
    const want = float64(inputs, constants);
    const error = Math.abs(sum - want) / size;
    const lossRow = {
      ...row,
      result: 'loss',
      error,
      at: `${short(sum)} for ${short(want)}`,
      ok: error <= row.tolerance,
    };
    const gradients = inputs.map((input, i) => {
      const wanted = differences64(() => float64(inputs, constants), input);
      const rms = Math.sqrt(
        wanted.values.reduce((so, value) => so + value * value, 0) / wanted.values.length,
      );
      // Σ|terms| of a whole chain is not known: |want| and the size of its neighbours stand for it.
      const magnitude = wanted.values.map((value) => Math.abs(value) + rms);
      const expected = { value: wanted, magnitude, tolerance: row.tolerance };
      return { ...row, result: `d${i}`, ...compare(got.outputs[1 + i] as ReadBack, expected) };
    });
    return [lossRow, ...gradients];
  });
}

/** Central differences of `loss` along every element of `x`. */
function differences64(loss: () => number, x: Array64): Array64 {
  const epsilon = 1e-6;
  return map64({ ...x, values: x.values.slice() }, (held, i) => {
    x.values[i] = held + epsilon;
    const above = loss();
    x.values[i] = held - epsilon;
    const below = loss();
    x.values[i] = held;
    return (above - below) / (2 * epsilon);
  });
}

/**
 * How far the gradient of a parameter of a whole network may be from float64, as a share of its norm.
 *
 * Rounding alone gives some 10⁻⁶: PyTorch's f32 lies up to 1.5·10⁻⁶ from its f64 on `paper`, batch 16
 * (test/traces/paper_trace.json). Where an activation lies within rounding of a relu's kink or of a pool's second
 * largest, the gradient jumps by that unit's whole share, hence ten times as much.
 */
const networkTolerance = 1.5e-5;

/**
 * A whole network, dropout included: the device's gradients of all parameters against the float64 composition, by
 * parameter as ‖got − want‖ / ‖want‖; and that composition against its own central differences at sampled places.
 */
export async function checkNetwork(
  device: Device,
  network: Network,
  {
    batch = network.batch ?? 2,
    samples = 2,
    onRow,
  }: { batch?: number; samples?: number; onRow?: (row: Row) => void } = {},
): Promise<Row[]> {
  const twin = drawNetwork(network, batch);
  const specs = parametersOf(network);
  const wanted = twin.gradients();
  const wantedLoss = twin.lossFrom(0);
  const { seed, step } = twin.counters;
  const values = [...twin.parameters, twin.batch.x, twin.batch.labels, stateArray(seed, step)];
  const rows: Row[] = [];
  const take = (row: Row): void => {
    rows.push(row);
    onRow?.(row);
  };
  const base = { op: network.name, case: `batch ${batch}`, tolerance: networkTolerance };
  const failed = await guard(
    { ...base, primitive: 'gradient', variant: 'as chosen', shapes: '', result: '' },
    async () => {
      const plan = program((...tensors: Tensor[]) => {
        const parameters = tensors.slice(0, specs.length);
        const [x, labels, state] = tensors.slice(specs.length) as [Tensor, Tensor, Tensor];
        const { loss } = networkLoss(network, parameters, x, labels, state);
        return [loss, ...grad(loss, parameters)];
      }, device).plan(...asTensors(values));
      const { outputs } = await runGuarded(device, plan, values);
      const [loss, ...gradients] = outputs as [ReadBack, ...ReadBack[]];
      const lossError = Math.abs((loss.values[0] as number) - wantedLoss) / wantedLoss;
      take({
        ...base,
        primitive: 'loss',
        variant: 'as chosen',
        shapes: `[${batch},${network.image.join(',')}]`,
        result: 'loss',
        error: lossError,
        at: `${short(loss.values[0] as number)} for ${short(wantedLoss)}`,
        ok: lossError <= base.tolerance,
      });
      gradients.forEach((got, i) => {
        const { name, shape } = specs[i] as (typeof specs)[number];
        take({
          ...base,
          primitive: 'gradient',
          variant: 'as chosen',
          shapes: `[${shape.join(',')}]`,
          result: name,
          ...compareNorm(got, wanted[i] as Array64, base.tolerance),
        });
      });
      return [];
    },
  );
  failed.forEach(take);
  specs.forEach(({ name, shape }, i) => {
    const gradient = wanted[i] as Array64;
    const rms = Math.sqrt(gradient.values.reduce((so, v) => so + v * v, 0) / gradient.values.length);
    let worst = { error: 0, at: '' };
    for (let k = 0; k < samples; k++) {
      const start = Math.floor(((k + 0.5) * gradient.values.length) / samples);
      // Weights of dropped or silent units have the gradient 0, which proves little: take the next one that is alive.
      const alive = gradient.values.findIndex((value, i) => i >= start && value !== 0);
      const element = Math.max(alive, 0);
      const analytic = gradient.values[element] as number;
      const numeric = twin.difference(i, element);
      const error = Math.abs(analytic - numeric) / (Math.abs(numeric) + rms);
      const at = `[${indexOf(element, shape).join(',')}] ${short(analytic)} for ${short(numeric)}`;
      if (!(error < worst.error)) worst = { error, at };
    }
    const row = {
      ...base,
      primitive: 'float64 against differences',
      variant: 'float64',
      shapes: `[${shape.join(',')}]`,
    };
    // Differences in float64 are good to 10⁻⁸; over 2·10⁻⁶ they cross the kink of one unit among thousands.
    take({ ...row, result: name, tolerance: 1e-4, ...worst, ok: worst.error <= 1e-4 });
  });
  return rows;
}

function compareNorm(got: ReadBack, want: Array64, allowed: number): Pick<Row, 'error' | 'at' | 'ok'> {
  if (got.strayed !== undefined)
    return { error: Infinity, at: `wrote ${got.strayed} words behind the end`, ok: false };
  let [difference, norm, worst, largest] = [0, 0, 0, -1];
  want.values.forEach((value, i) => {
    const distance = Math.abs((got.values[i] as number) - value);
    difference += distance ** 2;
    norm += value ** 2;
    if (!(distance <= largest)) [worst, largest] = [i, distance];
  });
  const error = Math.sqrt(difference / norm);
  const at = `[${indexOf(worst, want.shape).join(',')}] ${short(got.values[worst] as number)} for ${short(want.values[worst] as number)}`;
  return { error, at, ok: error <= allowed };
}
