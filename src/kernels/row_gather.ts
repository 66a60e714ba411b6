/** Gathers the next batch from rows of floats or integers on the device, in one buffer or several. */
import forwardWgsl from '../../shaders/row_gather/forward.wgsl';
import { checkCall } from '../calls.js';
import { type Dispatch, type Primitive, type Spec, sizeOf } from '../engine/primitive.js';
import { runPrimitive } from '../engine/program.js';
import { registerShaders } from '../engine/shader.js';
import { type Tensor, tensorRule } from '../engine/tensor.js';
import { type Rules, count, list, required } from '../options.js';
import { stateWordsWgsl } from '../state_words.js';
import { baselineVariant, gridFor } from './grid.js';

registerShaders({ 'row_gather/forward': forwardWgsl, 'step_state/words': stateWordsWgsl() });

export type RowGatherAttributes = {
  /** Samples per batch. */
  readonly batch: number;
};

const rules = (): Rules<RowGatherAttributes> => ({ batch: required(count) });

const wordsPerRow = (rows: Spec): number => sizeOf(rows.shape.slice(1));

const primitives = new Map<number, Primitive<string, 'y', RowGatherAttributes>>();

/** The primitive for rows in this many buffers. Operands: `rows_0`, `rows_1`, … in the order of the set, permutation, state. */
export function rowGatherForward(buffers: number): Primitive<string, 'y', RowGatherAttributes> {
  const primitive = primitives.get(buffers) ?? makePrimitive(buffers);
  primitives.set(buffers, primitive);
  return primitive;
}

function makePrimitive(buffers: number): Primitive<string, 'y', RowGatherAttributes> {
  const parts = Array.from({ length: buffers }, (_, i) => `rows_${i}`);
  const [first] = parts as [string];
  const partsIn = (inputs: Readonly<Record<string, Spec>>): readonly Spec[] =>
    parts.map((name) => inputs[name]!);
  return {
    name: 'row_gather/forward',
    inputs: [...parts, 'permutation', 'state'],
    outputs: ['y'],
    types: (inputs) => ({
      permutation: 'u32',
      state: 'u32',
      ...(inputs[first] === 'u32'
        ? Object.fromEntries([...parts, 'y'].map((name) => [name, 'u32' as const]))
        : {}),
    }),
    shape: (inputs, { batch }) => ({ y: [batch, ...inputs[first]!.shape.slice(1)] }),
    // Each row is read and written once; the other dispatches only search for it.
    cost: ({ outputs }) => ({ flops: 0, bytes: 8 * sizeOf(outputs.y.shape) }),
    variants: [
      baselineVariant(({ inputs, attributes: { batch }, device }) => {
        const ROW = wordsPerRow(inputs[first]!);
        const { workgroups, ...grid } = gridFor(batch * ROW, device, { software: 64 });
        const TOTAL = partsIn(inputs).reduce((sum, { shape }) => sum + shape[0]!, 0);
        let FIRST = 0;
        const dispatches = partsIn(inputs).map(({ shape }, i): Dispatch => {
          const [COUNT] = shape as [number];
          const constants = { BATCH: batch, FIRST, COUNT, TOTAL, ROW, ...grid };
          FIRST += COUNT;
          return { shader: 'row_gather/forward', constants, bindings: { rows: parts[i]! }, workgroups };
        });
        return { dispatches };
      }),
    ],
  };
}

/**
 * Gathers the rows of the batch at the state's cursor.
 *
 *   y[b] = rows[i];   i = permutation[cursor + b] mod COUNT
 *
 * Shapes: rows [COUNT₀,…], [COUNT₁,…], … all f32 or all u32, in the order of the set, permutation [≥ epochSize] u32, state [8]
 * u32 → y [batch,…] of the same dtype, 0 beyond the end of the epoch.
 */
export function rowGather(
  operands: Readonly<Record<'permutation' | 'state', Tensor>> & { readonly rows: readonly Tensor[] },
  attributes: RowGatherAttributes,
): Tensor {
  checkCall('rowGather', operands, () => ({
    rows: required(list('a list of tensors', tensorRule())),
    permutation: tensorRule(),
    state: tensorRule(),
  }));
  checkCall('rowGather', attributes, rules);
  const { rows, ...others } = operands;
  const parts = Object.fromEntries(rows.map((tensor, i) => [`rows_${i}`, tensor]));
  return runPrimitive(rowGatherForward(rows.length), { ...parts, ...others }, attributes).y;
}
