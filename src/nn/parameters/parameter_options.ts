/**
 * The options of a layer's parameters: initialisers, penalties and constraints. What the built-in models lack
 * (parameter_extensions.ts) is provided by the library's entries, and on the page by the script of all layers, so that a
 * visit does not begin with it.
 */
import type { Shape } from '../../engine/primitive.js';
import type { Tensor } from '../../engine/tensor.js';
import type { Rules } from '../../options.js';
import { part } from '../part.js';
import { type Regularizer, l2Of, regularizerRule } from './regularizer.js';

/** Numbers in [0, 1), in order, from the generator of the parameter. */
export type RandomNumbers = () => number;

/** A custom initialiser; saved by its name (`registerFunctions`). */
export type InitializerFunction = (shape: Shape, random: RandomNumbers) => Float32Array;

/** Draws with a variance that depends on the fans, those of Keras unless they are given. */
export interface VarianceInitializer {
  readonly kind: 'glorotUniform' | 'glorotNormal' | 'heUniform' | 'heNormal' | 'lecunUniform' | 'lecunNormal';
  readonly fanIn?: number;
  readonly fanOut?: number;
}

/** How to initialise a parameter, as in Keras. */
export type Initializer =
  | { readonly kind: 'zeros' | 'ones' }
  | VarianceInitializer
  | { readonly kind: 'constant'; readonly value?: number }
  | { readonly kind: 'randomUniform'; readonly minval?: number; readonly maxval?: number }
  | { readonly kind: 'randomNormal' | 'truncatedNormal'; readonly mean?: number; readonly stddev?: number }
  | {
      readonly kind: 'varianceScaling';
      readonly scale?: number;
      readonly mode?: 'fanIn' | 'fanOut' | 'fanAvg';
      readonly distribution?: 'truncatedNormal' | 'untruncatedNormal' | 'uniform';
      readonly fanIn?: number;
      readonly fanOut?: number;
    }
  | { readonly kind: 'orthogonal' | 'identity'; readonly gain?: number }
  | InitializerFunction;

export type InitializerName = Exclude<Initializer, InitializerFunction>['kind'];

/** In a file, a registered function is stored by its name. */
export interface StoredFunction {
  readonly function: string;
}

/** A penalty that is added to the loss: a scalar. */
export type PenaltyFunction = (x: Tensor) => Tensor;

/** A penalty l1·Σ|x| + l2·Σx², one of the correlations between rows or columns, or a custom function. */
export type RegularizerOption =
  | 'l1'
  | 'l2'
  | { readonly l1?: number; readonly l2?: number }
  | { readonly kind: 'orthogonal'; readonly factor?: number; readonly mode?: 'rows' | 'columns' }
  | PenaltyFunction
  | StoredFunction;

/** What parameters are set to after an update. */
export type Constraint =
  | { readonly kind: 'maxNorm'; readonly maxValue?: number; readonly axis?: number | readonly number[] }
  | {
      readonly kind: 'minMaxNorm';
      readonly minValue?: number;
      readonly maxValue?: number;
      readonly rate?: number;
      readonly axis?: number | readonly number[];
    }
  | { readonly kind: 'nonNeg' }
  | { readonly kind: 'unitNorm'; readonly axis?: number | readonly number[] }
  | ((w: Tensor) => Tensor);

export type ConstraintName = Exclude<Constraint, (w: Tensor) => Tensor>['kind'];

export interface ParameterSpec {
  /** `kernel` or `bias`, as in Keras; the network prefixes the layer's name. */
  readonly name: string;
  readonly shape: Shape;
  readonly initializer: Initializer;
  /** False for values without a gradient, such as moving statistics. Default true. */
  readonly isTrainable?: boolean;
  /** Whether weight decay applies to it, as is usual for kernels. Default false. */
  readonly decay?: boolean;
  /** λ of the penalty λ·Σ w² that the parameter adds to the loss, unless it is frozen. */
  readonly l2?: number;
  /** A further penalty that it adds to the loss, unless it is frozen. */
  readonly regularizer?: RegularizerOption;
  /** Applied after each update. */
  readonly constraint?: Constraint;
  /** True if it stays unchanged even in a layer that is trained: a frozen layer of a model that is the layer. */
  readonly isFrozen?: boolean;
}

/** The options of a parameter called `Name`, such as `kernelInitializer`. */
export type ParameterOptions<Name extends string> = {
  readonly [K in `${Name}Initializer`]?: InitializerName | Initializer | StoredFunction;
} & {
  readonly [K in `${Name}Regularizer`]?: RegularizerOption | null;
} & {
  readonly [K in `${Name}Constraint`]?: ConstraintName | Constraint | StoredFunction | null;
};

/** Functions for what the built-in models lack. */
export interface ParameterExtensions {
  rules(names: readonly string[]): object;
  activityRule(): object;
  /** The options that were given. */
  config(options: object, names: readonly string[]): object;
  /** The parameter with the options of its name. Throws: ShapeError if an initialiser does not fit the shape. */
  apply(options: object, spec: ParameterSpec): ParameterSpec;
  draw(spec: ParameterSpec, seed: number, stream: number): Float32Array<ArrayBuffer>;
  penalty(w: Tensor, regularizer: RegularizerOption): Tensor;
  /** The mean penalty of the samples that count, for values with the batch axis in front. */
  activityPenalty(x: Tensor, regularizer: RegularizerOption, state: Tensor): Tensor;
  /** Sets a parameter, in place. */
  constrain(w: Tensor, constraint: Constraint): void;
  /** A value of a layer's config as files have it. Throws: ModelError for a function without a name. */
  stored(value: unknown, option: string): unknown;
  /** See nested_models.ts. */
  readonly models: ModelExtensions;
}

/** Their arguments and results are models and layers, which this file must not import. */
interface ModelExtensions {
  layerOf(model: unknown): unknown;
  submodelOf(model: unknown, name: string): unknown;
  featuresAt(model: unknown, name: string): unknown;
}

export const parameterExtensions = part<ParameterExtensions>('layers: this option', "'shadegrad'");

/** Rules for the options of these parameters. */
export function parameterRules<Name extends string>(...names: Name[]): Rules<ParameterOptions<Name>> {
  return (parameterExtensions.provided?.rules(names) ?? {
    [`${names[0]}Regularizer`]: regularizerRule(),
  }) as Rules<ParameterOptions<Name>>;
}

/** The options of these parameters that were given, for a layer's config. */
export function parameterConfig(options: object, ...names: string[]): object {
  return parameterExtensions.provided?.config(options, names) ?? {};
}

/** A parameter with the options of its name: `kernelInitializer` of `kernel`. */
export function withParameterOptions(options: object, spec: ParameterSpec): ParameterSpec {
  const extensions = parameterExtensions.provided;
  if (extensions) return extensions.apply(options, spec);
  const regularizers = options as Readonly<Record<string, Regularizer | null | undefined>>;
  return { ...spec, ...l2Of(regularizers[`${spec.name}Regularizer`] ?? null) };
}

/** The rule for the penalty of a layer's output; empty without extensions. */
export function activityRule(): object {
  return parameterExtensions.provided?.activityRule() ?? {};
}
