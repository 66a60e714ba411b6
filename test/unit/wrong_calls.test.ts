// Plan: every call that a reference declares as wrong is refused with a typed error, in words pinned here. Shapes are
// checked while an op is recorded, so that no device is needed.
import { expect, test } from 'vitest';
import type { Spec } from '../../src/engine/pass.js';
import { Trace } from '../../src/engine/trace.js';
import { ShadegradError } from '../../src/errors.js';
import { references } from '../../src/reference/index.js';
import type { WrongCall } from '../../src/reference/reference.js';
import { fakeDevice } from './fake_device.js';

function refusal({ inputs, call }: WrongCall): string {
  const trace = new Trace(fakeDevice());
  try {
    trace.record(() => {
      const tensors = Object.entries(inputs).map(([name, given]) => {
        const spec: Spec = 'dtype' in given ? given : { shape: given, dtype: 'f32' };
        return [name, trace.input(spec)] as const;
      });
      call(Object.fromEntries(tensors));
    });
  } catch (error) {
    if (error instanceof ShadegradError) return `${error.name}: ${error.message}`;
    throw error;
  }
  return 'NOT REFUSED';
}

test('wrong calls are refused in plain words', () => {
  const told = [...references.values()].flatMap(({ op, wrongCalls }) =>
    wrongCalls.map((wrong) => `${op}, ${wrong.name}:\n  ${refusal(wrong)}`),
  );
  expect(told.join('\n')).toMatchInlineSnapshot(`
    "add, shapes do not broadcast:
      ShapeError: add: the shapes [2,3] and [2] do not broadcast: extents 3 and 2 differ and neither is 1.
    add, not f32:
      ShapeError: add: 'b' is u32 [2], expected f32.
    subtract, shapes do not broadcast:
      ShapeError: subtract: the shapes [2,3] and [2] do not broadcast: extents 3 and 2 differ and neither is 1.
    subtract, not f32:
      ShapeError: subtract: 'b' is u32 [2], expected f32.
    multiply, shapes do not broadcast:
      ShapeError: multiply: the shapes [2,3] and [2] do not broadcast: extents 3 and 2 differ and neither is 1.
    multiply, not f32:
      ShapeError: multiply: 'b' is u32 [2], expected f32.
    divide, shapes do not broadcast:
      ShapeError: divide: the shapes [2,3] and [2] do not broadcast: extents 3 and 2 differ and neither is 1.
    divide, not f32:
      ShapeError: divide: 'b' is u32 [2], expected f32.
    negate, not f32:
      ShapeError: negate: 'x' is u32 [2], expected f32.
    exp, not f32:
      ShapeError: exp: 'x' is u32 [2], expected f32.
    log, not f32:
      ShapeError: log: 'x' is u32 [2], expected f32.
    square, not f32:
      ShapeError: square: 'x' is u32 [2], expected f32.
    sqrt, not f32:
      ShapeError: sqrt: 'x' is u32 [2], expected f32.
    scale, not f32:
      ShapeError: scale: 'x' is u32 [2], expected f32.
    scale, divided by 0:
      UsageError: scale: Infinity is no number that an f32 can hold.
    scale, too large for an f32:
      UsageError: scale: 1e+39 is no number that an f32 can hold.
    conv2d, channels differ:
      ShapeError: conv2d: kernel expects 3 input channels but x has 4 (x [8,32,32,4], kernel [3,3,3,16]).
    conv2d, images not f32:
      ShapeError: conv2d: 'x' is u8 [8,28,28,1], expected f32.
    conv2d, three axes:
      ShapeError: conv2d: x is [32,32,4] and kernel [3,3,4,16], expected [N,H,W,C] and [KH,KW,C,O].
    conv2d, window too large:
      ShapeError: conv2d: the window 5×5 exceeds the input of 4×4 pixels; use padding 'same' or a smaller window.
    conv2d, stride 0:
      ShapeError: conv2d: window [3,3] and strides [0,0] must be whole numbers from 1 on.
    max_pool2d, three axes:
      ShapeError: maxPool2d: x is [28,28,1], expected four axes [N,H,W,C].
    max_pool2d, window too large:
      ShapeError: maxPool2d: the window 3×3 exceeds the input of 2×2 pixels; use padding 'same' or a smaller window.
    max_pool2d, stride 1.5:
      ShapeError: maxPool2d: window [2,2] and strides [1.5,1.5] must be whole numbers from 1 on.
    matmul, inner extents differ:
      ShapeError: matmul: a [2,3] and b [4,5] do not fit for a·b, expected [M,K]·[K,N].
    matmul, inner extents differ, transposed:
      ShapeError: matmul: a [2,3] and b [2,5] do not fit for a·bᵀ, expected [M,K]·[K,N].
    matmul, three axes:
      ShapeError: matmul: a [2,3,4] and b [3,5] do not fit for a·b, expected [M,K]·[K,N].
    relu, not f32:
      ShapeError: relu: 'x' is u32 [2], expected f32.
    dropout, state not u32:
      ShapeError: dropout: 'state' is f32 [8], expected u32.
    dropout, rate 1:
      UsageError: dropout: rate is 1, expected a number from 0 up to but not including 1.
    softmax_cross_entropy, too few labels:
      ShapeError: softmaxCrossEntropy: logits [8,10] and labels [7] u32 do not fit, expected [N,K] and [N].
    softmax_cross_entropy, labels not u32:
      ShapeError: softmax_cross_entropy: 'labels' is f32 [8], expected u32.
    sum, not f32:
      ShapeError: sum: 'x' is u32 [2,3], expected f32.
    sum, no such axis:
      ShapeError: sum: axis 2 does not exist in x [2,3], expected -2 to 1.
    sum, an axis twice:
      ShapeError: sum: axis 1 is named twice.
    max, no such axis:
      ShapeError: max: axis -3 does not exist in x [2,3], expected -2 to 1.
    arg_max, no such axis:
      ShapeError: argMax: axis 2 does not exist in x [2,3], expected -2 to 1.
    arg_max, axes apart:
      ShapeError: argMax: the axes of x [2,3,4] must be neighbours, found [0,2].
    reshape, sizes differ:
      ShapeError: reshape: x [2,3] has 6 elements, which do not fill [4,2].
    reshape, nothing fits:
      ShapeError: reshape: x [2,3] has 6 elements, which do not fill [4,-1].
    reshape, two unknowns:
      ShapeError: reshape: x [2,3] has 6 elements, which do not fill [-1,-1].
    transpose, an axis twice:
      ShapeError: transpose: [0,0] does not name each axis of x [2,3] once.
    transpose, five axes:
      ShapeError: transpose: x [1,1,1,1,2] has 5 axes, expected at most 4."
  `);
});
