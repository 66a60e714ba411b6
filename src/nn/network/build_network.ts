/** Builds networks from a list of layers, or from symbolic tensors. */
import type { Shape } from '../../engine/primitive.js';
import { UsageError } from '../../errors.js';
import { freeName, namedUses } from './layer_names.js';
import { type Layer, type SymbolicTensor, mapInputs } from '../layers/layer.js';
import { Network, type NetworkInput, type NodeParts } from './network.js';

/** The name of an unnamed input, as in Keras. */
export const defaultInputName = 'input_layer';

/**
 * A chain of layers. `known` holds what a file says about the first layer's input and the random streams.
 *
 * Throws: like `Network`; UsageError for an empty list, or if the first layer has no input shape.
 */
export function networkOfSequence(
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
  const uses = namedUses(layers);
  const input = { name: freeName(defaultInputName, new Set(uses.map((use) => use.name))), shape: inputShape };
  const nodes = uses.map((use, i): NodeParts => {
    return { ...use, ...numbers[i], inputs: [i === 0 ? input.name : uses[i - 1]!.name] };
  });
  return new Network({ name, inputs: [input], nodes, outputs: uses.slice(-1).map((use) => use.name) });
}

/**
 * The network that computes the outputs from the inputs.
 *
 * Throws: like `Network`; UsageError if an output depends on an input that is not listed, or no output depends on a
 * listed one.
 */
export function networkOfTensors(
  name: string,
  { inputs, outputs }: Readonly<Record<'inputs' | 'outputs', readonly SymbolicTensor[]>>,
): Network {
  const found = computedBefore(outputs);
  const calls = found.flatMap(({ source }) => (source.layer ? [source] : []));
  const uses = namedUses(calls.map(({ layer }) => layer));
  const names = new Map<SymbolicTensor, string>();
  const taken = new Set([
    ...uses.map((use) => use.name),
    ...inputs.flatMap(({ source }) => (source.layer ? [] : (source.name ?? []))),
  ]);
  const networkInputs = inputs.map((tensor, i): NetworkInput => {
    const { source, shape } = tensor;
    if (source.layer)
      throw new UsageError(`model: inputs[${i}] is the output of a layer, expected a result of input().`);
    if (!found.includes(tensor))
      throw new UsageError(
        `model: none of the outputs depends on inputs[${i}] (${source.name ?? `shape [${shape.join(',')}]`}); leave it out.`,
      );
    const own = source.name ?? freeName(defaultInputName, taken);
    taken.add(own);
    names.set(tensor, own);
    return { name: own, shape };
  });
  const nameOf = (tensor: SymbolicTensor): string => {
    const known = names.get(tensor);
    if (known === undefined)
      throw new UsageError(
        `model: an output depends on an input of shape [${tensor.shape.join(',')}] that is not among the inputs; add it to them.`,
      );
    return known;
  };
  const nodes: NodeParts[] = [];
  for (const tensor of found) {
    if (!tensor.source.layer) continue;
    const use = uses[nodes.length]!;
    nodes.push({ ...use, inputs: mapInputs(tensor.source.inputs, nameOf) });
    names.set(tensor, use.name);
  }
  return new Network({ name, inputs: networkInputs, nodes, outputs: outputs.map(nameOf) });
}

/** These tensors and everything that they depend on, in topological order. */
function computedBefore(outputs: readonly SymbolicTensor[]): SymbolicTensor[] {
  const found = new Set<SymbolicTensor>();
  const visit = (tensor: SymbolicTensor): void => {
    if (found.has(tensor)) return;
    if (tensor.source.layer) tensor.source.inputs.forEach(visit);
    found.add(tensor);
  };
  outputs.forEach(visit);
  return [...found];
}
