/**
 * A layer: a shape rule, its parameters, and a function of tensors. Layers hold no tensors; a model's state does. Shapes of
 * inputs and outputs are without the batch axis.
 */
import type { Shape } from '../../engine/primitive.js';
import type { Tensor } from '../../engine/tensor.js';
import { ShapeError } from '../../errors.js';
import { type Rules, extents, rule } from '../../options.js';
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
  /** λ of the term λ·Σ w² that the parameter adds to the loss. */
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
}

/** What every layer may be given. */
export interface LayerOptions {
  readonly name?: string;
  readonly inputShape?: Shape;
}

export const layerRules = (): Rules<LayerOptions> => ({
  // A parameter's path is `<layer>/<parameter>`, in files and in TensorBoard's tags.
  name: rule(
    "a text without '/' and control characters",
    // oxlint-disable-next-line no-control-regex -- these are what is looked for
    (value) => typeof value === 'string' && /^[^/\u0000-\u001f\u007f]+$/.test(value),
  ),
  inputShape: extents,
});

/** A layer of a class, with the options that every layer takes. */
export function defineLayer(
  { name, inputShape }: LayerOptions,
  { takesSeveral = false, parameters = () => [], ...definition }: LayerDefinition,
): Layer {
  return {
    ...definition,
    name,
    inputShape,
    parameters,
    outputShape: (inputs) => {
      if (inputs.length > 1 && !takesSeveral)
        throw new ShapeError(
          `${definition.className}: ${inputs.length} inputs were given, expected one; join them with layers.add() or layers.concatenate() first.`,
        );
      return definition.outputShape(inputs);
    },
  };
}
