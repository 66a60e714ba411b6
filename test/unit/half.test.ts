// Plan: f16 without a device.
//   numbers: all 65,536 halves read back as they are; rounding, against the definition: the nearest half, ties to even
//   types: every op either computes f16 throughout or refuses f16 by name; operands of two dtypes are refused by name
//   plans: f16 is declared where it is used, and only there; what is fused; a device without f16
import { describe, expect, test } from 'vitest';
import { checks } from '../../src/check/index.js';
import type { Spec } from '../../src/engine/primitive.js';
import { program } from '../../src/engine/program.js';
import type { Tensor } from '../../src/engine/tensor.js';
import { Trace } from '../../src/engine/trace.js';
import { ShapeError } from '../../src/errors.js';
import { fromHalves, roundToHalf, toHalves } from '../../src/half.js';
import { add, cast, exp, matmul, multiply, relu, sum } from '../../src/kernels/index.js';
import { grad } from '../../src/kernels/grad.js';
import { fakeDevice } from './fake_device.js';

// ---- numbers ----

const allBits = Uint16Array.from({ length: 65_536 }, (_, bits) => bits);
const isNaNBits = (bits: number): boolean => (bits & 0x7c00) === 0x7c00 && (bits & 1023) !== 0;

test('every half reads back as it is', () => {
  const finite = allBits.filter((bits) => !isNaNBits(bits));
  expect(toHalves(fromHalves(finite)).join()).toBe(finite.join());
  expect(fromHalves(allBits.filter(isNaNBits)).every(Number.isNaN)).toBe(true);
  // From IEEE 754: the smallest subnormal, the smallest normal, 1, the largest, infinity.
  const known = Uint16Array.from([0x0001, 0x0400, 0x3c00, 0x7bff, 0x7c00, 0xc000]);
  expect([...fromHalves(known)]).toEqual([2 ** -24, 2 ** -14, 1, 65_504, Infinity, -2]);
});

test('numbers between two halves round to the nearer one, and to the even one from the middle', () => {
  // Up to 65,536, which follows the largest half and stands for infinity.
  const values = [...fromHalves(allBits.slice(0, 0x7c00)), 65_536];
  const rounded = (value: number): number => toHalves([value])[0] as number;
  const wrong: string[] = [];
  for (let bits = 0; bits < 0x7c00; bits++) {
    const [low, high] = [values[bits] as number, values[bits + 1] as number];
    const middle = (low + high) / 2;
    const found = [middle * (1 - 2 ** -50), middle, middle * (1 + 2 ** -50)].map(rounded);
    const want = [bits, bits % 2 === 0 ? bits : bits + 1, bits + 1];
    if (found.join() !== want.join())
      wrong.push(`between ${low} and ${high}: ${found.join()}, not ${want.join()}`);
  }
  expect(wrong).toEqual([]);
  expect([1e9, -Infinity, -0, Number.NaN].map(rounded)).toEqual([0x7c00, 0xfc00, 0x8000, 0x7e00]);
  expect(roundToHalf(-0.1)).toBe(-0.0999755859375);
});

// ---- types ----

const half = fakeDevice({ features: ['shader-f16'] });
const f16 = (...shape: number[]): Spec => ({ shape, dtype: 'f16' });
const f32 = (...shape: number[]): Spec => ({ shape, dtype: 'f32' });

const planOf = (fn: (...inputs: Tensor[]) => Tensor | Tensor[], specs: readonly Spec[], device = half) =>
  program(fn, device).plan(...(specs as unknown as Tensor[]));

/** Ops without kernels for f16; all others compute it. */
const f32Only = [
  'arg_min batch_matmul log_softmax log_sum_exp min take_along_axis top_k',
  'conv2d_transpose counted_rows cumsum gather grouped_conv2d in_epoch pad place_totals resize reverse slice',
  'arg_min log_softmax log_sum_exp min',
  'cumsum gather grid_sample pad resize reverse slice',
  'pad reverse slice',
  'counted_rows',
  'adadelta adagrad adam adam_amsgrad adam_w adamax lion muon muon_adam nadam rmsprop_centered rmsprop_momentum sgd_averages',
  'conv2d_transpose grouped_conv2d',
  'mix_images mix_rows',
  'pad reverse slice',
  'arg_max augment avg_pool2d batch_gather batch_gather_chunks batch_norm batch_norm_moving concatenate conv2d dropout',
  'filter2d l2_penalty label_gather max max_pool2d micro_batch rmsprop sgd sgd_momentum softmax softmax_cross_entropy sum transpose',
].flatMap((line) => line.split(' '));

describe('every op computes f16, or refuses it by name', () => {
  const ops = [...checks.values()].filter(
    ({ call, inputs }) => call && Object.values(inputs).some(({ dtype = 'f32' }) => dtype.startsWith('f')),
  );
  const planIn16Bits = ({ inputs, call, cases }: (typeof ops)[number]) => {
    const [given] = cases;
    const names = Object.keys(inputs);
    const specs = names.map((name): Spec => {
      const dtype = inputs[name]?.dtype ?? 'f32';
      return { shape: given!.inputs[name]!, dtype: dtype === 'f32' ? 'f16' : dtype };
    });
    const run = (...tensors: Tensor[]): Tensor[] =>
      Object.values(call!(Object.fromEntries(names.map((name, i) => [name, tensors[i]!])), given!.options));
    return planOf(run, specs);
  };

  test.each(ops.filter(({ op }) => f32Only.includes(op.name)))('$op.name refuses it', (check) => {
    expect(() => planIn16Bits(check)).toThrow(ShapeError);
    expect(() => planIn16Bits(check)).toThrow(
      /'\w+' is f16 \[[\d,]*\], expected .*; cast \w+, as with cast\(\w+, 'f32'\)\.$/,
    );
  });

  test.each(ops.filter(({ op }) => !f32Only.includes(op.name)))('$op.name computes it', (check) => {
    const { dispatches, outputs } = planIn16Bits(check);
    const wanted = check.op.name === 'cast' ? 'f32' : 'f16';
    expect(outputs.map(({ dtype }) => dtype)).toEqual(outputs.map(() => wanted));
    for (const { shader } of dispatches) expect(shader.code).toMatch(/^enable f16;\n/);
  });
});

test('operands of two dtypes are refused', () => {
  const said = (fn: (a: Tensor, b: Tensor) => Tensor, ...specs: Spec[]): string => {
    try {
      const trace = new Trace(half);
      trace.record(() => fn(...(specs.map((spec) => trace.input(spec)) as [Tensor, Tensor])));
    } catch (error) {
      return (error as Error).message;
    }
    return 'NOT REFUSED';
  };
  expect([
    said((a, b) => add(a, b), f16(2), f32(2)),
    said((a, b) => add(a, b), f32(2), f16(2)),
    said((a, b) => matmul(a, b), f16(2, 3), f32(3, 2)),
    said((a, b) => add(a, b), f16(2), { shape: [2], dtype: 'u32' }),
  ]).toMatchInlineSnapshot(`
    [
      "add: 'a' is f16 [2] and 'b' is f32 [2], expected one dtype; cast one, as with cast(b, 'f16').",
      "add: 'a' is f32 [2] and 'b' is f16 [2], expected one dtype; cast one, as with cast(b, 'f32').",
      "matmul: 'a' is f16 [2,3] and 'b' is f32 [3,2], expected one dtype; cast one, as with cast(b, 'f16').",
      "add: 'a' is f16 [2] and 'b' is u32 [2], expected one dtype; cast one, as with cast(b, 'f16').",
    ]
  `);
});

// ---- plans ----

test('what is fused around f16, and what declares it', () => {
  const { dispatches } = planOf(
    (x, w, b) => {
      const [x16, w16] = [cast(relu(x), 'f16'), cast(w, 'f16')];
      return cast(relu(add(matmul(x16, w16), cast(b, 'f16'))), 'f32');
    },
    [f32(5, 7), f32(7, 3), f32(3)],
  );
  expect(
    dispatches.map(
      ({ label, variant, shader }) =>
        `${label} (${variant})${shader.code.startsWith('enable f16;') ? ' f16' : ''}`,
    ),
  ).toMatchInlineSnapshot(`
    [
      "relu/forward (map)",
      "cast/forward (map) f16",
      "cast/forward (map) f16",
      "cast/forward (map) f16",
      "matmul/forward + add/forward + relu/forward (baseline_f16) f16",
      "cast/forward (map) f16",
    ]
  `);
  // Values flow through an epilogue in f32.
  const fused = dispatches.find(({ label }) => label.includes('matmul'))!.shader.code;
  expect(/fn epilogue.*\n([^}]*)/.exec(fused)?.[1]).toMatchInlineSnapshot(`
    "  let v0 = value + f32(operand_0[channel]);
      let v1 = max_of(v0, 0.0);
      return v1;
    "
  `);
});

test('gradients of f16 tensors are f16, through broadcasting too', () => {
  const { outputs } = planOf(
    (x, w, b) => grad(sum(cast(add(matmul(x, w), b), 'f32')), [x, w, b]),
    [f16(5, 7), f16(7, 3), f16(3)],
  );
  expect(outputs).toEqual([f16(5, 7), f16(7, 3), f16(3)]);
});

test('a device without the feature refuses f16 by name', () => {
  const device = fakeDevice();
  const said = (fn: (...inputs: Tensor[]) => Tensor, ...specs: Spec[]) => {
    try {
      planOf(fn, specs, device);
    } catch (error) {
      return String(error);
    }
    return 'NOT REFUSED';
  };
  expect([
    said((a, b) => matmul(a, b), f16(2, 3), f16(3, 2)),
    said((a, b) => multiply(a, b), f16(2), f16(2)),
    said((x) => cast(exp(x), 'f16'), f32(2)),
  ]).toMatchInlineSnapshot(`
    [
      "DeviceError: matmul: [2,3] f16 and [3,2] f16 → [2,2] f16 needs the feature shader-f16, which this device lacks; compute in f32, or use another device.",
      "DeviceError: multiply: [2] f16 and [2] f16 → [2] f16 needs the feature shader-f16, which this device lacks; compute in f32, or use another device.",
      "DeviceError: cast: [2] → [2] f16 needs the feature shader-f16, which this device lacks; compute in f32, or use another device.",
    ]
  `);
});
