/** The update of an optimizer as a primitive with shaders of its own, for what the kernels of ops do not reach. */
import {
  type Primitive,
  type PrimitiveContext,
  type Spec,
  type Variant,
  sizeOf,
} from '../../engine/primitive.js';
import { registerShaders } from '../../engine/shader.js';
import { describe } from '../../engine/tensor.js';
import { ShapeError } from '../../errors.js';
import { baselineVariant, gridFor } from '../../kernels/grid.js';
import { checkInPlace } from '../../kernels/in_place.js';
import { stateWordsWgsl } from '../../state_words.js';

/** Numbers that the shader gets as constants. */
export type Constants = Readonly<Record<string, number>>;

type UpdateSpecs = Readonly<Record<'parameters' | 'gradients' | 'stepScalars' | 'state', Spec>>;

/**
 * Throws: ShapeError for gradients or slots of another length than the parameters, a table with another number of scalars, or
 * something other than a step's state.
 */
export function checkUpdate(
  who: string,
  { stepScalars, state, ...operands }: UpdateSpecs,
  scalars: number,
): void {
  checkInPlace(who, { state, ...operands });
  if (stepScalars.shape.length !== 2 || stepScalars.shape[1] !== scalars)
    throw new ShapeError(`${who}: stepScalars is ${describe(stepScalars)}, expected [steps,${scalars}].`);
}

export interface UpdateDeclaration {
  /** `shaders/<name>/update.wgsl`; the primitive is `<name>/update`. */
  readonly name: string;
  /** Also the names of the bindings. */
  readonly slots: readonly string[];
  /** Number of scalars that the host computes per step. Default 1, the learning rate. */
  readonly scalars?: number;
  /** Floating-point operations per parameter. */
  readonly flops: number;
  /** The text of the shader, with the constants SIZE, WORKGROUP and PER_INVOCATION besides the optimizer's own. */
  readonly shader: string;
  /** A shader for GPUs that updates four parameters per invocation, with SIZE and WORKGROUP; `update_gpu.wgsl`. */
  readonly vec4Shader?: string;
}

/** Makes the primitive, with its checks, cost and variants. Its attributes are the shader's constants. */
export function updatePrimitive({
  name,
  slots,
  scalars = 1,
  flops,
  shader,
  vec4Shader,
}: UpdateDeclaration): Primitive<string, never, Constants> {
  registerShaders({ [`${name}/update`]: shader, 'step_state/words': stateWordsWgsl() });
  if (vec4Shader !== undefined) registerShaders({ [`${name}/update_gpu`]: vec4Shader });
  const size = ({ inputs }: Pick<PrimitiveContext<string, never, Constants>, 'inputs'>): number =>
    sizeOf(inputs['parameters']!.shape);
  const vec4: Variant<string, never, Constants> = {
    name: 'gpu',
    family: 'gpu',
    hasEpilogue: false,
    supports: (context) => size(context) % 4 === 0,
    lower: (context) => {
      const SIZE = size(context);
      const { WORKGROUP, workgroups } = gridFor(SIZE / 4, context.device);
      const constants = { SIZE, ...context.attributes, WORKGROUP };
      return { dispatches: [{ shader: `${name}/update_gpu`, constants, workgroups }] };
    },
  };
  const baseline = baselineVariant<string, never, Constants>((context) => {
    const SIZE = size(context);
    const { workgroups, ...grid } = gridFor(SIZE, context.device, { software: 64 });
    const constants = { SIZE, ...context.attributes, ...grid };
    return { dispatches: [{ shader: `${name}/update`, constants, workgroups }] };
  });
  return {
    name: `${name}/update`,
    inputs: ['parameters', 'gradients', ...slots, 'stepScalars', 'state'],
    outputs: [],
    types: () => ({ state: 'u32' }),
    mutates: ['parameters', ...slots],
    shape: (operands) => {
      checkUpdate(name, operands, scalars);
      return {};
    },
    // Reads and writes the parameters and the slots, reads the gradients.
    cost: (context) => ({
      flops: flops * size(context),
      bytes: 4 * (3 + 2 * slots.length) * size(context),
    }),
    variants: [...(vec4Shader === undefined ? [] : [vec4]), baseline],
  };
}
