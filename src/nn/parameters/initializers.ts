/** Initial values of parameters, drawn on the host from the counter-based generator: the same on every device. */
import { sizeOf } from '../../engine/primitive.js';
import { layerStream, pcg4d, streams, uniform } from '../../random.js';
import type { ParameterSpec } from '../layers/layer.js';
import { parameterExtensions } from './parameter_options.js';

/**
 * The initial values of parameter number `index` of a model.
 *
 *   Glorot uniform: U(−l, l) with l = √(6 / (fanIn + fanOut))
 *
 * Source: Glorot and Bengio 2010; fans as in Keras.
 */
export function initialValues(spec: ParameterSpec, seed: number, index: number): Float32Array<ArrayBuffer> {
  const { shape, initializer } = spec;
  const stream = layerStream(streams.initialise, index);
  const values = new Float32Array(sizeOf(shape));
  const { kind, fanIn, fanOut } = initializer as {
    readonly kind?: string;
    readonly fanIn?: number;
    readonly fanOut?: number;
  };
  if (kind === 'zeros' || kind === 'ones') return values.fill(kind === 'ones' ? 1 : 0);
  // Others, and those whose fans are those of their shape.
  if (kind !== 'glorotUniform' || fanIn === undefined || fanOut === undefined)
    return parameterExtensions.get().draw(spec, seed, stream);
  const limit = Math.sqrt(6 / (fanIn + fanOut));
  // Four numbers per hash.
  for (let i = 0; i < values.length; i += 4) {
    pcg4d(seed, stream, 0, i / 4).forEach((word, j) => {
      if (i + j < values.length) values[i + j] = (2 * uniform(word) - 1) * limit;
    });
  }
  return values;
}
