/** Functions of a user's own by name, so that files can store which one a layer uses. */
import { ModelError, UsageError } from '../../errors.js';
import { checkOptions, fn, nonEmptyText, shown } from '../../options.js';
import type { StoredFunction } from '../parameters/parameter_options.js';

type OwnFunction = (...given: never[]) => unknown;

const functions = new Map<string, OwnFunction>();

/**
 * Registers initialisers, regularisers and constraints by name. A model that uses one is saved with its name, and a program
 * that has registered it loads the model again:
 *
 *   const ramp = (shape) => Float32Array.from({ length: shape[0] }, (_, i) => i);
 *   registerFunctions({ ramp });
 *   layers.dense({ units: 8, biasInitializer: ramp });
 *
 * Throws: UsageError for anything but functions, and for a name that another function has.
 */
export function registerFunctions(given: Readonly<Record<string, OwnFunction>>): void {
  const rules = Object.fromEntries(Object.keys(Object(given) as object).map((name) => [name, fn]));
  checkOptions<object>('registerFunctions', given, rules);
  for (const [name, own] of Object.entries(given)) {
    const known = functions.get(name);
    if (known && known !== own)
      throw new UsageError(
        `registerFunctions: '${name}' is the name of another function; choose a name of its own.`,
      );
    functions.set(name, own);
  }
}

/** The expected value if it is not the name of a registered function, as in a file. */
export function ownFunctionRule(value: object): string | undefined {
  const { function: name } = value as Partial<StoredFunction>;
  return nonEmptyText(name, '', '') === undefined && functions.has(name!)
    ? undefined
    : `a registered function (${[...functions.keys()].join(', ') || 'none'}); call registerFunctions first`;
}

export function ownFunction({ function: name }: StoredFunction): OwnFunction {
  const found = functions.get(name);
  if (!found) throw new ModelError(`model: the function ${shown(name)} is not registered.`);
  return found;
}

/** Throws: ModelError for a function without a name. */
export function storedFunction(value: OwnFunction, option: string): StoredFunction {
  const [name] = [...functions].find(([, own]) => own === value) ?? [];
  if (name === undefined)
    throw new ModelError(
      `model: ${option} is a function, which a file cannot hold; give it a name with registerFunctions({ name: it }).`,
    );
  return { function: name };
}
