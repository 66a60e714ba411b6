/** Learned vectors for integers, such as words. */
import { gather } from '../../kernels/gather.js';
import { type Rules, checkOptions, count, required } from '../../options.js';
import { type Layer, type LayerOptions, makeLayer, layerRules } from './layer.js';
import {
  type ParameterOptions,
  parameterConfig,
  parameterRules,
  withParameterOptions,
} from '../parameters/parameter_options.js';

export interface EmbeddingOptions extends LayerOptions, ParameterOptions<'embeddings'> {
  /** How many different integers there are: 0 to inputDim − 1. */
  readonly inputDim: number;
  /** The length of the vectors. */
  readonly outputDim: number;
}

const rules = (): Rules<EmbeddingOptions> => ({
  inputDim: required(count),
  outputDim: required(count),
  ...parameterRules('embeddings'),
  ...layerRules(),
});

/**
 * Replaces each integer of the input, u32 or f32, by its vector.
 *
 *   y[…, :] = embeddings[x[…], :]
 *
 * An integer outside 0 to inputDim − 1 gives NaN. The vectors begin in U(−0.05, 0.05).
 * Shapes: x [N,…], embeddings [inputDim, outputDim] → y [N,…,outputDim].
 * Throws: UsageError for options out of range.
 * Source: Keras, `Embedding`.
 */
export function embedding(options: EmbeddingOptions): Layer {
  checkOptions('layers.embedding', options, rules());
  const { inputDim, outputDim } = options;
  return makeLayer(options, {
    className: 'Embedding',
    config: { inputDim, outputDim, ...parameterConfig(options, 'embeddings') },
    outputShape: ([x]) => [...x, outputDim],
    parameters: () => [
      withParameterOptions(options, {
        name: 'embeddings',
        shape: [inputDim, outputDim],
        initializer: { kind: 'randomUniform', minval: -0.05, maxval: 0.05 },
      }),
    ],
    call: ([x], { embeddings }) => gather(embeddings!, x),
  });
}
