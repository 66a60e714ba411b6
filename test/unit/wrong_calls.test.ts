// Plan: every call that a check declares as wrong is refused with a typed error, in words pinned here. Shapes are
// checked while an op is recorded, so that no device is needed.
import { expect, test } from 'vitest';
import type { Spec } from '../../src/engine/primitive.js';
import { Trace } from '../../src/engine/trace.js';
import { ShadegradError } from '../../src/errors.js';
import { checks } from '../../src/check/index.js';
import type { WrongCall } from '../../src/check/op_check.js';
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
  const told = [...checks.values()].flatMap(({ reference, wrongCalls }) =>
    wrongCalls.map((wrong) => `${reference.op}, ${wrong.name}:\n  ${refusal(wrong)}`),
  );
  expect(told.join('\n')).toMatchInlineSnapshot(`
    "relu, not f32:
      ShapeError: relu: 'x' is u32 [2], expected f32.
    sigmoid, not f32:
      ShapeError: sigmoid: 'x' is u32 [2], expected f32.
    leaky_relu, not f32:
      ShapeError: leakyRelu: 'x' is u32 [2], expected f32.
    leaky_relu, a negative slope:
      UsageError: leakyRelu: negativeSlope is -1, expected a non-negative number.
    elu, not f32:
      ShapeError: elu: 'x' is u32 [2], expected f32.
    elu, a negative alpha:
      UsageError: elu: alpha is -1, expected a non-negative number.
    elu, celu with alpha 0:
      UsageError: celu: alpha is 0, expected a positive number.
    gelu, not f32:
      ShapeError: gelu: 'x' is u32 [2], expected f32.
    gelu_tanh, not f32:
      ShapeError: geluTanh: 'x' is u32 [2], expected f32.
    silu, not f32:
      ShapeError: silu: 'x' is u32 [2], expected f32.
    mish, not f32:
      ShapeError: mish: 'x' is u32 [2], expected f32.
    softplus, not f32:
      ShapeError: softplus: 'x' is u32 [2], expected f32.
    log_sigmoid, not f32:
      ShapeError: logSigmoid: 'x' is u32 [2], expected f32.
    softsign, not f32:
      ShapeError: softsign: 'x' is u32 [2], expected f32.
    hard_tanh, not f32:
      ShapeError: hardTanh: 'x' is u32 [2], expected f32.
    hard_swish, not f32:
      ShapeError: hardSwish: 'x' is u32 [2], expected f32.
    add, shapes do not broadcast:
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
    scale, too large for an f32:
      UsageError: add: 1e+39 is not a finite f32, expected a number within ±3.4e38.
    divide_by, not f32:
      ShapeError: divideBy: 'x' is u32 [2], expected f32.
    divide_by, by 0:
      UsageError: divide: b is the number 0, expected another; divide by a tensor for ±∞.
    divide_by, by NaN:
      UsageError: divide: NaN is not a finite f32, expected a number within ±3.4e38.
    divide_into, not f32:
      ShapeError: divideInto: 'x' is u32 [2], expected f32.
    divide_into, infinity:
      UsageError: divide: Infinity is not a finite f32, expected a number within ±3.4e38.
    fill, a negative extent:
      ShapeError: fill: shape [-1] has the extent -1; extents are positive integers.
    fill, NaN:
      UsageError: fill: NaN is not a finite f32, expected a number within ±3.4e38.
    augment, three axes:
      ShapeError: augment: x is [28,28,1], expected four axes [N,H,W,C].
    augment, bytes:
      ShapeError: augment: 'x' is u8 [2,4,4,1], expected f32.
    augment, keys not u32:
      ShapeError: augment: 'permutation' is f32 [2], expected u32.
    augment, rotation below 0:
      UsageError: augment: rotation is -1, expected a number from 0 to 180.
    augment, rotation above half a turn:
      UsageError: augment: rotation is 181, expected a number from 0 to 180.
    augment, shift in pixels:
      UsageError: augment: widthShift is 3, expected a number from 0 to 1.
    augment, shift not a number:
      UsageError: augment: heightShift is NaN, expected a number from 0 to 1.
    augment, zoom of 1:
      UsageError: augment: zoom is 1, expected a number in [0, 1) or two numbers, 0.01 ≤ low ≤ high ≤ 100.
    augment, zoom from 0:
      UsageError: augment: zoom is [0,2], expected a number in [0, 1) or two numbers, 0.01 ≤ low ≤ high ≤ 100.
    augment, reversed zoom range:
      UsageError: augment: zoom is [1.2,0.8], expected a number in [0, 1) or two numbers, 0.01 ≤ low ≤ high ≤ 100.
    augment, infinite zoom:
      UsageError: augment: zoom is [1,Infinity], expected a number in [0, 1) or two numbers, 0.01 ≤ low ≤ high ≤ 100.
    augment, fill unknown:
      UsageError: augment: fill is 'mirror', expected one of nearest, constant, reflect, wrap.
    augment, fill value out of range:
      UsageError: augment: fillValue is 255, expected a number from 0 to 1.
    augment, half a pixel of padding:
      UsageError: augment: padAndCrop is 0.5, expected an integer from 0 to 65535.
    augment, too much padding:
      UsageError: augment: padAndCrop is 2147483648, expected an integer from 0 to 65535.
    augment, brightness above 1:
      UsageError: augment: brightness is 1.5, expected a number from 0 to 1.
    augment, contrast below 0:
      UsageError: augment: contrast is -0.5, expected a number from 0 to 1.
    augment, erasing with probability 2:
      UsageError: augment: erasing.probability is 2, expected a number from 0 to 1.
    augment, reversed range of erased areas:
      UsageError: augment: erasing.area is [0.5,0.1], expected two numbers, 0 ≤ low ≤ high ≤ 1.
    augment, erased aspect above 1:
      UsageError: augment: erasing.aspect is 3, expected a number from 0.01 to 1.
    augment, erased lines:
      UsageError: augment: erasing.aspect is 1e-40, expected a number from 0.01 to 1.
    augment, erasing value out of range:
      UsageError: augment: erasing.value is 128, expected a number from 0 to 1 or 'noise'.
    augment, unknown erasing value:
      UsageError: augment: erasing.value is 'random', expected a number from 0 to 1 or 'noise'.
    avg_pool2d, three axes:
      ShapeError: avgPool2d: x is [28,28,1], expected four axes [N,H,W,C].
    avg_pool2d, window too large:
      ShapeError: avgPool2d: the window 3×3 exceeds the input of 2×2 pixels; use padding 'same' or a smaller window.
    avg_pool2d, stride 0:
      UsageError: avgPool2d: strides is 0, expected a positive integer or two of them.
    batch_matmul, inner extents differ:
      ShapeError: matmul: a [2,3,4] and b [2,3,4] do not fit for a·b, expected […,M,K]·[…,K,N].
    batch_matmul, leading axes differ:
      ShapeError: matmul: the shapes [2] and [3] do not broadcast: extents 2 and 3 differ and neither is 1.
    batch_matmul, a scalar:
      ShapeError: matmul: a is a scalar, expected one axis or more; multiply() scales by it.
    batch_matmul, one axis to transpose:
      ShapeError: matmul: b [3] has one axis, expected two or more for transposeB; leave that out.
    batch_norm, one axis:
      ShapeError: batchNorm: x is [4], expected at least two axes, channels last.
    batch_norm, gamma of other channels:
      ShapeError: batchNorm: gamma is [5], expected [4] for the 4 channels of x [8,4].
    batch_norm, no state:
      ShapeError: batchNorm: state is [4] u32, expected the step's state [8].
    batch_norm, epsilon below 0:
      UsageError: batchNorm: epsilon is -1, expected a non-negative number.
    batch_norm_inference, one axis:
      ShapeError: batchNormInference: x is [4], expected at least two axes, channels last.
    batch_norm_inference, mean of other channels:
      ShapeError: batchNormInference: mean is [8], expected [4] for the 4 channels of x [8,4].
    batch_norm_inference, epsilon not a number:
      UsageError: batchNormInference: epsilon is NaN, expected a non-negative number.
    batch_norm_moving, other channels:
      ShapeError: batchNormMoving: the operands are [4], [4], [4], [5], expected four of one length.
    cast, bytes:
      ShapeError: cast: x is [2] u8, expected f32, f16 or u32.
    cast, to integers:
      UsageError: cast: dtype is 'u32', expected 'f32' or 'f16'.
    equal, shapes do not broadcast:
      ShapeError: equal: the shapes [2,3] and [2] do not broadcast: extents 3 and 2 differ and neither is 1.
    equal, not f32:
      ShapeError: equal: 'b' is u32 [2], expected f32.
    not_equal, shapes do not broadcast:
      ShapeError: notEqual: the shapes [2,3] and [2] do not broadcast: extents 3 and 2 differ and neither is 1.
    not_equal, not f32:
      ShapeError: notEqual: 'b' is u32 [2], expected f32.
    greater, shapes do not broadcast:
      ShapeError: greater: the shapes [2,3] and [2] do not broadcast: extents 3 and 2 differ and neither is 1.
    greater, not f32:
      ShapeError: greater: 'b' is u32 [2], expected f32.
    greater_equal, shapes do not broadcast:
      ShapeError: greaterEqual: the shapes [2,3] and [2] do not broadcast: extents 3 and 2 differ and neither is 1.
    greater_equal, not f32:
      ShapeError: greaterEqual: 'b' is u32 [2], expected f32.
    less, shapes do not broadcast:
      ShapeError: less: the shapes [2,3] and [2] do not broadcast: extents 3 and 2 differ and neither is 1.
    less, not f32:
      ShapeError: less: 'b' is u32 [2], expected f32.
    less_equal, shapes do not broadcast:
      ShapeError: lessEqual: the shapes [2,3] and [2] do not broadcast: extents 3 and 2 differ and neither is 1.
    less_equal, not f32:
      ShapeError: lessEqual: 'b' is u32 [2], expected f32.
    maximum, shapes do not broadcast:
      ShapeError: maximum: the shapes [2,3] and [2] do not broadcast: extents 3 and 2 differ and neither is 1.
    maximum, not f32:
      ShapeError: maximum: 'b' is u32 [2], expected f32.
    minimum, shapes do not broadcast:
      ShapeError: minimum: the shapes [2,3] and [2] do not broadcast: extents 3 and 2 differ and neither is 1.
    minimum, not f32:
      ShapeError: minimum: 'b' is u32 [2], expected f32.
    clip, not f32:
      ShapeError: clip: 'x' is u32 [2], expected f32.
    clip, min above max:
      UsageError: clip: min is 1 and max is 0, expected min ≤ max.
    clip, no limit:
      UsageError: clip: Infinity is not a finite f32, expected a number within ±3.4e38.
    pow, shapes do not broadcast:
      ShapeError: pow: the shapes [2,3] and [2] do not broadcast: extents 3 and 2 differ and neither is 1.
    pow, not f32:
      ShapeError: pow: 'b' is u32 [2], expected f32.
    pow, two numbers:
      UsageError: pow: a is 2 and b is 3, expected at least one tensor.
    pow, NaN:
      UsageError: pow: NaN is not a finite f32, expected a number within ±3.4e38.
    where, shapes do not broadcast:
      ShapeError: where: the shapes [2,3] and [2] and [3] do not broadcast: extents 3 and 2 differ and neither is 1.
    where, infinity:
      UsageError: where: Infinity is not a finite f32, expected a number within ±3.4e38.
    concatenate, an axis too many:
      ShapeError: concatenate: axis 2 is not one of the 2 axes of [2,3].
    concatenate, other extents:
      ShapeError: concatenate: the tensors are [2,3] and [3,3], expected equal extents except along axis 1.
    concatenate, fewer axes:
      ShapeError: concatenate: the tensors are [2,3] and [3], expected equal extents except along axis -1.
    concatenate, labels:
      ShapeError: concatenate: 'b' is u32 [2], expected f32.
    concatenate, nothing:
      UsageError: concatenate: tensors is [], expected a list of one or more tensors.
    conv2d, channels differ:
      ShapeError: conv2d: kernel expects 3 input channels but x has 4 (x [8,32,32,4], kernel [3,3,3,16]).
    conv2d, images not f32:
      ShapeError: conv2d: 'x' is u8 [8,28,28,1], expected f32.
    conv2d, three axes:
      ShapeError: conv2d: x is [32,32,4] and kernel [3,3,4,16], expected [N,H,W,C] and [KH,KW,C,O].
    conv2d, window too large:
      ShapeError: conv2d: the window 5×5 exceeds the input of 4×4 pixels; use padding 'same' or a smaller window.
    conv2d, stride 0:
      UsageError: conv2d: strides is 0, expected a positive integer or two of them.
    conv2d_transpose, channels differ:
      ShapeError: conv2dTranspose: kernel expects 2 input channels but x has 3 (x [1,4,4,3], kernel [3,3,3,2]).
    conv2d_transpose, x not f32:
      ShapeError: conv2dTranspose: 'x' is u8 [1,4,4,2], expected f32.
    conv2d_transpose, three axes:
      ShapeError: conv2dTranspose: x is [4,4,2] and kernel [3,3,3,2], expected [N,H,W,C] and [KH,KW,O,C].
    conv2d_transpose, output padding of a stride:
      ShapeError: conv2dTranspose: outputPadding is 2×2, expected less than the strides, 2×2.
    conv2d_transpose, negative output padding:
      UsageError: conv2dTranspose: outputPadding is -1, expected a non-negative integer or two of them or null.
    conv2d_transpose, no pixels left:
      ShapeError: conv2dTranspose: the result would have 0×0 pixels; use a larger outputPadding or padding 'valid'.
    counted_rows, no batch:
      ShapeError: countedRows: x is [], expected a batch axis.
    dropout, state not u32:
      ShapeError: dropout: 'state' is f32 [8], expected u32.
    dropout, rate 1:
      UsageError: dropout: rate is 1, expected a number in [0, 1).
    filter2d, three axes:
      ShapeError: filter2d: x is [28,28,1], expected four axes [N,H,W,C].
    filter2d, bytes:
      ShapeError: filter2d: 'x' is u8 [1,4,4,1], expected f32.
    filter2d, a kernel of 2×2:
      UsageError: filter2d: kernel is [1,2,3,4], expected 9 (3×3) or 25 (5×5) finite numbers.
    filter2d, a weight that is NaN:
      UsageError: filter2d: kernel is [0,0,0,0,NaN,0,0,0,0], expected 9 (3×3) or 25 (5×5) finite numbers.
    filter2d, a weight too large for an f32:
      UsageError: filter2d: kernel is [0,0,0,0,1e+39,0,0,0,0], expected 9 (3×3) or 25 (5×5) finite numbers.
    filter2d, not once:
      UsageError: filter2d: iterations is 0, expected a positive integer.
    grouped_conv2d, groups do not divide the input channels:
      ShapeError: conv2d: kernel expects 2·1 input channels but x has 3 (x [1,5,5,3], kernel [3,3,1,4]).
    grouped_conv2d, groups do not divide the output channels:
      ShapeError: conv2d: kernel [3,3,2,3] has 3 output channels, expected a multiple of groups, 2.
    grouped_conv2d, dilated window too large:
      ShapeError: conv2d: the window 5×5 exceeds the input of 4×4 pixels; use padding 'same' or a smaller window.
    grouped_conv2d, dilation 0:
      UsageError: conv2d: dilationRate is 0, expected a positive integer or two of them.
    grouped_conv2d, half a group:
      UsageError: conv2d: groups is 0.5, expected a positive integer.
    grouped_conv2d, three axes:
      ShapeError: conv2d: x is [4,4,2] and kernel [3,3,1,2], expected [N,H,W,C] and [KH,KW,C/groups,O].
    cumsum, not f32:
      ShapeError: cumsum: 'x' is u32 [4], expected f32.
    cumsum, no such axis:
      ShapeError: cumsum: axis 2 is not one of the 2 axes of x [2,3].
    cumsum, no axis:
      ShapeError: cumsum: axis 0 is not one of the 0 axes of x [].
    gather, no such axis:
      ShapeError: gather: axis 2 is not one of the 2 axes of x [2,3].
    gather, indices of bytes:
      ShapeError: gather: indices is [4] u8, expected u32, or f32 with integers.
    gather, integers:
      ShapeError: gather: 'x' is u32 [2], expected f32.
    grid_sample, three axes:
      ShapeError: gridSample: x is [4,4,1] and grid [1,2,2,2], expected [N,H,W,C] and [N,P,Q,2] with one N.
    grid_sample, another batch:
      ShapeError: gridSample: x is [2,4,4,1] and grid [1,2,2,2], expected [N,H,W,C] and [N,P,Q,2] with one N.
    grid_sample, three coordinates:
      ShapeError: gridSample: x is [1,4,4,1] and grid [1,2,2,3], expected [N,H,W,C] and [N,P,Q,2] with one N.
    grid_sample, a padding unknown:
      UsageError: gridSample: padding is 'reflection', expected 'zeros' or 'border'.
    expm1, not f32:
      ShapeError: expm1: 'x' is u32 [2], expected f32.
    log1p, not f32:
      ShapeError: log1p: 'x' is u32 [2], expected f32.
    tanh, not f32:
      ShapeError: tanh: 'x' is u32 [2], expected f32.
    erf, not f32:
      ShapeError: erf: 'x' is u32 [2], expected f32.
    sin, not f32:
      ShapeError: sin: 'x' is u32 [2], expected f32.
    cos, not f32:
      ShapeError: cos: 'x' is u32 [2], expected f32.
    tan, not f32:
      ShapeError: tan: 'x' is u32 [2], expected f32.
    rsqrt, not f32:
      ShapeError: rsqrt: 'x' is u32 [2], expected f32.
    abs, not f32:
      ShapeError: abs: 'x' is u32 [2], expected f32.
    sign, not f32:
      ShapeError: sign: 'x' is u32 [2], expected f32.
    floor, not f32:
      ShapeError: floor: 'x' is u32 [2], expected f32.
    ceil, not f32:
      ShapeError: ceil: 'x' is u32 [2], expected f32.
    round, not f32:
      ShapeError: round: 'x' is u32 [2], expected f32.
    in_epoch, state not u32:
      ShapeError: inEpoch: 'state' is f32 [8], expected u32.
    l2_penalty, negative λ:
      UsageError: l2Penalty: λ is -1, expected a non-negative number.
    l2_penalty, not f32:
      ShapeError: l2Penalty: 'w' is u32 [4], expected f32.
    l2_totals, totals not f32:
      ShapeError: l2Totals: 'totals' is u32 [4], expected f32.
    linspace, no number:
      UsageError: linspace: count is 0, expected a positive integer.
    linspace, NaN:
      UsageError: linspace: start is NaN, expected a finite number.
    log_softmax, no such axis:
      ShapeError: logSoftmax: axis 2 does not exist in x [2,3], expected -2 to 1.
    log_softmax, non-adjacent axes:
      ShapeError: softmax: axis is [0,2] for x [2,3,4], expected adjacent axes.
    log_sum_exp, no such axis:
      ShapeError: logSumExp: axis 2 does not exist in x [2,3], expected -2 to 1.
    matmul, inner extents differ:
      ShapeError: matmul: a [2,3] and b [4,5] do not fit for a·b, expected [M,K]·[K,N].
    matmul, inner extents differ, transposed:
      ShapeError: matmul: a [2,3] and b [2,5] do not fit for a·bᵀ, expected [M,K]·[K,N].
    matmul, three axes that do not fit:
      ShapeError: matmul: a [2,3,4] and b [3,5] do not fit for a·b, expected […,M,K]·[…,K,N].
    arg_max, no such axis:
      ShapeError: argMax: axis 2 does not exist in x [2,3], expected -2 to 1.
    arg_max, non-adjacent axes:
      ShapeError: argMax: axis is [0,2] for x [2,3,4], expected adjacent axes.
    max, no such axis:
      ShapeError: max: axis -3 does not exist in x [2,3], expected -2 to 1.
    max_pool2d, three axes:
      ShapeError: maxPool2d: x is [28,28,1], expected four axes [N,H,W,C].
    max_pool2d, window too large:
      ShapeError: maxPool2d: the window 3×3 exceeds the input of 2×2 pixels; use padding 'same' or a smaller window.
    max_pool2d, stride 1.5:
      UsageError: maxPool2d: strides is 1.5, expected a positive integer or two of them.
    arg_min, no such axis:
      ShapeError: argMin: axis 2 does not exist in x [2,3], expected -2 to 1.
    arg_min, non-adjacent axes:
      ShapeError: argMin: axis is [0,2] for x [2,3,4], expected adjacent axes.
    min, no such axis:
      ShapeError: min: axis -3 does not exist in x [2,3], expected -2 to 1.
    mix_images, another batch:
      ShapeError: mixImages: x [2,2,2,1], other [3,2,2,1] and draws [2,6] do not fit, expected [N,…] twice and [places,6].
    mix_images, draws of another length:
      ShapeError: mixImages: x [2,2,2,1], other [2,2,2,1] and draws [2,5] do not fit, expected [N,…] twice and [places,6].
    mix_labels, labels not u32:
      ShapeError: mixLabels: 'x' is f32 [2], expected u32.
    mix_rows, another batch:
      ShapeError: mixRows: x [2,3], other [3,2] and draws [2,6] do not fit, expected [N,…] twice and [places,6].
    one_hot, bytes:
      ShapeError: oneHot: labels is [4] u8, expected u32, or f32 with integers.
    one_hot, no classes:
      UsageError: oneHot: classes is 0, expected a positive integer.
    adam, mean of another length:
      ShapeError: adam: mean is [5], expected as many elements as parameters [4].
    adam_amsgrad, mean of another length:
      ShapeError: adam: mean is [5], expected as many elements as parameters [4].
    adam_w, mean of another length:
      ShapeError: adamW: mean is [5], expected as many elements as parameters [4].
    adamax, mean of another length:
      ShapeError: adamax: mean is [5], expected as many elements as parameters [4].
    nadam, mean of another length:
      ShapeError: nadam: mean is [5], expected as many elements as parameters [4].
    adagrad, accumulator of another length:
      ShapeError: adagrad: accumulator is [5], expected as many elements as parameters [4].
    adadelta, mean_square of another length:
      ShapeError: adadelta: mean_square is [5], expected as many elements as parameters [4].
    lion, mean of another length:
      ShapeError: lion: mean is [5], expected as many elements as parameters [4].
    rmsprop_centered, mean_square of another length:
      ShapeError: rmsprop: mean_square is [5], expected as many elements as parameters [4].
    rmsprop_momentum, mean_square of another length:
      ShapeError: rmsprop: mean_square is [5], expected as many elements as parameters [4].
    sgd_averages, average of another length:
      ShapeError: sgd: average is [5], expected as many elements as parameters [4].
    muon, mean of another length:
      ShapeError: muon: mean is [5], expected as many elements as parameters [4].
    muon_adam, mean of another length:
      ShapeError: muon: mean is [5], expected as many elements as parameters [4].
    pad, not f32:
      ShapeError: pad: 'x' is u32 [4], expected f32.
    pad, no pair for an axis:
      ShapeError: pad: paddings has 1 pairs for the 2 axes of x [4,4], expected one per axis.
    pad, less than nothing:
      UsageError: pad: paddings is [[-1,0]], expected a pair of non-negative integers per axis.
    pad, more than a reflection has:
      ShapeError: pad: paddings[1] is [0,4] for the extent 4, expected at most 3 with the mode 'reflect'.
    pad, more than a mirror has:
      ShapeError: pad: paddings[0] is [5,0] for the extent 4, expected at most 4 with the mode 'symmetric'.
    pad, a mode unknown:
      UsageError: pad: mode is 'wrap', expected one of constant, edge, reflect, symmetric.
    random_normal, state not u32:
      ShapeError: randomNormal: 'state' is f32 [8], expected u32.
    random_normal, no shape:
      ShapeError: randomNormal: shape [0.5] has the extent 0.5; extents are positive integers.
    random_uniform, state not u32:
      ShapeError: randomUniform: 'state' is f32 [8], expected u32.
    random_uniform, no shape:
      ShapeError: randomUniform: shape [0.5] has the extent 0.5; extents are positive integers.
    place_totals, totals not f32:
      ShapeError: placeTotals: 'totals' is u32 [2], expected f32.
    reshape, sizes differ:
      ShapeError: reshape: x [2,3] has 6 elements, which do not fill [4,2].
    reshape, no extent fits:
      ShapeError: reshape: x [2,3] has 6 elements, which do not fill [4,-1].
    reshape, two unknowns:
      ShapeError: reshape: x [2,3] has 6 elements, which do not fill [-1,-1].
    resize, three axes:
      ShapeError: resize: x is [4,4,1], expected four axes [N,H,W,C].
    resize, bytes:
      ShapeError: resize: 'x' is u8 [1,4,4,1], expected f32.
    resize, no rows:
      UsageError: resize: size is [0,2], expected two positive integers.
    resize, bicubic:
      UsageError: resize: method is 'bicubic', expected 'nearest' or 'bilinear'.
    resize, the nearest pixel with corners aligned:
      UsageError: resize: alignCorners is true, expected false with the method 'nearest'.
    resize, too many pixels:
      ShapeError: resize: x is [1,40000,1,1] and size [40000,1], expected extents with a product below 2³⁰.
    rmsprop, a mean square of another length:
      ShapeError: rmsprop: mean_square is [2], expected as many elements as parameters [4].
    rmsprop, a table of the wrong size:
      ShapeError: rmsprop: stepScalars is [5,2], expected [steps,1].
    sgd, gradients of another length:
      ShapeError: sgd: gradients is [3], expected as many elements as parameters [4].
    sgd, another state:
      ShapeError: sgd: state is [4] u32, expected the step's state [8].
    sgd_momentum, a velocity of another length:
      ShapeError: sgd: velocity is [5], expected as many elements as parameters [4].
    slice, not f32:
      ShapeError: slice: 'x' is u32 [4], expected f32.
    slice, begin behind the end:
      ShapeError: slice: begin is 4 along axis 0 of x [4], expected -4 to 3.
    slice, more than there is:
      ShapeError: slice: size is 4 along axis 1 of x [2,4], expected 1 to 3, or −1 for 3.
    slice, nothing:
      ShapeError: slice: size is 0 along axis 0 of x [4], expected 1 to 4, or −1 for 4.
    slice, an axis too many:
      ShapeError: slice: begin has 2 entries for the axes of x [4].
    slice, stride 0:
      ShapeError: slice: strides is 0 along axis 0, expected another integer.
    slice, half an element:
      UsageError: slice: begin is 0.5, expected an integer or a list of integers.
    softmax_cross_entropy, too few labels:
      ShapeError: softmaxCrossEntropy: logits [8,10] and labels [7] u32 do not fit, expected [N,K] and [N].
    softmax_cross_entropy, labels not u32:
      ShapeError: softmaxCrossEntropy: 'labels' is f32 [8], expected u32.
    sum, not f32:
      ShapeError: sum: 'x' is u32 [2,3], expected f32.
    sum, no such axis:
      ShapeError: sum: axis 2 does not exist in x [2,3], expected -2 to 1.
    sum, an axis twice:
      ShapeError: sum: axis 1 is given twice, expected each axis once.
    take_along_axis, other extents:
      ShapeError: takeAlongAxis: indices is [3,1] u32 for x [2,3], expected equal extents except along axis -1.
    take_along_axis, no such axis:
      ShapeError: takeAlongAxis: axis 2 does not exist in x [2,3], expected -2 to 1.
    take_along_axis, floats as indices:
      ShapeError: takeAlongAxis: 'indices' is f32 [2,1], expected u32.
    top_k, more than there are:
      ShapeError: topK: k is 4 for x [2,3], expected at most 3, its last axis.
    top_k, none:
      UsageError: topK: k is 0, expected a positive integer.
    top_k, a scalar:
      ShapeError: topK: k is 1 for x [], expected at most 0, its last axis.
    transpose, an axis twice:
      ShapeError: transpose: permutation is [0,0] for x [2,3], expected each axis once."
  `);
});
