/**
 * Gathers the next batch from a set whose images are too large for one binding and lie in several buffers: one
 * dispatch per buffer writes the samples that it holds.
 */
import forwardWgsl from '../../shaders/batch_gather_chunks/forward.wgsl';
import forwardGpuWgsl from '../../shaders/batch_gather_chunks/forward_gpu.wgsl';
import {
  type Dispatch,
  type Primitive,
  type PrimitiveContext,
  type Spec,
  sizeOf,
} from '../engine/primitive.js';
import { runPrimitive } from '../engine/program.js';
import { registerShaders } from '../engine/shader.js';
import { type Tensor, tensorRule } from '../engine/tensor.js';
import { checkCall } from '../calls.js';
import { list, required } from '../options.js';
import { type BatchGatherAttributes, bytesPerImage, gatherRules } from './batch_gather.js';
import { type Grid, baselineVariant, gridFor } from './grid.js';
import { stateWordsWgsl } from '../state_words.js';

registerShaders({
  'batch_gather_chunks/forward': forwardWgsl,
  'batch_gather_chunks/forward_gpu': forwardGpuWgsl,
  'step_state/words': stateWordsWgsl(),
});

/** Operands: `images_0`, `images_1`, …, in the order of the set, and the other operands of batch_gather. */
type Inputs = Readonly<Record<string, Spec>>;
type Context = PrimitiveContext<string, 'x' | 'y', BatchGatherAttributes>;

const imagesIn = (inputs: Inputs, chunk = 0): Spec => inputs[`images_${chunk}`] as Spec;

/** One dispatch of `shader` per buffer. */
function dispatchesOf(
  buffers: number,
  { inputs, attributes }: Context,
  shader: string,
  { workgroups, ...grid }: Pick<Grid, 'WORKGROUP' | 'workgroups'>,
): Dispatch[] {
  const { batch, scale, offset } = attributes;
  let first = 0;
  return Array.from({ length: buffers }, (_, chunk): Dispatch => {
    const images = imagesIn(inputs, chunk);
    const [count] = images.shape as [number];
    const constants = {
      BATCH: batch,
      FIRST: first,
      COUNT: count,
      TOTAL: sizeOf((inputs['labels'] as Spec).shape),
      ROW: bytesPerImage(images),
      SCALE: scale,
      OFFSET: offset,
      ...grid,
    };
    first += count;
    return { shader, constants, bindings: { images: `images_${chunk}` }, workgroups };
  });
}

const primitives = new Map<number, Primitive<string, 'x' | 'y', BatchGatherAttributes>>();

/** The primitive for a set in this many buffers. */
export function batchGatherChunksForward(
  buffers: number,
): Primitive<string, 'x' | 'y', BatchGatherAttributes> {
  const primitive = primitives.get(buffers) ?? makePrimitive(buffers);
  primitives.set(buffers, primitive);
  return primitive;
}

function makePrimitive(buffers: number): Primitive<string, 'x' | 'y', BatchGatherAttributes> {
  const chunks = Array.from({ length: buffers }, (_, chunk) => `images_${chunk}`);
  const valuesIn = ({ inputs, attributes }: Pick<Context, 'inputs' | 'attributes'>): number =>
    attributes.batch * bytesPerImage(imagesIn(inputs));
  return {
    name: 'batch_gather_chunks/forward',
    inputs: [...chunks, 'labels', 'permutation', 'state'],
    outputs: ['x', 'y'],
    types: () => ({
      ...Object.fromEntries(chunks.map((name) => [name, 'u8' as const])),
      labels: 'u32',
      permutation: 'u32',
      state: 'u32',
      y: 'u32',
    }),
    shape: (inputs, { batch }) => ({
      x: [batch, ...imagesIn(inputs).shape.slice(1)],
      y: [batch],
    }),
    // Each sample is read and written once; the other dispatches only search for it.
    cost: (context) => ({ flops: 2 * valuesIn(context), bytes: 5 * valuesIn(context) }),
    variants: [
      {
        name: 'gpu',
        family: 'gpu',
        hasEpilogue: false,
        supports: ({ inputs }) => bytesPerImage(imagesIn(inputs)) % 4 === 0,
        lower: (context) => {
          const { WORKGROUP, workgroups } = gridFor(valuesIn(context) / 4, context.device);
          const grid = { WORKGROUP, workgroups };
          return { dispatches: dispatchesOf(buffers, context, 'batch_gather_chunks/forward_gpu', grid) };
        },
      },
      baselineVariant((context) => {
        const grid = gridFor(valuesIn(context), context.device, { software: 64 });
        return { dispatches: dispatchesOf(buffers, context, 'batch_gather_chunks/forward', grid) };
      }),
    ],
  };
}

/**
 * Like `batchGather`, from images in several buffers in the order of the set, with the same bits.
 *
 * Shapes: images [COUNT₀,H,W,C], [COUNT₁,H,W,C], … u8, labels [Σ COUNT] u32, permutation [≥ epochSize] u32
 * → x [batch,H,W,C], y [batch] u32.
 */
export function batchGatherChunks(
  operands: Readonly<Record<'labels' | 'permutation' | 'state', Tensor>> & {
    readonly images: readonly Tensor[];
  },
  attributes: BatchGatherAttributes,
): { x: Tensor; y: Tensor } {
  checkCall('batchGatherChunks', operands, () => ({
    images: required(list('a list of tensors', tensorRule())),
    labels: tensorRule(),
    permutation: tensorRule(),
    state: tensorRule(),
  }));
  checkCall('batchGatherChunks', attributes, gatherRules);
  const { images, ...others } = operands;
  const chunks = Object.fromEntries(images.map((tensor, i) => [`images_${i}`, tensor]));
  return runPrimitive(batchGatherChunksForward(images.length), { ...chunks, ...others }, attributes);
}
