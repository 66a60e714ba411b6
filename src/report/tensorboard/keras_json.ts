/** A model's description in Keras's format, from which TensorBoard draws the graph. */

interface LayerDescription {
  readonly className: string;
  readonly config: Readonly<Record<string, unknown>>;
  /** The names of its inputs, in a graph. */
  readonly inputs?: readonly string[];
}

interface SequenceDescription {
  readonly inputShape: readonly number[];
}

interface GraphDescription {
  readonly inputs: readonly { readonly name: string; readonly shape: readonly number[] }[];
  readonly outputs: readonly string[];
}

type Description = (SequenceDescription | GraphDescription) & {
  readonly name: string;
  readonly layers: readonly LayerDescription[];
};

/**
 * The JSON of a Keras `Sequential` (an input layer, then the layers in order) or `Functional` (layers name their inputs), with
 * snake_case keys.
 *
 * `model` is the result of a model's `toJson`.
 * Source: Keras 3, keras/src/models/sequential.py and functional.py, get_config (form).
 */
export function kerasJson(model: object): string {
  const description = model as Description;
  const { name, layers } = description;
  if ('inputShape' in description) {
    const input = inputLayer('input_layer', description.inputShape);
    return JSON.stringify({
      class_name: 'Sequential',
      config: { name, layers: [input, ...layers.map(kerasLayer)] },
    });
  }
  const { inputs, outputs } = description;
  const history = (layer: string): readonly [string, number, number] => [layer, 0, 0];
  const tensor = (layer: string) => ({
    class_name: '__keras_tensor__',
    config: { keras_history: history(layer) },
  });
  const connected = layers.map((layer) => {
    const from = layer.inputs?.map(tensor) ?? [];
    const args = from.length > 1 ? [from] : from;
    return { ...kerasLayer(layer), name: layer.config['name'], inbound_nodes: [{ args, kwargs: {} }] };
  });
  const inputLayers = inputs.map((input) => ({
    ...inputLayer(input.name, input.shape),
    name: input.name,
    inbound_nodes: [],
  }));
  return JSON.stringify({
    class_name: 'Functional',
    config: {
      name,
      layers: [...inputLayers, ...connected],
      input_layers: inputs.map((input) => history(input.name)),
      output_layers: outputs.map(history),
    },
  });
}

function inputLayer(name: string, shape: readonly number[]): object {
  return {
    class_name: 'InputLayer',
    config: { batch_shape: [null, ...shape], dtype: 'float32', name },
  };
}

function kerasLayer({ className, config }: LayerDescription): object {
  return { class_name: className, config: { dtype: 'float32', ...snakeCased(config) } };
}

/** `kernelSize` → `kernel_size`. */
function snakeCased(config: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(config).map(([key, value]) => [
      key.replaceAll(/[A-Z]/g, (c) => `_${c.toLowerCase()}`),
      value,
    ]),
  );
}
