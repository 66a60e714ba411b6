/**
 * Ops of a user's own:
 *   an expression and a shader compute what their formula says, alone, in programs, broadcast, fused, with options
 *   their gradients and second derivatives pass `gradcheck`, which finds rules that are wrong
 *   layers made of them train, and load from files
 *   definitions and calls that cannot work are refused by name
 */
import { expect, it } from 'vitest';
import { gradcheck } from '../../src/kernels/gradcheck.js';
import { grad } from '../../src/kernels/grad.js';
import { program } from '../../src/engine/program.js';
import { Tensor } from '../../src/engine/tensor.js';
import { defineOp } from '../../src/kernels/define_op.js';
import { add, multiply, relu, reshape, reverse, scale, sigmoid, sum } from '../../src/kernels/index.js';
import { defineLayer } from '../../src/nn/layers/define_layer.js';
import { dense, flatten } from '../../src/nn/layers/index.js';
import { layerClasses } from '../../src/nn/layers/class_names.js';
import { registerLayers } from '../../src/nn/layers/registry.js';
import { Model, sequential } from '../../src/nn/model.js';
import { sgd } from '../../src/nn/optimizers/index.js';
import { bars } from '../device/small_model.js';
import { useDevice } from '../device/device.js';

const held = useDevice();

const swish = defineOp({
  name: 'swish',
  inputs: ['x', 'gain'],
  expression: 'x / (1 + exp(-gain * x))',
  backward: ({ inputs: { x, gain }, gradients: { y: dy } }) => {
    const s = sigmoid(multiply(gain, x));
    const slope = multiply(s, scale(s, -1, 1));
    return {
      x: () => multiply(dy, add(s, multiply(multiply(gain, x), slope))),
      gain: () => multiply(dy, multiply(multiply(x, x), slope)),
    };
  },
});

const tensor = (values: number[], shape: number[] = [values.length]): Tensor => Tensor.from(values, shape);
const swish64 = (x: number, gain: number): number => x / (1 + Math.exp(-gain * x));

it('computes an expression, broadcast', async () => {
  void held.device;
  const y = swish(tensor([-2, -1, 0, 1, 2, 3], [2, 3]), tensor([1, 2, 0.5]));
  expect(y.shape).toEqual([2, 3]);
  const expected = [-2, -1, 0, 1, 2, 3].map((x, i) => swish64(x, [1, 2, 0.5][i % 3]!));
  expect([...(await y.data())]).toEqual(expected.map((each): unknown => expect.closeTo(each, 5)));
});

it('has derivatives that gradcheck accepts, to the second order', async () => {
  const cases = [
    [[2, 3], [3]],
    [tensor([0, 3, -30]), [1]],
  ];
  const { passed, comparisons, worst } = await gradcheck(swish, cases);
  expect({ passed, comparisons }).toEqual({ passed: true, comparisons: 2 * (6 + 3 + 3 + 1) });
  expect(worst).toBeLessThan(0.5);
  const reference = (x: Float64Array, gain: Float64Array): Float64Array =>
    x.map((each, i) => swish64(each, gain[i % 3]!));
  expect((await gradcheck(swish, [[[2, 3], [3]]], { reference, order: 1 })).comparisons).toBe(6 + 9);
});

/** x³, with a rule from a slope. */
const cubeWith = (name: string, slope: (x: Tensor) => Tensor) =>
  defineOp({
    name,
    inputs: ['x'],
    expression: 'x * x * x',
    backward: ({ inputs: { x }, gradients: { y: dy } }) => ({ x: multiply(dy, slope(x)) }),
  });
const cubed = cubeWith('cubed', (x) => scale(multiply(x, x), 3));

it('is found wrong by gradcheck for a wrong value, factor, path and second derivative', async () => {
  const x = [tensor([0.5, -1, 2])];
  await expect(
    gradcheck(
      cubeWith('factor', (at) => multiply(at, at)),
      [x],
    ),
  ).rejects.toThrow(
    /^gradcheck: 3 of 6 values are wrong:\n {2}case 0: the gradient by argument 0 is -?[\d.]+ at element 0, expected -?[\d.]+ ± /,
  );
  await expect(gradcheck(cubed, [x], { reference: (at) => at.map((each) => each ** 3 + 1) })).rejects.toThrow(
    'gradcheck: 3 of 9 values are wrong:\n  case 0: the result 0 is 0.125000 at element 0, expected 1.12500 ±',
  );
  // The slope is right, and its own derivative lost.
  const constant = cubeWith('constant', (at) => {
    const slope = scale(multiply(at, at), 3);
    return multiply(slope, add(scale(cubeWith('zero', () => at)(at), 0), 1));
  });
  const second = await gradcheck(constant, [x], { raiseException: false });
  expect(second.failures.every(({ order }) => order === 2)).toBe(true);
  // The rule gives one row's gradient for an operand that was broadcast over two.
  const rows = defineOp({
    name: 'rows',
    inputs: ['x', 'offset'],
    expression: 'x + offset',
    backward: ({ inputs: { offset }, gradients: { y: dy } }) => ({ x: dy, offset: scale(offset, 0, 1) }),
  });
  await expect(gradcheck(rows, [[[2, 3], [3]]], { order: 1 })).rejects.toThrow('the gradient by argument 1');
  await expect(gradcheck(cubed, [[[2.5]]])).rejects.toThrow('gradcheck: cases is');
  await expect(gradcheck(() => 1 as never, [[[2]]])).rejects.toThrow(
    'gradcheck: the result of the function is 1, expected',
  );
});

const leak = defineOp({
  name: 'leak',
  inputs: ['x'],
  options: { slope: 0.1 },
  functions: 'const half = 0.5;\nfn below(x: f32, slope: f32) -> f32 { return x * slope + half - half; }',
  expression: 'select(below(x, slope), x, x > 0)',
  backward: ({ inputs: { x }, gradients: { y: dy }, options: { slope } }) => ({
    x: multiply(dy, slopeOf(x, { slope })),
  }),
});
const slopeOf = defineOp({
  name: 'slopeOf',
  inputs: ['x'],
  options: { slope: 0.1 },
  functions: 'fn below(x: f32) -> f32 { return x; }',
  expression: 'select(slope * below(1.0), 1.0, x > 0)',
  backward: () => ({ x: null }),
});

it('takes options and functions, and is fused with other ops into one kernel', async () => {
  const x = tensor([-2, -1, 1, 2]);
  expect([...(await leak(x).data())]).toEqual([expect.closeTo(-0.2), expect.closeTo(-0.1), 1, 2]);
  expect([...(await leak(x, { slope: 0.5 }).data())]).toEqual([-1, -0.5, 1, 2]);
  const whole = program((at: Tensor) => {
    const y = scale(leak(leak(at, { slope: 0.5 }), { slope: 0.25 }), 2);
    return { gradient: grad(sum(y), [at])[0], y };
  });
  const { y, gradient } = whole.call(x);
  expect([...(await y.data())]).toEqual([-0.5, -0.25, 2, 4]);
  expect([...(await gradient.data())]).toEqual([0.25, 0.25, 2, 2]);
  expect(program((at: Tensor) => scale(leak(relu(at)), 2)).plan(x).dispatches).toHaveLength(1);
  await gradcheck((at) => leak(at), [[tensor([-2, -1, 1, 2])]]);
});

const rowSums = defineOp({
  name: 'rowSums',
  inputs: ['x'],
  options: { factor: 1, isReversed: false },
  outputShape: ({ x }) => [x[0]!],
  shader: `
    const ROWS: u32 = 1;
    const COLUMNS: u32 = 1;
    const FACTOR: f32 = 1.0;
    @group(0) @binding(0) var<storage, read> x: array<f32>;
    @group(0) @binding(1) var<storage, read_write> y: array<f32>;
    @compute @workgroup_size(64) fn main(@builtin(global_invocation_id) at: vec3u) {
      if (at.x >= ROWS) { return; }
      const zero: f32 = 0.0;
      var total = zero;
      for (var k = 0u; k < COLUMNS; k++) { total += x[at.x * COLUMNS + k]; }
      y[at.x] = FACTOR * total;
    }`,
  constants: ({ x }, { factor }) => ({ ROWS: x[0]!, COLUMNS: x[1]!, FACTOR: factor }),
  workgroups: ({ x }) => Math.ceil(x[0]! / 64),
  backward: ({ inputs: { x }, gradients: { y: dy }, options: { factor } }) => ({
    x: scale(multiply(add(scale(x, 0), 1), reshape(dy, [x.shape[0]!, 1])), factor),
  }),
});

it('runs a shader, in a program and at its edges', async () => {
  for (const [rows, columns] of [
    [1, 1],
    [3, 5],
    [64, 2],
    [65, 7],
  ] as const) {
    const values = Array.from({ length: rows * columns }, (_, i) => (i % 7) - 3);
    const expected = Array.from({ length: rows }, (_, r) =>
      values.slice(r * columns, (r + 1) * columns).reduce((total, each) => total + each, 0),
    );
    const x = tensor(values, [rows, columns]);
    expect([...(await rowSums(x).data())]).toEqual(expected);
    const doubled = program((at: Tensor) => relu(rowSums(at, { factor: 2 }))).call(x);
    expect([...(await doubled.data())]).toEqual(expected.map((each) => Math.max(0, 2 * each)));
  }
  await gradcheck((x) => rowSums(x, { factor: 3 }), [[[3, 4]], [[65, 2]]], { most: 6 });
});

const splitSigns = defineOp({
  name: 'splitSigns',
  inputs: ['x', 'index'],
  outputs: ['above', 'places'],
  dtypes: { index: 'u32', places: 'u32' },
  outputShape: ({ x }) => ({ above: x, places: x }),
  shader: `
@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read> index: array<u32>;
@group(0) @binding(2) var<storage, read_write> above: array<f32>;
@group(0) @binding(3) var<storage, read_write> places: array<u32>;
@compute @workgroup_size(1)
fn main(@builtin(workgroup_id) group: vec3u) {
  above[group.x] = max(x[index[group.x]], 0.0);
  places[group.x] = index[group.x] + 1u;
}`,
  workgroups: ({ x }) => x[0]!,
  backward: ({ inputs: { x }, outputs: { above }, gradients: { above: d } }) => ({
    x: reverse(multiply(d, relu(multiply(above, above))), x.shape.length - 1),
    index: null,
  }),
});

it('has several outputs and integers, which have no gradient', async () => {
  const [x, index] = [tensor([-1, 2, 1]), Tensor.from(Uint32Array.of(2, 1, 0), [3])];
  const { above, places } = splitSigns(x, index);
  expect([...(await above.data())]).toEqual([1, 2, 0]);
  expect([...(await places.data())]).toEqual([3, 2, 1]);
  const gradient = program((at: Tensor) => grad(sum(splitSigns(at, index).above), [at])[0]).call(x);
  expect([...(await gradient.data())]).toEqual([0, 4, 1]);
});

it('trains in a layer, and loads from a file', async () => {
  const Leaky = defineLayer({
    className: 'LeakOfDefineOp',
    defaults: { slope: 0.2 },
    call: (x, _, { config }) => leak(x, config),
  });
  const layers = [
    flatten({ inputShape: [8, 8, 1] }),
    dense({ units: 4 }),
    Leaky(),
    dense({ units: 3, activation: 'softmax' }),
  ];
  const model = sequential(layers, { device: held.device });
  model.compile({ optimizer: sgd({ learningRate: 0.1 }), loss: 'sparseCategoricalCrossentropy' });
  const set = bars(12);
  const { metrics } = await model.fit(set, { epochs: 3, batchSize: 4 });
  expect(metrics['loss']![2]).toBeLessThan(metrics['loss']![0]!);
  registerLayers(layerClasses);
  const loaded = Model.fromJson(model.toJson(), { device: held.device });
  loaded.setWeights(await model.weights());
  expect([...(await loaded.predict(set))]).toEqual([...(await model.predict(set))]);
});

const base = { name: 'odd', inputs: ['x'] } as const;
const shaderOf = (body: string, more = ''): string => `
@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;
${more}@compute @workgroup_size(1)
fn main(@builtin(workgroup_id) group: vec3u) { ${body} }`;
const shaped = { outputShape: ({ x }: { x: readonly number[] }) => x, workgroups: (): number => 1 };

it.each([
  [
    'a name',
    { ...base, name: 'no name', expression: 'x' },
    "defineOp: name is 'no name', expected a name of letters, digits and _.",
  ],
  [
    'no inputs',
    { ...base, inputs: [], expression: '1.0' },
    'defineOp: odd: inputs is [], expected one or more names.',
  ],
  ['neither form', base, 'defineOp: expression is missing, expected WGSL.'],
  [
    'a misspelt member',
    { ...base, expresion: 'x' },
    "defineOp: 'expresion' is not an option; did you mean 'expression'?",
  ],
  [
    'a misspelt function',
    { ...base, expression: 'sqr(x)' },
    "defineOp: odd: expression has 'sqr', which is neither an input, an option, one of its functions nor a function of WGSL; did you mean 'sqrt'?",
  ],
  [
    'a statement',
    { ...base, expression: 'let a = x; a' },
    'expected one WGSL expression without statements and comments',
  ],
  ['open brackets', { ...base, expression: 'exp(x' }, "expression is 'exp(x', whose brackets do not match."],
  [
    'an input that is not used',
    { ...base, inputs: ['x', 'z'], expression: 'x' },
    "defineOp: odd: expression does not use 'z'; use it or leave it out.",
  ],
  [
    'one name twice',
    { ...base, inputs: ['x', 'x'], expression: 'x' },
    "the name 'x' occurs twice among inputs, options and results; rename one.",
  ],
  ['an input like the result', { ...base, inputs: ['y'], expression: 'y' }, "the name 'y' occurs twice"],
  ['no main', { ...base, ...shaped, shader: 'fn run() {}' }, "the shader has no function 'main'"],
  [
    'no binding',
    { ...base, ...shaped, shader: 'fn main() {}' },
    "the shader has no binding of 'x', expected '@group(0) @binding(…) var<storage, read> x: array<f32>;'.",
  ],
  [
    'another binding',
    { ...base, ...shaped, shader: shaderOf('', '@group(0) @binding(2) var<uniform> n: u32;\n') },
    'the shader has a binding that is not storage of group 0',
  ],
  [
    'no shape',
    { ...base, shader: shaderOf(''), workgroups: (): number => 1 },
    'defineOp: outputShape is missing, expected a function.',
  ],
])('refuses %s', (_, definition, message) => {
  expect(() => defineOp(definition as never)).toThrow(message);
});

it('refuses calls, shapes and gradients by name', async () => {
  const x = tensor([1, 2]);
  const one = defineOp({ ...base, ...shaped, shader: shaderOf('y[0] = x[0];') });
  expect(() => swish(x, 3 as never)).toThrow('swish: gain is 3, expected a Tensor; make one with');
  expect(() => (swish as (...all: unknown[]) => Tensor)(x, x, {}, 1)).toThrow(
    'swish: 4 arguments, expected x, gain.',
  );
  expect(() => leak(x, { slop: 1 } as never)).toThrow("leak: 'slop' is not an option; did you mean 'slope'?");
  expect(() => leak(x, { slope: NaN })).toThrow('leak: slope is NaN, expected a finite number.');
  expect(() => swish(x, tensor([1, 2, 3]))).toThrow('swish: the shapes [2] and [3] do not broadcast');
  expect(() => program((at: Tensor) => grad(sum(one(at)), [at])[0]).call(x)).toThrow(
    'grad: the loss depends on the tensors through odd, which has no gradient.',
  );
  const gradientOf = (backward: () => object): (() => unknown) => {
    const op = defineOp({
      ...base,
      ...shaped,
      shader: shaderOf('y[0] = x[0];'),
      backward: backward as never,
    });
    return () => program((at: Tensor) => grad(sum(op(at)), [at])[0]).call(x);
  };
  expect(gradientOf(() => ({}))).toThrow('odd: backward gave no gradient of x; return null if it is 0.');
  expect(gradientOf(() => ({ x: 1 }))).toThrow('odd: backward: the gradient of x is 1, expected a tensor.');
  expect(gradientOf(() => ({ x: tensor([1]) }))).toThrow(
    'odd: backward gave [1] as the gradient of x, expected [2].',
  );
  const made = (more: object): (() => unknown) => {
    const op: (at: Tensor) => Tensor = defineOp({
      ...base,
      ...shaped,
      shader: shaderOf('y[0] = x[0];'),
      ...more,
    } as never);
    return () => op(x);
  };
  expect(made({ outputShape: () => [0] })).toThrow(
    'odd: outputShape gave [0] for y, expected a list of positive integers.',
  );
  expect(made({ workgroups: () => 0 })).toThrow(
    'odd: workgroups is [0], expected a positive integer, or three of them.',
  );
  expect(made({ workgroups: () => 70_000 })).toThrow(
    'odd: 70000 workgroups in one direction, expected at most 65535; spread them over x, y and z.',
  );
  expect(made({ constants: () => ({ ROWS: 1 }) })).toThrow(
    "odd: constants has 'ROWS', but the shader has no line 'const ROWS: u32 = 1;'.",
  );
  expect([...(await defineOp({ ...base, expression: 'x > 1' })(x).data())]).toEqual([0, 1]);
  const wrongType = defineOp({ ...base, expression: 'mix(x, 1.0)' });
  await expect((async () => wrongType(x).data())()).rejects.toThrow(
    / does not compile:[^]*\/\* odd \*\/ \(mix\(/,
  );
});
