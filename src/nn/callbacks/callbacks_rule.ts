/** The rule for options that take callbacks, apart from their interface: the page's build drops it. */
import { type Rules, checkOptions, fn, list, text } from '../../options.js';
import type { Callback } from './callback.js';

const rules = (): Rules<Callback> => ({
  onCompile: fn,
  onTrainBegin: fn,
  onEpochBegin: fn,
  onBatchBegin: fn,
  onBatchEnd: fn,
  onEpochEnd: fn,
  onTrainEnd: fn,
  stepsUntilSync: fn,
  onSync: fn,
  onTestBegin: fn,
  onTestBatchBegin: fn,
  onTestBatchEnd: fn,
  onTestEnd: fn,
  onPredictBegin: fn,
  onPredictBatchBegin: fn,
  onPredictBatchEnd: fn,
  onPredictEnd: fn,
  state: fn,
  tensors: fn,
  restore: fn,
  name: text,
});

/** Callbacks may have other members, but an unknown hook, which would never be called, is refused. */
export const callbacksRule = () =>
  list('a list of callbacks', (value, who, name) => {
    if (typeof value !== 'object' || value === null || 'then' in value || Array.isArray(value))
      return 'a callback';
    const names = new Set<string>();
    for (
      let at: object | null = value;
      at && at !== Object.prototype;
      at = Object.getPrototypeOf(at) as object
    )
      for (const each of Object.getOwnPropertyNames(at))
        if (Object.hasOwn(rules(), each) || /^on[A-Z_]/.test(each)) names.add(each);
    const hooks = Object.fromEntries(
      [...names].map((each) => [each, (value as Record<string, unknown>)[each]]),
    );
    checkOptions<Callback>(who, hooks, rules(), `${name}.`);
    return undefined;
  });
