/** mixup and cutmix: trains on blends of two samples, with both targets. */
import type { Shape } from '../../engine/primitive.js';
import type { Tensor } from '../../engine/tensor.js';
import { UsageError } from '../../errors.js';
import { fill } from '../../kernels/arithmetic.js';
import { mixImages, mixLabels, mixRows, mixSize } from '../../kernels/mix.js';
import { type Rules, positive } from '../../options.js';
import { pcg4d, permutation, streams, uniform } from '../../random.js';
import { type InputOptions, type Batch, gatherBatch } from '../network/inputs.js';
import type { SetTensors } from '../samples/device_set.js';

/** Each is the α of the distribution Beta(α, α) of the shares; with both, one is drawn for each sample. */
export interface MixOptions {
  /**
   * Blends each sample with another one, and their targets by the same share: λ·x + (1 − λ)·x′ with λ from Beta(α, α). Usual: 0.2.
   */
  readonly mixup?: number;
  /**
   * Puts a rectangle of another image over each one; the targets count by area. The rectangle has the share 1 − λ of the area, with λ
   * from Beta(α, α), before it is cut at the border. Usual: 1.
   */
  readonly cutmix?: number;
}

export const mixRules = (): Rules<MixOptions> => ({ mixup: positive, cutmix: positive });

/** What a step needs on the device: the entries of the other samples of an epoch, and what is drawn for each place. */
export interface MixTensors {
  /** Shape: [places] u32, like the permutation of a set. */
  readonly partners: Tensor;
  /** Shape: [places, 6]; see kernels/mix.ts. */
  readonly draws: Tensor;
}

export const isMixed = ({ mixup, cutmix }: MixOptions): boolean =>
  mixup !== undefined || cutmix !== undefined;

/** Throws: UsageError for inputs that cannot be mixed. */
export function checkMixing(
  { cutmix }: MixOptions,
  { columns }: { readonly columns: readonly Input[] },
): void {
  for (const { kind, name, dtype, shape } of columns) {
    if (kind !== 'input') continue;
    const of = name === '' ? 'the input' : `the input ${name}`;
    if (dtype === 'u32')
      throw new UsageError(`fit: mixup and cutmix blend numbers, but ${of} holds integers; leave them out.`);
    if (cutmix !== undefined && shape.length !== 3)
      throw new UsageError(
        `fit: cutmix cuts images of [height,width,channels], but ${of} is [${shape.join(',')}]; use mixup.`,
      );
  }
}

interface Input {
  readonly kind: string;
  readonly name: string;
  readonly dtype: string;
  readonly shape: Shape;
}

// ---- draws ----

export interface MixDraws {
  readonly partners: Uint32Array<ArrayBuffer>;
  readonly draws: Float32Array<ArrayBuffer>;
}

export interface EpochOfMixing {
  /** The entries of the epoch, in its order. */
  readonly order: Uint32Array;
  /** Rows of the draws; those past the order are zeros. */
  readonly places: number;
  readonly seed: number;
  /** Of the training; for batches of an iterable, the step. */
  readonly epoch: number;
  /** Of an image. */
  readonly height: number;
  readonly width: number;
}

/**
 * The partners and shares of an epoch, which depend on the seed, the epoch and the place alone. Each entry of the epoch is the
 * partner of one other, or of itself.
 */
export function drawMixing({ mixup, cutmix }: MixOptions, epoch: EpochOfMixing): MixDraws {
  const { order, places, seed, height, width } = epoch;
  const other = permutation(order.length, seed, streams.mix, epoch.epoch);
  const draws = new Float32Array(places * mixSize);
  for (let place = 0; place < order.length; place++) {
    const next = numbers(seed, epoch.epoch, place);
    const isCut = mixup === undefined || (cutmix !== undefined && next() < 0.5);
    const share = beta((isCut ? cutmix : mixup)!, next);
    const row = isCut ? cut(share, { height, width }, next) : [share, 0, height, 0, width, share];
    draws.set(row, place * mixSize);
  }
  const partners = new Uint32Array(places);
  other.forEach((at, place) => (partners[place] = order[at]!));
  return { partners, draws };
}

/** Uniform numbers in [0, 1) for one place. */
function numbers(seed: number, epoch: number, place: number): () => number {
  let count = 0;
  let words: readonly number[] = [];
  return () => {
    // Streams count repeated draws in their highest bits; bit 23 keeps them apart from those of the permutation.
    if (count % 4 === 0) words = pcg4d(seed, streams.mix | (1 << 23) | ((count / 4) << 24), epoch, place);
    return uniform(words[count++ % 4]!);
  };
}

/** λ from Beta(α, α): X / (X + Y) of two gamma variables, by their logarithms, which do not underflow for a small α. */
function beta(alpha: number, next: () => number): number {
  const [x, y] = [logGamma(alpha, next), logGamma(alpha, next)];
  return 1 / (1 + Math.exp(y - x));
}

/**
 * The logarithm of a gamma variable. Source: Marsaglia & Tsang 2000, A Simple Method for Generating Gamma Variables; for α < 1, one of
 * α + 1 times U^(1/α).
 */
function logGamma(alpha: number, next: () => number): number {
  if (alpha < 1) return logGamma(alpha + 1, next) + Math.log(1 - next()) / alpha;
  const d = alpha - 1 / 3;
  const c = 1 / Math.sqrt(9 * d);
  for (;;) {
    // Box–Muller.
    const x = Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next());
    const v = (1 + c * x) ** 3;
    if (v > 0 && Math.log(1 - next()) < x * x * 0.5 + d - d * v + d * Math.log(v)) return Math.log(d * v);
  }
}

/** A row of draws. Source: Yun et al. 2019, CutMix: the centre is uniform over the image, and what is outside is cut off. */
function cut(
  share: number,
  { height, width }: Pick<EpochOfMixing, 'height' | 'width'>,
  next: () => number,
): number[] {
  const side = Math.sqrt(1 - share);
  const ends = [height, width].map((extent) => {
    const half = Math.floor(extent * side) / 2;
    const centre = Math.floor(extent * next());
    return [Math.max(0, Math.floor(centre - half)), Math.min(extent, Math.floor(centre + half))] as const;
  });
  const [[top, bottom], [left, right]] = ends as [readonly [number, number], readonly [number, number]];
  return [0, top, bottom, left, right, 1 - ((bottom - top) * (right - left)) / (height * width)];
}

// ---- the batch ----

/**
 * Gathers the batch at the state's cursor and that of its partners, both augmented, and blends them. Rows of values are mixed;
 * of labels the batch has both, with their shares as weights (`mixedOf`).
 */
export function mixedBatch(
  set: SetTensors,
  { partners, draws }: MixTensors,
  state: Tensor,
  options: InputOptions,
): Batch {
  const own = gatherBatch(set, state, options);
  const other = gatherBatch({ ...set, permutation: partners }, state, options);
  const blend = (x: Tensor, y: Tensor): Tensor =>
    x.shape.length === 4 ? mixImages({ x, other: y, draws, state }) : mixRows({ x, other: y, draws, state });
  const x =
    own.x instanceof Map
      ? new Map(
          [...(own.x as ReadonlyMap<string, Tensor>)].map(([name, each]) => [
            name,
            blend(each, (other.x as ReadonlyMap<string, Tensor>).get(name)!),
          ]),
        )
      : blend(own.x as Tensor, other.x as Tensor);
  const mixed = (a: Tensor, b: Tensor): Tensor => mixRows({ x: a, other: b, draws, state });
  return {
    x,
    targetOf: (output) => {
      const [target, partner] = [own.targetOf(output), other.targetOf(output)];
      return target.dtype === 'u32'
        ? mixLabels({ x: target, other: partner, draws, state })
        : mixed(target, partner);
    },
    weightsOf: (output) => {
      const weights = own.weightsOf(output);
      return weights && mixed(weights, other.weightsOf(output)!);
    },
    mixedOf: (output) => {
      const target = own.targetOf(output);
      if (target.dtype !== 'u32') return undefined;
      const { batch } = options;
      const [one, none] = [fill([batch], 1), fill([batch], 0)];
      const [weights, ofOther] = [own.weightsOf(output) ?? one, other.weightsOf(output) ?? one];
      return [
        { target, weights: mixed(weights, none) },
        { target: other.targetOf(output), weights: mixed(none, ofOther) },
      ];
    },
  };
}
