/** What training minimises and reports: a loss for each output of a model, with its metrics, as sums by name. */
import type { Shape } from '../engine/primitive.js';
import type { Tensor } from '../engine/tensor.js';
import { UsageError } from '../errors.js';
import { add, l2Totals, scale } from '../kernels/index.js';
import { type Rule, type Rules, check, notNegative, oneOf, required } from '../options.js';
import * as losses from './losses/index.js';
import type { Loss } from './losses/loss.js';

export type LossName = keyof typeof losses;

export interface TaskOptions {
  /**
   * By name, or as an object. A model of several outputs takes one for all of them, or a record of one for each by the
   * name of the output; an output that the record leaves out is not trained.
   */
  readonly loss: LossName | Loss | Readonly<Record<string, LossName | Loss>>;
  /** How much the loss of each output counts, by the name of the output. Default 1 each. */
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
    if (!isRecord(value)) return 'an object with a number for each output';
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

/** The losses of a batch, recorded in a program. */
export interface RecordedLosses {
  /** Training minimises the sum of these scalars and of the model's penalties. */
  readonly losses: readonly Tensor[];
  /** Records the sums of the batch, with the model's penalties in the loss. Shape: [Task.width]. */
  totals(penalties: readonly Tensor[]): Tensor;
}

export class Task {
  readonly #outputs: readonly TrainedOutput[];

  /** Throws: UsageError for a loss or a weight of an output that the model does not have, or no loss at all. */
  constructor(outputs: readonly ModelOutput[], { loss, lossWeights = {} }: TaskOptions) {
    const names = outputs.map(({ name }) => name);
    const given =
      typeof loss === 'string' || isLoss(loss) ? Object.fromEntries(names.map((name) => [name, loss])) : loss;
    for (const [option, record] of Object.entries({ loss: given, lossWeights })) {
      const unknown = Object.keys(record).find((name) => !names.includes(name));
      if (unknown !== undefined)
        throw new UsageError(
          `compile: ${option} has '${unknown}', which is not an output of the model, expected one of ${names.join(', ')}.`,
        );
    }
    this.#outputs = outputs.flatMap(({ name, shape }) => {
      const own = given[name];
      if (own === undefined) return [];
      const made = typeof own === 'string' ? losses[own]() : own;
      return [{ name, shape, loss: made, weight: lossWeights[name] ?? 1 }];
    });
    if (this.#outputs.length === 0)
      throw new UsageError(`compile: loss has no output, expected at least one of ${names.join(', ')}.`);
  }

  /** How many numbers the totals of a batch have. */
  get width(): number {
    return this.#outputs.reduce((sum, { loss }) => sum + loss.sums.length, 0);
  }

  /** The place of the number of samples in the totals. */
  get countPlace(): number {
    return this.#outputs[0]!.loss.sums.indexOf('count');
  }

  /** What the loss comes to for a model that guesses; undefined if one of the losses does not say. */
  get guessing(): number | undefined {
    let sum = 0;
    for (const { loss, shape, weight } of this.#outputs) {
      if (!loss.guessing) return undefined;
      sum += weight * loss.guessing(shape);
    }
    return sum;
  }

  /** Records the losses of a batch from the values of the outputs and their labels, by the name of the output. */
  record(valueOf: (output: string) => Tensor, labelsOf: (output: string) => Tensor): RecordedLosses {
    const recorded = this.#outputs.map(({ name, loss }) => loss.apply(valueOf(name), labelsOf(name)));
    return {
      losses: recorded.map(({ loss }, i) => {
        const { weight } = this.#outputs[i]!;
        return weight === 1 ? loss : scale(loss, weight);
      }),
      totals: ([first, ...more]) => {
        const { totals } = recorded[0]!;
        if (!first) return totals;
        const penalty = more.reduce((sum, each) => add(sum, each), first);
        return l2Totals(totals, penalty, this.countPlace);
      },
    };
  }

  /** The sums by name from the totals of a batch. */
  sumsOf(totals: ArrayLike<number>): Sums {
    const [{ loss }] = this.#outputs as [TrainedOutput];
    return Object.fromEntries(
      loss.sums.flatMap((name, place) => (name === null ? [] : [[name, totals[place]!]])),
    );
  }
}
