/**
 * Tuning measures which variant of a case is fastest on this device. Each candidate first computes the case over the
 * same random inputs as the baseline variant and must agree with it; then all are timed, interleaved. The least time
 * counts, because disturbances only add time; to replace the table's choice, a candidate must also win most rounds.
 */
import { DeviceError, assert } from '../errors.js';
import { pcg4d, streams, uniform } from '../random.js';
import { tolerance } from '../rounding.js';
import { type AnyContext, type Choice, type KernelCase, shapesOf } from './kernel_selection.js';
import type { Device, Fingerprint } from './device.js';
import { type Primitive, type Spec, sizeOf } from './primitive.js';
import type { Plan } from './plan/plan.js';
import { program, runPrimitive } from './program.js';
import { Step } from './replay.js';
import { timeInTurns } from './stopwatch.js';
import { Tensor } from './tensor.js';

/** Stores measured choices by device: in a file in Node (src/node/tuning_store.ts), in IndexedDB in a browser. */
export interface TuningStore {
  /** The choices for a device by key; empty if there are none or they cannot be read. */
  load(fingerprint: Fingerprint): Promise<ReadonlyMap<string, Choice>>;
  /** Adds choices for a device, replacing those of the same key. */
  save(fingerprint: Fingerprint, choices: ReadonlyMap<string, Choice>): Promise<void>;
  /** Removes all choices for a device. */
  forget(fingerprint: Fingerprint): Promise<void>;
}

/** The result of one variant. */
export interface Candidate {
  readonly variant: string;
  /** Least time of all repeats; undefined for a wrong variant. */
  readonly ms?: number;
  /** max |got − want| / |want| against the baseline variant; all terms are positive, so |want| is Σ|terms|. */
  readonly error: number;
  /** Why it was excluded. */
  readonly problem?: string;
}

/** One case, tuned. */
export interface Tuned {
  readonly key: string;
  readonly primitive: string;
  /** Shapes of the inputs. */
  readonly shapes: string;
  /** The table's choice first. */
  readonly candidates: readonly Candidate[];
  /** Undefined when no candidate was correct or could be tried: the table decides. */
  readonly chosen: string | undefined;
  /** Time of the first correct candidate, the table's choice, divided by that of the chosen one. */
  readonly gain: number;
  /** Why nothing was tried. */
  readonly skipped?: string;
}

export interface TuneOptions {
  /** Measurements per candidate. Default 8. */
  readonly repeats?: number;
  /** Called before each case, with the number of finished ones. */
  readonly onBegin?: (kernelCase: KernelCase, done: number) => void;
  /** Called after each case. */
  readonly onTuned?: (tuned: Tuned) => void;
}

/** The table's choice stays unless another takes less than this share of its time, so that noise does not decide. */
const clearlyFaster = 0.97;
/** Share of the rounds that the other must win: equals win half of them, and under load a least time means little. */
const mostRounds = 0.75;

/**
 * Tunes cases that planning has met (`device.kernelSelection.met`). The device's own choices do not change: see
 * `choicesOf` for what to set and to store.
 *
 * Throws: DeviceError when the device is lost or too small for a case.
 */
export async function tune(
  device: Device,
  cases: Iterable<KernelCase>,
  { repeats = 8, onBegin, onTuned }: TuneOptions = {},
): Promise<Tuned[]> {
  const results: Tuned[] = [];
  for (const kernelCase of cases) {
    onBegin?.(kernelCase, results.length);
    const tuned = await tuneCase(device, kernelCase, repeats);
    results.push(tuned);
    onTuned?.(tuned);
  }
  device.trim();
  return results;
}

/** The results as choices by key. */
export function choicesOf(results: readonly Tuned[], date: Date): Map<string, Choice> {
  return new Map(
    results.flatMap(({ key, primitive, shapes, chosen, candidates }): [string, Choice][] => {
      if (chosen === undefined) return [];
      const ms = Object.fromEntries(
        candidates.flatMap((candidate) =>
          candidate.ms === undefined ? [] : [[candidate.variant, Number(candidate.ms.toPrecision(4))]],
        ),
      );
      return [[key, { variant: chosen, pass: primitive, shapes, ms, date: date.toISOString() }]];
    }),
  );
}

async function tuneCase(device: Device, kernelCase: KernelCase, repeats: number): Promise<Tuned> {
  const { key, primitive, context } = kernelCase;
  const shapes = shapesOf(context);
  const base = { key, primitive: primitive.name, shapes };
  const skipped = whyNot(primitive, context);
  if (skipped !== undefined) return { ...base, candidates: [], chosen: undefined, gain: 1, skipped };
  const bench = new Bench(device, kernelCase);
  try {
    return { ...base, ...(await bench.measure(repeats)) };
  } finally {
    bench.dispose();
  }
}

/** Random inputs would mean nothing, or change from run to run. */
function whyNot(primitive: Primitive, { inputs, outputs }: AnyContext): string | undefined {
  if (primitive.mutates?.length) return 'it changes its inputs';
  const others = Object.values<Spec>({ ...inputs, ...outputs }).filter(({ dtype }) => dtype !== 'f32');
  return others.length > 0 ? 'its operands are not all f32' : undefined;
}

/** Measurements of one variant, one per round. */
export interface Timed {
  readonly variant: string;
  readonly ms: readonly number[];
}

/** The fastest of several variants in the same rounds; the first of them, unless another is clearly faster. */
export function fastest<T extends Timed>(timed: readonly T[]): T | undefined {
  const [first] = timed;
  if (!first) return undefined;
  const best = timed.reduce((best, each) => (Math.min(...each.ms) < Math.min(...best.ms) ? each : best));
  const wins = best.ms.filter((ms, round) => ms < (first.ms[round] as number)).length;
  const isClear =
    Math.min(...best.ms) < Math.min(...first.ms) * clearlyFaster && wins >= best.ms.length * mostRounds;
  return isClear ? best : first;
}

/** The op that follows a kernel in a network: a variant that cannot fuse it pays for one more dispatch. */
const follower: Primitive<'x', 'y'> = {
  name: 'tune/follower',
  inputs: ['x'],
  outputs: ['y'],
  shape: ({ x }) => ({ y: x.shape }),
  cost: () => ({ flops: 0, bytes: 0 }),
  elementwise: { expression: ({ x }) => x },
  variants: [],
};

/** A candidate that has run once, with its step if it was correct. */
type Checked = Candidate & { readonly step?: Step };

/** A correct candidate with its measurements so far. */
interface Run extends Timed {
  readonly step: Step;
  readonly ms: number[];
}

/** One case on the device: its inputs, and a place for its outputs that all variants share. */
class Bench {
  readonly #inputs: Tensor[];
  readonly #outputs: Tensor[];
  readonly #steps: Step[] = [];
  readonly #hasFollower: boolean;

  constructor(
    private readonly device: Device,
    private readonly kernelCase: KernelCase,
  ) {
    const { primitive, context, candidates } = kernelCase;
    this.#inputs = primitive.inputs.map((name, i) => drawPositive(device, context.inputs[name] as Spec, i));
    this.#outputs = primitive.outputs.map((name) => Tensor.allocate(context.outputs[name] as Spec, device));
    const canFuse = new Set(candidates.map(({ hasEpilogue }) => hasEpilogue));
    this.#hasFollower = canFuse.size > 1 && primitive.outputs.length === 1;
  }

  async measure(repeats: number): Promise<Pick<Tuned, 'candidates' | 'chosen' | 'gain'>> {
    const wanted = await this.#compute('baseline');
    const checked: Checked[] = [];
    for (const { name } of this.kernelCase.candidates) checked.push(await this.#check(name, wanted));
    const runs = checked.flatMap(({ variant, step }): Run[] => (step ? [{ variant, step, ms: [] }] : []));
    await this.#time(runs, repeats);
    const [first] = runs;
    let chosen = fastest(runs);
    // A challenger is measured against the table's choice once more, and all rounds count.
    if (first && chosen && chosen !== first) {
      await this.#time([first, chosen], repeats);
      chosen = fastest([first, chosen]);
    }
    const least = new Map(runs.map(({ variant, ms }) => [variant, Math.min(...ms)]));
    const candidates = checked.map(({ step: _, ...candidate }): Candidate => {
      const ms = least.get(candidate.variant);
      return ms === undefined ? candidate : { ...candidate, ms };
    });
    const gain = first && chosen ? Math.min(...first.ms) / Math.min(...chosen.ms) : 1;
    return { candidates, chosen: chosen?.variant, gain };
  }

  async #time(runs: readonly Run[], rounds: number): Promise<void> {
    const steps = runs.map(({ step }) => step);
    const times = await timeInTurns(this.device, steps, rounds);
    runs.forEach(({ ms }, i) => ms.push(...(times[i] as number[])));
  }

  /** Runs a variant once, which also warms it up, and compares. */
  async #check(variant: string, wanted: readonly Float32Array[]): Promise<Checked> {
    try {
      const got = await this.#compute(variant);
      const error = Math.max(...got.map((values, i) => worstError(values, wanted[i] as Float32Array)));
      const allowed = this.#allowed();
      if (error <= allowed) return { variant, error, step: this.#steps.at(-1) as Step };
      const problem = `it is off by ${error.toPrecision(2)} of the baseline variant's result, ${allowed.toPrecision(2)} is allowed`;
      return { variant, error, problem };
    } catch (error) {
      const isItsOwn = error instanceof DeviceError && ['shader', 'limit'].includes(error.problem);
      if (!isItsOwn) throw error;
      return { variant, error: Infinity, problem: error.message };
    }
  }

  /** Allows for rounding of both results, over sums of as many terms as the primitive has operations per element. */
  #allowed(): number {
    const { primitive, context } = this.kernelCase;
    const elements = Object.values<Spec>(context.outputs).reduce((sum, { shape }) => sum + sizeOf(shape), 0);
    return 2 * tolerance(primitive.cost(context).flops / 2 / elements);
  }

  async #compute(variant: string): Promise<Float32Array[]> {
    const { device } = this;
    const plan = this.#plan(variant);
    const pipelines = await Promise.all(plan.dispatches.map(({ shader }) => device.pipeline(shader)));
    for (const output of this.#outputs) output.write(new Float32Array(output.size).fill(Number.NaN));
    const step = new Step(plan, this.#inputs, this.#outputs, pipelines);
    this.#steps.push(step);
    step.run();
    return Promise.all(this.#outputs.map(async (output) => (await output.data()) as Float32Array));
  }

  #plan(variant: string): Plan {
    const { device } = this;
    const { primitive, context } = this.kernelCase;
    const run = program((...tensors: Tensor[]) => {
      const operands = Object.fromEntries(primitive.inputs.map((name, i) => [name, tensors[i] as Tensor]));
      const results = runPrimitive(primitive, operands, context.attributes);
      const outputs = primitive.outputs.map((name) => results[name] as Tensor);
      return this.#hasFollower ? outputs.map((x) => runPrimitive(follower, { x }, {}).y) : outputs;
    }, device);
    const plan = withVariant(device, primitive.name, variant, () => run.plan(...this.#inputs));
    assert(
      plan.dispatches.some(
        (dispatch) => dispatch.primitive === primitive.name && dispatch.variant === variant,
      ),
      `${primitive.name} runs as ${variant} when that is forced`,
    );
    return plan;
  }

  dispose(): void {
    for (const resource of [...this.#steps, ...this.#inputs, ...this.#outputs]) resource.dispose();
  }
}

/** Runs `fn` with one variant of a primitive forced. */
export function withVariant<R>(device: Device, primitive: string, variant: string, fn: () => R): R {
  const before = device.forcedVariants.get(primitive);
  device.forcedVariants.set(primitive, variant);
  try {
    return fn();
  } finally {
    if (before === undefined) device.forcedVariants.delete(primitive);
    else device.forcedVariants.set(primitive, before);
  }
}

/** Numbers from ¼ to 1: sums of their products never cancel, so relative errors are meaningful. */
function drawPositive(device: Device, spec: Spec, index: number): Tensor {
  const values = new Float32Array(sizeOf(spec.shape));
  for (let i = 0; i < values.length; i += 4) {
    const words = pcg4d(0, streams.test, index, i / 4);
    for (let j = 0; j < 4 && i + j < values.length; j++)
      values[i + j] = 0.25 + 0.75 * uniform(words[j] as number);
  }
  return Tensor.from(values, spec.shape, device);
}

/** max |got − want| / |want|; infinite if either is NaN, or if an expected 0 is not exact. */
function worstError(got: Float32Array, want: Float32Array): number {
  let worst = 0;
  for (let i = 0; i < want.length; i++) {
    const [value, wanted] = [got[i] as number, want[i] as number];
    const difference = Math.abs(value - wanted);
    if (Number.isNaN(difference)) return Infinity;
    if (difference > 0) worst = Math.max(worst, difference / Math.abs(wanted));
  }
  return worst;
}
