/** Checks the derivatives of a user's own function of tensors numerically, on the device. */
import { checkArgument, checkCall } from '../calls.js';
import type { Shape } from '../engine/primitive.js';
import { type Program, program } from '../engine/program.js';
import { Tensor, describe } from '../engine/tensor.js';
import { UsageError } from '../errors.js';
import { multiply } from './arithmetic.js';
import { grad } from './grad.js';
import { sum } from './sum.js';
import { type Rules, count, flag, fn, list, positive, rule, wrong } from '../options.js';
import { pcg4d, streams, uniform } from '../random.js';

/** The arguments of a call: tensors, or shapes of f32 tensors that are drawn uniformly from [−1, 1). */
export type GradcheckCase = readonly (Tensor | Shape)[];

export interface GradcheckOptions {
  /** 1: the gradients; 2, the default: the gradients of the gradients, too. */
  readonly order?: 1 | 2;
  /**
   * The same function in float64, from the flat values of its arguments to those of its result. Values and gradients are then compared
   * with it, instead of with differences of f32 values, which see only errors above a thousandth or so.
   */
  readonly reference?: (...inputs: Float64Array[]) => ArrayLike<number>;
  /** By how much a derivative may be off, as a share of its value. Default 0.001. */
  readonly tolerance?: number;
  /** At most this many elements of each argument, spread evenly. Default 24. */
  readonly most?: number;
  /** Whether a wrong derivative is an error. Default true; otherwise see `passed` and `failures`. */
  readonly raiseException?: boolean;
}

export interface GradcheckFinding {
  /** Index of the case. */
  readonly case: number;
  /** 0: a value of the result; 1: of a gradient; 2: of a gradient of a gradient. */
  readonly order: 0 | 1 | 2;
  /** Index of the argument; of the result for order 0. */
  readonly input: number;
  /** Flat index of the element. */
  readonly index: number;
  readonly actual: number;
  readonly expected: number;
  readonly tolerance: number;
}

export interface GradcheckReport {
  readonly passed: boolean;
  readonly comparisons: number;
  readonly failures: readonly GradcheckFinding[];
  /** The largest error as a share of what is allowed. */
  readonly worst: number;
}

const rules = (): Rules<GradcheckOptions> => ({
  order: rule('1 or 2', (value) => value === 1 || value === 2),
  reference: fn,
  tolerance: positive,
  most: count,
  raiseException: flag,
});

const caseRule = list(
  'a list with the arguments of a call, each a tensor or a shape',
  rule(
    'a tensor or a shape',
    (each) => each instanceof Tensor || (Array.isArray(each) && each.every(Number.isSafeInteger)),
  ),
);

/** What an op returns. */
type Result = Tensor | readonly Tensor[] | Readonly<Record<string, Tensor>>;

/**
 * Compares the derivatives that backward rules compute with central differences, at every case. Works for ops of `defineOp`, and for
 * any function of tensors that is made of ops and is smooth around the arguments.
 *
 *   L = Σ w·y with random w;  dL/dx ≈ (4·D(h/2) − D(h)) / 3,  D(h) = (L(x + h) − L(x − h)) / 2h
 *
 * For the second order, y are the gradients of L. A difference of f32 values is allowed `tolerance` and its own rounding error; of a
 * float64 `reference`, `tolerance` alone.
 *
 *   await gradcheck(swish, [[[4, 5], [5]], [Tensor.from([0, 30, -30]), [1]]]);
 *
 * Throws: UsageError that lists wrong derivatives; StateError if `grad` cannot differentiate, such as a second time through a rule
 * that is not made of ops.
 */
export async function gradcheck(
  op: (...inputs: Tensor[]) => Result,
  cases: readonly GradcheckCase[],
  options: GradcheckOptions = {},
): Promise<GradcheckReport> {
  checkArgument('gradcheck', 'op', op, () => fn);
  checkArgument('gradcheck', 'cases', cases, () => list('a list of cases, one or more', caseRule));
  checkCall('gradcheck', options, rules);
  if (cases.length === 0) throw new UsageError('gradcheck: there are no cases, expected one or more.');
  const findings: Finding[] = [];
  for (const [index, each] of cases.entries()) {
    const checking = new Checking(op, each, index, options);
    findings.push(...(await checking.run()));
  }
  const failures = findings.filter(({ error }) => !(error <= 1)).map(({ error: _, ...finding }) => finding);
  if (failures.length > 0 && options.raiseException !== false)
    throw new UsageError(
      `gradcheck: ${failures.length} of ${findings.length} values are wrong:\n${failures.slice(0, 8).map(lineOf).join('\n')}${failures.length > 8 ? '\n  …' : ''}`,
    );
  const worst = findings.reduce((most, { error }) => (error <= most ? most : error), 0);
  return { passed: failures.length === 0, comparisons: findings.length, failures, worst };
}

const kinds = ['the result', 'the gradient', 'the second derivative'] as const;

function lineOf({ case: which, order, input, index, actual, expected, tolerance }: GradcheckFinding): string {
  const of = order === 0 ? `${kinds[0]} ${input}` : `${kinds[order]} by argument ${input}`;
  return `  case ${which}: ${of} is ${actual.toPrecision(6)} at element ${index}, expected ${expected.toPrecision(6)} ± ${tolerance.toPrecision(2)}`;
}

/** `error` is a share of what is allowed. */
type Finding = GradcheckFinding & { readonly error: number };

type Values = readonly Float64Array[];

/** A sum of the products of values and weights, with the sum of their magnitudes, by which it is rounded. */
interface Weighted {
  readonly total: number;
  readonly magnitude: number;
}

/** The derivative of a sum in one direction. */
interface Slope {
  readonly value: number;
  /** How far the differences may be from it. */
  readonly error: number;
}

class Checking {
  readonly #inputs: readonly Tensor[];
  #drawn = 0;

  constructor(
    private readonly op: (...inputs: Tensor[]) => Result,
    given: GradcheckCase,
    private readonly index: number,
    private readonly options: GradcheckOptions,
  ) {
    this.#inputs = given.map((each) =>
      each instanceof Tensor
        ? each
        : Tensor.from(this.#draw(each.reduce((product, extent) => product * extent, 1)), each),
    );
  }

  #draw(length: number): Float32Array<ArrayBuffer> {
    const next = (): number => uniform(pcg4d(0, streams.test, this.index, this.#drawn++)[0]);
    return Float32Array.from({ length }, () => 2 * next() - 1);
  }

  async run(): Promise<Finding[]> {
    const { reference, order = 2 } = this.options;
    const values = await Promise.all(
      this.#inputs.map(async (input) => Float64Array.from(await input.data())),
    );
    const results = program((...inputs) => namedResults(this.op(...inputs)));
    const y = await this.#call(results, values);
    const weights = y.map(({ length }) => this.#draw(length));
    const differentiated = this.#inputs.flatMap(({ dtype }, i) => (dtype === 'f32' ? [i] : []));
    if (differentiated.length === 0)
      throw new UsageError('gradcheck: no argument is f32, expected one or more.');

    const losses = (inputs: readonly Tensor[]): readonly Tensor[] =>
      Object.values(namedResults(this.op(...inputs))).map((each, i) => weightedSum(each, weights[i]!));
    const wanted = (inputs: readonly Tensor[]): readonly Tensor[] => differentiated.map((i) => inputs[i]!);
    const gradients = program((...inputs) =>
      named(grad(losses(inputs), wanted(inputs), { unconnected: 'zero' })),
    );
    const first = await this.#call(gradients, values);
    const findings = reference
      ? this.#compareValues(y, reference(...values.map((each) => each.slice())))
      : [];
    findings.push(
      ...(await this.#compare(1, first, values, differentiated, async (at) =>
        reference
          ? {
              ...weighted(
                [Float64Array.from(reference(...at.map((each) => each.slice())))],
                [joined(weights)],
              ),
              magnitude: 0,
            }
          : weighted(await this.#call(results, at), weights),
      )),
    );
    if (order === 1) return findings;

    const directions = first.map(({ length }) => this.#draw(length));
    const second = program((...inputs) => {
      const along = grad(losses(inputs), wanted(inputs), { unconnected: 'zero' });
      return named(
        grad(
          along.map((each, i) => weightedSum(each, directions[i]!)),
          wanted(inputs),
          { unconnected: 'zero' },
        ),
      );
    });
    findings.push(
      ...(await this.#compare(2, await this.#call(second, values), values, differentiated, async (at) =>
        weighted(await this.#call(gradients, at), directions),
      )),
    );
    return findings;
  }

  async #call(computation: Program<Readonly<Record<string, Tensor>>>, values: Values): Promise<Values> {
    const tensors = values.map((each, i) => {
      const { dtype, shape } = this.#inputs[i]!;
      return Tensor.from(dtype === 'u32' ? Uint32Array.from(each) : Float32Array.from(each), shape);
    });
    const results = Object.values(computation.call(...tensors));
    try {
      return await Promise.all(results.map(async (each) => Float64Array.from(await each.data())));
    } finally {
      for (const each of [...tensors, ...results]) each.dispose();
    }
  }

  #compareValues(y: Values, reference: ArrayLike<number>): Finding[] {
    const expected = Float64Array.from(reference);
    const all = joined(y);
    if (expected.length !== all.length)
      throw new UsageError(
        `gradcheck: the reference returned ${expected.length} values, the function ${all.length}.`,
      );
    const largest = expected.reduce((most, each) => Math.max(most, Math.abs(each)), 0);
    return [...all].map((actual, index) =>
      this.#finding(0, 0, index, actual, { value: expected[index]!, error: 1e-6 * largest }),
    );
  }

  /** Compares derivatives by the arguments with differences of the sum that `sumAt` computes. */
  async #compare(
    order: 1 | 2,
    actual: Values,
    values: Values,
    differentiated: readonly number[],
    sumAt: (values: Values) => Promise<Weighted>,
  ): Promise<Finding[]> {
    const { most = 24, reference } = this.options;
    const findings: Finding[] = [];
    for (const [place, input] of differentiated.entries()) {
      const length = values[input]!.length;
      const number = Math.min(most, length);
      for (let i = 0; i < number; i++) {
        const index = number === 1 ? 0 : Math.round((i * (length - 1)) / (number - 1));
        const step =
          (reference && order === 1 ? 2 ** -10 : 2 ** -5) * Math.max(1, Math.abs(values[input]![index]!));
        const slope = await slopeOf(sumAt, values, input, index, step);
        findings.push(this.#finding(order, input, index, actual[place]![index]!, slope));
      }
    }
    return findings;
  }

  #finding(order: 0 | 1 | 2, input: number, index: number, actual: number, { value, error }: Slope): Finding {
    const { tolerance: share = 1e-3 } = this.options;
    const tolerance = share * Math.abs(value) + error + 1e-6;
    return {
      case: this.index,
      order,
      input,
      index,
      actual,
      expected: value,
      tolerance,
      error: Math.abs(actual - value) / tolerance,
    };
  }
}

/** Richardson's extrapolation of central differences, exact for polynomials up to the fourth degree. */
async function slopeOf(
  sumAt: (values: Values) => Promise<Weighted>,
  values: Values,
  input: number,
  index: number,
  step: number,
): Promise<Slope> {
  let magnitude = 0;
  const difference = async (h: number): Promise<number> => {
    const at = async (x: number): Promise<number> => {
      const moved = values.map((each, i) => (i === input ? each.with(index, x) : each));
      const found = await sumAt(moved);
      magnitude = Math.max(magnitude, found.magnitude);
      return found.total;
    };
    // Arguments of the device are rounded to f32.
    const [above, below] = [Math.fround(values[input]![index]! + h), Math.fround(values[input]![index]! - h)];
    return ((await at(above)) - (await at(below))) / (above - below);
  };
  const [wide, narrow] = [await difference(step), await difference(step / 2)];
  // Each value may be off by some units in its last place, 2⁻²⁴ of it.
  const rounding = (4 * 2 ** -24 * magnitude) / step;
  return { value: (4 * narrow - wide) / 3, error: rounding + Math.abs(narrow - wide) / 30 };
}

function weighted(values: Values, weights: readonly ArrayLike<number>[]): Weighted {
  let [total, magnitude] = [0, 0];
  values.forEach((each, i) => {
    each.forEach((value, k) => {
      const term = value * weights[i]![k]!;
      total += term;
      magnitude += Math.abs(term);
    });
  });
  return { total, magnitude };
}

function joined(parts: readonly ArrayLike<number>[]): Float64Array {
  return Float64Array.from(parts.flatMap((part) => Array.from(part)));
}

const weightedSum = (x: Tensor, weights: Float32Array<ArrayBuffer>): Tensor =>
  sum(multiply(x, Tensor.from(weights, x.shape)));

const named = (tensors: readonly Tensor[]): Readonly<Record<string, Tensor>> =>
  Object.fromEntries(tensors.map((each, i) => [`result ${i}`, each]));

/** The results that have gradients. Throws: UsageError if there are none. */
function namedResults(result: Result): Readonly<Record<string, Tensor>> {
  const all: readonly unknown[] =
    result instanceof Tensor ? [result] : Object.values(Object(result) as object);
  const odd = all.find((each) => !(each instanceof Tensor));
  const floats = all.filter((each): each is Tensor => each instanceof Tensor && each.dtype === 'f32');
  if (odd !== undefined || floats.length === 0)
    throw wrong(
      'gradcheck',
      'the result of the function',
      all.length === 0 ? result : all.map((each) => (each instanceof Tensor ? describe(each) : each)),
      'an f32 tensor, or an object of them',
    );
  return named(floats);
}
