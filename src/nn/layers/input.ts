/** The inputs of a network. */
import type { Shape } from '../../engine/primitive.js';
import { type Rules, checkOptions, extents, required } from '../../options.js';
import { concatenate } from '../../kernels/concatenate.js';
import { labelGather } from '../../kernels/label_gather.js';
import { severalOutputs } from '../training/several_outputs.js';
import { SymbolicTensor, layerRules } from './layer.js';

export interface InputOptions {
  /** Without the batch axis. */
  readonly shape: Shape;
  /** Default: input_layer, input_layer_1, … */
  readonly name?: string;
}

const rules = (): Rules<InputOptions> => ({ shape: required(extents), name: layerRules().name });

/**
 * An input of a network, to apply layers to; `model({ inputs, outputs })` makes the model.
 *
 * Throws: UsageError for options out of range.
 */
export function input(options: InputOptions): SymbolicTensor {
  checkOptions('input', options, rules());
  const { shape, name } = options;
  // Every model with several outputs begins here, or in a file.
  severalOutputs.provide({ concatenate, labelGather });
  return new SymbolicTensor(shape, { name });
}
