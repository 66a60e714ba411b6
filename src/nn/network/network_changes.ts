/**
 * Networks that differ from another one in some nodes. All other nodes keep their names and streams, and so their initial
 * values and random numbers. Functions instead of methods, so that bundles only contain those that they use.
 */
import { checkCall } from '../../calls.js';
import { UsageError } from '../../errors.js';
import { type Rules, check, list, nonEmptyText, required } from '../../options.js';
import { freeName, stemOf } from './layer_names.js';
import { type Layer, layerRules, mapInputs } from '../layers/layer.js';
import {
  Network,
  type NetworkInput,
  type NetworkNode,
  type NetworkParts,
  type NodeParts,
  unknownLayer,
} from './network.js';

export interface InsertOptions {
  /** The node or input whose value is the first input of the layer. */
  readonly after: string;
  /** Further inputs, for a layer with several. */
  readonly with?: readonly string[];
}

const insertRules = (): Rules<InsertOptions> => ({
  after: required(nonEmptyText),
  with: list('a list of names', nonEmptyText),
});

/**
 * Inserts a layer after a node or input. The layer's inputs are the values of `after` and of the nodes in `with`; all other
 * uses of `after`, as an input or output, use the layer instead. The new node's streams are above all others.
 *
 * Throws: like `Network`; UsageError if a node in `with` depends on a former user of `after`.
 */
export function insert(network: Network, layer: Layer, options: InsertOptions): Network {
  checkCall('insert', options, insertRules);
  const { after, with: others = [] } = options;
  const { inputs, nodes, outputs } = network;
  for (const name of [after, ...others]) network.shapeOf(name);
  const taken = new Set([...inputs, ...nodes].map(({ name }) => name));
  const name = layer.name ?? freeName(stemOf(layer), taken);
  const replaced = (each: string): string => (each === after ? name : each);
  const redirected = nodes.map((node) => ({ ...node, inputs: mapInputs(node.inputs, replaced) }));
  const inserted: NodeParts = { name, layer, inputs: [after, ...others], ...nextNumbers(nodes) };
  return changed(network, {
    nodes: sorted([...redirected, inserted], inputs),
    outputs: outputs.map(replaced),
  });
}

/**
 * Removes a node: the users of its value, and the network's outputs, use the node's input instead.
 *
 * Throws: UsageError if the node has several inputs, or another node shares its parameters, or an output would be an input of
 * the network; ShapeError if a following layer does not fit the input.
 */
export function remove(network: Network, name: string): Network {
  const { nodes, outputs } = network;
  const { inputs } = nodeOf(network, 'remove', name);
  const [input, ...others] = inputs;
  if (others.length > 0)
    throw new UsageError(
      `remove: '${name}' has ${inputs.length} inputs (${inputs.join(', ')}), expected one, which takes its place.`,
    );
  const sharer = nodes.find(({ sharedWith }) => sharedWith === name);
  if (sharer)
    throw new UsageError(
      `remove: '${sharer.name}' shares the parameters of '${name}'; remove that one first.`,
    );
  const replaced = (each: string): string => (each === name ? input : each);
  return changed(network, {
    nodes: nodes
      .filter((node) => node.name !== name)
      .map((node) => ({ ...node, inputs: mapInputs(node.inputs, replaced) })),
    outputs: outputs.map(replaced),
  });
}

/**
 * The part of a network that computes the value of a node, which is its output.
 *
 * Throws: UsageError for an unknown name.
 */
export function upTo(network: Network, name: string): Network {
  const { nodes, inputs } = network;
  const needed = new Set([nodeOf(network, 'upTo', name).name]);
  for (const node of nodes.toReversed()) {
    if (!needed.has(node.name)) continue;
    for (const each of [...node.inputs, ...(node.sharedWith === undefined ? [] : [node.sharedWith])])
      needed.add(each);
  }
  // The first use of a shared layer holds its parameters, so it stays with what it needs.
  return changed(network, {
    inputs: inputs.filter((input) => needed.has(input.name)),
    nodes: nodes.filter((node) => needed.has(node.name)),
    outputs: [name],
  });
}

/**
 * Renames a node or an input.
 *
 * Throws: UsageError if `from` is unknown, or `to` is taken or not a valid name.
 */
export function rename(network: Network, from: string, to: string): Network {
  network.shapeOf(from);
  check('rename', 'to', to, layerRules().name);
  const replaced = (each: string): string => (each === from ? to : each);
  return changed(network, {
    inputs: network.inputs.map((each) => ({ ...each, name: replaced(each.name) })),
    nodes: network.nodes.map(({ sharedWith, ...node }) => ({
      ...node,
      name: replaced(node.name),
      inputs: mapInputs(node.inputs, replaced),
      sharedWith: sharedWith === undefined ? undefined : replaced(sharedWith),
    })),
    outputs: network.outputs.map(replaced),
  });
}

/** Freezes nodes: training leaves their parameters unchanged. Throws: UsageError for an unknown name. */
export function freeze(network: Network, ...names: readonly string[]): Network {
  return frozen(network, 'freeze', names, true);
}

/** Unfreezes nodes: training changes their parameters, those of all layers if a node is a model. Throws: UsageError for an unknown name. */
export function unfreeze(network: Network, ...names: readonly string[]): Network {
  return frozen(network, 'unfreeze', names, false);
}

function frozen(network: Network, who: string, names: readonly string[], isFrozen: boolean): Network {
  // For a shared layer, the first use decides.
  const meant = new Set(names.map((name) => nodeOf(network, who, name).sharedWith ?? name));
  // The uses of a layer keep to one.
  const layers = new Map(
    network.nodes
      .filter(({ name }) => !isFrozen && meant.has(name))
      .map(({ layer }) => [layer, layer.unfrozen?.() ?? layer]),
  );
  return changed(network, {
    nodes: network.nodes.map((node) => ({
      ...node,
      layer: layers.get(node.layer) ?? node.layer,
      ...(meant.has(node.name) && { isFrozen }),
    })),
  });
}

function changed({ name, inputs, nodes, outputs }: Network, changes: Partial<NetworkParts>): Network {
  return new Network({ name, inputs, nodes, outputs, ...changes });
}

function nodeOf({ nodes }: Network, who: string, name: string): NetworkNode {
  const node = nodes.find((each) => each.name === name);
  if (!node)
    throw unknownLayer(
      who,
      name,
      nodes.map((each) => each.name),
    );
  return node;
}

/** Streams for a new node: above all others. */
function nextNumbers(nodes: readonly NetworkNode[]): Pick<NetworkNode, 'stream' | 'parameterStream'> {
  const above = nodes.map(({ parameterStream, parameters }) => parameterStream + parameters.length);
  return {
    stream: Math.max(0, ...nodes.map(({ stream, layer: { streams = 1 } }) => stream + streams)),
    parameterStream: Math.max(0, ...above),
  };
}

/** Sorts the nodes topologically, otherwise keeping their order. Throws: UsageError if there is a cycle. */
function sorted(nodes: readonly NodeParts[], inputs: readonly NetworkInput[]): NodeParts[] {
  const known = new Set(inputs.map(({ name }) => name));
  const waiting = new Set(nodes);
  const isReady = ({ inputs: from, sharedWith }: NodeParts): boolean =>
    from.every((name) => known.has(name)) && (sharedWith === undefined || known.has(sharedWith));
  const order: NodeParts[] = [];
  while (waiting.size > 0) {
    const next = [...waiting].find(isReady);
    if (!next)
      throw new UsageError(
        `insert: ${[...waiting].map(({ name }) => name).join(', ')} would depend on each other; use values that do not depend on the new layer.`,
      );
    waiting.delete(next);
    known.add(next.name);
    order.push(next);
  }
  return order;
}
