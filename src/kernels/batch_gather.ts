/** Gathers the next batch on the device from images stored there as bytes. */
import forwardWgsl from '../../shaders/batch_gather/forward.wgsl';
import forwardGpuWgsl from '../../shaders/batch_gather/forward_gpu.wgsl';
import { type Primitive, type Spec, sizeOf } from '../engine/primitive.js';
import { runPrimitive } from '../engine/program.js';
import { registerShaders } from '../engine/shader.js';
import { type Tensor, checkOperands } from '../engine/tensor.js';
import { checkCall } from '../calls.js';
import { type Rules, count, finite, required } from '../options.js';
import { baselineVariant, gridFor } from './grid.js';
import { stateWordsWgsl } from '../state_words.js';

registerShaders({
  'batch_gather/forward': forwardWgsl,
  'batch_gather/forward_gpu': forwardGpuWgsl,
  'step_state/words': stateWordsWgsl(),
});

export type BatchGatherAttributes = {
  /** Samples per batch. */
  readonly batch: number;
  /** x = byte · scale + offset. */
  readonly scale: number;
  readonly offset: number;
};

export const gatherRules = (): Rules<BatchGatherAttributes> => ({
  batch: required(count),
  scale: required(finite),
  offset: required(finite),
});

/** Bytes of one image. */
export const bytesPerImage = (images: Spec): number => sizeOf(images.shape.slice(1));

function gatherConstants(
  images: Spec,
  { batch, scale, offset }: BatchGatherAttributes,
): Record<string, number> {
  return {
    BATCH: batch,
    COUNT: images.shape[0] as number,
    ROW: bytesPerImage(images),
    SCALE: scale,
    OFFSET: offset,
  };
}

export const batchGatherForward: Primitive<
  'images' | 'labels' | 'permutation' | 'state',
  'x' | 'y',
  BatchGatherAttributes
> = {
  name: 'batch_gather/forward',
  inputs: ['images', 'labels', 'permutation', 'state'],
  outputs: ['x', 'y'],
  types: () => ({ images: 'u8', labels: 'u32', permutation: 'u32', state: 'u32', y: 'u32' }),
  shape: ({ images }, { batch }) => ({
    x: [batch, ...images.shape.slice(1)],
    y: [batch],
  }),
  cost: ({ outputs }) => ({ flops: 2 * sizeOf(outputs.x.shape), bytes: 5 * sizeOf(outputs.x.shape) }),
  variants: [
    {
      name: 'gpu',
      family: 'gpu',
      hasEpilogue: false,
      supports: ({ inputs }) => bytesPerImage(inputs.images) % 4 === 0,
      lower: ({ inputs, attributes, device }) => {
        const { WORKGROUP, workgroups } = gridFor(
          (attributes.batch * bytesPerImage(inputs.images)) / 4,
          device,
        );
        const constants = { ...gatherConstants(inputs.images, attributes), WORKGROUP };
        return { dispatches: [{ shader: 'batch_gather/forward_gpu', constants, workgroups }] };
      },
    },
    baselineVariant(({ inputs, attributes, device }) => {
      const count = attributes.batch * bytesPerImage(inputs.images);
      const { workgroups, ...grid } = gridFor(count, device, { software: 64 });
      const constants = { ...gatherConstants(inputs.images, attributes), ...grid };
      return { dispatches: [{ shader: 'batch_gather/forward', constants, workgroups }] };
    }),
  ],
};

/**
 * Gathers the batch at the state's cursor, scaled to floats.
 *
 *   x[b] = images[i] · scale + offset;   y[b] = labels[i];   i = permutation[cursor + b] mod COUNT
 *
 * If an epoch shows each image k times, the permutation has k · COUNT entries.
 * Shapes: images [COUNT,H,W,C] u8, labels [COUNT] u32, permutation [≥ epochSize] u32 → x [batch,H,W,C], y [batch] u32.
 * Rows beyond the end of the epoch are zeros with the label 0xffffffff, which the loss ignores.
 */
export function batchGather(
  operands: Readonly<Record<'images' | 'labels' | 'permutation' | 'state', Tensor>>,
  attributes: BatchGatherAttributes,
): { x: Tensor; y: Tensor } {
  checkOperands('batchGather', batchGatherForward.inputs, operands);
  checkCall('batchGather', attributes, gatherRules);
  return runPrimitive(batchGatherForward, operands, attributes);
}
