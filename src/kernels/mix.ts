/**
 * Mixes each sample of a batch with another one, as mixup and cutmix do. What is drawn for the place p of the epoch is a row of
 * `draws`: the share of the own sample in the blended box, the box, and the share of the own target.
 */
import mixLabelsWgsl from '../../shaders/mix_labels/forward.wgsl';
import type { NoAttributes, Primitive, Shape } from '../engine/primitive.js';
import { runPrimitive } from '../engine/program.js';
import { registerShaders } from '../engine/shader.js';
import { type Tensor, checkTensors, describe } from '../engine/tensor.js';
import { ShapeError } from '../errors.js';
import { stateWordsWgsl } from '../state_words.js';
import { elementwisePrimitive } from './elementwise.js';
import { baselineVariant, bytesTouched, gridFor } from './grid.js';
import { stateWords } from './step_state.js';

registerShaders({ 'mix_labels/forward': mixLabelsWgsl, 'step_state/words': stateWordsWgsl() });

/** Columns of `draws`. The box is in pixels: from `top` on, before `bottom`. */
export const mixWords = { blend: 0, top: 1, bottom: 2, left: 3, right: 4, share: 5 } as const;
export const mixSize = 6;

/** The column `word` of the draws of sample `n` of the batch. */
const drawn = (draws: string, state: string, n: string, word: keyof typeof mixWords): string =>
  `${draws}[(${state}[${stateWords.cursor}u] + ${n}) * ${mixSize}u + ${mixWords[word]}u]`;

/** `mix` of WGSL may compute other + share · (x − other), which is NaN where both are infinite. */
const blend = (x: string, other: string, share: string): string =>
  `(${share} * ${x} + (1.0 - ${share}) * ${other})`;

/** Throws: ShapeError. */
function checkDraws(who: string, x: Shape, other: Shape, draws: Shape): void {
  if (x.length === 0 || x.join() !== other.join() || draws.length !== 2 || draws[1] !== mixSize)
    throw new ShapeError(
      `${who}: x ${describe({ shape: x, dtype: 'f32' })}, other ${describe({ shape: other, dtype: 'f32' })} and draws ${describe({ shape: draws, dtype: 'f32' })} do not fit, expected [N,…] twice and [places,${mixSize}].`,
    );
}

type Operand = 'x' | 'other' | 'draws' | 'state';

export type MixImagesAttributes = {
  readonly height: number;
  readonly width: number;
  readonly channels: number;
};

export const mixImagesForward: Primitive<Operand, 'y', MixImagesAttributes> = {
  ...elementwisePrimitive<Operand, MixImagesAttributes>(
    'mix_images/forward',
    ['x', 'other', 'draws', 'state'],
    {
      whole: ['draws', 'state'],
      expression: ({ x, other, draws, state }, { height, width, channels }, index) => {
        const of = (word: keyof typeof mixWords): string =>
          drawn(draws, state, `${index} / ${height * width * channels}u`, word);
        const [row, column] = [
          `f32(${index} / ${width * channels}u % ${height}u)`,
          `f32(${index} / ${channels}u % ${width}u)`,
        ];
        const isInside = `${row} >= ${of('top')} && ${row} < ${of('bottom')} && ${column} >= ${of('left')} && ${column} < ${of('right')}`;
        // A product with a share of 0 would make NaN of an infinity.
        const blended = `select(${blend(x, other, of('blend'))}, ${other}, ${of('blend')} == 0.0)`;
        return `select(${x}, ${blended}, ${isInside})`;
      },
    },
    () => ({ state: 'u32' }),
  ),
  shape: ({ x, other, draws }) => {
    checkDraws('mixImages', x.shape, other.shape, draws.shape);
    return { y: x.shape };
  },
};

export type MixRowsAttributes = {
  /** Elements per sample. */
  readonly perSample: number;
};

export const mixRowsForward: Primitive<Operand, 'y', MixRowsAttributes> = {
  ...elementwisePrimitive<Operand, MixRowsAttributes>(
    'mix_rows/forward',
    ['x', 'other', 'draws', 'state'],
    {
      whole: ['draws', 'state'],
      expression: ({ x, other, draws, state }, { perSample }, index) =>
        blend(x, other, drawn(draws, state, `${index} / ${perSample}u`, 'share')),
    },
    () => ({ state: 'u32' }),
  ),
  shape: ({ x, other, draws }) => {
    checkDraws('mixRows', x.shape, other.shape, draws.shape);
    return { y: x.shape };
  },
};

export const mixLabelsForward: Primitive<Operand, 'y', NoAttributes> = {
  name: 'mix_labels/forward',
  inputs: ['x', 'other', 'draws', 'state'],
  outputs: ['y'],
  types: () => ({ x: 'u32', other: 'u32', state: 'u32', y: 'u32' }),
  shape: ({ x, other, draws }) => {
    checkDraws('mixLabels', x.shape, other.shape, draws.shape);
    return { y: x.shape };
  },
  cost: (context) => ({ flops: 0, bytes: bytesTouched(context) }),
  variants: [
    baselineVariant(({ inputs: { x }, device }) => {
      const [N] = x.shape as [number];
      const { workgroups, ...grid } = gridFor(N, device, { software: 64 });
      const constants = { N, SIZE: mixSize, SHARE: mixWords.share, ...grid };
      return { dispatches: [{ shader: 'mix_labels/forward', constants, workgroups }] };
    }),
  ],
};

/**
 * Blends the images of two batches within a box of each.
 *
 *   y[n,p,q,c] = blend · x[n,p,q,c] + (1 − blend) · other[n,p,q,c] within the box, else x[n,p,q,c]
 *
 * Shapes: x and other [N,H,W,C], draws [places,6], of which sample n has the row cursor + n, state [8] u32 → y like x. Not
 * differentiable: images are inputs. Throws: ShapeError for operands of other shapes.
 */
export function mixImages(operands: Readonly<Record<Operand, Tensor>>): Tensor {
  checkTensors('mixImages', operands);
  const [, height = 1, width = 1, channels = 1] = operands.x.shape;
  return runPrimitive(mixImagesForward, operands, { height, width, channels }).y;
}

/**
 * Mixes the rows of two batches.
 *
 *   y[n,…] = share · x[n,…] + (1 − share) · other[n,…]
 *
 * Shapes: x and other [N,…], draws and state as for `mixImages` → y like x. Throws: ShapeError for operands of other shapes.
 */
export function mixRows(operands: Readonly<Record<Operand, Tensor>>): Tensor {
  checkTensors('mixRows', operands);
  const { x } = operands;
  return runPrimitive(mixRowsForward, operands, { perSample: x.size / (x.shape[0] ?? 1) }).y;
}

/**
 * The labels with the larger share: those of x if share ≥ 0.5, else those of other.
 *
 * Shapes: x and other [N] u32, draws and state as for `mixImages` → y [N] u32.
 */
export function mixLabels(operands: Readonly<Record<Operand, Tensor>>): Tensor {
  checkTensors('mixLabels', operands);
  return runPrimitive(mixLabelsForward, operands, {}).y;
}
