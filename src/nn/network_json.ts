/** What `model.json` says of a network: a list of layers, each with its class, its options and its numbers. */
import type { Shape } from '../engine/primitive.js';
import { ModelError, UsageError } from '../errors.js';
import { type Form, checkForm, count, countOrZero, object, optional, text } from '../json_reader.js';
import { nonEmptyText } from '../options.js';
import { layerFromConfig } from './layers/index.js';
import { Network } from './network.js';

interface NetworkJson {
  /** Files of early versions lack it. */
  readonly name?: string;
  readonly inputShape: Shape;
  readonly layers: readonly NodeJson[];
}

interface NodeJson {
  readonly className: string;
  readonly config: object;
  /** Where files lack the numbers, the nodes are numbered by their places. */
  readonly stream?: number;
  readonly parameterStream?: number;
}

const networkForm: Form<NetworkJson> = {
  name: optional(text),
  inputShape: [count],
  layers: [
    {
      className: text,
      config: object,
      stream: optional(countOrZero),
      parameterStream: optional(countOrZero),
    },
  ],
};

/** What every layer may have; the rest is the layer's own to check. */
const configForm: Form<{ readonly name?: string }> = { name: optional(nonEmptyText) };

export function networkToJson({
  name,
  inputs,
  nodes,
}: Network): NetworkJson & { readonly className: string } {
  const layers = nodes.map(({ layer, name, stream, parameterStream }) => {
    return { className: layer.className, config: { name, ...layer.config }, stream, parameterStream };
  });
  return { className: 'Sequential', name, inputShape: inputs[0]!.shape, layers };
}

/**
 * Makes the network that `networkToJson` described, under another name where one is given. `from` is what to call the
 * description in messages.
 *
 * Throws: ModelError when it is damaged.
 */
export function networkFromJson(
  json: unknown,
  { name, from }: { readonly name?: string | undefined; readonly from?: string | undefined } = {},
): Network {
  const described = checkForm(
    json,
    networkForm,
    (what) => new ModelError(`model: ${from ?? 'this'} is not a model description: ${what}.`),
  );
  const { inputShape, layers } = described;
  let layer = '';
  try {
    const made = layers.map(({ className, config }, i) => {
      layer = `layer ${i + 1} (${className}): `;
      checkForm(config, configForm, (what) => new UsageError(`config: ${what}.`));
      return layerFromConfig(className, config);
    });
    layer = '';
    return Network.ofSequence(name ?? described.name ?? 'sequential', made, { inputShape, numbers: layers });
  } catch (cause) {
    if (cause instanceof ModelError && from === undefined) throw cause;
    const reason = (cause instanceof Error ? cause.message : String(cause)).replace(/^model: /, '');
    throw new ModelError(`model: ${from ?? 'its description'} is damaged: ${layer}${reason}`, { cause });
  }
}
