// Plan: layers that normalise samples or pool whole images, through the float64 interpreter: values against the formula
// written out, gradients of inputs and parameters against differences, other axes, frozen shapes; descriptions in files;
// the dispatches of a step; inputs and axes that are refused.
import { describe, expect, test } from 'vitest';
import { checks } from '../../src/check/index.js';
import { randomFrom } from '../../src/check/draws.js';
import { type Shape, sizeOf } from '../../src/engine/primitive.js';
import { program } from '../../src/engine/program.js';
import { Tensor } from '../../src/engine/tensor.js';
import { Trace } from '../../src/engine/trace.js';
import { multiply, sum } from '../../src/kernels/index.js';
import { grad } from '../../src/kernels/grad.js';
import { layerClasses } from '../../src/nn/layers/class_names.js';
import * as layers from '../../src/nn/layers/index.js';
import type { Layer, LayerContext } from '../../src/nn/layers/layer.js';
import { layerFromConfig, registerLayers } from '../../src/nn/layers/registry.js';
import { type Array64, array64 } from '../../src/reference/array64.js';
import { gradients64 } from '../../src/reference/derivatives.js';
import { Interpreter, referencesOf } from '../../src/reference/interpreter.js';
import { hollowDevice } from './fake_device.js';

registerLayers(layerClasses);
const references = referencesOf([...checks.values()].map(({ reference }) => reference));
const context = { isTraining: true, isFrozen: false, stream: 0 } as LayerContext;

const numbers = (shape: Shape, index: number): Array64 => {
  const random = randomFrom(3, index);
  return array64(
    shape,
    Array.from({ length: sizeOf(shape) }, () => 3 * random() - 1),
  );
};

/** y of a layer for drawn x and parameters, and the gradients of Σ y·w by them all. */
function run(layer: Layer, shape: Shape) {
  const specs = layer.parameters([shape.slice(1)]);
  const given = [numbers(shape, 0), ...specs.map((spec, i) => numbers(spec.shape, i + 1))];
  const trace = new Trace();
  const [x, ...parameters] = given.map((each) => trace.input({ shape: each.shape, dtype: 'f32' }));
  const weights = trace.input({ shape: [shape[0]!, ...layer.outputShape([shape.slice(1)])], dtype: 'f32' });
  const { y, loss } = trace.record(() => {
    const named = Object.fromEntries(specs.map(({ name }, i) => [name, parameters[i]!]));
    const result = layer.call([x!], named, context);
    return { y: result, loss: sum(multiply(result, weights)) };
  });
  const interpreter = new Interpreter(trace, references, [y, loss]);
  const weight = numbers(weights.shape, 9);
  const at = (values: readonly Array64[]) => interpreter.run([...values, weight]);
  const here = at(given);
  const gradients = gradients64(here, loss, [x!, ...parameters]);
  const lossAt = (values: readonly Array64[]): number => at(values).valueOf(loss).values[0]!;
  const numeric = given.map((each, i) =>
    Array.from(each.values, (_, k) => {
      const moved = (by: number): Array64[] =>
        given.map((other, j) =>
          j === i ? { ...other, values: other.values.with(k, other.values[k]! + by) } : other,
        );
      return (lossAt(moved(1e-5)) - lossAt(moved(-1e-5))) / 2e-5;
    }),
  );
  return {
    x: given[0]!.values,
    parameters: given.slice(1).map(({ values }) => values),
    y: here.valueOf(y),
    gradients,
    numeric,
  };
}

/** (x − μ)/√(v + ε) over the elements for which `group` gives the same key. */
function normalised64(x: Float64Array, group: (index: number) => number | string, epsilon = 1e-3): number[] {
  const groups = new Map<number | string, number[]>();
  x.forEach((value, i) => groups.set(group(i), [...(groups.get(group(i)) ?? []), value]));
  return Array.from(x, (value, i) => {
    const own = groups.get(group(i))!;
    const centre = own.reduce((total, each) => total + each, 0) / own.length;
    const variance = own.reduce((total, each) => total + (each - centre) ** 2, 0) / own.length;
    return (value - centre) / Math.sqrt(variance + epsilon);
  });
}

const close = (found: ArrayLike<number>, expected: ArrayLike<number>, digits: number): void =>
  expect(Array.from(found)).toEqual(Array.from(expected, (value) => expect.closeTo(value, digits) as number));

const image: Shape = [2, 2, 3, 4];
const [sample, channel] = [(i: number) => Math.floor(i / 24), (i: number) => i % 4];
const pixel = (i: number): number => Math.floor(i / 4);

test.each<[string, Layer, (x: Float64Array, parameters: readonly Float64Array[]) => number[]]>([
  [
    'layerNormalization over the channels',
    layers.layerNormalization(),
    (x, [gamma, beta]) =>
      normalised64(x, pixel).map((value, i) => value * gamma![channel(i)]! + beta![channel(i)]!),
  ],
  [
    'layerNormalization over all of a sample',
    layers.layerNormalization({ axis: [1, -2, 3], epsilon: 0.5 }),
    (x, [gamma, beta]) =>
      normalised64(x, sample, 0.5).map((value, i) => value * gamma![i % 24]! + beta![i % 24]!),
  ],
  [
    'layerNormalization over rows, without γ',
    layers.layerNormalization({ axis: 1, scale: false }),
    (x, [beta]) =>
      normalised64(x, (i) => `${sample(i)} ${i % 12}`).map(
        (value, i) => value + beta![Math.floor(i / 12) % 2]!,
      ),
  ],
  [
    'groupNormalization',
    layers.groupNormalization({ groups: 2 }),
    (x, [gamma, beta]) =>
      normalised64(x, (i) => `${sample(i)} ${channel(i) >> 1}`).map(
        (value, i) => value * gamma![channel(i)]! + beta![channel(i)]!,
      ),
  ],
  [
    'groupNormalization with one group, without β',
    layers.groupNormalization({ groups: 1, center: false }),
    (x, [gamma]) => normalised64(x, sample).map((value, i) => value * gamma![channel(i)]!),
  ],
  [
    'instanceNormalization',
    layers.instanceNormalization({ center: false, scale: false }),
    (x) => normalised64(x, (i) => `${sample(i)} ${channel(i)}`),
  ],
  [
    'rmsNormalization',
    layers.rmsNormalization(),
    (x, [scale]) =>
      Array.from(x, (value, i) => {
        const own = x.subarray(4 * pixel(i), 4 * pixel(i) + 4);
        const square = own.reduce((total, each) => total + each * each, 0) / 4;
        return (value * scale![channel(i)]!) / Math.sqrt(square + 1e-6);
      }),
  ],
  [
    'unitNormalization',
    layers.unitNormalization(),
    (x) => Array.from(x, (value, i) => value / Math.hypot(...x.subarray(4 * pixel(i), 4 * pixel(i) + 4))),
  ],
  [
    'globalAveragePooling2d',
    layers.globalAveragePooling2d(),
    (x) =>
      Array.from({ length: 8 }, (_, i) => {
        const own = x.filter((_value, at) => sample(at) === i >> 2 && channel(at) === i % 4);
        return own.reduce((total, each) => total + each, 0) / 6;
      }),
  ],
  [
    'globalMaxPooling2d',
    layers.globalMaxPooling2d({ keepDims: true }),
    (x) =>
      Array.from({ length: 8 }, (_, i) =>
        Math.max(...x.filter((_value, at) => sample(at) === i >> 2 && channel(at) === i % 4)),
      ),
  ],
])('%s', (_, layer, expected) => {
  const { x, parameters, y, gradients, numeric } = run(layer, image);
  expect(y.shape).toEqual([2, ...layer.outputShape([image.slice(1)])]);
  close(y.values, expected(x, parameters), 12);
  gradients.forEach((gradient, i) => close(gradient.values, numeric[i]!, 6));
  const again = layerFromConfig(layer.className, JSON.parse(JSON.stringify(layer.config)) as object);
  expect(again).toMatchObject({ className: layer.className, config: layer.config });
});

test('layerNormalization has the values and gradients of PyTorch', () => {
  expect.hasAssertions();
  const trace = new Trace();
  const [x, weights] = [
    trace.input({ shape: [2, 3], dtype: 'f32' }),
    trace.input({ shape: [2, 3], dtype: 'f32' }),
  ];
  const layer = layers.layerNormalization({ center: false, scale: false });
  const [y, loss] = trace.record(() => {
    const result = layer.call([x], {}, context);
    return [result, sum(multiply(result, weights))] as const;
  });
  const at = new Interpreter(trace, references, [y, loss]).run([
    array64([2, 3], [1, 2, 6, 0, 0, 3]),
    array64([2, 3], [1, 2, 3, 4, 5, 6]),
  ]);
  // torch.nn.functional.layer_norm(x, [3], eps=1e-3) of PyTorch 1.13, in f32.
  close(at.valueOf(y).values, [-0.92572093, -0.46286047, 1.3885814, -0.7069301, -0.7069301, 1.4138602], 6);
  close(
    gradients64(at, loss, [x])[0]!.values,
    [-0.13231665, 0.16527191, -0.032955259, -0.35364175, 0.35328841, 0.00035309792],
    5,
  );
});

test('unitNormalization leaves 0 as 0, with finite gradients', () => {
  const trace = new Trace();
  const x = trace.input({ shape: [1, 3], dtype: 'f32' });
  const y = trace.record(() => layers.unitNormalization().call([x], {}, context));
  const at = new Interpreter(trace, references, [y]).run([array64([1, 3], [0, 0, 0])]);
  expect([...at.valueOf(y).values]).toEqual([0, 0, 0]);
  close(
    gradients64(at, y, [x])[0]!.values.map((value) => value / 1e12),
    [1, 1, 1],
    9,
  );
});

describe('the dispatches of a layer and its gradients on a GPU', () => {
  const shape = [32, 14, 14, 64];
  test.each<[string, Layer, forward: number, both: number]>([
    ['layerNormalization', layers.layerNormalization(), 4, 14],
    ['groupNormalization', layers.groupNormalization({ groups: 8 }), 6, 20],
    ['instanceNormalization', layers.instanceNormalization(), 4, 14],
    ['rmsNormalization', layers.rmsNormalization(), 3, 9],
    ['unitNormalization', layers.unitNormalization(), 3, 6],
    ['globalAveragePooling2d', layers.globalAveragePooling2d(), 1, 3],
    ['globalMaxPooling2d', layers.globalMaxPooling2d(), 1, 4],
  ])('%s', (_, layer, forward, both) => {
    const device = hollowDevice('gpu');
    const tensor = (own: Shape): Tensor => Tensor.placeholder({ shape: own, dtype: 'f32' }, device);
    const specs = layer.parameters([shape.slice(1)]);
    const parameters = Object.fromEntries(specs.map(({ name, shape: own }) => [name, tensor(own)]));
    const x = tensor(shape);
    const call = (): Tensor => layer.call([x], parameters, context);
    const counts = [program(call, device).plan().dispatches.length];
    const dy = tensor([shape[0]!, ...layer.outputShape([shape.slice(1)])]);
    const step = program(() => {
      const y = call();
      return [y, ...grad(multiply(y, dy), [x, ...Object.values(parameters)])];
    }, device);
    counts.push(step.plan().dispatches.length);
    expect(counts).toEqual([forward, both]);
  });
});

test('inputs and axes that do not fit are refused by the name of the layer', () => {
  const refusal = (layer: () => Layer, shape: Shape): string => {
    try {
      layer().outputShape([shape]);
    } catch (error) {
      return (error as Error).message;
    }
    return 'not refused';
  };
  expect(
    [
      refusal(() => layers.layerNormalization({ axis: 0 }), [4, 3]),
      refusal(() => layers.layerNormalization({ axis: -3 }), [4, 3]),
      refusal(() => layers.rmsNormalization({ axis: [1, -2] }), [4, 3]),
      refusal(() => layers.unitNormalization(), []),
      refusal(() => layers.layerNormalization({ axis: 1.5 }), [4, 3]),
      refusal(() => layers.groupNormalization(), [8, 8, 48]),
      refusal(() => layers.instanceNormalization(), [48]),
      refusal(() => layers.globalMaxPooling2d(), [48]),
    ].join('\n'),
  ).toMatchInlineSnapshot(`
    "layers.layerNormalization: axis is 0 for an input of [4,3] per sample, expected 1 to 2, or -2 to -1; axis 0 is the batch.
    layers.layerNormalization: axis is -3 for an input of [4,3] per sample, expected 1 to 2, or -2 to -1; axis 0 is the batch.
    layers.rmsNormalization: axis 1 is given twice, expected each axis once.
    layers.unitNormalization: axis is -1 for an input of [] per sample, expected one axis or more.
    layers.layerNormalization: axis is 1.5, expected an integer or a list of integers.
    layers.groupNormalization: the input is [8,8,48] per sample, expected channels, the last axis, that 32 groups divide.
    layers.instanceNormalization: the input is [48] per sample, expected pixels and channels.
    layers.globalMaxPooling2d: the input is [48] per sample, expected [height,width,channels]."
  `);
});
