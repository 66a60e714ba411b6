/** What a set of samples consists of: columns for the inputs and outputs of the model, with a row for each sample. */
import type { Shape } from '../../engine/primitive.js';
import type { Tensor, TensorData } from '../../engine/tensor.js';

/**
 * `label`: integers, one per sample, u32; `value`: other targets, f32, or u32 for the labels of positions; `weight`: the weights of the samples in the loss
 * of an output, one number each, f32.
 */
export type ColumnKind = 'input' | 'label' | 'value' | 'weight';

export interface ColumnShape {
  readonly kind: ColumnKind;
  /** Of the input or output; '' is the only one. */
  readonly name: string;
  /** Of one sample. */
  readonly shape: Shape;
  /** Bytes are scaled by the model's preprocessing; floats and integers are used as they are. */
  readonly dtype: 'u8' | 'f32' | 'u32';
  /** Whether its rows are on the device already. */
  readonly isOnDevice?: boolean;
}

export interface Column extends ColumnShape {
  /** Copies rows from row `first` on into `target`, up to the last one or the end of `target`. */
  copy(target: TensorData, first: number): void;
  /** The tensors on the device that hold the rows, in order; they are used where they are. */
  readonly tensors?: readonly Tensor[] | undefined;
}

/** The number of samples, and the shapes of their columns. */
export interface SampleShape {
  readonly count: number;
  /** Inputs, then targets, then weights. */
  readonly columns: readonly ColumnShape[];
}

export interface SampleSet extends SampleShape {
  readonly columns: readonly Column[];
}
