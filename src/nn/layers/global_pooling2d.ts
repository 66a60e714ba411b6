/** Shared by layers that reduce whole images: options, shape rule, and a function of axes. */
import type { Tensor } from '../../engine/tensor.js';
import { ShapeError } from '../../errors.js';
import type { ReduceOptions } from '../../kernels/sum.js';
import { type Rules, checkOptions, flag } from '../../options.js';
import { type Layer, type LayerOptions, makeLayer, layerRules } from './layer.js';

export interface GlobalPooling2dOptions extends LayerOptions {
  /** Keeps height and width with extent 1. Default false. */
  readonly keepDims?: boolean;
}

const rules = (): Rules<GlobalPooling2dOptions> => ({ keepDims: flag, ...layerRules() });

interface GlobalPooling {
  readonly className: string;
  /** The name of the layer's function, for messages. */
  readonly who: string;
  reduce(x: Tensor, options: ReduceOptions): Tensor;
}

/** A layer that reduces height and width. Shapes: [N,H,W,C] → [N,C], or [N,1,1,C]. */
export function globalPooling2d(
  { className, who, reduce }: GlobalPooling,
  options: GlobalPooling2dOptions,
): Layer {
  checkOptions(who, options, rules());
  const { keepDims = false } = options;
  return makeLayer(options, {
    className,
    config: { keepDims },
    outputShape: ([x]) => {
      if (x.length !== 3)
        throw new ShapeError(
          `${who}: the input is [${x.join(',')}] per sample, expected [height,width,channels].`,
        );
      return keepDims ? [1, 1, x[2] as number] : [x[2] as number];
    },
    call: ([x]) => reduce(x, { axis: [1, 2], keepDims }),
  });
}
