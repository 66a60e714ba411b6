/**
 * Measures the limits of all other kernels: multiply-adds in registers, and memory copies and reads. Used by the
 * bench only. Each has a variant per width: one f32 at a time, or a vec4f.
 */
import copyWgsl from '../../shaders/roofline/copy.wgsl';
import multiplyAddWgsl from '../../shaders/roofline/multiply_add.wgsl';
import readWgsl from '../../shaders/roofline/read.wgsl';
import {
  type Attributes,
  type NoAttributes,
  type Primitive,
  type PrimitiveContext,
  type Variant,
  sizeOf,
} from '../engine/primitive.js';
import { registerShaders } from '../engine/shader.js';
import { bytesTouched, gridFor } from './grid.js';

registerShaders({
  'roofline/copy': copyWgsl,
  'roofline/multiply_add': multiplyAddWgsl,
  'roofline/read': readWgsl,
});

/** `steps` is a multiple of this. */
export const stepsPerRound = 16;

/**
 * Steps per iteration of the shader's loop, a divisor of stepsPerRound: about 64 multiply-adds. With fewer, loop
 * overhead shows; software drivers do not unroll many more.
 */
function unrolledSteps(chains: number, width: number): number {
  return 2 ** Math.floor(Math.log2(Math.max(1, Math.min(stepsPerRound, 64 / (chains * width)))));
}

export type MultiplyAddAttributes = { readonly chains: number; readonly steps: number };

/**
 * y[i] = Σ_{j < chains} v_j after `steps` times v_j ← v_j · line[0] + line[1], begun at v_j = x[i] + j.
 *
 * Shapes: x [SIZE], line [2] → y [SIZE].
 */
export const rooflineMultiplyAdd: Primitive<'x' | 'line', 'y', MultiplyAddAttributes> = {
  name: 'roofline/multiply_add',
  inputs: ['x', 'line'],
  outputs: ['y'],
  shape: ({ x }) => ({ y: x.shape }),
  cost: (context) => {
    const { chains, steps } = context.attributes;
    return { flops: 2 * chains * steps * sizeOf(context.inputs.x.shape), bytes: bytesTouched(context) };
  },
  variants: widths('multiply_add', ({ inputs, attributes: { chains, steps }, device }, width) => {
    const SIZE = sizeOf(inputs.x.shape) / width;
    const { WORKGROUP, workgroups } = gridFor(SIZE, device);
    const UNROLL = unrolledSteps(chains, width);
    return {
      constants: { SIZE, CHAINS: chains, ROUNDS: steps / UNROLL, UNROLL, WORKGROUP },
      workgroups,
    };
  }),
};

/** y[i] = x[i]. Shapes: x [SIZE] → y [SIZE]. */
export const rooflineCopy: Primitive<'x', 'y', NoAttributes> = {
  name: 'roofline/copy',
  inputs: ['x'],
  outputs: ['y'],
  shape: ({ x }) => ({ y: x.shape }),
  cost: (context) => ({ flops: 0, bytes: bytesTouched(context) }),
  variants: widths('copy', ({ inputs, device }, width) => {
    const SIZE = sizeOf(inputs.x.shape) / width;
    const { workgroups, ...grid } = gridFor(SIZE, device, { software: 64 });
    return { constants: { SIZE, ...grid }, workgroups };
  }),
};

export type ReadAttributes = { readonly terms: number };

/** y[i] = Σ_{t < terms} x[t · SIZE + i]. Shapes: x [terms · SIZE] → y [SIZE]. */
export const rooflineRead: Primitive<'x', 'y', ReadAttributes> = {
  name: 'roofline/read',
  inputs: ['x'],
  outputs: ['y'],
  shape: ({ x }, { terms }) => ({ y: [sizeOf(x.shape) / terms] }),
  cost: (context) => ({ flops: sizeOf(context.inputs.x.shape), bytes: bytesTouched(context) }),
  variants: widths('read', ({ outputs, attributes: { terms }, device }, width) => {
    const SIZE = sizeOf(outputs.y.shape) / width;
    const { WORKGROUP, workgroups } = gridFor(SIZE, device);
    return { constants: { SIZE, TERMS: terms, WORKGROUP }, workgroups };
  }),
};

type Lowered = {
  readonly constants: Readonly<Record<string, number>>;
  readonly workgroups: readonly [number, number, number];
};

/** The variants of a primitive, for vectors of four and for single numbers. */
function widths<I extends string, A extends Attributes>(
  primitive: string,
  lower: (context: PrimitiveContext<I, 'y', A>, width: 1 | 4) => Lowered,
): Variant<I, 'y', A>[] {
  return ([4, 1] as const).map((width) => ({
    name: width === 4 ? 'vec4' : 'f32',
    family: 'baseline',
    hasEpilogue: false,
    supports: ({ outputs }) => sizeOf(outputs.y.shape) % width === 0,
    lower: (context) => {
      const { constants, workgroups } = lower(context, width);
      const Values = width === 4 ? 'vec4f' : 'f32';
      return {
        dispatches: [{ shader: `roofline/${primitive}`, constants: { ...constants, Values }, workgroups }],
      };
    },
  }));
}
