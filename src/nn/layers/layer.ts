/**
 * A layer: a shape rule, its parameters, and a function of tensors. Layers hold no tensors; a model's state does. Shapes of
 * inputs and outputs are without the batch axis.
 */
import type { Shape } from '../../engine/primitive.js';
import type { Tensor } from '../../engine/tensor.js';
import { ShapeError } from '../../errors.js';
import { type Rules, extents, flag, rule, wrong } from '../../options.js';
import type { Regularizer } from './regularizer.js';

/** How a parameter gets its first values; fans are counted as in Keras. */
export type Initializer =
  | { readonly kind: 'glorotUniform'; readonly fanIn: number; readonly fanOut: number }
  | { readonly kind: 'zeros' | 'ones' };

export interface ParameterSpec {
  /** `kernel` or `bias`, as in Keras; the network puts the layer's name in front. */
  readonly name: string;
  readonly shape: Shape;
  readonly initializer: Initializer;
  /** False for values that no gradient changes, such as moving statistics. Default true. */
  readonly isTrainable?: boolean;
  /** Whether optimizers that shrink weights shrink it, as is usual for kernels. Default false. */
  readonly decay?: boolean;
  /** λ of the term λ·Σ w² that the parameter adds to the loss, while it is trained. */
  readonly l2?: number;
}

/** What a layer may know of the step it runs in. */
export interface LayerContext {
  readonly isTraining: boolean;
  /** The step's state (src/kernels/step_state.ts), which keys random numbers. */
  readonly state: Tensor;
  /** Whether the input is a part of a batch that is taken in micro-batches. */
  readonly isMicroBatch?: boolean;
  /** The number that sets the layer's random numbers apart from those of other layers; see NetworkNode. */
  readonly stream: number;
  /** Whether the layer keeps its parameters as they are, also in training. */
  readonly isFrozen: boolean;
}

/** Plain values only: written to model.json as they are. */
export type LayerConfig = Readonly<
  Record<string, string | number | boolean | readonly number[] | Regularizer | null>
>;

/** What a layer is applied to: one value, or several. */
export type Inputs<T> = readonly [T, ...T[]];

/** What sets one class of layers apart from the others. */
export interface LayerDefinition {
  /** Keras's class name, e.g. `Conv2D`. */
  readonly className: string;
  readonly config: LayerConfig;
  /** Whether it takes several inputs. Default false. */
  readonly takesSeveral?: boolean;
  /** Throws: ShapeError for inputs that do not fit. */
  outputShape(inputs: Inputs<Shape>): Shape;
  /** Left out: none. */
  parameters?(inputs: Inputs<Shape>): readonly ParameterSpec[];
  /** Inside a program. Shapes: those of the inputs with the batch axis in front. */
  call(inputs: Inputs<Tensor>, parameters: Readonly<Record<string, Tensor>>, context: LayerContext): Tensor;
}

export interface Layer extends Required<Omit<LayerDefinition, 'takesSeveral'>> {
  /** Unique in the model; given by the model when the user gives none. */
  readonly name: string | undefined;
  /** Only the first layer of a `sequential` needs one. */
  readonly inputShape: Shape | undefined;
  /** False keeps its parameters as they are. */
  readonly trainable: boolean;
  /**
   * The value that the layer yields for one value or several, for `model({ inputs, outputs })`. A layer that is applied
   * more than once has the same parameters each time.
   *
   * Throws: ShapeError when they do not fit; UsageError for anything else.
   */
  apply(x: SymbolicTensor | readonly SymbolicTensor[]): SymbolicTensor;
}

/** A value of a network that is being put together: it has a shape, and no numbers. */
export class SymbolicTensor {
  constructor(
    /** Without the batch axis. */
    readonly shape: Shape,
    readonly source: LayerCall | InputSource,
  ) {}
}

/** What computes a value. */
interface LayerCall {
  readonly layer: Layer;
  readonly inputs: Inputs<SymbolicTensor>;
}

/** The caller of the network gives the value. */
interface InputSource {
  readonly layer?: never;
  readonly name: string | undefined;
}

/** What every layer may be given. */
export interface LayerOptions {
  readonly name?: string;
  readonly inputShape?: Shape;
  /** False freezes the layer: training leaves its parameters as they are. Default true. */
  readonly trainable?: boolean;
}

export const layerRules = (): Rules<LayerOptions> => ({
  // A parameter's path is `<layer>/<parameter>`, in files and in TensorBoard's tags.
  name: rule(
    "a string without '/' and control characters",
    // oxlint-disable-next-line no-control-regex -- these are what is looked for
    (value) => typeof value === 'string' && /^[^/\u0000-\u001f\u007f]+$/.test(value),
  ),
  inputShape: extents,
  trainable: flag,
});

/** A layer of a class, with the options that every layer takes. */
export function defineLayer(
  { name, inputShape, trainable = true }: LayerOptions,
  { takesSeveral = false, parameters = () => [], ...definition }: LayerDefinition,
): Layer {
  const outputShape = (inputs: Inputs<Shape>): Shape => {
    if (inputs.length > 1 && !takesSeveral)
      throw new ShapeError(
        `${definition.className}: ${inputs.length} inputs were given, expected one; join them with layers.add() or layers.concatenate() first.`,
      );
    return definition.outputShape(inputs);
  };
  const layer: Layer = {
    ...definition,
    name,
    inputShape,
    trainable,
    parameters,
    outputShape,
    apply: (x) => {
      const inputs = [x].flat();
      if (!isNonEmpty(inputs) || !inputs.every((each: unknown) => each instanceof SymbolicTensor))
        throw wrong(
          `${definition.className}.apply`,
          'x',
          x,
          'what input() or apply() gave, or a list of that',
        );
      return new SymbolicTensor(outputShape(mapInputs(inputs, ({ shape }) => shape)), { layer, inputs });
    },
  };
  return layer;
}

export function isNonEmpty<T>(list: readonly T[]): list is Inputs<T> {
  return list.length > 0;
}

export function mapInputs<T, R>([first, ...others]: Inputs<T>, fn: (each: T) => R): Inputs<R> {
  return [fn(first), ...others.map(fn)];
}
