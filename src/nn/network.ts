/**
 * A network: a directed acyclic graph of layers, with every name and shape worked out. It holds no tensors and knows no
 * device: a `TrainState` keeps the values of its parameters, and `forward` records it into the program of a caller.
 */
import { type Shape, sizeOf } from '../engine/primitive.js';
import type { Tensor } from '../engine/tensor.js';
import { withScope } from '../engine/trace.js';
import { ShapeError, UsageError } from '../errors.js';
import type { Inputs, Layer, LayerContext, ParameterSpec } from './layers/layer.js';

export interface NetworkInput {
  readonly name: string;
  /** Without the batch axis. */
  readonly shape: Shape;
}

/** A parameter in its place in a network. */
export interface Parameter extends ParameterSpec {
  /** `<node>/<parameter>`: what it is called in files, and in the values of a model. */
  readonly path: string;
  /** Keys its first values. */
  readonly stream: number;
}

/** One use of a layer. */
export interface NetworkNode {
  readonly name: string;
  readonly layer: Layer;
  /** The nodes, or inputs of the network, whose values it is applied to. */
  readonly inputs: Inputs<string>;
  /** Sets its random numbers, such as dropout masks, apart from those of other nodes. */
  readonly stream: number;
  /** Keys the first values of its first parameter; the next ones follow. */
  readonly parameterStream: number;
  readonly outputShape: Shape;
  readonly parameters: readonly Parameter[];
}

/** What a node is made from; numbers that are left out count as in `Network`. */
export interface NodeParts extends Pick<NetworkNode, 'name' | 'layer' | 'inputs'> {
  readonly stream?: number | undefined;
  readonly parameterStream?: number | undefined;
}

export interface NetworkParts {
  readonly name: string;
  readonly inputs: readonly NetworkInput[];
  /** Each behind those whose values it takes. */
  readonly nodes: readonly NodeParts[];
  /** The names of the nodes whose values are the network's. */
  readonly outputs: readonly string[];
}

/** What `forward` tells every layer. */
export type ForwardContext = Omit<LayerContext, 'stream'>;

/** The name of an input that is given none, as in Keras. */
const inputName = 'input_layer';

export class Network {
  readonly name: string;
  readonly inputs: readonly NetworkInput[];
  /** Each behind those whose values it takes. */
  readonly nodes: readonly NetworkNode[];
  readonly outputs: readonly string[];
  readonly #shapes = new Map<string, Shape>();

  /**
   * A node without numbers is numbered by its place: `stream` is the number of nodes before it, `parameterStream` that of
   * their parameters.
   *
   * Throws: UsageError for two nodes of one name, or a name that is unknown; ShapeError when a layer does not fit its
   * inputs.
   */
  constructor({ name, inputs, nodes, outputs }: NetworkParts) {
    this.name = name;
    this.inputs = inputs;
    for (const input of inputs) this.#add(input.name, input.shape);
    let parameterCount = 0;
    this.nodes = nodes.map(({ stream, parameterStream, ...parts }, index) => {
      const node = this.#node(parts, stream ?? index, parameterStream ?? parameterCount);
      parameterCount += node.parameters.length;
      return node;
    });
    for (const output of outputs) {
      if (!this.nodes.some((node) => node.name === output))
        throw new UsageError(`model: the output '${output}' is not one of its layers.`);
    }
    this.outputs = outputs;
  }

  /**
   * The layers one after another; `known` is what a file says of the first one's input, and of the nodes' numbers.
   *
   * Throws: as the constructor; UsageError for an empty list, or a first layer without a shape of its input.
   */
  static ofSequence(
    name: string,
    layers: readonly Layer[],
    known: {
      readonly inputShape?: Shape;
      readonly numbers?: readonly Pick<NodeParts, 'stream' | 'parameterStream'>[];
    } = {},
  ): Network {
    const { inputShape = layers[0]?.inputShape, numbers = [] } = known;
    if (layers.length === 0)
      throw new UsageError('sequential: the list of layers is empty, expected at least one.');
    if (!inputShape)
      throw new UsageError(
        'sequential: the first layer has no inputShape; give it one without the batch axis, e.g. inputShape: [28, 28, 1].',
      );
    const names = layerNames(layers);
    const input = { name: freeName(inputName, new Set(names)), shape: inputShape };
    const nodes = layers.map((layer, i): NodeParts => {
      const { stream, parameterStream } = numbers[i] ?? {};
      const from = i === 0 ? input.name : names[i - 1]!;
      return { name: names[i]!, layer, inputs: [from], stream, parameterStream };
    });
    return new Network({ name, inputs: [input], nodes, outputs: names.slice(-1) });
  }

  #node(
    { name, layer, inputs }: Pick<NetworkNode, 'name' | 'layer' | 'inputs'>,
    stream: number,
    parameterStream: number,
  ): NetworkNode {
    const shapes = inputs.map((input) => this.shapeOf(input)) as unknown as Inputs<Shape>;
    try {
      const outputShape = layer.outputShape(shapes);
      const parameters = layer
        .parameters(shapes)
        .map((spec, i) => ({ ...spec, path: `${name}/${spec.name}`, stream: parameterStream + i }));
      this.#add(name, outputShape);
      return { name, layer, inputs, stream, parameterStream, outputShape, parameters };
    } catch (error) {
      if (!(error instanceof ShapeError)) throw error;
      throw new ShapeError(`model: layer '${name}': ${error.message}`, { cause: error });
    }
  }

  #add(name: string, shape: Shape): void {
    if (this.#shapes.has(name))
      throw new UsageError(`model: two layers are called '${name}'; give one another name.`);
    this.#shapes.set(name, shape);
  }

  /** The shape of what a node or an input yields. Throws: UsageError for an unknown name. */
  shapeOf(name: string): Shape {
    const shape = this.#shapes.get(name);
    if (!shape)
      throw new UsageError(
        `model: '${name}' is not one of its layers, expected one of ${[...this.#shapes.keys()].join(', ')}.`,
      );
    return shape;
  }

  /** Of all nodes, in their order. */
  get parameters(): readonly Parameter[] {
    return this.nodes.flatMap(({ parameters }) => parameters);
  }

  /**
   * Records the nodes, each in a scope of its name. `inputs` are the tensors for the inputs of the network, by name.
   *
   * Shapes: [N, …shape] of each input → the values of all nodes by name, [N, …outputShape] each.
   */
  forward(
    inputs: ReadonlyMap<string, Tensor>,
    parameterOf: (path: string) => Tensor,
    context: ForwardContext,
  ): Map<string, Tensor> {
    const values = new Map<string, Tensor>();
    const valueOf = (name: string): Tensor => (values.get(name) ?? inputs.get(name))!;
    for (const { name, layer, inputs: from, stream, parameters } of this.nodes) {
      const own = Object.fromEntries(parameters.map((spec) => [spec.name, parameterOf(spec.path)]));
      const operands = from.map(valueOf) as unknown as Inputs<Tensor>;
      values.set(
        name,
        withScope(name, () => layer.call(operands, own, { ...context, stream })),
      );
    }
    return values;
  }
}

/** Whether training changes it by its gradient. */
export function hasGradient({ isTrainable = true }: ParameterSpec): boolean {
  return isTrainable;
}

/** How many numbers these parameters hold. */
export function countOf(specs: readonly ParameterSpec[]): number {
  return specs.reduce((sum, { shape }) => sum + sizeOf(shape), 0);
}

/** The layers' own names; those without are named as in Keras: conv2d, conv2d_1, … */
export function layerNames(layers: readonly Layer[]): string[] {
  const used = new Map<string, number>();
  return layers.map((layer) => {
    const stem = snakeCase(layer.className);
    const count = used.get(stem) ?? 0;
    used.set(stem, count + 1);
    return layer.name ?? (count === 0 ? stem : `${stem}_${count}`);
  });
}

/** `stem`, or the first of stem_1, stem_2, … that is not taken. */
function freeName(stem: string, taken: ReadonlySet<string>): string {
  let name = stem;
  for (let i = 1; taken.has(name); i++) name = `${stem}_${i}`;
  return name;
}

/** `MaxPooling2D` → `max_pooling2d`, as Keras names layers. */
function snakeCase(className: string): string {
  return className.replaceAll(/(?<=[a-z])(?=[A-Z])/g, '_').toLowerCase();
}
