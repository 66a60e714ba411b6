/** The options of parameters that the built-in models lack. The library's entries and model files provide it. */
import { assign } from '../../kernels/assign.js';
import { activityPenaltyOf, penaltyOf, regularizerOptionRule, resolvedRegularizer } from './regularizers.js';
import { constrained, constraintOf, constraintRule } from './constraints.js';
import { drawInitial, initializerOf, initializerRule } from './more_initializers.js';
import type { ParameterSpec } from '../layers/layer.js';
import type { ParameterExtensions, ParameterOptions } from './parameter_options.js';
import { l2Of } from './regularizer.js';
import { featuresAt, layerOfModel, submodelOf } from '../network/nested_models.js';
import { storedFunction } from '../files/own_functions.js';

const kinds = ['Initializer', 'Regularizer', 'Constraint'] as const;

/** The options of a parameter of any name, by kind. */
type Given = Readonly<Record<(typeof kinds)[number], unknown>>;

function optionsOf(options: object, name: string): Given {
  const all = options as Readonly<Record<string, unknown>>;
  const [initializer, regularizer, constraint] = kinds.map((kind) => all[`${name}${kind}`]);
  return { Initializer: initializer, Regularizer: regularizer, Constraint: constraint };
}

export const allParameterOptions: ParameterExtensions = {
  rules: (names) =>
    Object.fromEntries(
      names.flatMap((name) => [
        [`${name}Initializer`, initializerRule()],
        [`${name}Regularizer`, regularizerOptionRule()],
        [`${name}Constraint`, constraintRule()],
      ]),
    ),
  activityRule: () => ({ activityRegularizer: regularizerOptionRule() }),
  config: (options, names) =>
    Object.fromEntries(
      names.flatMap((name) =>
        Object.entries(optionsOf(options, name)).flatMap(([kind, value]) =>
          value === undefined || value === null ? [] : [[`${name}${kind}`, value]],
        ),
      ),
    ),
  apply: (options, spec): ParameterSpec => {
    const given = optionsOf(options, spec.name) as {
      readonly [K in keyof ParameterOptions<''>]: ParameterOptions<''>[K];
    };
    const { Initializer: initializer, Regularizer: own, Constraint: constraint } = given;
    const regularizer = own ? resolvedRegularizer(own) : undefined;
    const isL2 = typeof regularizer === 'object' && !('kind' in regularizer) && !regularizer.l1;
    return {
      ...spec,
      ...(initializer === undefined ? {} : { initializer: initializerOf(initializer, spec, fansIn(spec)) }),
      // A penalty of squares alone has a kernel.
      ...(isL2 ? l2Of({ l2: regularizer.l2 ?? 0 }) : regularizer ? { regularizer } : {}),
      ...(constraint ? { constraint: constraintOf(constraint) } : {}),
    };
  },
  draw: drawInitial,
  penalty: penaltyOf,
  activityPenalty: activityPenaltyOf,
  constrain: (w, constraint) => assign(w, constrained(w, constraint)),
  models: { layerOf: layerOfModel, submodelOf, featuresAt },
  stored: (value, option) => storedFunction(value as Parameters<typeof storedFunction>[0], option),
};

function fansIn({ initializer }: ParameterSpec): object {
  const { fanIn, fanOut } = initializer as { readonly fanIn?: number; readonly fanOut?: number };
  return fanIn === undefined || fanOut === undefined ? {} : { fanIn, fanOut };
}
