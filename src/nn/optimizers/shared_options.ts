/** Options that every optimizer has. */
import { UsageError } from '../../errors.js';
import { type Rule, type Rules, belowOne, count, flag, notNegative, positive } from '../../options.js';

export interface SharedOptions {
  /**
   * Decoupled weight decay: each update begins with p ← p − rate·weightDecay·p. It applies to kernels, but not to biases, nor
   * to the γ and β of normalisations, which Keras shrinks as well unless they are excluded. Default: none.
   */
  readonly weightDecay?: number;
  /**
   * Kernels that weight decay leaves alone: those in whose path (`conv2d/kernel`) one of these regular expressions is found.
   * Files store them as strings.
   */
  readonly excludeFromWeightDecay?: readonly (string | RegExp)[];
  /** Clips each element of the gradients to ±clipValue. At most one of the three clippings. */
  readonly clipValue?: number;
  /** Scales each parameter's gradient down to this Euclidean norm. Parameters are then updated one by one. */
  readonly clipNorm?: number;
  /** Scales all gradients down, by one factor, to this norm of them together; frozen parameters have no part in it. */
  readonly globalClipNorm?: number;
  /**
   * Whether to keep the exponential moving average of the weights, in the slot `average`: `model.swapEmaWeights()` and
   * `callbacks.swapEmaWeights()` evaluate and save with it. Unlike Keras, `fit` does not overwrite the weights when it ends.
   */
  readonly useEma?: boolean;
  /** The factor of the old average. Default 0.99. */
  readonly emaMomentum?: number;
  /** After each such number of updates, the weights become their averages. Default: never. */
  readonly emaOverwriteFrequency?: number;
}

/** A list of patterns: strings, or RegExps without flags. */
export const patternsRule: Rule = (value) => {
  const isPattern = (each: unknown): boolean => {
    if (each instanceof RegExp) return each.flags === '';
    if (typeof each !== 'string') return false;
    try {
      return new RegExp(each).source !== '';
    } catch {
      return false;
    }
  };
  return Array.isArray(value) && value.every(isPattern)
    ? undefined
    : 'a list of regular expressions, as strings or RegExps without flags';
};

export const sharedRules = (): Rules<SharedOptions> => ({
  weightDecay: notNegative,
  excludeFromWeightDecay: patternsRule,
  clipValue: positive,
  clipNorm: positive,
  globalClipNorm: positive,
  useEma: flag,
  emaMomentum: belowOne,
  emaOverwriteFrequency: count,
});

/** Throws: UsageError for options that contradict each other. */
export function checkShared(who: string, options: SharedOptions): void {
  const { clipValue, clipNorm, globalClipNorm, useEma = false } = options;
  const clippings = Object.entries({ clipValue, clipNorm, globalClipNorm }).filter(([, value]) => value);
  if (clippings.length > 1)
    throw new UsageError(
      `${who}: ${clippings.map(([name, value]) => `${name} is ${value}`).join(' and ')}, expected at most one of them.`,
    );
  for (const name of ['emaMomentum', 'emaOverwriteFrequency'] as const) {
    if (options[name] !== undefined && !useEma)
      throw new UsageError(`${who}: ${name} is ${options[name]}, which needs useEma: true.`);
  }
}

/** Whether one of the patterns is found in a name. */
export function matches(patterns: readonly (string | RegExp)[], name: string): boolean {
  return patterns.some((pattern) => new RegExp(pattern).test(name));
}

export function isExcluded({ excludeFromWeightDecay = [] }: SharedOptions, name: string): boolean {
  return matches(excludeFromWeightDecay, name);
}

/** Options as files store them: RegExps as strings. */
export function configOf(options: object): Readonly<Record<string, never>> {
  const stored = Object.entries(options).map(([name, value]) => [
    name,
    Array.isArray(value)
      ? value.map((each: unknown) => (each instanceof RegExp ? each.source : each))
      : (value as unknown),
  ]);
  return Object.fromEntries(stored) as Readonly<Record<string, never>>;
}
