/**
 * Networks that differ from another one by some nodes. All other nodes keep their names and numbers, and so their first values
 * and random numbers. Functions and not methods, so that a bundle that changes no network is without them.
 */
import { checkCall } from '../calls.js';
import { UsageError } from '../errors.js';
import { type Rules, check, list, nonEmptyText, required } from '../options.js';
import { freeName, stemOf } from './layer_names.js';
import { type Layer, layerRules, mapInputs } from './layers/layer.js';
import {
  Network,
  type NetworkInput,
  type NetworkNode,
  type NetworkParts,
  type NodeParts,
  unknownLayer,
} from './network.js';

export interface InsertOptions {
  /** The node or input whose value the layer takes first. */
  readonly after: string;
  /** Others whose values it takes, for a layer of several inputs. */
  readonly with?: readonly string[];
}

const insertRules = (): Rules<InsertOptions> => ({
  after: required(nonEmptyText),
  with: list('a list of names', nonEmptyText),
});

/**
 * The network with a new layer that takes the value of `after`, and then those of the nodes in `with`. What took the value of
 * `after` takes that of the layer, which is an output if `after` was one. Its numbers are above all others.
 *
 * Throws: as `Network`; UsageError when a node in `with` depends on what takes the value of `after`.
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
 * The network without the node `name`: what took its value takes that of its input, which is an output if `name` was one.
 *
 * Throws: UsageError when it has several inputs, or another node shares its parameters, or an output would be an input of the
 * network; ShapeError when what follows does not fit the input.
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
 * The network with another name for a node or an input.
 *
 * Throws: UsageError when `from` is unknown, or `to` is taken or cannot be a name.
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

/** The network with these nodes frozen: training leaves their parameters as they are. Throws: UsageError for an unknown name. */
export function freeze(network: Network, ...names: readonly string[]): Network {
  return frozen(network, 'freeze', names, true);
}

/** The network with the parameters of these nodes trained. Throws: UsageError for an unknown name. */
export function unfreeze(network: Network, ...names: readonly string[]): Network {
  return frozen(network, 'unfreeze', names, false);
}

function frozen(network: Network, who: string, names: readonly string[], isFrozen: boolean): Network {
  // Where a layer is shared, the first use decides.
  const meant = new Set(names.map((name) => nodeOf(network, who, name).sharedWith ?? name));
  return changed(network, {
    nodes: network.nodes.map((node) => (meant.has(node.name) ? { ...node, isFrozen } : node)),
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

/** Those of a new node: above all others. */
function nextNumbers(nodes: readonly NetworkNode[]): Pick<NetworkNode, 'stream' | 'parameterStream'> {
  const above = nodes.map(({ parameterStream, parameters }) => parameterStream + parameters.length);
  return {
    stream: 1 + Math.max(-1, ...nodes.map(({ stream }) => stream)),
    parameterStream: Math.max(0, ...above),
  };
}

/** The nodes in their order, but each behind those whose values it takes. Throws: UsageError where there is no such order. */
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
        `insert: ${[...waiting].map(({ name }) => name).join(', ')} would wait for each other; take values that do not depend on the new layer.`,
      );
    waiting.delete(next);
    known.add(next.name);
    order.push(next);
  }
  return order;
}
