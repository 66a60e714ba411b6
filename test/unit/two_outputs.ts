/** A kernel with an epilogue and a second output, and a kernel that computes the second output alone. */
import type { Primitive, Variant } from '../../src/engine/primitive.js';
import { registerShaders } from '../../src/engine/shader.js';

const cost = () => ({ flops: 0, bytes: 0 });

function baseline(shader: string, hasEpilogue: boolean): Variant<'x', string, never> {
  const dispatches = [{ shader, constants: {}, workgroups: [1, 1, 1] }] as const;
  return {
    name: 'baseline',
    family: 'baseline',
    hasEpilogue,
    lower: () => ({ dispatches }),
  };
}

/** x → side. */
export const sideAlone: Primitive<'x', 'side'> = {
  name: 'test/side',
  inputs: ['x'],
  outputs: ['side'],
  shape: ({ x }) => ({ side: x.shape }),
  cost,
  variants: [baseline('test/side', false)],
};

/** x → y, side: all of one shape. */
export const twoOutputs: Primitive<'x', 'y' | 'side'> = {
  name: 'test/two_outputs',
  inputs: ['x'],
  outputs: ['y', 'side'],
  shape: ({ x }) => ({ y: x.shape, side: x.shape }),
  sharedResults: { side: { primitive: sideAlone, inputs: { x: 'x' }, attributes: {} } },
  cost,
  variants: [baseline('test/two_outputs', true)],
};

/** x → y: integers. */
export const countUp: Primitive<'x', 'y'> = {
  name: 'test/count_up',
  inputs: ['x'],
  outputs: ['y'],
  types: () => ({ x: 'u32', y: 'u32' }),
  shape: ({ x }) => ({ y: x.shape }),
  cost,
  variants: [baseline('test/side', false)],
};

/** x, of → x + of[0], element by element: an operand that the expression indexes itself. */
export const plusFirst: Primitive<'x' | 'of', 'y'> = {
  name: 'test/plus_first',
  inputs: ['x', 'of'],
  outputs: ['y'],
  elementwise: { expression: ({ x, of }) => `${x} + ${of}[0]`, whole: ['of'] },
  shape: ({ x }) => ({ y: x.shape }),
  cost,
  variants: [],
};

registerShaders({
  'test/side': [
    '@group(0) @binding(0) var<storage, read> x: array<f32>;',
    '@group(0) @binding(1) var<storage, read_write> side: array<f32>;',
    'fn main() {}',
  ].join('\n'),
  'test/two_outputs': [
    '@group(0) @binding(0) var<storage, read> x: array<f32>;',
    '@group(0) @binding(1) var<storage, read_write> y: array<f32>;',
    '@group(0) @binding(2) var<storage, read_write> side: array<f32>;',
    'fn epilogue(value: f32, index: u32, channel: u32) -> f32 { return value; } //! hook',
    'fn main() {}',
  ].join('\n'),
});
