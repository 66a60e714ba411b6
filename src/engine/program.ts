/**
 * Programs: a function of tensors recorded once per signature of its inputs, planned, and replayed.
 * An op called outside a program is a program of that one op, cached by its signature.
 */
import { StateError, UsageError, assert } from '../errors.js';
import { wrong } from '../options.js';
import { type CompileOptions, compile } from './compile.js';
import { defaultDevice, type Device, type Pipeline } from './device.js';
import { type Attributes, type Primitive, type Spec, publicName } from './primitive.js';
import type { Plan, PlanOptions } from './plan/plan.js';
import { plan } from './plan/planner.js';
import { LruCache } from './lru.js';
import { Step } from './replay.js';
import { Resource, disposeSymbol } from './resource.js';
import { Tensor, assertOneDevice, describe } from './tensor.js';
import { outsideTidy } from './tidy.js';
import { Trace, currentTrace, mapRecord } from './trace.js';

/** What a program may return: a tensor, or a list or record of tensors. */
export type Structure = Tensor | readonly Tensor[] | Readonly<Record<string, Tensor>>;

interface Recorded<R extends Structure> {
  readonly plan: Plan;
  /** Restores the structure that the function returned from the flat list of outputs. */
  rebuild(outputs: readonly Tensor[]): R;
  pipelines?: Pipeline[];
  /** Generation of the device when the pipelines were made; they may be invalid in a later one. */
  generation?: number;
}

function recordProgram<R extends Structure>(
  device: Device,
  specs: readonly Spec[],
  fn: (...inputs: Tensor[]) => R,
  options: PlanOptions = {},
  isListenedTo = false,
): Recorded<R> {
  const trace = new Trace(device);
  const result = trace.record(() => fn(...specs.map((spec) => trace.input(spec))));
  checkResult(result);
  const flat = result instanceof Tensor ? [result] : Object.values(result);
  return {
    plan: plan(
      trace,
      flat.map((tensor) => trace.valueOf(tensor)),
      device,
      options,
      isListenedTo,
    ),
    rebuild: rebuilder(result),
  };
}

/** Outside `recordProgram`, since a closure there would keep the first inputs alive as long as the recording. */
function rebuilder<R extends Structure>(result: R): (outputs: readonly Tensor[]) => R {
  if (result instanceof Tensor) return (outputs) => outputs[0] as Tensor as R;
  if (Array.isArray(result)) return (outputs) => outputs as Structure as R;
  const keys = Object.keys(result);
  return (outputs) => Object.fromEntries(keys.map((key, i) => [key, outputs[i]])) as Structure as R;
}

/** Throws: UsageError for anything but tensors: a program only computes what it recorded. */
function checkResult(result: unknown): void {
  if (result instanceof Tensor) return;
  const expected = 'a tensor, or a list or an object of tensors';
  if (result instanceof Promise)
    throw new UsageError(
      `program: the function returned a Promise, expected ${expected}; a program records and cannot wait, so read values outside, with await tensor.data().`,
    );
  const isPlain = Array.isArray(result) || Object.prototype.toString.call(result) === '[object Object]';
  if (!isPlain) throw wrong('program', 'what the function returned', result, expected);
  const entries = Object.entries(result as Readonly<Record<string, unknown>>);
  for (const [key, value] of entries) {
    if (!(value instanceof Tensor))
      throw wrong('program', `'${key}' of what the function returned`, value, 'a tensor');
  }
}

/** A bound program: `step.run` replays it over the same inputs into the same outputs. */
export interface BoundStep<R extends Structure> extends Disposable {
  readonly step: Step;
  readonly outputs: R;
  /** Frees the memory of the step and of the outputs. */
  dispose(): void;
}

/** Maximum number of signatures that a program caches; beyond it, the least recently used is recorded again. */
const mostRecorded = 64;

export class Program<R extends Structure> extends Resource {
  readonly #recorded = new LruCache<string, Recorded<R>>(mostRecorded);

  constructor(
    readonly device: Device,
    readonly fn: (...inputs: Tensor[]) => R,
    readonly options: PlanOptions = {},
  ) {
    super();
  }

  #find(inputs: readonly Tensor[]): Recorded<R> {
    if (currentTrace())
      throw new StateError(
        'program: a program was called while another is being recorded; call its function instead.',
      );
    this.#checkInputs(inputs);
    const key = inputs.map(describe).join(' ');
    let recorded = this.#recorded.get(key);
    if (!recorded)
      this.#recorded.set(key, (recorded = recordProgram(this.device, inputs, this.fn, this.options, true)));
    return recorded;
  }

  /** Planning needs only the specs of the inputs; `fn.length` does not count parameters with defaults. */
  #checkInputs(inputs: readonly Spec[]): void {
    const expected = this.fn.length;
    if (inputs.length < expected)
      throw new UsageError(
        `program: called with ${inputs.length} tensor${inputs.length === 1 ? '' : 's'}, expected ${expected}, one for each parameter of its function.`,
      );
    inputs.forEach((input: unknown, i) => {
      const isSpec = typeof input === 'object' && input !== null && 'shape' in input && 'dtype' in input;
      if (!isSpec) throw wrong('program', `input ${i}`, input, 'a tensor');
    });
  }

  /** The plan for inputs of these shapes, for printing. */
  plan(...inputs: Tensor[]): Plan {
    return this.#find(inputs).plan;
  }

  /** Runs the program; the outputs are new tensors owned by the caller. */
  call(...inputs: Tensor[]): R {
    const recorded = this.#find(inputs);
    return runOnce(recorded, inputs);
  }

  /** Compiles all kernels, reporting progress, and binds the step that a training loop replays. */
  async bind(inputs: readonly Tensor[] = [], options: CompileOptions = {}): Promise<BoundStep<R>> {
    const recorded = this.#find(inputs);
    const pipelines =
      keptPipelines(recorded) ?? keepPipelines(recorded, await compile(recorded.plan, options));
    const outputs = outsideTidy(() => allocateOutputs(recorded.plan));
    const step = newStep(recorded.plan, inputs, outputs, pipelines);
    const dispose = (): void => {
      step.dispose();
      for (const output of outputs) output.dispose();
    };
    return { step, outputs: recorded.rebuild(outputs), dispose, [disposeSymbol]: dispose };
  }

  /** Drops all recordings and the tensors that they captured; bound steps stay valid. */
  dispose(): void {
    this.#recorded.clear();
  }
}

/**
 * Compiles and binds a plan without inputs, such as that of a training step. The caller disposes the step and its outputs.
 *
 * Throws: DeviceError for a shader that does not compile.
 */
export async function bindPlan(plan: Plan, options: CompileOptions = {}): Promise<Step> {
  const pipelines = await compile(plan, options);
  const outputs = outsideTidy(() => allocateOutputs(plan));
  return newStep(plan, [], outputs, pipelines);
}

/**
 * Turns a function of tensors into a program: recorded on the first call for each signature, then replayed. It runs
 * on `device`; default: the current default device.
 *
 * Throws: on the first call, whatever `fn` throws while it is recorded.
 */
export function program<R extends Structure>(
  fn: (...inputs: Tensor[]) => R,
  device: Device = defaultDevice(),
  options: PlanOptions = {},
): Program<R> {
  return new Program(device, fn, options);
}

function runOnce<R extends Structure>(recorded: Recorded<R>, inputs: readonly Tensor[]): R {
  const { plan } = recorded;
  const pipelines =
    keptPipelines(recorded) ??
    keepPipelines(
      recorded,
      plan.dispatches.map(({ shader }) => plan.device.pipelineNow(shader)),
    );
  const outputs = allocateOutputs(plan);
  const step = newStep(plan, inputs, outputs, pipelines);
  try {
    step.run();
  } catch (error) {
    for (const output of outputs) output.dispose();
    throw error;
  } finally {
    step.dispose();
  }
  return recorded.rebuild(outputs);
}

function keptPipelines({ plan, pipelines, generation }: Recorded<Structure>): Pipeline[] | undefined {
  return generation === plan.device.generation ? pipelines : undefined;
}

function keepPipelines(recorded: Recorded<Structure>, pipelines: Pipeline[]): Pipeline[] {
  recorded.pipelines = pipelines;
  recorded.generation = recorded.plan.device.generation;
  return pipelines;
}

function allocateOutputs({ outputs, device }: Plan): Tensor[] {
  const tensors: Tensor[] = [];
  try {
    for (const spec of outputs) tensors.push(Tensor.allocate(spec, device));
    return tensors;
  } catch (error) {
    for (const tensor of tensors) tensor.dispose();
    throw error;
  }
}

/** Creates a step; frees its outputs if that fails. */
function newStep(
  plan: Plan,
  inputs: readonly Tensor[],
  outputs: readonly Tensor[],
  pipelines: readonly Pipeline[],
): Step {
  try {
    return new Step(plan, inputs, outputs, pipelines);
  } catch (error) {
    for (const output of outputs) output.dispose();
    throw error;
  }
}

/**
 * A signature that includes forced and selected variants, so that changing them makes a new plan. It leaves out
 * scalars, which are data of the plan.
 */
function signature(
  device: Device,
  { name, scalars = [] }: Signed,
  inputs: Readonly<Record<string, Tensor>>,
  all: Attributes,
): string {
  const attributes =
    scalars.length === 0
      ? all
      : Object.fromEntries(Object.entries(all).filter(([key]) => !scalars.includes(key)));
  const operands = Object.entries(inputs).map(([key, tensor]) => `${key} ${describe(tensor)}`);
  const forced = device.forcedVariants.size > 0 ? JSON.stringify([...device.forcedVariants]) : '';
  return `${name} ${JSON.stringify(attributes)} ${operands.join(' ')} ${forced} ${device.kernelSelection.version}`;
}

/** An op or primitive run eagerly: its name, and which of its attributes are scalars. */
type Signed = Pick<Primitive, 'name' | 'scalars'>;

/** A plan shared by eager calls, with the attributes that its scalars came from. */
interface Kept<R extends Structure> {
  readonly recorded: Recorded<R>;
  readonly attributes: Attributes;
}

/**
 * Runs `fn` over `inputs` outside any program, as a program of its own that is cached by signature. Other scalars
 * need another plan, which takes a fraction of a millisecond, with the same pipelines.
 */
export function runEagerly<K extends string, R extends Readonly<Record<string, Tensor>>>(
  signed: Signed,
  inputs: Readonly<Record<K, Tensor>>,
  attributes: Attributes,
  fn: (inputs: Record<K, Tensor>) => R,
): R {
  const keys = Object.keys(inputs) as K[];
  const list = keys.map((key) => inputs[key]);
  const device = list[0]?.device ?? defaultDevice();
  assertOneDevice(publicName(signed.name), device, list);
  const cache = device.cache<Kept<R>>('eager');
  const key = signature(device, signed, inputs, attributes);
  let kept = cache.get(key);
  if (!kept || signed.scalars?.some((name) => !Object.is(kept?.attributes[name], attributes[name]))) {
    const recorded = recordProgram<R>(device, list, (...tensors) =>
      fn(Object.fromEntries(keys.map((k, i) => [k, tensors[i]])) as Record<K, Tensor>),
    );
    kept = { recorded, attributes };
    cache.set(key, kept);
  }
  return runOnce(kept.recorded, list);
}

/** Runs one primitive: records it inside a program, runs it immediately outside. */
export function runPrimitive<I extends string, O extends string, A extends Attributes>(
  primitive: Primitive<I, O, A>,
  inputs: Readonly<Record<I, Tensor>>,
  attributes: A,
): Record<O, Tensor> {
  const trace = currentTrace();
  if (trace) return trace.run(primitive, inputs, attributes);
  return runEagerly(primitive, inputs, attributes, (traced) => {
    const inner = currentTrace();
    assert(inner, 'runEagerly records');
    return mapRecord(inner.run(primitive, traced, attributes), (tensor) => tensor);
  });
}
