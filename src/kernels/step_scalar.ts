/** Numbers of the step that the host computes, as tensors; apart from the state, so that predictions do not load it. */
import type { Primitive, Shape } from '../engine/primitive.js';
import { runPrimitive } from '../engine/program.js';
import type { Tensor } from '../engine/tensor.js';
import { stateWords } from '../state_words.js';
import { elementwisePrimitive } from './elementwise.js';

type StepScalarAttributes = { readonly shape: Shape; readonly column: number; readonly columns: number };

const stepScalarForward: Primitive<'stepScalars' | 'state', 'y', StepScalarAttributes> = {
  ...elementwisePrimitive<'stepScalars' | 'state', StepScalarAttributes>(
    'step_scalar/forward',
    ['stepScalars', 'state'],
    {
      expression: ({ stepScalars, state }, { column, columns }) =>
        `${stepScalars}[${state}[${stateWords.epochStep}u] * ${columns}u + ${column}u]`,
      whole: ['stepScalars', 'state'],
      isUniform: true,
    },
    () => ({ state: 'u32' }),
  ),
  shape: (_, { shape }) => ({ y: shape }),
};

/**
 * A number of the current step of the epoch, in every element of a tensor of this shape; fused into its consumer, it takes no
 * memory.
 *
 *   y[…] = stepScalars[state[epochStep], column]
 *
 * Shapes: stepScalars [steps,columns], state [8] u32.
 */
export function stepScalar(
  operands: Readonly<Record<'stepScalars' | 'state', Tensor>>,
  { shape, column }: { readonly shape: Shape; readonly column: number },
): Tensor {
  const columns = operands.stepScalars.shape[1] as number;
  return runPrimitive(stepScalarForward, operands, { shape, column, columns }).y;
}
