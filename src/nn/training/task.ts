/** The loss that training minimises and the metrics that it reports, as sums by name. */
import type { Shape } from '../../engine/primitive.js';
import type { Tensor } from '../../engine/tensor.js';
import { checkArgument } from '../../calls.js';
import { UsageError } from '../../errors.js';
import { add, multiply, scale } from '../../kernels/arithmetic.js';
import { l2Totals } from '../../kernels/l2_totals.js';
import { hintFor } from '../../option_hints.js';
import { type Rule, type Rules, check, notNegative, oneOf, required, shown } from '../../options.js';
import type { LossFunction } from '../losses/from_function.js';
import type { Loss } from '../losses/loss.js';
import type { SharedLabel } from '../losses/mixed.js';
import type { LossName } from '../losses/names.js';
import { lossNames, lossOf as lossOfName } from '../losses/registry.js';
import type { MetricsOptions, TaskMetrics } from '../metrics/task_metrics.js';
import type { Metric } from '../metrics/metric.js';
import { metricNames } from '../metrics/registry.js';
import { ourName } from '../losses/other_loss_names.js';
import { severalOutputs } from './several_outputs.js';
import { taskExtensions } from './task_extensions.js';

/** A loss: its name, an object such as `losses.huber()`, or a function of target and prediction. */
export type LossOption = LossName | Loss | LossFunction;

export interface TaskOptions extends MetricsOptions {
  /**
   * Training minimises this loss on every output of the model: a name, an object, or a function `(target, prediction) => tensor` of the
   * loss of each sample, or of one number for the batch. To train only some outputs, or with different losses, pass a loss for
   * each of them, such as `{ digit: 'sparseCategoricalCrossentropy', parity: 'binaryCrossentropy' }`. The parameters of layers
   * that only outputs without a loss use have gradients of 0.
   */
  readonly loss: LossOption | Readonly<Record<string, LossOption>>;
  /** Factors of the losses in the sum that training minimises, by output, such as `{ parity: 0.5 }`; 1 for the others. */
  readonly lossWeights?: Readonly<Record<string, number>>;
  /**
   * What the logs report besides the loss, of every trained output or of each by its name: names, objects, or functions
   * `(target, prediction) => tensor` of a value of each sample, whose mean is logged under the name of the function.
   * `sparseCategoricalCrossentropy` always reports `accuracy`.
   */
  readonly metrics?: MetricsOptions['metrics'];
  /** Like `metrics`, with the weights of the samples. The names in the logs begin with `weighted_`. */
  readonly weightedMetrics?: MetricsOptions['weightedMetrics'];
}

/** The names that a program knows: of the losses or metrics that its bundle holds. */
const knownLosses = (): string[] => lossNames().toSorted();
const knownMetrics = (): string[] => [...new Set([...metricNames(), ...lossNames()])].toSorted();

export const taskRules = (): Rules<TaskOptions> => ({
  loss: required((value, who, name) => byOutput(lossRule(), isLoss)(value, who, name)),
  lossWeights: (value, who, name) => {
    if (!isRecord(value) || Array.isArray(value)) return 'an object with a number for each output';
    for (const [output, each] of Object.entries(value)) check(who, `${name}.${output}`, each, notNegative);
    return undefined;
  },
  metrics: metricsRule(),
  weightedMetrics: metricsRule(),
});

const lossRule = (): Rule => (value, who, name) =>
  isLoss(value) || typeof value === 'function' ? undefined : nameRule(knownLosses())(value, who, name);

/** A rule for a value, or for a record of such values by output. */
function byOutput(one: Rule, isOne: (value: unknown) => boolean): Rule {
  return (value, who, name) => {
    if (!isRecord(value) || isOne(value)) return one(value, who, name);
    for (const [output, each] of Object.entries(value)) check(who, `${name}.${output}`, each, one);
    return undefined;
  };
}

/** One of these names. Throws: UsageError for another one, with the nearest. */
export function nameRule(names: readonly string[]): Rule {
  return (value, who, name) => {
    const expected = oneOf(names)(value, who, name);
    const hint =
      expected !== undefined && typeof value === 'string' ? hintFor(ourName(value), names) : undefined;
    if (hint !== undefined)
      throw new UsageError(`${who}: ${name} is ${shown(value)}, expected ${expected}; ${hint}`);
    return expected;
  };
}

const metricsRule = (): Rule => {
  const one: Rule = (each, who, name) =>
    isMetric(each) || isLoss(each) || typeof each === 'function'
      ? undefined
      : nameRule(knownMetrics())(each, who, name);
  const list: Rule = (value, who, name) => {
    if (!Array.isArray(value)) return "a list of metrics, such as ['accuracy']";
    value.forEach((each, i) => check(who, `${name}[${i}]`, each, one));
    return undefined;
  };
  return byOutput(list, Array.isArray);
};

function isLoss(value: unknown): value is Loss {
  return typeof (value as Partial<Loss> | null)?.apply === 'function';
}

function isMetric(value: unknown): value is Metric {
  return typeof (value as Partial<Metric> | null)?.value === 'function';
}

function isRecord(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
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

export interface TrainedOutput extends ModelOutput {
  readonly loss: Loss;
  readonly weight: number;
  /** Before the names of its sums, if the task has several outputs. */
  readonly prefix: string;
}

function lossOf(name: string, given: LossOption): Loss {
  if (typeof given === 'function') return taskExtensions.get().lossFromFunction(name, given);
  if (typeof given !== 'string') return given;
  return lossOfName(given);
}

/** What the outputs of a batch are compared with, by the name of the output. See `Loss.apply`. */
export interface Targets {
  targetOf(output: string): Tensor;
  weightsOf(output: string): Tensor | undefined;
  /** The labels of mixed samples, with their shares as weights; `targetOf` is then the label with the larger share. */
  mixedOf?(output: string): readonly SharedLabel[] | undefined;
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
  /** Those of the option `metrics`. */
  readonly #metrics: TaskMetrics | undefined;
  /** Whether a recorded loss is one number for the batch. */
  #isOfBatch = false;

  /**
   * Throws: UsageError for an unknown or untrained output, for an empty record of losses, and for outputs whose metrics would
   * have the same name.
   */
  constructor(
    outputs: readonly ModelOutput[],
    { loss, lossWeights = {}, metrics, weightedMetrics }: TaskOptions,
  ) {
    const names = outputs.map(({ name }) => name);
    const isOfOutputs = typeof loss === 'object' && !isLoss(loss);
    const given = isOfOutputs ? loss : Object.fromEntries(names.map((name) => [name, loss]));
    checkArgument('compile', 'loss', given, () => lossesRule(names));
    const trained = names.filter((name) => given[name] !== undefined);
    this.outputs = outputs.flatMap((output) => {
      const { name } = output;
      const option = given[name];
      if (option === undefined) return [];
      const own = lossOf(isOfOutputs ? `loss.${name}` : 'loss', option);
      const prefix = trained.length > 1 ? `${name}_` : '';
      return [{ ...output, loss: own, weight: lossWeights[name] ?? 1, prefix }];
    });
    checkArgument('compile', 'lossWeights', lossWeights, () => lossWeightsRule(trained));
    this.#metrics =
      metrics || weightedMetrics
        ? new (taskExtensions.get().TaskMetrics)(this.outputs, { metrics, weightedMetrics })
        : undefined;
    this.#names = this.#namesOfTotals();
    checkArgument('compile', 'metrics', this, () => namesRule(trained, this.#metrics));
  }

  /** See `record`. */
  #namesOfTotals(): readonly (string | null)[] {
    const [first] = this.outputs as readonly [TrainedOutput, ...TrainedOutput[]];
    const sumsOf = ({ name, loss }: TrainedOutput): readonly (string | null)[] => [
      ...loss.sums,
      ...(this.#metrics?.sumsOf(name) ?? []),
    ];
    if (this.outputs.length === 1) return sumsOf(first);
    return [
      ...sumsOf(first).map((sum) => (sum === 'count' ? 'loss' : null)),
      ...this.outputs.flatMap(({ name, loss, prefix }) => [
        ...loss.sums.map((sum) => {
          if (sum === 'count') return name === first.name ? sum : null;
          return sum && prefix + sum;
        }),
        ...(this.#metrics?.sumsOf(name) ?? []),
      ]),
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
  record(valueOf: (output: string) => Tensor, targets: Targets, state?: Tensor): RecordedLosses {
    const recorded = this.outputs.map(({ name, loss }) => {
      const [output, target] = [valueOf(name), targets.targetOf(name)];
      const samples = { weights: targets.weightsOf(name), state };
      const mixed = targets.mixedOf?.(name);
      const {
        loss: mean,
        totals,
        isOfBatch = false,
      } = mixed
        ? taskExtensions.get().mixedLoss(loss, output, mixed, { strongest: target, state })
        : loss.apply(output, target, samples);
      this.#isOfBatch ||= isOfBatch;
      const all = this.#metrics?.totalsOf(name, totals, { output, target }, samples);
      return { loss: mean, totals: all ?? totals };
    });
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
          return severalOutputs.get().concatenate(parts, 0);
        }
        if (penalties.length === 0) return first.totals;
        return l2Totals(first.totals, times(1 / this.outputs[0]!.weight, sumOf(penalties)), this.countPlace);
      },
    };
  }

  /**
   * Samples of the last batch of an epoch if it needs a program of its own: if a loss, once recorded, is one number for the batch,
   * and the batch is smaller. Otherwise 0.
   */
  tailOf(samples: number, batchSize: number): number {
    return this.#isOfBatch ? samples % batchSize : 0;
  }

  /**
   * Checks a batch, once the losses are recorded. `atOnce`: samples of a program.
   *
   * Throws: UsageError if a loss is one number for the batch, and the batch is not one or more whole programs.
   */
  checkBatch(who: string, samples: number, atOnce: number): void {
    checkArgument(who, 'loss', this.#isOfBatch, () => batchRule(samples, atOnce));
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

  /** The logs from sums: means over the samples, and the figures of metrics. Empty sums have none. */
  meansOf(sums: Sums): Readonly<Record<string, number>> {
    if (!this.#metrics || !('count' in sums)) return meansOf(sums);
    const { others, figures } = this.#metrics.figuresOf(sums);
    return { ...meansOf(others), ...figures };
  }
}

/** Rules for a record by output that throw for a name that is not among `names`. */
function outputsRule(names: readonly string[], kind: string): Rule {
  return (given, who, option) => {
    const unknown = Object.keys(given as object).find((name) => !names.includes(name));
    if (unknown === undefined) return undefined;
    throw new UsageError(
      `${who}: ${option} has '${unknown}', which is not ${kind}, expected one of ${names.join(', ')}.`,
    );
  };
}

const lossesRule =
  (names: readonly string[]): Rule =>
  (given, who, option) => {
    outputsRule(names, 'an output of the model')(given, who, option);
    if (Object.values(given as object).some((loss) => loss !== undefined)) return undefined;
    throw new UsageError(`${who}: ${option} has no output, expected one of ${names.join(', ')}.`);
  };

const lossWeightsRule =
  (trained: readonly string[]): Rule =>
  (given, who, option) => {
    outputsRule(trained, 'an output with a loss')(given, who, option);
    const weights = given as Readonly<Record<string, number>>;
    if (trained.some((name) => (weights[name] ?? 1) > 0)) return undefined;
    throw new UsageError(
      `${who}: ${option} are 0 for all outputs, expected a positive number for one or more.`,
    );
  };

/** Throws if two figures of the logs would have one name. */
const namesRule =
  (trained: readonly string[], metrics: TaskMetrics | undefined): Rule =>
  (task, who) => {
    const ofMetrics = metrics?.elements ?? [];
    const ofLosses = (task as Task).sumNames.filter((name) => !ofMetrics.includes(name));
    const all = [...ofLosses, ...(metrics?.names ?? [])].flatMap((name) => [name, `val_${name}`]);
    const twice = all.find((name, i) => all.indexOf(name) < i);
    if (twice === undefined) return undefined;
    const which = trained.length > 1 ? `one of the outputs ${trained.join(', ')}` : 'one of them';
    throw new UsageError(`${who}: two metrics would have the name '${twice}'; rename ${which}.`);
  };

/** Throws for a loss of the batch where a batch is not one program. */
const batchRule =
  (samples: number, atOnce: number): Rule =>
  (isOfBatch, who) => {
    if (isOfBatch === false || samples === atOnce) return undefined;
    const problem =
      samples > atOnce
        ? `the batch of ${samples} is split into parts of ${atOnce}`
        : `a batch of the iterable has ${samples} samples, but its first has ${atOnce}`;
    throw new UsageError(
      `${who}: the loss is one number for the batch, but ${problem}; return the loss of each sample, or change the batches.`,
    );
  };
