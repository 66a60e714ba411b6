/** Initial values of parameters, drawn on the host from the counter-based generator: the same on every device. */
import { sizeOf } from '../engine/primitive.js';
import { layerStream, pcg4d, streams, uniform } from '../random.js';
import type { ParameterSpec } from './layers/layer.js';

/**
 * The initial values of parameter number `index` of a model.
 *
 *   Glorot uniform: U(−l, l) with l = √(6 / (fanIn + fanOut))
 *
 * Source: Glorot and Bengio 2010; fans as in Keras.
 */
export function initialValues(
  { shape, initializer }: ParameterSpec,
  seed: number,
  index: number,
): Float32Array<ArrayBuffer> {
  const values = new Float32Array(sizeOf(shape));
  if (initializer.kind !== 'glorotUniform') return values.fill(initializer.kind === 'ones' ? 1 : 0);
  const limit = Math.sqrt(6 / (initializer.fanIn + initializer.fanOut));
  const stream = layerStream(streams.initialise, index);
  // Four numbers per hash.
  for (let i = 0; i < values.length; i += 4) {
    pcg4d(seed, stream, 0, i / 4).forEach((word, j) => {
      if (i + j < values.length) values[i + j] = (2 * uniform(word) - 1) * limit;
    });
  }
  return values;
}
