/** Models as layers of other models, and parts of models as models. */
import type { Shape } from '../../engine/primitive.js';
import type { Tensor } from '../../engine/tensor.js';
import { ShapeError, StateError, UsageError } from '../../errors.js';
import { checkOptions, required, rule } from '../../options.js';
import { defaultInputName } from './build_network.js';
import { type Inputs, type Layer, type LayerOptions, makeLayer, layerRules } from '../layers/layer.js';
import { Model } from '../model.js';
import { type Network, unknownLayer } from './network.js';
import { unfreeze, upTo } from './network_changes.js';
import { networkFromJson, networkToJson } from '../files/network_json.js';

/** A model as a layer, by the network in its config. */
interface ModelLayerOptions extends LayerOptions {
  readonly network: object;
}

/** A layer as files have it. Throws: UsageError, ModelError for a damaged description. */
export function nestedModel(options: ModelLayerOptions): Layer {
  checkOptions('model', options, {
    network: required(rule('a description', (value) => typeof value === 'object' && value !== null)),
    ...layerRules(),
  });
  return networkLayer(networkFromJson(options.network), options);
}

const networks = new WeakMap<Layer, Network>();
const layers = new WeakMap<Model, Layer>();

/** The layer of a model: the same one each time, so that all its uses share their parameters. */
export function layerOfModel(model: Model): Layer {
  const known = layers.get(model);
  if (known) return known;
  const { name, network } = model;
  const isUnnamed = name === 'sequential' || name === 'functional';
  const fill = (parameterOf: (path: string) => Tensor): void => {
    const { parameters } = network;
    if (parameters.some(({ path }) => parameterOf(path).device !== model.device))
      throw new UsageError(
        `model: '${name}' is a layer of a model on another device; make both on one device.`,
      );
    model.device.copy(
      parameters.map(({ path }) => ({
        from: model.state.get(path).storage,
        to: parameterOf(path).storage,
      })),
    );
  };
  const layer = networkLayer(network, isUnnamed ? {} : { name }, fill);
  layers.set(model, layer);
  return layer;
}

function networkLayer(network: Network, options: LayerOptions, fill?: Layer['fill']): Layer {
  const { inputs, outputs, parameters, nodes } = network;
  const output = outputs[0]!;
  if (outputs.length > 1)
    throw new UsageError(
      `model: '${network.name}' has ${outputs.length} outputs (${outputs.join(', ')}), expected one to be a layer; use networks.upTo first.`,
    );
  const layer = makeLayer(options, {
    className: network.isSequence && inputs[0]?.name === defaultInputName ? 'Sequential' : 'Functional',
    config: { network: networkToJson(network) },
    takesSeveral: true,
    ...(fill && { fill }),
    unfrozen: () => networkLayer(unfreeze(network, ...nodes.map(({ name }) => name)), options, fill),
    streams: Math.max(...nodes.map(({ stream, layer: { streams = 1 } }) => stream + streams)),
    outputShape: (shapes) => {
      checkInputs(network, shapes);
      return network.shapeOf(output);
    },
    parameters: () =>
      parameters.map(({ path, stream: _, isFrozen, ...spec }) => ({ ...spec, name: path, isFrozen })),
    call: (tensors, values, context) => {
      const named = new Map(inputs.map(({ name }, i): [string, Tensor] => [name, tensors[i]!]));
      return network.forward(named, (path) => values[path]!, context).get(output)!;
    },
  });
  networks.set(layer, network);
  return layer;
}

function checkInputs({ name, inputs }: Network, shapes: Inputs<Shape>): void {
  const show = (all: readonly Shape[]): string => all.map((shape) => `[${shape.join(',')}]`).join(' and ');
  const wanted = inputs.map(({ shape }) => shape);
  if (show(shapes) !== show(wanted))
    throw new ShapeError(
      `model: the inputs of '${name}' are ${show(shapes)} per sample, expected ${show(wanted)}.`,
    );
}

/** A model of its own from a layer that is a model, with a copy of its present weights. Throws: UsageError for another layer. */
export function submodelOf(model: Model, name: string): Model {
  const node = model.layers.find((each) => each.name === name);
  const network = node && networks.get(node.layer);
  if (!node || !network)
    throw node
      ? new UsageError(`submodel: '${name}' is a ${node.layer.className}, expected a layer that is a model.`)
      : unknownLayer(
          'submodel',
          name,
          model.layers.map((each) => each.name),
        );
  const made = new Model(network, { device: model.device, preprocessing: model.preprocessing });
  const owner = node.sharedWith ?? name;
  model.device.copy(
    network.parameters.map(({ path }) => ({
      from: model.state.get(`${owner}/${path}`).storage,
      to: made.state.get(path).storage,
    })),
  );
  return made;
}

/** A model that predicts with the weights of another one, also while that one is trained. */
class FeatureModel extends Model {
  constructor(
    private readonly whole: Model,
    network: Network,
  ) {
    super(network, { device: whole.device, preprocessing: whole.preprocessing });
    Object.defineProperty(this, 'activity', { value: whole.activity });
  }

  override get state(): Model['state'] {
    return this.whole.state;
  }

  override async weights(): ReturnType<Model['weights']> {
    const own = new Set(this.network.parameters.map(({ path }) => path));
    return new Map([...(await super.weights())].filter(([path]) => own.has(path)));
  }

  override compile(): void {
    throw this.#refusal('compile');
  }

  override async fit(): Promise<never> {
    throw this.#refusal('fit');
  }

  override setWeights(): void {
    throw this.#refusal('setWeights');
  }

  override takeWeights(): never {
    throw this.#refusal('loadWeights');
  }

  override async toFile(): Promise<never> {
    throw this.#refusal('save');
  }

  override async saveWeights(): Promise<never> {
    throw this.#refusal('saveWeights');
  }

  /** The weights of the whole model stay. */
  override dispose(): void {}

  #refusal(who: string): StateError {
    return new StateError(
      `${who}: this model has the weights of '${this.whole.name}'; for one with weights of its own, use model.withNetwork(networks.upTo(model.network, name)).`,
    );
  }
}

/** A model that predicts the value of a layer. Throws: UsageError for an unknown layer. */
export function featuresAt(model: Model, name: string): Model {
  return new FeatureModel(model, upTo(model.network, name));
}
