/**
 * A layer: a shape rule, parameters, and a function of tensors. Layers hold no tensors; a model's state does. Shapes of inputs
 * and outputs are without the batch axis.
 */
import type { Shape } from '../../engine/primitive.js';
import type { Tensor } from '../../engine/tensor.js';
import { ShapeError } from '../../errors.js';
import { type Rules, extents, flag, rule, wrong } from '../../options.js';
import { type ParameterSpec, type RegularizerOption, activityRule } from '../parameters/parameter_options.js';

export type { ParameterSpec };

/** What a layer knows about the step. */
export interface LayerContext {
  readonly isTraining: boolean;
  /** The step's state (src/kernels/step_state.ts), the key of random numbers. */
  readonly state: Tensor;
  /** Whether the input is a micro-batch: one part of a batch. */
  readonly isMicroBatch?: boolean;
  /** The stream of the layer's random numbers; see NetworkNode. */
  readonly stream: number;
  /** Whether the layer leaves its parameters unchanged, even in training. */
  readonly isFrozen: boolean;
  /** Adds a scalar to the loss; missing in predictions, which have none. */
  readonly addLoss?: ((loss: Tensor) => void) | undefined;
}

/** Plain values, written to model.json as they are, and registered functions, by their names. */
export type LayerConfig = Readonly<
  Record<string, string | number | boolean | readonly (number | readonly number[])[] | object | null>
>;

/** The inputs of a layer: one value or several. */
export type Inputs<T> = readonly [T, ...T[]];

/** What distinguishes a class of layers. */
export interface LayerDefinition {
  /** Keras's class name, e.g. `Conv2D`. */
  readonly className: string;
  readonly config: LayerConfig;
  /** Whether it takes several inputs. Default false. */
  readonly takesSeveral?: boolean;
  /** How many streams of random numbers it uses, from that of its context on. Default 1. */
  readonly streams?: number;
  /** Sets initial values that no initialiser draws, in place: those of a model that is the layer. */
  fill?(parameterOf: (name: string) => Tensor): void;
  /** The layer with every layer inside trained, if it is a model. */
  unfrozen?(): Layer;
  /** Throws: ShapeError for inputs that do not fit. */
  outputShape(inputs: Inputs<Shape>): Shape;
  /** Default: none. */
  parameters?(inputs: Inputs<Shape>): readonly ParameterSpec[];
  /** Runs inside a program. Shapes: those of the inputs with the batch axis in front. */
  call(inputs: Inputs<Tensor>, parameters: Readonly<Record<string, Tensor>>, context: LayerContext): Tensor;
}

export interface Layer
  extends
    Required<Omit<LayerDefinition, 'takesSeveral' | 'streams' | 'fill' | 'unfrozen'>>,
    Pick<LayerDefinition, 'streams' | 'fill' | 'unfrozen'> {
  /** Unique in the model, which chooses a name if there is none. */
  readonly name: string | undefined;
  /** Only required for the first layer of a `sequential`. */
  readonly inputShape: Shape | undefined;
  /** False leaves the parameters unchanged in training. */
  readonly trainable: boolean;
  readonly activityRegularizer: RegularizerOption | null;
  /**
   * Applies the layer to one value or several, for `model({ inputs, outputs })`. A layer that is applied more than once uses the
   * same parameters each time.
   *
   * Throws: ShapeError for inputs that do not fit; UsageError for anything else.
   */
  apply(x: SymbolicTensor | readonly SymbolicTensor[]): SymbolicTensor;
}

/** A value in a network under construction: it has a shape, but no data. */
export class SymbolicTensor {
  constructor(
    /** Without the batch axis. */
    readonly shape: Shape,
    readonly source: LayerCall | InputSource,
  ) {}
}

/** The layer call that computes the value. */
interface LayerCall {
  readonly layer: Layer;
  readonly inputs: Inputs<SymbolicTensor>;
}

/** The value is an input of the network. */
interface InputSource {
  readonly layer?: never;
  readonly name: string | undefined;
}

/** The options of every layer. */
export interface LayerOptions {
  readonly name?: string;
  readonly inputShape?: Shape;
  /** False freezes the layer: training leaves its parameters unchanged. Default true. */
  readonly trainable?: boolean;
  /** A penalty of the layer's output in the loss: the mean of the samples. Default null. */
  readonly activityRegularizer?: RegularizerOption | null;
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
  ...(activityRule() as Pick<Rules<LayerOptions>, 'activityRegularizer'>),
});

/** Makes a layer from the definition of its class and the options of every layer. */
export function makeLayer(
  { name, inputShape, trainable = true, activityRegularizer = null }: LayerOptions,
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
    activityRegularizer,
    parameters,
    outputShape,
    apply: (x) => {
      const inputs = [x].flat();
      if (!isNonEmpty(inputs) || !inputs.every((each: unknown) => each instanceof SymbolicTensor))
        throw wrong(
          `${definition.className}.apply`,
          'x',
          x,
          'a result of input() or apply(), or a list of them',
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
