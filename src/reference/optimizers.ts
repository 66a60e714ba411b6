/**
 * The updates of the optimizers in float64, element by element, by their formulas in Keras and PyTorch.
 * Letters: p a parameter, g its gradient, t the number of the update from 1, s the slots of the element.
 */
import { type Array64, type Arrays, map64 } from './array64.js';
import type { Reference } from './reference.js';

/** Options by name, and the rate of the step. */
export type Numbers64 = Readonly<Record<string, number | boolean | string | null>> & {
  readonly learningRate: number;
};

/** What an optimizer keeps for one element, by name; missing ones are 0. */
export type Slots64 = Record<string, number>;

/** Returns the new parameter, and changes the slots. */
export type Update64 = (p: number, g: number, s: Slots64, t: number, options: Numbers64) => number;

const of = (options: Numbers64, name: string): number => Number(options[name]);

/** s[name] ← β·s[name] + (1 − β)·value. */
function mean64(s: Slots64, name: string, beta: number, value: number): number {
  return (s[name] = beta * (s[name] ?? 0) + (1 - beta) * value);
}

const adam64: Update64 = (p, g, s, t, options) => {
  const [beta1, beta2, epsilon] = [of(options, 'beta1'), of(options, 'beta2'), of(options, 'epsilon')];
  const mean = mean64(s, 'mean', beta1, g);
  let square = mean64(s, 'mean_square', beta2, g * g);
  if (options['amsgrad'] === true)
    square = s['max_mean_square'] = Math.max(s['max_mean_square'] ?? 0, square);
  const [c1, c2] = [1 - beta1 ** t, 1 - beta2 ** t];
  if (options['epsilonPlacement'] === 'corrected')
    return p - (options.learningRate * mean) / c1 / (Math.sqrt(square) / Math.sqrt(c2) + epsilon);
  return p - (((options.learningRate * Math.sqrt(c2)) / c1) * mean) / (Math.sqrt(square) + epsilon);
};

/** √v + ε, or √(v + ε). */
function root64(v: number, options: Numbers64): number {
  const epsilon = of(options, 'epsilon');
  return options['epsilonPlacement'] === 'outside' ? Math.sqrt(v) + epsilon : Math.sqrt(v + epsilon);
}

export const updates64: Readonly<Record<string, Update64>> = {
  sgd: (p, g, s, _, options) => {
    const momentum = of(options, 'momentum');
    const step = options.learningRate * g;
    if (momentum === 0) return p - step;
    const velocity = (s['velocity'] = momentum * (s['velocity'] ?? 0) - step);
    return options['nesterov'] === true ? p + momentum * velocity - step : p + velocity;
  },
  rmsprop: (p, g, s, _, options) => {
    const rho = of(options, 'rho');
    let v = mean64(s, 'mean_square', rho, g * g);
    // A variance: rounding never makes it negative.
    if (options['centered'] === true) v = Math.max(0, v - mean64(s, 'mean', rho, g) ** 2);
    const step = (options.learningRate * g) / root64(v, options);
    const momentum = of(options, 'momentum');
    if (momentum === 0) return p - step;
    return p - (s['momentum'] = momentum * (s['momentum'] ?? 0) + step);
  },
  adam: adam64,
  adamW: adam64,
  adamax: (p, g, s, t, options) => {
    const [beta1, beta2, epsilon] = [of(options, 'beta1'), of(options, 'beta2'), of(options, 'epsilon')];
    const isInside = options['epsilonPlacement'] === 'inside';
    const mean = mean64(s, 'mean', beta1, g);
    const norm = (s['norm'] = Math.max(beta2 * (s['norm'] ?? 0), Math.abs(g) + (isInside ? epsilon : 0)));
    return p - ((options.learningRate / (1 - beta1 ** t)) * mean) / (norm + (isInside ? 0 : epsilon));
  },
  nadam: (p, g, s, t, options) => {
    const [beta1, beta2, epsilon] = [of(options, 'beta1'), of(options, 'beta2'), of(options, 'epsilon')];
    const u = (step: number): number => beta1 * (1 - 0.5 * 0.96 ** (step * of(options, 'momentumDecay')));
    let product = 1;
    for (let i = 1; i <= t; i++) product *= u(i);
    const mean = mean64(s, 'mean', beta1, g);
    const square = mean64(s, 'mean_square', beta2, g * g) / (1 - beta2 ** t);
    const ahead = (u(t + 1) * mean) / (1 - product * u(t + 1)) + ((1 - u(t)) * g) / (1 - product);
    return p - (options.learningRate * ahead) / (Math.sqrt(square) + epsilon);
  },
  adagrad: (p, g, s, _, options) => {
    const sum = (s['accumulator'] = (s['accumulator'] ?? 0) + g * g);
    return p - (options.learningRate * g) / root64(of(options, 'initialAccumulatorValue') + sum, options);
  },
  adadelta: (p, g, s, _, options) => {
    const [rho, epsilon] = [of(options, 'rho'), of(options, 'epsilon')];
    const square = mean64(s, 'mean_square', rho, g * g);
    const step = (Math.sqrt((s['mean_square_step'] ?? 0) + epsilon) / Math.sqrt(square + epsilon)) * g;
    mean64(s, 'mean_square_step', rho, step * step);
    return p - options.learningRate * step;
  },
  muon: (p, g, s, t, options) =>
    adam64(p, g, s, t, {
      ...options,
      learningRate: options.learningRate * of(options, 'adamLrRatio'),
      beta1: of(options, 'adamBeta1'),
      beta2: of(options, 'adamBeta2'),
    }),
  lion: (p, g, s, _, options) => {
    const [beta1, beta2] = [of(options, 'beta1'), of(options, 'beta2')];
    const direction = Math.sign(beta1 * (s['mean'] ?? 0) + (1 - beta1) * g);
    mean64(s, 'mean', beta2, g);
    return p - options.learningRate * direction;
  },
};

type Iteration64 = Readonly<Record<'muonA' | 'muonB' | 'muonC' | 'nsSteps', number>>;

/** The Newton–Schulz iteration of muon on a matrix [rows, columns]: x ← a·x + b·x·xᵀ·x + c·x·xᵀ·x·xᵀ·x, from x / ‖x‖. */
export function muon64(
  matrix: readonly number[],
  rows: number,
  columns: number,
  { muonA, muonB, muonC, nsSteps }: Iteration64,
): number[] {
  const norm = Math.hypot(...matrix) + 1e-7;
  let x = matrix.map((value) => value / norm);
  /** x·xᵀ·y. */
  const twice = (y: readonly number[]): number[] => {
    const inner = Array.from({ length: rows * rows }, (_, at) => {
      const [i, j] = [Math.floor(at / rows), at % rows];
      let sum = 0;
      for (let k = 0; k < columns; k++) sum += x[i * columns + k]! * x[j * columns + k]!;
      return sum;
    });
    return y.map((_, at) => {
      const [i, k] = [Math.floor(at / columns), at % columns];
      let sum = 0;
      for (let j = 0; j < rows; j++) sum += inner[i * rows + j]! * y[j * columns + k]!;
      return sum;
    });
  };
  for (let step = 0; step < nsSteps; step++) {
    const cubed = twice(x);
    const fifth = twice(cubed);
    x = x.map((value, at) => muonA * value + muonB * cubed[at]! + muonC * fifth[at]!);
  }
  return x;
}

/** A step of muon for a matrix. */
function muonStep64(
  { values, slots, shape = [] }: Parameter64,
  gradients: readonly number[],
  options: Numbers64,
): number[] {
  const columns = shape.at(-1)!;
  const rows = values.length / columns;
  const momentum = of(options, 'momentum');
  const means = slots.map((s, k) => (s['mean'] = momentum * (s['mean'] ?? 0) + gradients[k]!));
  const isNesterov = options['nesterov'] === true;
  const direction = means.map((mean, k) => (isNesterov ? gradients[k]! + momentum * mean : mean));
  const step = muon64(direction, rows, columns, options as unknown as Iteration64);
  const size = options['rmsRate'] === null ? 1 : of(options, 'rmsRate') * Math.sqrt(Math.max(rows, columns));
  return step.map((value) => options.learningRate * size * value);
}

/** Gradients by parameter. */
type Gradients64 = readonly (readonly number[])[];

/** The gradients after the clipping of Keras's options. */
function clipped64(gradients: Gradients64, options: Numbers64): Gradients64 {
  const norm = (values: readonly number[]): number => Math.hypot(...values);
  if (options['clipValue'] !== undefined) {
    const most = of(options, 'clipValue');
    return gradients.map((each) => each.map((g) => Math.max(-most, Math.min(most, g))));
  }
  if (options['clipNorm'] !== undefined) {
    const most = of(options, 'clipNorm');
    return gradients.map((each) => each.map((g) => (g * most) / Math.max(norm(each), most)));
  }
  if (options['globalClipNorm'] !== undefined) {
    const most = of(options, 'globalClipNorm');
    const whole = norm(gradients.flat());
    return gradients.map((each) => each.map((g) => g * most * Math.min(1 / whole, 1 / most)));
  }
  return gradients;
}

/** A parameter of a training in float64. */
export interface Parameter64 {
  readonly values: number[];
  readonly decays: boolean;
  readonly slots: Slots64[];
  /** For muon. */
  readonly shape?: readonly number[];
}

/** One update of all parameters, in place: clipping, decoupled weight decay, the optimizer, and the average of the weights. */
export function update64(
  name: string,
  parameters: readonly Parameter64[],
  gradients: Gradients64,
  t: number,
  options: Numbers64,
): void {
  const now = clipped64(gradients, options);
  const decay = options.learningRate * Number(options['weightDecay'] ?? 0);
  const momentum = t === 1 ? 0 : Number(options['emaMomentum'] ?? 0.99);
  const every = Number(options['emaOverwriteFrequency'] ?? Infinity);
  parameters.forEach((parameter, i) => {
    const { values, decays, slots, shape = [] } = parameter;
    const matrixStep =
      name === 'muon' && shape.length > 1 ? muonStep64(parameter, now[i]!, options) : undefined;
    values.forEach((p, k) => {
      const s = slots[k]!;
      // Not p − 0·p, which is NaN for an infinite p.
      const before = decays && decay > 0 ? p - decay * p : p;
      const next = matrixStep
        ? before - matrixStep[k]!
        : updates64[name]!(before, now[i]![k]!, s, t, options);
      if (options['useEma'] === true) s['average'] = momentum * (s['average'] ?? 0) + (1 - momentum) * next;
      values[k] = options['useEma'] === true && t % every === 0 ? s['average']! : next;
    });
  });
}

type Operand = 'parameters' | 'gradients' | 'stepScalars' | 'state';
/** The options of an optimizer, and the number of the update. */
export type UpdateAttributes = Numbers64 & { readonly update: number };

/**
 * The update of the optimizer `name` as a reference: its operands besides `Operand` are the slots. It computes the scalars of the
 * step from the options, never from the table.
 */
export function updateReference(op: string, name: string): Reference<string, string, UpdateAttributes> {
  return {
    op,
    forward: (inputs, { update, ...options }) => {
      const { parameters, gradients, ...others } = inputs as Arrays<Operand> &
        Readonly<Record<string, Array64>>;
      const slots: Readonly<Record<string, Array64>> = others;
      const names = Object.keys(slots).filter((each) => each !== 'stepScalars' && each !== 'state');
      const parameter: Parameter64 = {
        values: [...parameters.values],
        decays: true,
        slots: Array.from(parameters.values, (_value, k) =>
          Object.fromEntries(names.map((slot) => [slot, slots[slot]!.values[k]!])),
        ),
        shape: parameters.shape,
      };
      update64(name, [parameter], [[...gradients.values]], update, options);
      return {
        parameters: map64(parameters, (_value, k) => parameter.values[k]!),
        ...Object.fromEntries(
          names.map((slot) => [slot, map64(slots[slot]!, (_value, k) => parameter.slots[k]![slot]!)]),
        ),
      };
    },
  };
}
