/**
 * A network in `model.json`. A chain is a list of layers, each with its class, its options and its streams (`className` is
 * 'Sequential', as in files of all versions); any other graph lists its inputs and outputs, and the inputs of each layer
 * ('Functional').
 */
import type { Shape } from '../../engine/primitive.js';
import { ModelError, UsageError } from '../../errors.js';
import {
  type Form,
  boolean,
  checkForm,
  count,
  countOrZero,
  object,
  optional,
  text,
} from '../../json_reader.js';
import { nonEmptyText } from '../../options.js';
import { defaultInputName, networkOfSequence } from '../network/build_network.js';
import { activationName } from '../layers/activation_registry.js';
import { type Layer, isNonEmpty } from '../layers/layer.js';
import { parameterExtensions } from '../parameters/parameter_options.js';
import { layerFromConfig } from '../layers/registry.js';
import { Network, type NetworkInput, type NetworkNode, type NodeParts } from '../network/network.js';

/** A node. `config` contains its name; files of earlier versions lack the streams. */
interface LayerJson {
  readonly className: string;
  readonly config: object;
  readonly stream?: number;
  readonly parameterStream?: number;
}

interface NodeJson extends LayerJson {
  readonly inputs: readonly string[];
  /** The node whose layer is shared; `config` then only contains the name. */
  readonly sharedWith?: string;
}

interface SequenceJson {
  /** Missing in files of early versions. */
  readonly name?: string;
  readonly inputShape: Shape;
  readonly layers: readonly LayerJson[];
}

interface GraphJson {
  readonly name: string;
  readonly inputs: readonly NetworkInput[];
  readonly layers: readonly NodeJson[];
  readonly outputs: readonly string[];
}

const layerForm = {
  className: text,
  config: object,
  stream: optional(countOrZero),
  parameterStream: optional(countOrZero),
};

const sequenceForm: Form<SequenceJson> = { name: optional(text), inputShape: [count], layers: [layerForm] };

const graphForm: Form<GraphJson> = {
  name: text,
  inputs: [{ name: text, shape: [count] }],
  layers: [{ ...layerForm, inputs: [text], sharedWith: optional(text) }],
  outputs: [text],
};

/** The options of every layer; the layer validates the others. */
const configForm: Form<{ readonly name?: string; readonly trainable?: boolean }> = {
  name: optional(nonEmptyText),
  trainable: optional(boolean),
};

export function networkToJson(network: Network): object {
  const { name, inputs, nodes, outputs, isSequence } = network;
  const [input] = inputs;
  if (isSequence && input?.name === defaultInputName)
    return { className: 'Sequential', name, inputShape: input.shape, layers: nodes.map(layerToJson) };
  const layers = nodes.map((node) => {
    const { inputs: from, sharedWith } = node;
    return { ...layerToJson(node), inputs: from, ...(sharedWith === undefined ? {} : { sharedWith }) };
  });
  return { className: 'Functional', name, inputs, layers, outputs };
}

function layerToJson({ layer, name, sharedWith, isFrozen, stream, parameterStream }: NetworkNode): LayerJson {
  const { className, activityRegularizer } = layer;
  const options = {
    ...layer.config,
    ...(isFrozen ? { trainable: false } : {}),
    ...(activityRegularizer ? { activityRegularizer } : {}),
  };
  for (const [option, value] of Object.entries(options))
    if (typeof value === 'function')
      Object.assign(options, {
        [option]:
          option === 'activation'
            ? activationName(name, value)
            : parameterExtensions.get().stored(value, option),
      });
  return {
    className,
    config: { name, ...(sharedWith === undefined ? options : {}) },
    stream,
    parameterStream,
  };
}

/** The names of the layers that are frozen in a model description; none in anything else. */
export function frozenLayersIn(description: unknown): ReadonlySet<string> {
  const { layers } = Object(description) as { readonly layers?: unknown };
  const configs = (Array.isArray(layers) ? layers : []).map((layer) => {
    const { config } = Object(layer) as { readonly config?: unknown };
    return Object(config) as { readonly name?: unknown; readonly trainable?: unknown };
  });
  return new Set(configs.flatMap(({ name, trainable }) => (trainable === false ? [String(name)] : [])));
}

/**
 * Makes the network that `networkToJson` described, optionally with another name. `from` names the description in messages.
 *
 * Throws: ModelError if the description is damaged.
 */
export function networkFromJson(
  json: unknown,
  { name, from }: { readonly name?: string | undefined; readonly from?: string | undefined } = {},
): Network {
  const refuse = (what: string): ModelError =>
    new ModelError(`model: ${from ?? 'this'} is not a model description: ${what}.`);
  const isGraph = (Object(json) as { readonly className?: unknown }).className === 'Functional';
  const make = isGraph
    ? graphOf(checkForm(json, graphForm, refuse), name)
    : sequenceOf(checkForm(json, sequenceForm, refuse), name);
  try {
    return make();
  } catch (cause) {
    throw new ModelError(`model: ${from ?? 'its description'} is damaged: ${reasonOf(cause)}`, { cause });
  }
}

/** The classes and the activations of the layers that a description names; it may be damaged. */
export function namesIn(json: unknown): { readonly classes: string[]; readonly activations: string[] } {
  const { layers } = Object(json) as { readonly layers?: unknown };
  const list = (Array.isArray(layers) ? layers : []).map((layer) => Object(layer) as Partial<LayerJson>);
  const textsOf = (values: unknown[]): string[] => values.filter((value) => typeof value === 'string');
  const configs = list.map(({ config }) => Object(config) as { activation?: unknown; network?: unknown });
  // A model that is a layer has layers itself.
  const inside = configs.flatMap(({ network }) => (network === undefined ? [] : [namesIn(network)]));
  return {
    classes: [
      ...textsOf(list.map(({ className }) => className)),
      ...inside.flatMap(({ classes }) => classes),
    ],
    activations: [
      ...textsOf(configs.map(({ activation }) => activation)),
      ...inside.flatMap(({ activations }) => activations),
    ],
  };
}

/** Whether a description has options of parameters that parameter_options.ts does not know by itself; it may be damaged. */
export function hasParameterOptions(json: unknown): boolean {
  return /(Initializer|Constraint|[^l]Regularizer)"|"(l1|kind|function)"|:"l2"/.test(JSON.stringify(json));
}

function sequenceOf({ inputShape, layers, ...described }: SequenceJson, name: string | undefined) {
  return (): Network =>
    networkOfSequence(name ?? described.name ?? 'sequential', layers.map(layerFromJson), {
      inputShape,
      numbers: layers,
    });
}

function graphOf({ inputs, layers, outputs, ...described }: GraphJson, name: string | undefined) {
  return (): Network => {
    const made = new Map<string, Layer>();
    const nodes = layers.map((json, i): NodeParts => {
      const { sharedWith, stream, parameterStream } = json;
      const layer = (sharedWith === undefined ? undefined : made.get(sharedWith)) ?? layerFromJson(json, i);
      const { name: own } = json.config as { readonly name?: string };
      if (own === undefined || !isNonEmpty(json.inputs))
        throw new UsageError(
          `layer ${i + 1} (${json.className}) has no ${own === undefined ? 'name' : 'inputs'}.`,
        );
      made.set(own, layer);
      return { name: own, layer, inputs: json.inputs, stream, parameterStream, sharedWith };
    });
    return new Network({ name: name ?? described.name, inputs, nodes, outputs });
  };
}

function layerFromJson({ className, config }: LayerJson, i: number): Layer {
  try {
    checkForm(config, configForm, (what) => new UsageError(`config: ${what}.`));
    return layerFromConfig(className, config);
  } catch (cause) {
    throw new ModelError(`layer ${i + 1} (${className}): ${reasonOf(cause)}`, { cause });
  }
}

function reasonOf(cause: unknown): string {
  return (cause instanceof Error ? cause.message : String(cause)).replace(/^model: /, '');
}
