/** Shared parts of max and average pooling: options, attributes, and a forward primitive that differs only in its shader. */
import { ShapeError } from '../errors.js';
import { type Primitive, sizeOf } from '../engine/primitive.js';
import { type Tensor, checkTensors, describe } from '../engine/tensor.js';
import { checkCall } from '../calls.js';
import { type Rules, flag, pixels } from '../options.js';
import { bytesTouched, baselineVariant, gridFor } from './grid.js';
import {
  type Padding,
  type Pair,
  type WindowAttributes,
  type WindowOptions,
  pair,
  windowAttributes,
  windowConstants,
  windowCounts,
  windowRules,
} from './window.js';

export interface PoolOptions extends WindowOptions {
  /** Window size in pixels; default 2. */
  readonly poolSize?: Pair;
  /** Pixels between windows; default: the window size. */
  readonly strides?: Pair;
  /**
   * Whether windows that begin in x and end beyond it count, over their pixels in x. Default false: rows and columns after the last
   * whole window are left out. It changes nothing with padding 'same', which leaves no pixels out.
   */
  readonly ceilMode?: boolean;
}

export const poolRules = (): Rules<PoolOptions> => ({ poolSize: pixels, ceilMode: flag, ...windowRules() });

/** The rule by which `windowAttributes` places the windows of a pooling. */
export const placementOf = ({ padding = 'valid', ceilMode = false }: PoolOptions): Padding | 'ceil' =>
  ceilMode && padding === 'valid' ? 'ceil' : padding;

export interface PoolAttributes extends WindowAttributes {
  readonly window: readonly [number, number];
}

/** Throws: UsageError for options out of range; ShapeError when x has not four axes or the window exceeds it. */
export function poolAttributes(who: string, x: Tensor, options: PoolOptions): PoolAttributes {
  checkTensors(who, { x });
  checkCall(who, options, poolRules);
  const { poolSize = 2, strides = poolSize } = options;
  if (x.shape.length !== 4)
    throw new ShapeError(`${who}: x is ${describe(x)}, expected four axes [N,H,W,C].`);
  const window = pair(poolSize);
  return { ...windowAttributes(who, x.shape, window, pair(strides), placementOf(options)), window };
}

/** One number per window and channel, by the shader of the primitive's name. Shapes: x [N,H,W,C] → y [N,P,Q,C]. */
export function poolForward(
  name: 'avg_pool2d/forward' | 'max_pool2d/forward',
): Primitive<'x', 'y', PoolAttributes> {
  return {
    name,
    inputs: ['x'],
    outputs: ['y'],
    shape: ({ x }, attributes) => {
      const [N, , , C] = x.shape as [number, number, number, number];
      const counts = windowCounts(x.shape, attributes.window, attributes);
      return { y: [N, ...counts, C] };
    },
    cost: (context) => ({
      flops: sizeOf(context.outputs.y.shape) * sizeOf(context.attributes.window),
      bytes: bytesTouched(context),
    }),
    variants: [
      baselineVariant(
        ({ inputs: { x }, outputs: { y }, attributes, device }) => {
          const { workgroups, ...grid } = gridFor(sizeOf(y.shape), device, { software: 32 });
          const window = windowConstants(x.shape, attributes.window, y.shape, attributes);
          return { dispatches: [{ shader: name, constants: { ...window, ...grid }, workgroups }] };
        },
        { hasEpilogue: true },
      ),
    ],
  };
}
