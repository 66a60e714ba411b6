/** Options that every optimizer has. */
import { type Rule, type Rules, notNegative } from '../../options.js';

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
});

/** Throws: UsageError for options that contradict each other. */
export function checkShared(_who: string, _options: SharedOptions): void {}

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
