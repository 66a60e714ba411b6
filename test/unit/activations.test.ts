/**
 * Activations of layers:
 *   a function serves as well as a name; an unknown name is refused with the nearest
 *   a registered function is saved by its name and loads again; one without a name is refused when the model is saved
 *   layers with options: values and gradients by hand, in float64 through the interpreter; their options in files
 *   a bundle contains the activations that it uses
 */
import { build } from 'esbuild';
import { describe, expect, it } from 'vitest';
import { checks } from '../../src/check/index.js';
import type { Tensor } from '../../src/engine/tensor.js';
import { Trace } from '../../src/engine/trace.js';
import * as ops from '../../src/kernels/index.js';
import { stateSpec } from '../../src/kernels/step_state.js';
import { layerClasses } from '../../src/nn/layers/class_names.js';
import { activation, dense, elu, leakyRelu, prelu, relu, softmax } from '../../src/nn/layers/index.js';
import type { Layer } from '../../src/nn/layers/layer.js';
import { layerFromConfig } from '../../src/nn/layers/registry.js';
import { registerActivations } from '../../src/nn/layers/activation_registry.js';
import { Model, sequential } from '../../src/nn/model.js';
import { modelFromFile } from '../../src/nn/files/model_files.js';
import { array64 } from '../../src/reference/array64.js';
import { gradients64 } from '../../src/reference/derivatives.js';
import { Interpreter, referencesOf } from '../../src/reference/interpreter.js';

const references = referencesOf([...checks.values()].map(({ reference }) => reference));

/** The layer's result for one sample, and the gradients of its sum by x and by the parameters, of which all are `parameter`. */
function run(layer: Layer, x: readonly number[], parameter = 0) {
  const trace = new Trace();
  const given = trace.input({ shape: [1, x.length], dtype: 'f32' });
  const state = trace.input(stateSpec);
  const specs = layer.parameters([[x.length]]);
  const parameters = specs.map(({ shape }) => trace.input({ shape, dtype: 'f32' }));
  const named = Object.fromEntries(specs.map(({ name }, i) => [name, parameters[i] as Tensor]));
  const context = { isTraining: false, state, stream: 0, isFrozen: false };
  const y = trace.record(() => layer.call([given], named, context));
  const done = new Interpreter(trace, references, [y]).run([
    array64([1, x.length], x),
    array64([8], new Float64Array(8)),
    ...parameters.map(({ shape, size }) => array64(shape, new Float64Array(size).fill(parameter))),
  ]);
  const plain = (values: Float64Array): number[] => Array.from(values, (value) => value + 0);
  return {
    y: plain(done.valueOf(y).values),
    gradients: gradients64(done, y, [given, ...parameters]).map(({ values }) => plain(values)),
  };
}

const x = [-2, 0, 0.5, 1, 4];

describe('layers', () => {
  it.each<[string, Layer, readonly number[], readonly number[]]>([
    ['relu', relu(), [0, 0, 0.5, 1, 4], [0, 0, 1, 1, 1]],
    ['relu up to 1', relu({ maxValue: 1 }), [0, 0, 0.5, 1, 1], [0, 0, 1, 0, 0]],
    [
      'relu from 0.5 on, with a slope',
      relu({ threshold: 0.5, negativeSlope: 0.5 }),
      [-1.25, -0.25, 0, 1, 4],
      [0.5, 0.5, 0.5, 1, 1],
    ],
    [
      'relu with a slope up to 3',
      relu({ maxValue: 3, negativeSlope: 0.5 }),
      [-1, 0, 0.5, 1, 3],
      [0.5, 0.5, 1, 1, 0],
    ],
    ['leakyRelu', leakyRelu({ negativeSlope: 0.25 }), [-0.5, 0, 0.5, 1, 4], [0.25, 0.25, 1, 1, 1]],
    [
      'activation of a function',
      activation({ activation: (t) => ops.multiply(t, t) }),
      [4, 0, 0.25, 1, 16],
      [-4, 0, 1, 2, 8],
    ],
    [
      'hardSigmoid',
      activation({ activation: 'hardSigmoid' }),
      [1 / 6, 0.5, 3.5 / 6, 4 / 6, 1],
      [1 / 6, 1 / 6, 1 / 6, 1 / 6, 0],
    ],
    ['relu6', activation({ activation: 'relu6' }), [0, 0, 0.5, 1, 4], [0, 0, 1, 1, 1]],
    ['leakyRelu by name', activation({ activation: 'leakyRelu' }), [-0.4, 0, 0.5, 1, 4], [0.2, 0.2, 1, 1, 1]],
  ])('%s', (_, layer, y, dx) => {
    const got = run(layer, x);
    for (const [i, value] of y.entries()) expect(got.y[i]).toBeCloseTo(value, 12);
    for (const [i, value] of dx.entries()) expect(got.gradients[0]![i]).toBeCloseTo(value, 12);
  });

  it('prelu learns its slopes', () => {
    expect(run(prelu(), x, 0.5)).toEqual({
      y: [-1, 0, 0.5, 1, 4],
      gradients: [
        [0.5, 0.5, 1, 1, 1],
        [-2, 0, 0, 0, 0],
      ],
    });
    expect(run(prelu({ sharedAxes: [1] }), [-2, -3, 1], 2)).toEqual({
      y: [-4, -6, 1],
      gradients: [[2, 2, 1], [-5]],
    });
    expect(prelu({ sharedAxes: [1, 2] }).parameters([[4, 4, 3]])[0]!.shape).toEqual([1, 1, 3]);
    expect(() => prelu({ sharedAxes: [3] }).outputShape([[4, 4]])).toThrow(
      'sharedAxes contains 3, expected axes from 1 to 2',
    );
  });

  it('elu has the default of Keras, and softmax takes an axis', () => {
    expect(run(elu(), [-1]).y[0]).toBeCloseTo(Math.exp(-1) - 1, 12);
    expect(run(softmax(), [0, Math.log(3)]).y.map((value) => value.toFixed(12))).toEqual([
      '0.250000000000',
      '0.750000000000',
    ]);
    expect(() => softmax({ axis: 2 }).outputShape([[3]])).toThrow('axis 2 is not an axis of [3] per sample');
  });

  it.each([
    ['ReLU', { maxValue: 6, negativeSlope: 0.1, threshold: 1 }],
    ['LeakyReLU', { negativeSlope: 0.1 }],
    ['PReLU', { sharedAxes: [1, 2] }],
    ['ELU', { alpha: 0.5 }],
    ['Softmax', { axis: 1 }],
  ])('%s in files', (className, config) => {
    expect(layerFromConfig(className, config)).toMatchObject({ className, config });
    expect(Object.keys(layerClasses)).toContain(className);
  });
});

const withActivation = (given: Parameters<typeof dense>[0]['activation'] & {}) =>
  sequential([dense({ units: 2, activation: given, inputShape: [3] })]);
const savedName = (model: Model): unknown => {
  const { layers } = model.toJson() as { layers: { config: { activation: unknown } }[] };
  return layers[0]!.config.activation;
};

describe('names', () => {
  it('are those of all activations where models load from files', () => {
    expect(modelFromFile).toBeDefined();
    expect(savedName(withActivation('mish'))).toBe('mish');
  });

  it('saves the names of the functions that have one', () => {
    expect(savedName(withActivation('gelu'))).toBe('gelu');
    expect(savedName(withActivation(ops.gelu))).toBe('gelu');
    expect(savedName(withActivation(ops.softmax))).toBe('softmax');
  });

  it('saves a custom activation once it is registered, and loads it again', () => {
    const cubed = (t: Tensor): Tensor => ops.pow(t, 3);
    const model = withActivation(cubed);
    expect(() => model.toJson()).toThrow(
      "model: the activation of layer 'dense' has no name; use registerActivations({ name: fn }).",
    );
    registerActivations({ cubed });
    expect(savedName(model)).toBe('cubed');
    expect(savedName(Model.fromJson(model.toJson()))).toBe('cubed');
  });

  it('refuses an unknown name with the nearest, and what is not a function', () => {
    expect(() => withActivation('swish' as never)).toThrow(
      /activation is 'swish', expected a registered activation, such as 'relu', or a function, such as ops.gelu; did you mean 'silu'/,
    );
    expect(() => withActivation('leaky_relu' as never)).toThrow("did you mean 'leakyRelu'");
    expect(() => withActivation(3 as never)).toThrow(
      "activation is 3, expected a registered activation, such as 'relu', or a function",
    );
    expect(() => registerActivations({ mine: 'gelu' as never })).toThrow(
      "registerActivations: mine is 'gelu', expected a function",
    );
  });
});

it('a bundle contains the activations that it uses', async () => {
  const modules = async (activation: string): Promise<string[]> => {
    const { metafile } = await build({
      stdin: {
        contents: `
          import { dense } from './src/nn/layers/index.ts';
          import { gelu } from './src/kernels/index.ts';
          import { sequential } from './src/nn/model.ts';
          console.log(sequential([dense({ units: 10, inputShape: [784], activation: ${activation} })]).predict);`,
        resolveDir: process.cwd(),
        loader: 'ts',
      },
      bundle: true,
      minify: true,
      format: 'esm',
      loader: { '.wgsl': 'text' },
      packages: 'external',
      write: false,
      metafile: true,
      outdir: 'out',
      logLevel: 'silent',
    });
    const { inputs } = Object.values(metafile.outputs)[0]!;
    return Object.keys(inputs).filter((path) => inputs[path]!.bytesInOutput > 0);
  };
  const brought = [
    'src/kernels/gelu.ts',
    'src/kernels/erf.ts',
    'shaders/floats/erf.wgsl',
    'src/kernels/silu.ts',
    'src/kernels/elu.ts',
    'shaders/floats/log.wgsl',
  ];
  const of = async (activation: string): Promise<string[]> => {
    const found = await modules(activation);
    return brought.filter((path) => found.includes(path));
  };
  expect(await of("'relu'")).toEqual([]);
  expect(await of('gelu')).toEqual(brought.slice(0, 3));
});
