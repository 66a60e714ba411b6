/** The loss that training minimises and the metrics that it reports, as sums by name. */
import type { Shape } from '../engine/primitive.js';
import type { Tensor } from '../engine/tensor.js';
import { UsageError } from '../errors.js';
import { add, multiply, scale } from '../kernels/arithmetic.js';
import { l2Totals } from '../kernels/l2_totals.js';
import { type Rule, type Rules, check, notNegative, oneOf, required } from '../options.js';
import type { Loss } from './losses/loss.js';
import { sparseCategoricalCrossentropy } from './losses/sparse_categorical_crossentropy.js';
import { severalOutputs } from './several_outputs.js';

/** Losses that have a name. Pass others as objects, such as `losses.…()`: a bundle then holds those that it uses. */
const losses = { sparseCategoricalCrossentropy } as const;

export type LossName = keyof typeof losses;

export interface TaskOptions {
  /**
   * Training minimises this loss, a name or an object, on every output of the model. To train only some outputs, or with
   * different losses, pass a loss for each of them, such as
   * `{ digit: 'sparseCategoricalCrossentropy', parity: 'sparseCategoricalCrossentropy' }`. The parameters of layers that only
   * outputs without a loss use have gradients of 0.
   */
  readonly loss: LossName | Loss | Readonly<Record<string, LossName | Loss>>;
  /** Factors of the losses in the sum that training minimises, by output, such as `{ parity: 0.5 }`; 1 for the others. */
  readonly lossWeights?: Readonly<Record<string, number>>;
}

export const taskRules = (): Rules<TaskOptions> => ({
  loss: required((value, who, name) => {
    const one: Rule = (each) => (isLoss(each) ? undefined : oneOf(Object.keys(losses))(each, who, name));
    if (!isRecord(value)) return one(value, who, name);
    for (const [output, each] of Object.entries(value)) check(who, `${name}.${output}`, each, one);
    return undefined;
  }),
  lossWeights: (value, who, name) => {
    if (!isRecord(value) || Array.isArray(value)) return 'an object with a number for each output';
    for (const [output, each] of Object.entries(value)) check(who, `${name}.${output}`, each, notNegative);
    return undefined;
  },
});

function isLoss(value: unknown): value is Loss {
  return typeof (value as Partial<Loss> | null)?.apply === 'function';
}

function isRecord(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !isLoss(value);
}

/** Sums over samples by name: `loss`, the metrics, and `count`, the number of samples. */
export type Sums = Readonly<Record<string, number>>;

export function addSums(a: Sums, b: Sums): Sums {
  return Object.fromEntries(Object.entries(b).map(([name, sum]) => [name, (a[name] ?? 0) + sum]));
}

/** The loss and the metrics by name, as means over the samples. */
export function meansOf({ count, ...sums }: Sums): Readonly<Record<string, number>> {
  return Object.fromEntries(Object.entries(sums).map(([name, sum]) => [name, sum / count!]));
}

/** An output of a model, with the shape of its values without the batch axis. */
export interface ModelOutput {
  readonly name: string;
  readonly shape: Shape;
}

interface TrainedOutput extends ModelOutput {
  readonly loss: Loss;
  readonly weight: number;
}

/** What the outputs of a batch are compared with, by the name of the output. See `Loss.apply`. */
export interface Targets {
  targetOf(output: string): Tensor;
  weightsOf(output: string): Tensor | undefined;
}

/** The losses of a batch, recorded in a program. */
export interface RecordedLosses {
  /** Training minimises the sum of these scalars and of the model's penalties. */
  readonly losses: readonly Tensor[];
  /** Records the sums of the batch, with the model's penalties in the loss. Shape: [Task.width]. */
  totals(penalties: readonly Tensor[]): Tensor;
}

/**
 * The losses and metrics of the trained outputs of a model.
 *
 *   loss = Σ weight · loss of the output + penalties
 *
 * With one trained output the sums are `loss`, the metrics such as `accuracy`, and `count`. With several they are `loss`,
 * the weighted sum, and `<output>_loss`, `<output>_accuracy` of each, as in Keras: without its weight and without penalties.
 * Those of validation data begin with `val_`: `val_digit_loss`.
 */
export class Task {
  /** In the order of the model's outputs. */
  readonly outputs: readonly TrainedOutput[];
  /** Of the elements of the totals; null for an element that is not reported. */
  readonly #names: readonly (string | null)[];

  /**
   * Throws: UsageError for an unknown or untrained output, for an empty record of losses, and for outputs whose metrics would
   * have the same name.
   */
  constructor(outputs: readonly ModelOutput[], { loss, lossWeights = {} }: TaskOptions) {
    const names = outputs.map(({ name }) => name);
    const given =
      typeof loss === 'string' || isLoss(loss) ? Object.fromEntries(names.map((name) => [name, loss])) : loss;
    const unknown = Object.keys(given).find((name) => !names.includes(name));
    if (unknown !== undefined)
      throw new UsageError(
        `compile: loss has '${unknown}', which is not an output of the model, expected one of ${names.join(', ')}.`,
      );
    this.outputs = outputs.flatMap((output) => {
      const own = given[output.name];
      if (own === undefined) return [];
      const weight = lossWeights[output.name] ?? 1;
      return [{ ...output, loss: typeof own === 'string' ? losses[own]() : own, weight }];
    });
    if (this.outputs.length === 0)
      throw new UsageError(`compile: loss has no output, expected one of ${names.join(', ')}.`);
    const trained = this.outputs.map(({ name }) => name);
    const untrained = Object.keys(lossWeights).find((name) => !trained.includes(name));
    if (untrained !== undefined)
      throw new UsageError(
        `compile: lossWeights has '${untrained}', which is not an output with a loss, expected one of ${trained.join(', ')}.`,
      );
    if (this.outputs.every(({ weight }) => weight === 0))
      throw new UsageError(
        'compile: lossWeights are 0 for all outputs, expected a positive number for one or more.',
      );
    this.#names = this.#namesOfTotals();
    const logged = this.sumNames.flatMap((name) => [name, `val_${name}`]);
    const twice = logged.find((name, i) => logged.indexOf(name) < i);
    if (twice !== undefined)
      throw new UsageError(
        `compile: two metrics would have the name '${twice}'; rename one of the outputs ${trained.join(', ')}.`,
      );
  }

  /** See `record`. */
  #namesOfTotals(): readonly (string | null)[] {
    const [first] = this.outputs as readonly [TrainedOutput, ...TrainedOutput[]];
    if (this.outputs.length === 1) return first.loss.sums;
    return [
      ...first.loss.sums.map((sum) => (sum === 'count' ? 'loss' : null)),
      ...this.outputs.flatMap((output) =>
        output.loss.sums.map((sum) => {
          if (sum === 'count') return output === first ? sum : null;
          return sum && `${output.name}_${sum}`;
        }),
      ),
    ];
  }

  /** Names of the sums, in the order of the totals. */
  get sumNames(): readonly string[] {
    return this.#names.filter((name) => name !== null);
  }

  /** Length of the totals of a batch. */
  get width(): number {
    return this.#names.length;
  }

  /** Index of the number of samples in the totals. */
  get countPlace(): number {
    return this.#names.indexOf('count');
  }

  /** The loss of a model that guesses; undefined if one of the losses does not define it. */
  get guessing(): number | undefined {
    const terms = this.outputs.map(({ loss, shape, weight }) => weight * (loss.guessing?.(shape) ?? NaN));
    const guessing = terms.reduce((sum, term) => sum + term);
    return Number.isNaN(guessing) ? undefined : guessing;
  }

  /**
   * Records the losses of a batch from the values of the outputs, their targets and the weights of the samples, by the name of
   * the output.
   *
   * The totals of one output are those of its loss, without the weight, which `sumsOf` multiplies by. The totals of several are
   * those of each, one after another; before them come those of the first times the weighted loss, a mean, which makes its
   * sum over the samples in the place of the count.
   */
  record(valueOf: (output: string) => Tensor, targets: Targets): RecordedLosses {
    const recorded = this.outputs.map(({ name, loss }) =>
      loss.apply(valueOf(name), targets.targetOf(name), targets.weightsOf(name)),
    );
    const times = (factor: number, x: Tensor): Tensor => (factor === 1 ? x : scale(x, factor));
    const weighted = recorded.map(({ loss }, i) => times(this.outputs[i]!.weight, loss));
    const sumOf = (terms: readonly Tensor[]): Tensor => terms.reduce((sum, term) => add(sum, term));
    const [first] = recorded as [(typeof recorded)[number]];
    return {
      losses: weighted,
      totals: (penalties) => {
        if (recorded.length > 1) {
          const loss = sumOf([...weighted, ...penalties]);
          const parts = [multiply(first.totals, loss), ...recorded.map(({ totals }) => totals)];
          return severalOutputs().concatenate(parts, 0);
        }
        if (penalties.length === 0) return first.totals;
        return l2Totals(first.totals, times(1 / this.outputs[0]!.weight, sumOf(penalties)), this.countPlace);
      },
    };
  }

  /** The sums by name from the totals of a batch. */
  sumsOf(totals: ArrayLike<number>): Sums {
    const only = this.outputs.length === 1 ? this.outputs[0] : undefined;
    return Object.fromEntries(
      this.#names.flatMap((name, place) => {
        const factor = name === 'loss' ? (only?.weight ?? 1) : 1;
        return name === null ? [] : [[name, factor * totals[place]!]];
      }),
    );
  }
}
