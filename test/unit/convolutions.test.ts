/**
 * The convolutions that are made of others, by hand, and their layers:
 *   ops: depthwise with several outputs per channel, separable; without dilation and groups, conv2d is the op it always was
 *   layers: shapes, parameters with Keras's names, layouts and fans, multiply-adds, descriptions that are read again
 *   what does not fit is refused with the name of the layer
 *   the sizes of transposed convolutions are Keras's
 */
import { expect, it, test } from 'vitest';
import { checks } from '../../src/check/index.js';
import type { Tensor } from '../../src/engine/tensor.js';
import { Trace } from '../../src/engine/trace.js';
import { conv2d, conv2dTranspose, depthwiseConv2d, separableConv2d } from '../../src/kernels/index.js';
import { layerClasses } from '../../src/nn/layers/class_names.js';
import * as layers from '../../src/nn/layers/index.js';
import type { Layer } from '../../src/nn/layers/layer.js';
import { parameterExtensions } from '../../src/nn/parameters/parameter_options.js';
import { registerLayers } from '../../src/nn/layers/registry.js';
import { sequential } from '../../src/nn/model.js';
import { layerCosts } from '../../src/nn/network/network_cost.js';
import { networkFromJson, networkToJson } from '../../src/nn/files/network_json.js';
import { allParameterOptions } from '../../src/nn/parameters/parameter_extensions.js';
import { type Array64, array64 } from '../../src/reference/array64.js';
import { Interpreter, referencesOf } from '../../src/reference/interpreter.js';

registerLayers(layerClasses);
parameterExtensions.provide(allParameterOptions);
const references = referencesOf([...checks.values()].map(({ reference }) => reference));

function computed(inputs: readonly Array64[], fn: (...tensors: Tensor[]) => Tensor): Array64 {
  const trace = new Trace();
  const tensors = inputs.map(({ shape, dtype }) => trace.input({ shape, dtype }));
  const result = trace.record(() => fn(...tensors));
  return new Interpreter(trace, references, [result]).run(inputs).valueOf(result);
}

function opsOf(shapes: readonly (readonly number[])[], fn: (...tensors: Tensor[]) => unknown): string[] {
  const trace = new Trace();
  const tensors = shapes.map((shape) => trace.input({ shape, dtype: 'f32' }));
  trace.record(() => fn(...tensors));
  return trace.tape.map(({ op }) => op);
}

const image = array64([1, 1, 3, 2], [1, 10, 2, 20, 3, 30]);
// Channel 0 by 1 1 and by 0 2, channel 1 by 1 −1 and by 3 0.
const depthwiseKernel = array64([1, 2, 2, 2], [1, 0, 1, 3, 1, 2, -1, 0]);

it('depthwise: the outputs of a channel are neighbours', () => {
  const y = computed([image, depthwiseKernel], (x, kernel) => depthwiseConv2d(x, kernel));
  expect(y.shape).toEqual([1, 1, 2, 4]);
  expect([...y.values]).toEqual([3, 4, -10, 30, 5, 6, -10, 60]);
});

it('separable: the pointwise kernel mixes them', () => {
  const pointwise = array64([1, 1, 4, 1], [1, 10, 100, 1000]);
  const y = computed([image, depthwiseKernel, pointwise], (x, depthwise, pointwiseKernel) =>
    separableConv2d(x, { depthwiseKernel: depthwise, pointwiseKernel: pointwiseKernel }),
  );
  expect([...y.values]).toEqual([3 + 40 - 1000 + 30_000, 5 + 60 - 1000 + 60_000]);
});

it('a plain convolution is the same op as before', () => {
  const shapes = [
    [1, 4, 4, 2],
    [3, 3, 2, 4],
  ];
  expect(opsOf(shapes, (x, kernel) => conv2d(x, kernel, { dilationRate: [1, 1], groups: 1 }))).toEqual([
    'conv2d',
  ]);
  const trace = new Trace();
  const [x, kernel] = shapes.map((shape) => trace.input({ shape, dtype: 'f32' }));
  trace.record(() => conv2d(x!, kernel!, { dilationRate: 1 }));
  expect(trace.tape).toMatchObject([{ attributes: { strides: [1, 1], pads: [0, 0, 0, 0] } }]);
  expect(Object.keys((trace.tape[0] as { attributes: object }).attributes)).toEqual(['strides', 'pads']);
});

test.each([
  ["'same' multiplies by the stride", { strides: 2, padding: 'same' }, [10, 14]],
  ["'valid' keeps whole windows", { strides: 2 }, [11, 16]],
  ['a stride above the window leaves gaps', { strides: [4, 5] }, [20, 35]],
  ["output padding, 'same'", { strides: 2, padding: 'same', outputPadding: [0, 1] }, [9, 13]],
  ["output padding, 'valid'", { strides: 2, outputPadding: 1 }, [12, 17]],
  ['dilation', { dilationRate: 2 }, [9, 13]],
] as const)('the size of a transposed convolution: %s', (_, options, size) => {
  const trace = new Trace();
  const [x, kernel] = [
    [1, 5, 7, 2],
    [3, 4, 6, 2],
  ].map((shape) => trace.input({ shape, dtype: 'f32' }));
  expect(trace.record(() => conv2dTranspose(x!, kernel!, options)).shape).toEqual([1, ...size, 6]);
});

const inputShape = [9, 7, 6];

test.each<[string, Layer, string, readonly number[], Record<string, unknown>, number]>([
  [
    'conv2d, dilated, in groups',
    layers.conv2d({ filters: 4, kernelSize: 3, dilationRate: [2, 1], groups: 2, inputShape }),
    'conv2d',
    [5, 5, 4],
    { kernel: { shape: [3, 3, 3, 4], initializer: { fanIn: 27, fanOut: 36 } }, bias: { shape: [4] } },
    5 * 5 * 4 * 27,
  ],
  [
    'depthwiseConv2d',
    layers.depthwiseConv2d({ kernelSize: [3, 2], depthMultiplier: 2, padding: 'same', inputShape }),
    'depthwise_conv2d',
    [9, 7, 12],
    { kernel: { shape: [3, 2, 6, 2], initializer: { fanIn: 36, fanOut: 12 } }, bias: { shape: [12] } },
    9 * 7 * 12 * 6,
  ],
  [
    'separableConv2d',
    layers.separableConv2d({ filters: 5, kernelSize: 3, strides: 2, depthMultiplier: 2, inputShape }),
    'separable_conv2d',
    [4, 3, 5],
    {
      depthwise_kernel: { shape: [3, 3, 6, 2], initializer: { fanIn: 54, fanOut: 18 } },
      pointwise_kernel: { shape: [1, 1, 12, 5], initializer: { fanIn: 12, fanOut: 5 } },
      bias: { shape: [5] },
    },
    4 * 3 * (12 * 9 + 5 * 12),
  ],
  [
    'conv2dTranspose',
    layers.conv2dTranspose({ filters: 5, kernelSize: 3, strides: 2, padding: 'same', inputShape }),
    'conv2d_transpose',
    [18, 14, 5],
    { kernel: { shape: [3, 3, 5, 6], initializer: { fanIn: 45, fanOut: 54 } }, bias: { shape: [5] } },
    9 * 7 * 6 * 45,
  ],
])('%s: shape, parameters, cost and description', (_, layer, name, shape, parameters, multiplyAdds) => {
  const { network } = sequential([layer]);
  const [node] = network.nodes;
  expect(node!.name).toBe(name);
  expect(node!.outputShape).toEqual(shape);
  const found = Object.fromEntries(network.parameters.map((each) => [each.name, each]));
  expect(Object.keys(found)).toEqual(Object.keys(parameters));
  expect(found).toMatchObject(parameters);
  expect(layerCosts(network).get(node!.name)!.multiplyAdds).toBe(multiplyAdds);
  const json = JSON.parse(JSON.stringify(networkToJson(network))) as object;
  expect(networkToJson(networkFromJson(json))).toEqual(json);
});

it('initialisers, penalties and constraints have the names of Keras', () => {
  const { parameters } = sequential([
    layers.separableConv2d({
      filters: 5,
      kernelSize: 3,
      depthwiseInitializer: 'heNormal',
      depthwiseRegularizer: { l2: 0.5 },
      pointwiseInitializer: 'ones',
      pointwiseConstraint: 'nonNeg',
      biasInitializer: 'ones',
      inputShape,
    }),
    layers.depthwiseConv2d({
      kernelSize: 1,
      depthwiseInitializer: 'ones',
      depthwiseRegularizer: { l2: 0.25 },
    }),
    layers.conv2dTranspose({ filters: 2, kernelSize: 1, kernelInitializer: 'zeros' }),
    layers.conv2d({
      filters: 2,
      kernelSize: 1,
      groups: 2,
      kernelInitializer: 'ones',
      kernelRegularizer: { l2: 2 },
    }),
  ]).network;
  const found = Object.fromEntries(parameters.map((each) => [each.path, each]));
  expect(found).toMatchObject({
    'separable_conv2d/depthwise_kernel': {
      initializer: { kind: 'heNormal', fanIn: 54, fanOut: 9 },
      l2: 0.5,
    },
    'separable_conv2d/pointwise_kernel': { initializer: { kind: 'ones' }, constraint: { kind: 'nonNeg' } },
    'separable_conv2d/bias': { initializer: { kind: 'ones' } },
    'depthwise_conv2d/kernel': { initializer: { kind: 'ones' }, l2: 0.25 },
    'conv2d_transpose/kernel': { initializer: { kind: 'zeros' } },
    'conv2d/kernel': { shape: [1, 1, 1, 2], initializer: { kind: 'ones' }, l2: 2 },
  });
});

it('a plain convolution is described as in earlier files', () => {
  const { config } = layers.conv2d({ filters: 4, kernelSize: 3, groups: 1, dilationRate: 1 });
  expect(Object.keys(config)).toEqual([
    'filters',
    'kernelSize',
    'strides',
    'padding',
    'activation',
    'useBias',
    'kernelRegularizer',
  ]);
});

it('what does not fit is refused with the name of the layer', () => {
  const flat = { inputShape: [9] };
  const refusals = [
    () => layers.conv2d({ filters: 3, kernelSize: 3, groups: 2 }),
    () => sequential([layers.conv2d({ filters: 4, kernelSize: 3, groups: 4, inputShape })]),
    () => sequential([layers.conv2d({ filters: 4, kernelSize: 3, dilationRate: 4, inputShape })]),
    () => sequential([layers.depthwiseConv2d({ kernelSize: 3, ...flat })]),
    () => sequential([layers.depthwiseConv2d({ kernelSize: 3, dilationRate: 4, inputShape })]),
    () => sequential([layers.separableConv2d({ filters: 1, kernelSize: 3, ...flat })]),
    () => sequential([layers.conv2dTranspose({ filters: 1, kernelSize: 3, ...flat })]),
    () => sequential([layers.conv2dTranspose({ filters: 1, kernelSize: 3, outputPadding: 1, inputShape })]),
    () => layers.conv2d({ filters: 4, kernelSize: 3, dilation: 2 } as never),
    () => layers.depthwiseConv2d({ kernelSize: 3, multiplier: 2 } as never),
  ];
  const messages = refusals.map((call) => {
    try {
      call();
      return '';
    } catch (error) {
      return (error as Error).message.replace(/^model: layer '\w+': /, '');
    }
  });
  expect(messages).toEqual([
    'layers.conv2d: filters is 3, expected a multiple of groups, 2.',
    'layers.conv2d: the input has 6 channels, expected a multiple of groups, 4.',
    "layers.conv2d: the window 9×9 exceeds the input of 9×7 pixels; use padding 'same' or a smaller window.",
    'layers.depthwiseConv2d: the input is [9] per sample, expected [height,width,channels].',
    "layers.depthwiseConv2d: the window 9×9 exceeds the input of 9×7 pixels; use padding 'same' or a smaller window.",
    'layers.separableConv2d: the input is [9] per sample, expected [height,width,channels].',
    'layers.conv2dTranspose: the input is [9] per sample, expected [height,width,channels].',
    'layers.conv2dTranspose: outputPadding is 1×1, expected less than the strides, 1×1.',
    "layers.conv2d: 'dilation' is not an option; did you mean 'dilationRate'?",
    "layers.depthwiseConv2d: 'multiplier' is not an option; did you mean 'depthMultiplier'?",
  ]);
});

it('operands that do not fit are refused with the name of the op and of the kernel', () => {
  const refused = (shapes: readonly (readonly number[])[], fn: (...tensors: Tensor[]) => unknown): string => {
    try {
      opsOf(shapes, fn);
      return '';
    } catch (error) {
      return (error as Error).message;
    }
  };
  const x = [1, 4, 4, 3];
  const separable = (a: Tensor, depthwise: Tensor, pointwiseKernel: Tensor): unknown =>
    separableConv2d(a, { depthwiseKernel: depthwise, pointwiseKernel });
  expect([
    refused([x, [3, 3, 2, 1]], (a, kernel) => depthwiseConv2d(a, kernel)),
    refused([x, [3, 3, 3]], (a, kernel) => depthwiseConv2d(a, kernel)),
    refused([x, [5, 3, 3, 1]], (a, kernel) => depthwiseConv2d(a, kernel)),
    refused([x, [3, 3, 2, 1], [1, 1, 2, 4]], (a, b, c) => separable(a, b, c)),
    refused([x, [3, 3, 3, 2], [1, 1, 3, 4]], (a, b, c) => separable(a, b, c)),
  ]).toEqual([
    'depthwiseConv2d: kernel expects 2 input channels but x has 3 (x [1,4,4,3], kernel [3,3,2,1]).',
    'depthwiseConv2d: x is [1,4,4,3] and kernel [3,3,3], expected [N,H,W,C] and [KH,KW,C,M].',
    "depthwiseConv2d: the window 5×3 exceeds the input of 4×4 pixels; use padding 'same' or a smaller window.",
    'separableConv2d: depthwiseKernel expects 2 input channels but x has 3 (x [1,4,4,3], depthwiseKernel [3,3,2,1]).',
    'separableConv2d: pointwiseKernel is [1,1,3,4], expected [1,1,6,O] after depthwiseKernel [3,3,3,2].',
  ]);
});
