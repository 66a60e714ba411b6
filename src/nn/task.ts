/** The loss that training minimises and the metrics that it reports, as sums by name. */
import type { Shape } from '../engine/primitive.js';
import type { Tensor } from '../engine/tensor.js';
import { UsageError } from '../errors.js';
import { add } from '../kernels/arithmetic.js';
import { l2Totals } from '../kernels/l2_totals.js';
import { type Rule, type Rules, check, oneOf, required } from '../options.js';
import type { Loss } from './losses/loss.js';
import { sparseCategoricalCrossentropy } from './losses/sparse_categorical_crossentropy.js';

/** Losses that have a name. Pass others as objects, such as `losses.…()`: a bundle then holds those that it uses. */
const losses = { sparseCategoricalCrossentropy } as const;

export type LossName = keyof typeof losses;

export interface TaskOptions {
  /**
   * By name, or as an object. For a model with several outputs: a record with the loss of the one output to train, such as
   * `{ digit: 'sparseCategoricalCrossentropy' }`.
   */
  readonly loss: LossName | Loss | Readonly<Record<string, LossName | Loss>>;
}

export const taskRules = (): Rules<TaskOptions> => ({
  loss: required((value, who, name) => {
    const one: Rule = (each) => (isLoss(each) ? undefined : oneOf(Object.keys(losses))(each, who, name));
    if (!isRecord(value)) return one(value, who, name);
    for (const [output, each] of Object.entries(value)) check(who, `${name}.${output}`, each, one);
    return undefined;
  }),
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
}

/** The losses of a batch, recorded in a program. */
export interface RecordedLosses {
  /** Training minimises the sum of these scalars and of the model's penalties. */
  readonly losses: readonly Tensor[];
  /** Records the sums of the batch, with the model's penalties in the loss. Shape: [Task.width]. */
  totals(penalties: readonly Tensor[]): Tensor;
}

export class Task {
  readonly #output: TrainedOutput;

  /**
   * Throws: UsageError for an unknown output, for an empty record, and for losses of several outputs, whose metrics have no
   * names yet.
   */
  constructor(outputs: readonly ModelOutput[], { loss }: TaskOptions) {
    const names = outputs.map(({ name }) => name);
    const given =
      typeof loss === 'string' || isLoss(loss) ? Object.fromEntries(names.map((name) => [name, loss])) : loss;
    const unknown = Object.keys(given).find((name) => !names.includes(name));
    if (unknown !== undefined)
      throw new UsageError(
        `compile: loss has '${unknown}', which is not an output of the model, expected one of ${names.join(', ')}.`,
      );
    const [trained, ...others] = outputs.filter(({ name }) => given[name] !== undefined);
    if (!trained) throw new UsageError(`compile: loss has no output, expected one of ${names.join(', ')}.`);
    if (others.length > 0)
      throw new UsageError(
        `compile: loss is for ${others.length + 1} outputs (${[trained, ...others].map(({ name }) => name).join(', ')}), expected one; give the loss of the output to train, such as { ${trained.name}: 'sparseCategoricalCrossentropy' }.`,
      );
    const own = given[trained.name]!;
    this.#output = { ...trained, loss: typeof own === 'string' ? losses[own]() : own };
  }

  /** Length of the totals of a batch. */
  get width(): number {
    return this.#output.loss.sums.length;
  }

  /** Index of the number of samples in the totals. */
  get countPlace(): number {
    return this.#output.loss.sums.indexOf('count');
  }

  /** The loss of a model that guesses; undefined if the loss does not define it. */
  get guessing(): number | undefined {
    const { loss, shape } = this.#output;
    return loss.guessing?.(shape);
  }

  /** Records the loss of a batch from the values of the outputs and their labels, by the name of the output. */
  record(valueOf: (output: string) => Tensor, labelsOf: (output: string) => Tensor): RecordedLosses {
    const { name, loss } = this.#output;
    const recorded = loss.apply(valueOf(name), labelsOf(name));
    return {
      losses: [recorded.loss],
      totals: ([first, ...more]) => {
        if (!first) return recorded.totals;
        const penalty = more.reduce((sum, each) => add(sum, each), first);
        return l2Totals(recorded.totals, penalty, this.countPlace);
      },
    };
  }

  /** The sums by name from the totals of a batch. */
  sumsOf(totals: ArrayLike<number>): Sums {
    return Object.fromEntries(
      this.#output.loss.sums.flatMap((name, place) => (name === null ? [] : [[name, totals[place]!]])),
    );
  }
}
