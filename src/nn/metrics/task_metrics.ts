/** The metrics of a task: their sums in the totals of a step, and their figures in the logs. */
import type { Shape } from '../../engine/primitive.js';
import type { Tensor } from '../../engine/tensor.js';
import { UsageError } from '../../errors.js';
import { isSoftmax } from '../losses/activated.js';
import type { Loss, SampleWeights } from '../losses/loss.js';
import { lossOf } from '../losses/registry.js';
import { joinTotals, sumOverSamples } from '../losses/per_sample.js';
import { type MetricFunction, metricFromFunction, metricFromLoss } from './mean_metric.js';
import type { Metric, MetricBatch, MetricSums } from './metric.js';
import type { MetricName } from './names.js';
import { metricNames, metricOf } from './registry.js';

/** A metric: its name, an object such as `metrics.precision()`, or a function of target and prediction. */
export type MetricOption = MetricName | Metric | Loss | MetricFunction;

/** For all outputs, or for each by its name. */
export type MetricsOption = readonly MetricOption[] | Readonly<Record<string, readonly MetricOption[]>>;

/** What `compile` takes. */
export interface MetricsOptions {
  readonly metrics?: MetricsOption | undefined;
  readonly weightedMetrics?: MetricsOption | undefined;
}

/** A trained output of a model. `prefix` is before the names of its sums. */
export interface MeasuredOutput {
  readonly name: string;
  readonly shape: Shape;
  readonly loss: Loss;
  readonly prefix: string;
}

interface LoggedMetric {
  readonly metric: Metric;
  /** Its name in the logs. */
  readonly name: string;
  readonly isWeighted: boolean;
  /** Its sums, each with the names of its elements among the sums of a step. */
  readonly sums: readonly { readonly sum: string; readonly elements: readonly string[] }[];
}

export class TaskMetrics {
  readonly #byOutput: ReadonlyMap<string, readonly LoggedMetric[]>;

  /** Throws: UsageError for a function without a name, and for an unknown output. */
  constructor(
    private readonly outputs: readonly MeasuredOutput[],
    { metrics = [], weightedMetrics = [] }: MetricsOptions,
  ) {
    this.#byOutput = new Map(
      outputs.map((output) => [
        output.name,
        [
          ...loggedMetrics(output, 'metrics', metrics, false),
          ...loggedMetrics(output, 'weightedMetrics', weightedMetrics, true),
        ],
      ]),
    );
    const names = outputs.map(({ name }) => name);
    for (const [option, given] of Object.entries({ metrics, weightedMetrics })) {
      const unknown = isList(given) ? undefined : Object.keys(given).find((name) => !names.includes(name));
      if (unknown !== undefined)
        throw new UsageError(
          `compile: ${option} has '${unknown}', which is not an output with a loss, expected one of ${names.join(', ')}.`,
        );
    }
  }

  get #all(): readonly LoggedMetric[] {
    return [...this.#byOutput.values()].flat();
  }

  /** Their names in the logs. */
  get names(): readonly string[] {
    return this.#all.map(({ name }) => name);
  }

  /** The names of all sums. */
  get elements(): readonly string[] {
    return elementsOf(this.#all);
  }

  /** The names of the sums of an output, in the order of its totals. */
  sumsOf(output: string): readonly string[] {
    return elementsOf(this.#byOutput.get(output)!);
  }

  /** Records the totals of the loss of an output and then those of its metrics. */
  totalsOf(
    name: string,
    totals: Tensor,
    { output, target }: Pick<MetricBatch, 'output' | 'target'>,
    { weights, state }: SampleWeights,
  ): Tensor {
    const { loss } = this.outputs.find((each) => each.name === name)!;
    const batch: MetricBatch = {
      output,
      target,
      probabilities: loss.probabilities?.(output) ?? output,
      isBinary:
        !isSoftmax(output) &&
        (loss.activation === 'sigmoid' || (loss.activation === undefined && output.shape.at(-1) === 1)),
    };
    const sums = this.#byOutput.get(name)!.flatMap(({ metric, isWeighted, sums }) => {
      const each = metric.record(batch);
      const samples = { weights: isWeighted ? weights : undefined, state };
      return sums.map(({ sum }) => sumOverSamples(each[sum]!, samples));
    });
    return joinTotals([totals, ...sums]);
  }

  /** Splits sums into those of the losses and the figures of the metrics. */
  figuresOf(sums: Readonly<Record<string, number>>): {
    readonly others: Readonly<Record<string, number>>;
    readonly figures: Readonly<Record<string, number>>;
  } {
    const own = new Set(this.elements);
    const figures = this.#all.map(({ name, metric, sums: ofMetric }) => {
      const found = ofMetric.map(({ sum, elements }) => [sum, elements.map((element) => sums[element]!)]);
      return [name, metric.value(Object.fromEntries(found) as MetricSums)] as const;
    });
    return {
      others: Object.fromEntries(Object.entries(sums).filter(([name]) => !own.has(name))),
      figures: Object.fromEntries(figures),
    };
  }
}

/** `Array.isArray` does not narrow a readonly list. */
function isList(given: MetricsOption): given is readonly MetricOption[] {
  return Array.isArray(given);
}

function elementsOf(metrics: readonly LoggedMetric[]): readonly string[] {
  return metrics.flatMap(({ sums }) => sums.flatMap(({ elements }) => elements));
}

/** The metrics of an output that its loss does not report anyway. */
function loggedMetrics(
  { name: output, shape, loss, prefix }: MeasuredOutput,
  option: string,
  given: MetricsOption,
  isWeighted: boolean,
): readonly LoggedMetric[] {
  const list = isList(given) ? given : (given[output] ?? []);
  return list.flatMap((each, i) => {
    const metric = metricFrom(each, `${option}[${i}]`);
    if (!isWeighted && loss.sums.includes(metric.name)) return [];
    const name = `${prefix}${isWeighted ? 'weighted_' : ''}${metric.name}`;
    const sums = Object.entries(metric.sums(shape)).map(([sum, length]) => {
      const key = `${name}.${sum}`;
      const elements = length === 1 ? [key] : Array.from({ length }, (_, element) => `${key}.${element}`);
      return { sum, elements };
    });
    return [{ metric, name, isWeighted, sums }];
  });
}

function metricFrom(given: MetricOption, who: string): Metric {
  if (typeof given === 'function') return metricFromFunction(who, given);
  if (typeof given !== 'string') return 'apply' in given ? metricFromLoss(given) : given;
  return metricNames().includes(given) ? metricOf(given) : metricFromLoss(lossOf(given));
}
