/**
 * Shaders made ready to compile:
 *   the kinds of marked line take their values; numbers of the caller become data
 *   a constant without a line is refused, a line without a constant keeps its own
 *   an included file stands in for its line, and is not added again for a fused op that needs it too
 *   bindings are read from the WGSL; a fused op adds its operands behind them
 *   an empty text, as of a shader that a build brings later, changes nothing
 *   the words of the step's state come from one list
 *   every shader of the project: registered by its kernel, a head comment, marked lines that say what they mean, a workgroup size by constant
 */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { shaderNames } from '../../scripts/shader_names.mjs';
import { registerShaders, shaderSource, specialise } from '../../src/engine/shader.js';
import { InternalError } from '../../src/errors.js';
import { stateSize } from '../../src/state_words.js';

registerShaders({
  'made_up/example': `// y = f(x)
const SIZE: u32 = 1; //! elements
const FACTOR: f32 = 0.5; //! what x is multiplied by
const FIXED: u32 = 7u;
alias ELEMENT = f32; //! type of one element

@group(0) @binding(0) var<storage, read> x: array<ELEMENT>;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;

fn epilogue(value: f32, index: u32, channel: u32) -> f32 { return value; } //! hook

@compute @workgroup_size(64)
fn main() {}
`,
  'made_up/shared': '// Shared.\nfn half(x: f32) -> f32 { return 0.5 * x; }\n',
  'made_up/including': `// y = x / 2
@group(0) @binding(0) var<storage, read_write> y: array<f32>;

//! include made_up/shared

fn epilogue(value: f32, index: u32, channel: u32) -> f32 { return value; } //! hook
`,
  'made_up/including_nothing': '//! include made_up/none\n',
  'made_up/with_scalars': `// y = f(SIZE, FACTOR, KERNEL)
const SIZE: u32 = 1; //! elements
const FACTOR: f32 = 0.5; //! a number
const KERNEL: array<f32, 2> = array<f32, 2>(0.0, 1.0); //! two of them
@group(0) @binding(0) var<storage, read_write> y: array<f32>;

fn epilogue(value: f32, index: u32, channel: u32) -> f32 { return value; } //! hook

@compute @workgroup_size(64)
fn main() {
  y[0] = epilogue(FACTOR * KERNEL[SIZE], 0, 0);
}
`,
  'made_up/gap': '@group(0) @binding(1) var<storage, read> x: array<f32>;\n',
});

test('marked lines take values, in the form their type needs', () => {
  const { code, bindings, label } = specialise('made_up/example', { SIZE: 12, ELEMENT: 'vec4f' }).shader;
  expect(label).toBe('made_up/example');
  expect(code).toContain('const SIZE: u32 = 12; //! elements');
  expect(code).toContain('const FACTOR: f32 = 0.5; //! what');
  expect(code).toContain('alias ELEMENT = vec4f; //! type');
  expect(code).toContain('const FIXED: u32 = 7u;');
  expect(bindings).toEqual([
    { index: 0, name: 'x', access: 'read' },
    { index: 1, name: 'y', access: 'read_write' },
  ]);
  expect(specialise('made_up/example', {}).shader.code).toBe(shaderSource('made_up/example'));
});

test('a value for a line that is not there, or not marked, is a bug of ours', () => {
  expect(() => specialise('made_up/example', { WIDTH: 1 })).toThrowErrorMatchingInlineSnapshot(
    `[InternalError: a belief of shadegrad's own is broken: made_up/example has a marked line for WIDTH. This is a bug, please report it.]`,
  );
  expect(() => specialise('made_up/example', { FIXED: 1 })).toThrow(InternalError);
  expect(() => specialise('made_up/none', {})).toThrowErrorMatchingInlineSnapshot(
    `[InternalError: a belief of shadegrad's own is broken: the shader made_up/none is registered by the module that dispatches it. This is a bug, please report it.]`,
  );
  expect(() => specialise('made_up/gap', {})).toThrowErrorMatchingInlineSnapshot(
    `[InternalError: a belief of shadegrad's own is broken: the bindings of made_up/gap count up from 0. This is a bug, please report it.]`,
  );
});

test('a fused op replaces the hook and binds what it reads and stores behind the own operands', () => {
  const { code, bindings } = specialise(
    'made_up/example',
    {},
    {
      body: '  return value + operand_0[channel];',
      operands: [
        { name: 'operand_0', type: 'array<f32>', access: 'read' },
        { name: 'stored_0', type: 'array<f32>', access: 'read_write' },
      ],
      helpers: ['fn helper() {}'],
      scalars: [],
      uniforms: [],
    },
  ).shader;
  expect(bindings.slice(2)).toEqual([
    { index: 2, name: 'operand_0', access: 'read' },
    { index: 3, name: 'stored_0', access: 'read_write' },
  ]);
  expect(code).toContain('@group(0) @binding(2) var<storage, read> operand_0: array<f32>;');
  expect(code).toContain('@group(0) @binding(3) var<storage, read_write> stored_0: array<f32>;');
  expect(code).toContain('fn helper() {}');
  expect(code).toContain('-> f32 {\n  return value + operand_0[channel];\n}');
  expect(code).not.toContain('//! hook');
});

test('an included file stands in for its line, once', () => {
  const shared = shaderSource('made_up/shared');
  const { code, bindings } = specialise('made_up/including', {}).shader;
  expect(code).toContain(`array<f32>;\n\n${shared}\nfn epilogue`);
  expect(code).not.toContain('include');
  expect(bindings).toHaveLength(1);
  const fused = specialise(
    'made_up/including',
    {},
    {
      body: '  return half(value);',
      operands: [],
      helpers: [shared, 'fn another() {}'],
      scalars: [],
      uniforms: [],
    },
  ).shader.code;
  expect(fused.split('fn half')).toHaveLength(2);
  expect(fused).toContain('fn another() {}');
  expect(() => specialise('made_up/including_nothing', {})).toThrow(
    'the shader made_up/none is registered by the module that dispatches it',
  );
});

test('numbers of the caller are data: two that differ share their code', () => {
  const use = (FACTOR: number, KERNEL: readonly number[], scalar: number) =>
    specialise(
      'made_up/with_scalars',
      { SIZE: 3, FACTOR, KERNEL },
      { body: '  return value * scalar_0;', operands: [], helpers: [], scalars: [scalar], uniforms: [] },
    );
  const { shader, scalars } = use(1e21, [0.1, -2], 3);
  expect(scalars).toEqual([1e21, 0.1, -2, 3]);
  expect(shader.code).toBe(use(-0.5, [7, 8], 1e-30).shader.code);
  expect(shader.bindings.slice(1)).toEqual([{ index: 1, name: 'scalars', access: 'uniform' }]);
  expect(shader.code).toMatchInlineSnapshot(`
    "// y = f(SIZE, FACTOR, KERNEL)
    const SIZE: u32 = 3; //! elements
    var<private> FACTOR: f32; //! a number
    var<private> KERNEL: array<f32, 2>; //! two of them
    @group(0) @binding(0) var<storage, read_write> y: array<f32>;

    var<private> scalar_0: f32;
    fn epilogue(value: f32, index: u32, channel: u32) -> f32 {
      return value * scalar_0;
    }
    @compute @workgroup_size(64)
    fn main() {
      FACTOR = scalars.FACTOR;
      KERNEL = array<f32, 2>(scalars.KERNEL_0, scalars.KERNEL_1);
      scalar_0 = scalars.scalar_0;
      y[0] = epilogue(FACTOR * KERNEL[SIZE], 0, 0);
    }

    struct Scalars {
      FACTOR: f32,
      KERNEL_0: f32,
      KERNEL_1: f32,
      scalar_0: f32,
    }
    @group(0) @binding(1) var<uniform> scalars: Scalars;
    "
  `);
  // With no number given it stands as it is written.
  expect(specialise('made_up/with_scalars', {}).shader.code).toBe(shaderSource('made_up/with_scalars'));
});

test('an empty text changes nothing', () => {
  const before = shaderSource('made_up/example');
  registerShaders({ 'made_up/example': '' });
  expect(shaderSource('made_up/example')).toBe(before);
});

const helpers = [
  'floats/erf',
  'floats/exp',
  'floats/log',
  'floats/non_finite',
  'floats/pow',
  'floats/trigonometry',
  'gather/index',
  'grid_sample/position',
  'log_sum_exp/terms',
  'pool2d/gradient_windows',
  'pool2d/windows',
  'product/inner_loop_gpu',
  'product/tile_gpu',
  'random/normal',
  'random/pcg4d',
  'softmax_cross_entropy/row',
];

// All ops and optimizers, which register their shaders.
await import('../../src/check/index.js');

test('the words of the state are included constants, which no shader declares itself', () => {
  expect(shaderSource('step_state/words').split('\n').slice(0, 4)).toEqual([
    'const STEP: u32 = 0u;',
    'const SEED: u32 = 1u;',
    'const CURSOR: u32 = 2u;',
    'const EPOCH_SIZE: u32 = 3u;',
  ]);
  const words = [...shaderSource('step_state/words').matchAll(/^const (\w+)/gm)].map(([, name]) => name);
  expect(words).toHaveLength(stateSize);
  const own = new RegExp(`^const (${words.join('|')}): u32 = \\d+u;`, 'm');
  expect(shaderNames().filter((name) => own.test(readFileSync(`shaders/${name}.wgsl`, 'utf8')))).toEqual([]);
});

test.each(shaderNames())('%s follows the house form', (name) => {
  const source = readFileSync(`shaders/${name}.wgsl`, 'utf8');
  expect(shaderSource(name), 'registered by a kernel').toBe(source);
  const lines = source.split('\n');
  expect(lines[0], 'first line').toMatch(/^\/\/ \S/);
  for (const line of lines.filter((each) => each.includes('//!')))
    expect(line, 'a marked line').toMatch(
      /^((const|alias) [A-Z]\w* *(: *[\w<>, ]+)? *= *[^;]+; *\/\/! \S.*|fn epilogue\(value: f32, index: u32, channel: u32\) -> f32 \{ return value; \} \/\/! hook|\/\/! include \w+\/\w+)$/,
    );
  expect(/@compute @workgroup_size\(\w+/.test(source)).toBe(!helpers.includes(name));
  // Twice would make the second hook a function defined twice.
  expect(source.match(/\/\/! hook/g)?.length ?? 0).toBeLessThanOrEqual(1);
});
