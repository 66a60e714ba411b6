/**
 * A layer: a shape rule, its parameters, and a function of tensors. Layers hold no tensors; the model does.
 */
import type { Shape } from '../../engine/primitive.js';
import type { Tensor } from '../../engine/tensor.js';
import { type Rules, extents, rule } from '../../options.js';
import type { Regularizer } from './regularizer.js';

/** How a parameter gets its first values; fans are counted as in Keras. */
export type Initializer =
  | { readonly kind: 'glorotUniform'; readonly fanIn: number; readonly fanOut: number }
  | { readonly kind: 'zeros' | 'ones' };

export interface ParameterSpec {
  /** `kernel` or `bias`, as in Keras; the model puts the layer's name in front. */
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
  /** The layer's place in the model, which sets its random numbers apart. */
  readonly index: number;
}

/** Plain values only: written to model.json as they are. */
export type LayerConfig = Readonly<
  Record<string, string | number | boolean | readonly number[] | Regularizer | null>
>;

export interface Layer {
  /** Keras's class name, e.g. `Conv2D`. */
  readonly className: string;
  /** Unique in the model; given by the model when the user gives none. */
  readonly name: string | undefined;
  /** Without the batch axis; only the first layer of a model needs one. */
  readonly inputShape: Shape | undefined;
  readonly config: LayerConfig;
  /** Shape of the output without the batch axis. Throws ShapeError for an input that does not fit. */
  outputShape(inputShape: Shape): Shape;
  parameters(inputShape: Shape): readonly ParameterSpec[];
  call(x: Tensor, parameters: Readonly<Record<string, Tensor>>, context: LayerContext): Tensor;
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
