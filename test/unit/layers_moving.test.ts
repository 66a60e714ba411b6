/**
 * Layers that move or look up values: shapes, values in float64, saved descriptions, refusals:
 *   reshape, permute, repeatVector, zeroPadding2d, cropping2d, upSampling2d, resizing, embedding, categoryEncoding
 */
import { describe, expect, it } from 'vitest';
import { layers, sequential } from '../../src/index.js';
import { layerClasses } from '../../src/nn/layers/class_names.js';
import type { Layer } from '../../src/nn/layers/layer.js';
import { layerFromConfig, registerLayers } from '../../src/nn/layers/registry.js';
import { array64, fill64 } from '../../src/reference/array64.js';
import { layerValues } from './layer_values.js';

registerLayers(layerClasses);

/** The output of a layer for a batch of 1, 2, …, made again from what a file stores of it. */
function valuesOf(layer: Layer, shape: readonly number[]) {
  const stored = JSON.parse(JSON.stringify(layer.config)) as object;
  const again = layerFromConfig(layer.className, stored);
  const { shape: full, values } = layerValues(again, [fill64([1, ...shape], (i) => i + 1)]);
  expect(again.outputShape([shape]), layer.className).toEqual(full.slice(1));
  return { shape: full.slice(1), values: [...values] };
}

describe('values and shapes', () => {
  it('of reshape, permute and repeatVector', () => {
    expect(valuesOf(layers.reshape({ targetShape: [3, -1] }), [2, 3])).toEqual({
      shape: [3, 2],
      values: [1, 2, 3, 4, 5, 6],
    });
    expect(valuesOf(layers.permute({ dims: [2, 1] }), [2, 3])).toEqual({
      shape: [3, 2],
      values: [1, 4, 2, 5, 3, 6],
    });
    expect(valuesOf(layers.repeatVector({ n: 2 }), [3])).toEqual({
      shape: [2, 3],
      values: [1, 2, 3, 1, 2, 3],
    });
  });

  it('of zeroPadding2d', () => {
    expect(valuesOf(layers.zeroPadding2d(), [1, 1, 2])).toEqual({
      shape: [3, 3, 2],
      values: [...new Float64Array(8), 1, 2, ...new Float64Array(8)],
    });
    expect(valuesOf(layers.zeroPadding2d({ padding: [0, 1] }), [1, 2, 1]).values).toEqual([0, 1, 2, 0]);
    const uneven = layers.zeroPadding2d({
      padding: [
        [0, 1],
        [2, 0],
      ],
    });
    expect(valuesOf(uneven, [1, 2, 1])).toEqual({ shape: [2, 4, 1], values: [0, 0, 1, 2, 0, 0, 0, 0] });
    expect(uneven.config).toEqual({
      padding: [
        [0, 1],
        [2, 0],
      ],
    });
  });

  it('of cropping2d', () => {
    expect(valuesOf(layers.cropping2d(), [1, 2, 1]).values).toEqual([1, 2]);
    expect(
      valuesOf(
        layers.cropping2d({
          cropping: [
            [1, 0],
            [0, 2],
          ],
        }),
        [2, 3, 1],
      ),
    ).toEqual({
      shape: [1, 1, 1],
      values: [4],
    });
  });

  it('of upSampling2d and resizing', () => {
    expect(valuesOf(layers.upSampling2d({ size: [2, 1] }), [2, 2, 1]).values).toEqual([
      1, 2, 1, 2, 3, 4, 3, 4,
    ]);
    expect(valuesOf(layers.upSampling2d({ interpolation: 'bilinear' }), [1, 2, 1])).toEqual({
      shape: [2, 4, 1],
      values: [1, 1.25, 1.75, 2, 1, 1.25, 1.75, 2],
    });
    expect(valuesOf(layers.resizing({ height: 1, width: 1 }), [2, 2, 1]).values).toEqual([2.5]);
    expect(
      valuesOf(layers.resizing({ height: 1, width: 3, interpolation: 'nearest' }), [1, 2, 1]).values,
    ).toEqual([1, 2, 2]);
  });

  it('of embedding', () => {
    const layer = layers.embedding({ inputDim: 4, outputDim: 2 });
    const embeddings = array64([4, 2], [1, 2, 3, 4, 5, 6, 7, 8]);
    for (const dtype of ['u32', 'f32'] as const) {
      const y = layerValues(layer, [array64([2, 2], [3, 0, 1, 1], dtype)], { parameters: { embeddings } });
      expect(y).toMatchObject({ shape: [2, 2, 2], values: Float64Array.of(7, 8, 1, 2, 3, 4, 3, 4) });
    }
    expect(layer.outputShape([[5]])).toEqual([5, 2]);
    expect(layer.parameters([[5]])).toMatchObject([{ name: 'embeddings', shape: [4, 2] }]);
    const net = sequential([
      layers.embedding({ inputDim: 4, outputDim: 2, inputShape: [5] }),
      layers.flatten(),
      layers.dense({ units: 3 }),
    ]);
    expect(net.network.parameters.map(({ path }) => path)).toEqual([
      'embedding/embeddings',
      'dense/kernel',
      'dense/bias',
    ]);
  });

  it('of categoryEncoding', () => {
    const given = array64([2, 3], [0, 2, 2, 1, 7, 1], 'u32');
    const of = (outputMode: 'multiHot' | 'count') => [
      ...layerValues(layers.categoryEncoding({ numTokens: 3, outputMode }), [given]).values,
    ];
    expect(of('multiHot')).toEqual([1, 0, 1, 0, 1, 0]);
    expect(of('count')).toEqual([1, 0, 2, 0, 2, 0]);
    const single = layers.categoryEncoding({ numTokens: 3, outputMode: 'oneHot' });
    expect([...layerValues(single, [array64([2, 1], [2, 0], 'u32')]).values]).toEqual([0, 0, 1, 1, 0, 0]);
  });
});

it('options and inputs that do not fit are refused', () => {
  const refusal = (call: () => unknown): string => {
    try {
      return `NOT REFUSED: ${JSON.stringify(call())}`;
    } catch (error) {
      return (error as Error).message;
    }
  };
  const refused = [
    () => layers.reshape({ targetShape: [-1, -1] }),
    () => layers.reshape({ targetShape: [4, -1] }).outputShape([[6]]),
    () => layers.permute({ dims: [1, 1] }).outputShape([[2, 3]]),
    () => layers.repeatVector({ n: 2 }).outputShape([[2, 3]]),
    () => layers.zeroPadding2d({ padding: -1 }),
    () => layers.zeroPadding2d({ padding: [1, 2, 3] as never }),
    () => layers.zeroPadding2d().outputShape([[4, 4]]),
    () => layers.cropping2d({ cropping: 2 }).outputShape([[4, 5, 1]]),
    () => layers.upSampling2d({ interpolation: 'bicubic' as never }),
    () => layers.upSampling2d({ size: 1.5 }),
    () => layers.resizing({ height: 4 } as never),
    () => layers.embedding({ inputDim: 0, outputDim: 2 }),
    () => layers.categoryEncoding({ numTokens: 3, outputMode: 'oneHot' }).outputShape([[2]]),
  ];
  expect(refused.map(refusal).join('\n')).toMatchInlineSnapshot(`
    "layers.reshape: targetShape is [-1,-1], expected a list of positive integers, of which one may be −1.
    layers.reshape: the input [6] has 6 values per sample, which do not fill [4,-1].
    layers.permute: dims is [1,1] for the input [2,3] per sample, expected each of 1 to 2 once.
    layers.repeatVector: the input is [2,3] per sample, expected [features].
    layers.zeroPadding2d: padding is -1, expected a non-negative integer or two of them or [[top, bottom], [left, right]].
    layers.zeroPadding2d: padding is [1,2,3], expected a non-negative integer or two of them or [[top, bottom], [left, right]].
    layers.zeroPadding2d: the input is [4,4] per sample, expected [height,width,channels].
    layers.cropping2d: the cropping [[2,2],[2,2]] leaves nothing of the input [4,5,1].
    layers.upSampling2d: interpolation is 'bicubic', expected 'nearest' or 'bilinear'.
    layers.upSampling2d: size is 1.5, expected a positive integer or two of them.
    layers.resizing: width is missing, expected a positive integer.
    layers.embedding: inputDim is 0, expected a positive integer.
    layers.categoryEncoding: the input is [2] per sample, expected [1]."
  `);
});
