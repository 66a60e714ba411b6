/** Layers of a user's own, by `defineLayer` of the library. */
import type { Shape } from '../../engine/primitive.js';
import { type Tensor, describe } from '../../engine/tensor.js';
import { ShapeError, UsageError } from '../../errors.js';
import {
  type Rule,
  checkOptions,
  extents,
  flag,
  fn,
  list,
  nested,
  required,
  rule,
  shown,
  wrong,
} from '../../options.js';
import {
  type Inputs,
  type Layer,
  type LayerConfig,
  type LayerContext,
  type LayerOptions,
  type ParameterSpec,
  makeLayer,
  layerRules,
} from './layer.js';
import { allParameterOptions } from '../parameters/parameter_extensions.js';
import { constraintRule } from '../parameters/constraints.js';
import { initializerRule } from '../parameters/more_initializers.js';
import { regularizerOptionRule } from '../parameters/regularizers.js';
import type {
  Constraint,
  ConstraintName,
  Initializer,
  InitializerName,
  RegularizerOption,
} from '../parameters/parameter_options.js';
import { isRegistered, registerLayers } from './registry.js';

/** One value, or a list of them if the layer takes several inputs. */
export type OneOrSeveral<T, Several extends boolean> = Several extends true ? Inputs<T> : T;

/** A parameter of a layer: its name, its shape, and how it starts. */
export interface OwnParameter<Name extends string> extends Pick<
  ParameterSpec,
  'shape' | 'isTrainable' | 'decay'
> {
  readonly name: Name;
  /** `'heNormal'`, `{ kind: 'constant', value: 2 }` or a function. */
  readonly initializer: InitializerName | Initializer;
  readonly regularizer?: RegularizerOption | null;
  readonly constraint?: ConstraintName | Constraint | null;
}

/** What the functions of a layer know about it and the step. */
export interface OwnContext<Config> extends Omit<LayerContext, 'addLoss'> {
  /** The layer's own options, with their defaults. */
  readonly config: Config;
  /** Adds a scalar to the loss, in training and evaluation. */
  addLoss(loss: Tensor): void;
}

/** The tensors of a layer's parameters by name. */
export type OwnTensors<Name extends string> = Readonly<Record<Name, Tensor>>;

/** `Config` holds the layer's own options, `Name` the names of its parameters. Both are inferred. */
export interface OwnLayerDefinition<Config extends object, Name extends string, Several extends boolean> {
  /** Names the class in saved models and in messages. No other layer class may have it. */
  readonly className: string;
  /** Values of options that the caller leaves out. */
  readonly defaults?: Config;
  /** A rule for each option, which describes the expected value if another one is given: `(value) => … ? undefined : 'a positive number'`. */
  readonly rules?: { readonly [K in keyof Config]?: (value: unknown) => string | undefined };
  /** Whether it takes a list of inputs; its functions then get lists. Default false. */
  readonly takesSeveral?: Several;
  /** Without the batch axis. Default: none. */
  parameters?(shape: OneOrSeveral<Shape, Several>, config: Config): readonly OwnParameter<Name>[];
  /** Without the batch axis. Default: that of the input, or of the first one. */
  outputShape?(shape: OneOrSeveral<Shape, Several>, config: Config): Shape;
  /** Records the layer. Shapes: those of the inputs with the batch axis in front. */
  call(x: OneOrSeveral<Tensor, Several>, parameters: OwnTensors<Name>, context: OwnContext<Config>): Tensor;
}

/** Makes a layer from its options: its own, and those of every layer. */
export type OwnLayer<Config extends object> = (options?: Partial<Config> & LayerOptions) => Layer;

const members = () => ({
  className: required(
    rule("a name without '/' and spaces", (value) => typeof value === 'string' && /^[^/\s]+$/.test(value)),
  ),
  defaults: plain,
  rules: rule('an object with a function for each option', (value) =>
    Object.values(Object(value) as object).every((each) => typeof each === 'function'),
  ),
  takesSeveral: flag,
  parameters: fn,
  outputShape: fn,
  call: required(fn),
});

/** What JSON holds, and so a saved model. */
const plain = rule(
  'a plain value: a number, a string, true, false, null, or a list or an object of these',
  isPlain,
);

function isPlain(value: unknown): boolean {
  if (typeof value === 'number') return Number.isFinite(value);
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return true;
  if (Array.isArray(value)) return value.every(isPlain);
  return Object.prototype.toString.call(value) === '[object Object]' && Object.values(value!).every(isPlain);
}

const parametersRule = (): Rule =>
  list(
    'a list of parameters, such as { name, shape, initializer }',
    nested<OwnParameter<string>>({
      name: required(layerRules().name),
      shape: required(extents),
      initializer: required(initializerRule()),
      isTrainable: flag,
      decay: flag,
      regularizer: regularizerOptionRule(),
      constraint: constraintRule(),
    }),
  );

/**
 * Defines a class of layers, and registers it by its name, so that saved models with it can be loaded:
 *
 *   const Scaled = defineLayer({
 *     className: 'Scaled',
 *     parameters: (shape) => [{ name: 'gain', shape, initializer: { kind: 'ones' } }],
 *     call: (x, { gain }) => ops.multiply(x, gain),
 *   });
 *   const net = sequential([Scaled({ inputShape: [10] }), layers.dense({ units: 1 })]);
 *
 * Options of its own are plain values, which its functions get as `config`: `defaults: { power: 2 }` lets a caller write
 * `Scaled({ power: 3 })`. Names that are neither in `defaults` nor in `rules` are refused.
 *
 * Throws: UsageError for an invalid definition, and for the name of another class. The layer throws UsageError for invalid
 * options or parameters, and ShapeError if `call` returns another shape than `outputShape` says.
 */
export function defineLayer<
  Config extends object = object,
  const Name extends string = string,
  Several extends boolean = false,
>(definition: OwnLayerDefinition<Config, Name, Several>): OwnLayer<Config> {
  checkOptions<object>('defineLayer', definition, members());
  const { className, defaults, rules = {}, takesSeveral } = definition;
  if (isRegistered(className))
    throw new UsageError(
      `defineLayer: className is '${className}', expected a name that no other layer class has; define each class once, under a name of its own.`,
    );
  const known: Record<string, Rule> = {
    ...Object.fromEntries(Object.keys(defaults ?? {}).map((name) => [name, plain])),
    ...Object.fromEntries(
      Object.entries<Rule | undefined>(rules).map(([name, own]) => [name, both(own!, plain)]),
    ),
  };
  const make: OwnLayer<Config> = (options = {}) => {
    checkOptions<object>(className, options, { ...known, ...layerRules() });
    const common = layerRules();
    const own = Object.entries(options).filter(([name, value]) => value !== undefined && !(name in common));
    const config = { ...defaults, ...Object.fromEntries(own) } as Config;
    for (const [name, check] of Object.entries(known)) {
      // A rule without a default makes an option mandatory.
      const value = (config as Record<string, unknown>)[name];
      const expected = check(value, className, name);
      if (expected !== undefined) throw wrong(className, name, value, expected);
    }
    const given = <T>(inputs: Inputs<T>): OneOrSeveral<T, Several> =>
      (takesSeveral === true ? inputs : inputs[0]) as OneOrSeveral<T, Several>;
    const outputShape = (inputs: Inputs<Shape>): Shape => {
      const shape = definition.outputShape ? definition.outputShape(given(inputs), config) : inputs[0];
      checkReturned('outputShape', shape, extents);
      return shape;
    };
    const checkReturned = (what: string, value: unknown, expected: Rule): void => {
      const refused = expected(value, className, what);
      if (refused !== undefined)
        throw new UsageError(`${className}: ${what} returned ${shown(value)}, expected ${refused}.`);
    };
    return makeLayer(options, {
      className,
      config: config as LayerConfig,
      takesSeveral: takesSeveral === true,
      outputShape,
      parameters: (inputs) => {
        const specs = definition.parameters?.(given(inputs), config) ?? [];
        checkReturned('parameters', specs, parametersRule());
        const names = specs.map(({ name }) => name);
        const twice = names.find((name, i) => names.indexOf(name) < i);
        if (twice !== undefined)
          throw new UsageError(
            `${className}: parameters returned two that are called '${twice}'; give one another name.`,
          );
        return specs.map(specOf);
      },
      call: (inputs, parameters, context) => {
        const addLoss = (loss: Tensor): void => {
          if (loss?.shape?.length !== 0)
            throw new ShapeError(
              `${className}: addLoss was given ${loss?.shape ? describe(loss) : shown(loss)}, expected a scalar, such as ops.sum(…).`,
            );
          context.addLoss?.(loss);
        };
        const y = definition.call(given(inputs), parameters, { ...context, config, addLoss });
        const [batch, ...shape] = (y as Partial<Tensor> | undefined)?.shape ?? [];
        const expected = outputShape(inputs.map((x) => x.shape.slice(1)) as unknown as Inputs<Shape>);
        if (batch !== inputs[0].shape[0] || shape.join() !== expected.join())
          throw new ShapeError(
            `${className}: call returned ${batch === undefined ? shown(y) : describe(y)}, expected [${[inputs[0].shape[0], ...expected].join(',')}], as outputShape says.`,
          );
        return y;
      },
    });
  };
  registerLayers({ [className]: make });
  return make;
}

function both(first: Rule, second: Rule): Rule {
  return (...args) => first(...args) ?? second(...args);
}

function specOf<Name extends string>(given: OwnParameter<Name>): ParameterSpec {
  const { initializer, regularizer, constraint, ...spec } = given;
  const options = {
    [`${spec.name}Initializer`]: initializer,
    [`${spec.name}Regularizer`]: regularizer,
    [`${spec.name}Constraint`]: constraint,
  };
  return allParameterOptions.apply(options, { ...spec, initializer: { kind: 'zeros' } });
}
