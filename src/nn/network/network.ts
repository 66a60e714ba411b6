/**
 * A network: a directed acyclic graph of layers, with all names and shapes resolved. It is immutable (network_changes.ts makes
 * new ones from it) and holds no tensors: a `TrainState` stores the values of its parameters on a device, and `forward` records
 * the network into a program.
 */
import { type Shape, sizeOf } from '../../engine/primitive.js';
import type { Tensor } from '../../engine/tensor.js';
import { withScope } from '../../engine/trace.js';
import { ShapeError, UsageError } from '../../errors.js';
import {
  type Inputs,
  type Layer,
  type LayerContext,
  type ParameterSpec,
  mapInputs,
} from '../layers/layer.js';
import { parameterExtensions } from '../parameters/parameter_options.js';

export interface NetworkInput {
  readonly name: string;
  /** Without the batch axis. */
  readonly shape: Shape;
}

/** A parameter of a network. */
export interface Parameter extends ParameterSpec {
  /** `<node>/<parameter>`: its name in files and in a model's weights. */
  readonly path: string;
  /** The random stream of its initial values. */
  readonly stream: number;
  readonly isFrozen: boolean;
}

/** One use of a layer. */
export interface NetworkNode {
  readonly name: string;
  readonly layer: Layer;
  /** The nodes or inputs of the network that the layer is applied to. */
  readonly inputs: Inputs<string>;
  /** The stream of its random numbers, such as dropout masks. */
  readonly stream: number;
  /** The stream of the initial values of its first parameter; the others have the following ones. */
  readonly parameterStream: number;
  /** The node of the layer's first use, whose parameters this node shares; undefined for the first use itself. */
  readonly sharedWith: string | undefined;
  /** Whether training leaves its parameters unchanged. */
  readonly isFrozen: boolean;
  readonly outputShape: Shape;
  /** Its own parameters; empty if it shares those of another node. */
  readonly parameters: readonly Parameter[];
}

/** The description from which a node is made. */
export interface NodeParts extends Pick<NetworkNode, 'name' | 'layer' | 'inputs'> {
  /** Default: the number of streams before it, one for most nodes. */
  readonly stream?: number | undefined;
  /** Default: the number of parameters before it. */
  readonly parameterStream?: number | undefined;
  readonly sharedWith?: string | undefined;
  /** Default: the layer's `trainable` decides. */
  readonly isFrozen?: boolean | undefined;
}

export interface NetworkParts {
  readonly name: string;
  readonly inputs: readonly NetworkInput[];
  /** In topological order. */
  readonly nodes: readonly NodeParts[];
  /** The names of the nodes whose values are the outputs. */
  readonly outputs: readonly string[];
}

/** The context passed to every layer. A network that is a layer has a stream, which its nodes count from. */
export type ForwardContext = Omit<LayerContext, 'stream' | 'isFrozen'> &
  Partial<Pick<LayerContext, 'stream' | 'isFrozen'>>;

export class Network {
  readonly name: string;
  readonly inputs: readonly NetworkInput[];
  /** In topological order. */
  readonly nodes: readonly NetworkNode[];
  readonly outputs: readonly string[];
  readonly #shapes = new Map<string, Shape>();

  /**
   * Throws: UsageError for two nodes with the same name, or an unknown name; ShapeError if a layer does not fit its
   * inputs.
   */
  constructor({ name, inputs, nodes, outputs }: NetworkParts) {
    this.name = name;
    this.inputs = inputs;
    for (const input of inputs) this.#add(input.name, input.shape);
    const made = new Map<string, NetworkNode>();
    let [streamCount, parameterCount] = [0, 0];
    for (const parts of nodes) {
      const { stream = streamCount, parameterStream = parameterCount } = parts;
      const node = this.#node(made, { ...parts, stream, parameterStream });
      made.set(node.name, node);
      streamCount += node.layer.streams ?? 1;
      parameterCount += node.parameters.length;
    }
    this.nodes = [...made.values()];
    for (const output of outputs) {
      if (!made.has(output)) {
        this.shapeOf(output);
        throw new UsageError(`model: the output '${output}' is an input, expected the output of a layer.`);
      }
    }
    this.outputs = outputs;
  }

  #node(
    made: ReadonlyMap<string, NetworkNode>,
    parts: NodeParts & Pick<NetworkNode, 'stream' | 'parameterStream'>,
  ): NetworkNode {
    const { name, layer, inputs, stream, parameterStream, sharedWith } = parts;
    const owner = sharedWith === undefined ? undefined : made.get(sharedWith);
    if (sharedWith !== undefined && owner?.layer !== layer)
      throw new UsageError(
        `model: '${name}' shares the parameters of '${sharedWith}', expected a use of the same layer before it.`,
      );
    const isFrozen = owner?.isFrozen ?? parts.isFrozen ?? !layer.trainable;
    const shapes = mapInputs(inputs, (input) => this.shapeOf(input));
    try {
      const outputShape = layer.outputShape(shapes);
      const specs = layer.parameters(shapes);
      if (owner && shapesIn(specs) !== shapesIn(owner.parameters))
        throw new ShapeError(
          `it shares ${shapesIn(owner.parameters)} with '${owner.name}', but its inputs need ${shapesIn(specs)}.`,
        );
      const parameters = (owner ? [] : specs).map((spec, i): Parameter => ({
        ...spec,
        path: `${name}/${spec.name}`,
        stream: parameterStream + i,
        isFrozen: isFrozen || spec.isFrozen === true,
      }));
      this.#add(name, outputShape);
      // A use of a layer without parameters is like a first use.
      const shared = specs.length > 0 ? sharedWith : undefined;
      return {
        name,
        layer,
        inputs,
        stream,
        parameterStream,
        sharedWith: shared,
        isFrozen,
        outputShape,
        parameters,
      };
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

  /** The shape of the value of a node or input. Throws: UsageError for an unknown name. */
  shapeOf(name: string): Shape {
    const shape = this.#shapes.get(name);
    if (!shape) throw unknownLayer('model', name, this.#shapes.keys());
    return shape;
  }

  /** The parameters of all nodes, in order. */
  get parameters(): readonly Parameter[] {
    return this.nodes.flatMap(({ parameters }) => parameters);
  }

  /** Whether the network is a chain: each layer is applied to the one before it, and none shares parameters. */
  get isSequence(): boolean {
    const before = [this.inputs[0]?.name, ...this.nodes.map(({ name }) => name)];
    return (
      this.inputs.length === 1 &&
      this.nodes.every(
        ({ inputs, sharedWith }, i) =>
          inputs.length === 1 && inputs[0] === before[i] && sharedWith === undefined,
      ) &&
      this.outputs.length === 1 &&
      this.outputs[0] === before.at(-1)
    );
  }

  /**
   * Records the nodes, each in a scope with its name. `inputs` are the tensors for the inputs of the network, by name.
   *
   * Shapes: [N, …shape] of each input → the values of all nodes by name, [N, …outputShape] each.
   */
  forward(
    inputs: ReadonlyMap<string, Tensor>,
    parameterOf: (path: string) => Tensor,
    context: ForwardContext,
  ): Map<string, Tensor> {
    for (const { name } of this.inputs) {
      if (!inputs.has(name)) throw new UsageError(`model: there is no tensor for the input '${name}'.`);
    }
    const parameters = new Map(this.nodes.map((node) => [node.name, node.parameters]));
    const values = new Map<string, Tensor>();
    for (const { name, layer, inputs: from, stream, sharedWith, isFrozen } of this.nodes) {
      const specs = parameters.get(sharedWith ?? name)!;
      const own = Object.fromEntries(specs.map((spec) => [spec.name, parameterOf(spec.path)]));
      const operands = mapInputs(from, (each) => (values.get(each) ?? inputs.get(each))!);
      const value = withScope(name, () => {
        const y = layer.call(operands, own, {
          ...context,
          stream: stream + (context.stream ?? 0),
          isFrozen: isFrozen || context.isFrozen === true,
        });
        if (layer.activityRegularizer)
          context.addLoss?.(
            parameterExtensions.get().activityPenalty(y, layer.activityRegularizer, context.state),
          );
        return y;
      });
      values.set(name, value);
    }
    return values;
  }
}

/** Whether training changes the parameter by its gradient. */
export function hasGradient({ isTrainable = true, isFrozen }: Parameter): boolean {
  return isTrainable && !isFrozen;
}

/** The total number of elements of the parameters. */
export function countOf(specs: readonly ParameterSpec[]): number {
  return specs.reduce((sum, { shape }) => sum + sizeOf(shape), 0);
}

export function unknownLayer(who: string, name: string, known: Iterable<string>): UsageError {
  const names = [...known];
  const expected = names.length > 0 ? `, expected one of ${names.join(', ')}` : '';
  return new UsageError(`${who}: there is no layer '${name}'${expected}.`);
}

function shapesIn(specs: readonly ParameterSpec[]): string {
  return specs.map(({ name, shape }) => `${name} [${shape.join(',')}]`).join(' and ');
}
