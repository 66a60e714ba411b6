/** Layers that change each image in training by numbers drawn for it, and pass it on otherwise. */
import { scale } from '../../kernels/arithmetic.js';
import type { RandomOptions } from '../../kernels/random_op.js';
import { randomUniform } from '../../kernels/random_uniform.js';
import type { Tensor } from '../../engine/tensor.js';
import { layerStream, streams } from '../../random.js';
import { type Rule, either, finite, limits, list, rule, within } from '../../options.js';
import { checkImage } from './edges2d.js';
import {
  type Layer,
  type LayerContext,
  type LayerDefinition,
  type LayerOptions,
  makeLayer,
} from './layer.js';

/** The limits of a random number, or f for −f … f. */
export type Factor = number | readonly [number, number];

/** For limits from `least` to `most`, and single numbers f for which −f … f is between them. */
export function factorRule(least: number, most: number): Rule {
  return either(
    within(0, Math.min(-least, most)),
    limits(`[lower, upper] with ${least} ≤ lower ≤ upper ≤ ${most}`, least, most),
  );
}

export function limitsOf(factor: Factor): readonly [number, number] {
  return typeof factor === 'number' ? [-factor, factor] : factor;
}

/** Two numbers in ascending order. */
export function valueRangeRule(): Rule {
  const expected = '[black, white], such as [0, 1]';
  const ascends = (value: unknown): boolean => (value as number[])[0]! < (value as number[])[1]!;
  return (...args) => list(expected, finite, 2)(...args) ?? rule(expected, ascends)(...args);
}

/** A uniform number per image, [N,1,1,1]. Draws of one layer differ in `place`. */
export type DrawNumber = (place: number, [low, high]: readonly [number, number]) => Tensor;

interface Augmentation extends Pick<LayerDefinition, 'className' | 'config' | 'outputShape'> {
  /** How many streams of random numbers it uses: draws and noise. */
  readonly draws: number;
  readonly augment: (x: Tensor, draw: DrawNumber, options: RandomOptions) => Tensor;
  /** Outside training. Default: the identity. */
  readonly otherwise?: (x: Tensor) => Tensor;
}

export function augmentationLayer(
  options: LayerOptions,
  { draws, augment, otherwise = (x) => x, ...definition }: Augmentation,
): Layer {
  return makeLayer(options, {
    ...definition,
    streams: draws,
    call: ([x], _, { isTraining, ...context }) => {
      if (!isTraining) return otherwise(x);
      const draw: DrawNumber = (place, [low, high]) =>
        scale(randomUniform([x.shape[0]!, 1, 1, 1], randomOptions(context, place)), high - low, low);
      return augment(x, draw, randomOptions(context, draws - 1));
    },
  });
}

function randomOptions(
  { state, stream, isMicroBatch }: Pick<LayerContext, 'state' | 'stream' | 'isMicroBatch'>,
  place: number,
): RandomOptions {
  return { state, isMicroBatch, stream: layerStream(streams.randomImages, stream + place) };
}

/** The shape rule of layers that keep that of their images. */
export function sameImage(caller: string): LayerDefinition['outputShape'] {
  return ([x]) => {
    checkImage(caller, x);
    return x;
  };
}
