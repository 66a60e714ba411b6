/** A model's description in the words of Keras, from which TensorBoard draws its graph. */

interface Description {
  readonly name: string;
  readonly inputShape: readonly number[];
  readonly layers: readonly {
    readonly className: string;
    readonly config: Readonly<Record<string, unknown>>;
  }[];
}

/**
 * The JSON of a Keras `Sequential`: an input layer, then the layers in order, with snake_case keys.
 *
 * `model` is what a model's `toJson` returns.
 * Source: keras/src/models/sequential.py, get_config (form).
 */
export function kerasJson(model: object): string {
  const { name, inputShape, layers } = model as Description;
  const input = {
    class_name: 'InputLayer',
    config: { batch_shape: [null, ...inputShape], dtype: 'float32', name: 'input_layer' },
  };
  const others = layers.map(({ className, config }) => ({
    class_name: className,
    config: { dtype: 'float32', ...snakeCased(config) },
  }));
  return JSON.stringify({ class_name: 'Sequential', config: { name, layers: [input, ...others] } });
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
