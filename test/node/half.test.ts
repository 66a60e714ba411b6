// Plan: f16 on a device.
//   tensors: round trips of odd lengths, overwriting, zeros, copies on the device
//   cast: every half to f32 and back; f32 to f16 against rounding on the host; integers
//   ops: those that compute f16, on the cases of their checks, values and gradients against float64
//   places: an f16 result in memory that its own kernel reads
import { expect, test } from 'vitest';
import { casesOf, evaluateAt, evaluate } from '../../src/check/evaluate.js';
import { checks } from '../../src/check/index.js';
import { type ReadBack, asTensors, runGuarded } from '../../src/check/guarded_run.js';
import type { Evaluated, Expected } from '../../src/check/op_check.js';
import { program } from '../../src/engine/program.js';
import { Tensor } from '../../src/engine/tensor.js';
import { currentTrace } from '../../src/engine/trace.js';
import { fromHalves, roundToHalf } from '../../src/half.js';
import { add, cast, matmul, multiply } from '../../src/kernels/index.js';
import { grad } from '../../src/kernels/grad.js';
import { type Array64, map64 } from '../../src/reference/array64.js';
import { useDevice } from '../device/device.js';

const held = useDevice();

test('tensors', async () => {
  for (const length of [1, 2, 3, 7, 8, 9, 4099]) {
    const values = Float32Array.from({ length }, (_, i) => 0.1 * i - 1);
    const rounded = values.map(roundToHalf);
    const x = Tensor.f16(values);
    expect(x.dtype).toBe('f16');
    expect(await x.data()).toEqual(rounded);
    const copy = Tensor.zeros({ shape: [length], dtype: 'f16' });
    expect(await copy.data()).toEqual(new Float32Array(length));
    held.device.copy([{ from: x.storage, to: copy.storage }]);
    expect(await copy.data()).toEqual(rounded);
    copy.write(values.map((value) => -value));
    expect(await copy.data()).toEqual(rounded.map((value) => -value));
  }
  expect(
    await Tensor.f16([
      [1, 2.0001],
      [3, 1e6],
    ]).data(),
  ).toEqual(Float32Array.of(1, 2, 3, Infinity));
  expect(await Tensor.f16([0.1]).item()).toBe(0.0999755859375);
  expect(() => Tensor.f16([1, 2], [3])).toThrow('holds 3 elements');
  expect(() => Tensor.f16([1, 2]).write(Uint32Array.of(1, 2))).toThrow('was given 2 u32 values');
});

test('cast', async () => {
  // Without NaN, whose bits may change.
  const bits = Uint16Array.from({ length: 65_536 }, (_, i) => i).filter((each) => (each & 0x7fff) <= 0x7c00);
  const halves = fromHalves(bits);
  const wide = cast(Tensor.f16(halves), 'f32');
  expect(await wide.data()).toEqual(halves);
  expect(await cast(wide, 'f16').data()).toEqual(halves);
  const values = Float32Array.from(
    { length: 20_011 },
    (_, i) => (i - 10_000) * 1.000123 ** (i % 4000) * 1e-3,
  );
  expect(await cast(Tensor.from(values), 'f16').data()).toEqual(values.map(roundToHalf));
  const whole = Uint32Array.of(0, 1, 2049, 65_519, 16_777_217);
  expect(await cast(Tensor.from(whole), 'f32').data()).toEqual(Float32Array.from(whole));
  expect(await cast(Tensor.from(whole), 'f16').data()).toEqual(Float32Array.from(whole, roundToHalf));
  const x = Tensor.f16([1, 2]);
  const same = cast(x, 'f16');
  x.dispose();
  expect(await same.data()).toEqual(Float32Array.of(1, 2));
});

/** The rounding to f16 of each of a few steps, besides that of f32; halves below 2⁻¹⁴ are multiples of 2⁻²⁴. */
function worstOf({ values, overrun }: ReadBack, { value, magnitude, tolerance }: Expected): number {
  expect(overrun).toBeUndefined();
  const errors = value.values.map((want, i) => {
    const allowed = (tolerance + 4 * 2 ** -11) * magnitude[i]! + 4 * 2 ** -24;
    const error = Math.abs(values[i]! - want) / allowed;
    return values[i] === want || values[i] === roundToHalf(want) ? 0 : error;
  });
  return Math.max(...errors);
}

const byName = [
  'add subtract multiply divide negate exp log square sqrt scale divide_by divide_into relu sigmoid matmul',
].flatMap((line) => line.split(' '));

test.each(byName)('%s', async (name) => {
  const check = checks.get(name)!;
  const halved = (x: Array64): Array64 => ({ ...map64(x, roundToHalf), dtype: 'f16' });
  // Long sums and large products compile for seconds, however their operands are stored.
  const cases = casesOf(check, 1, false).filter(
    (each, i) => (i < 6 && !/ᵀ|a tile/.test(each.name)) || each.name.includes('odd sizes'),
  );
  for (const [index, given] of cases.entries()) {
    const drawn = evaluate(check, given, index);
    const map = (arrays: Evaluated['inputs']) =>
      Object.fromEntries(Object.entries(arrays).map(([key, array]) => [key, halved(array)]));
    const at = evaluateAt(check, {
      ...drawn,
      inputs: map(drawn.inputs),
      outputGradients: map(drawn.outputGradients),
    });
    const names = Object.keys(at.inputs);
    const [first] = check.outputs as [string];
    const values = [...Object.values(at.inputs), at.outputGradients[first]!];
    const plan = program((...tensors: Tensor[]) => {
      const operands = Object.fromEntries(names.map((key, i) => [key, tensors[i]!]));
      const y = check.call!(operands, given.options)[first]!;
      return [y, ...grad(multiply(y, tensors.at(-1)!), Object.values(operands))];
    }, held.device).plan(...asTensors(values));
    const { outputs } = await runGuarded(held.device, plan, values);
    const wanted = [at.outputs[first]!, ...names.map((key) => at.gradients[key]!)];
    wanted.forEach((want, i) => {
      expect(worstOf(outputs[i]!, want), `${given.name}, result ${i}`).toBeLessThanOrEqual(1);
    });
  }
});

test('fused ops compute in f32 and round once', async () => {
  const a = Float32Array.of(0.1, 1.7, -3.3).map(roundToHalf);
  const b = Float32Array.of(0.7, 0.01, 5.5).map(roundToHalf);
  const chain = (x: Tensor, y: Tensor): Tensor => multiply(add(x, y), y);
  const fused = program(chain, held.device);
  const operands = [Tensor.f16(a), Tensor.f16(b)] as const;
  expect(fused.plan(...operands).dispatches).toHaveLength(1);
  const once = a.map((x, i) => roundToHalf(Math.fround(x + b[i]!) * b[i]!));
  expect(await fused.call(...operands).data()).toEqual(once);
  const twice = a.map((x, i) => roundToHalf(roundToHalf(x + b[i]!) * b[i]!));
  expect(await chain(...operands).data()).toEqual(twice);
  expect(twice).not.toEqual(once);
});

test('a result placed in memory that its kernel reads is copied there', async () => {
  for (const size of [3, 33]) {
    // Powers of the matrix that moves rows down by one.
    const shifts = (by: number): Float32Array<ArrayBuffer> =>
      Float32Array.from({ length: size * size }, (_, i) => Number(Math.floor(i / size) === (i % size) + by));
    const target = Tensor.f16(shifts(1), [size, size]);
    const run = program(() => {
      const y = matmul(target, target);
      currentTrace()!.place(y, target);
      return [];
    }, held.device);
    expect(run.plan().dispatches.map(({ label }) => label)).toEqual(['matmul/forward', 'copy/forward']);
    run.call();
    expect(await target.data()).toEqual(shifts(2));
  }
});
