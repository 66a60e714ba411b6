/** Whether an output is logits or probabilities. */
import type { Tensor } from '../../engine/tensor.js';
import { currentTrace } from '../../engine/trace.js';

export interface Activated {
  /** The logits of the output: its own, or those from which the activation computed it; undefined if they are unknown. */
  readonly logits: Tensor | undefined;
  /** Whether the output itself is logits. */
  readonly isLogits: boolean;
}

/** What `output` is in this program. `fromLogits` as in Keras; if undefined, logits unless a sigmoid or a softmax computes it. */
export function activated(
  activation: 'sigmoid' | 'softmax',
  output: Tensor,
  fromLogits: boolean | undefined,
): Activated {
  if (fromLogits === true) return { logits: output, isLogits: true };
  const call = currentTrace()?.producerOf(output);
  if (call?.op === activation) return { logits: call.inputs['x'], isLogits: false };
  const areProbabilities = fromLogits === false || call?.op === 'sigmoid' || call?.op === 'softmax';
  return areProbabilities ? { logits: undefined, isLogits: false } : { logits: output, isLogits: true };
}

/** Whether a softmax computes the output in this program: one answer among several. */
export function isSoftmax(output: Tensor): boolean {
  return currentTrace()?.producerOf(output)?.op === 'softmax';
}
