/**
 * Programs, plans and replays on a device:
 *   recording once per signature, eager and recorded results alike, every form of result
 *   the planner: random graphs of integers, exact against an interpreter, with reuse of buffers and fusing and without
 *   outputs that are inputs, captures, views or repeated; values placed in other memory; the order of changes in place
 *   a chain of thousands of ops, in several kernels
 *   numbers of the caller: data, not code; whole in a message; results that are their operand
 *   the same bits: replay, several steps per submit, two recordings
 *   errors: disposed, nested, no gradient, wrong data, a shader that does not compile, a refused command, a lost device
 */
import { expect, test } from 'vitest';
import type { Primitive } from '../../src/engine/primitive.js';
import { describePlan } from '../../src/engine/plan/plan.js';
import { grad } from '../../src/kernels/grad.js';
import { program, runPrimitive } from '../../src/engine/program.js';
import { registerShaders } from '../../src/engine/shader.js';
import { Tensor } from '../../src/engine/tensor.js';
import { type Trace, currentTrace } from '../../src/engine/trace.js';
import { DeviceError, ShadegradError, ShapeError, StateError } from '../../src/errors.js';
import {
  add,
  argMax,
  conv2d,
  divide,
  dropout,
  fill,
  flatten,
  image,
  l2Penalty,
  matmul,
  max,
  mean,
  multiply,
  negate,
  relu,
  reshape,
  scale,
  softmaxCrossEntropy,
  square,
  subtract,
  sum,
  transpose,
  variance,
} from '../../src/kernels/index.js';
import { rmsprop, sgd } from '../../src/nn/optimizers/index.js';
import { stateSize } from '../../src/kernels/step_state.js';
import { type Random, oneOf, randomFrom, wholeNumber } from '../../src/check/draws.js';
import { type Array64, array64, map64 } from '../../src/reference/array64.js';
import { combine64 } from '../../src/reference/arithmetic.js';
import { matmul64 } from '../../src/reference/matmul.js';
import { transpose64 } from '../../src/reference/transpose.js';
import { useDevice } from './device.js';
import { open } from './open.js';

const held = useDevice();

const numbers = async (tensor: Tensor): Promise<number[]> => [...(await tensor.data())];
const vector = (...values: number[]): Tensor => Tensor.from(values, [values.length], held.device);
const counting = (count: number, ...shape: number[]): Tensor =>
  Tensor.from(
    Array.from({ length: count }, (_, i) => i + 1),
    shape.length > 0 ? shape : [count],
    held.device,
  );

// ---- recording ----

test('the function runs once per signature of its inputs', async () => {
  let recordings = 0;
  const double = program((x) => {
    recordings++;
    return scale(x, 2);
  }, held.device);
  expect(await numbers(double.call(vector(1, 2)))).toEqual([2, 4]);
  expect(await numbers(double.call(vector(3, 4)))).toEqual([6, 8]);
  expect(recordings).toBe(1);
  expect(await numbers(double.call(vector(5)))).toEqual([10]);
  expect(recordings).toBe(2);
  expect(double.plan(vector(9, 9))).toBe(double.plan(vector(8, 8)));
});

test('a chain of 20,000 element-wise ops computes what they compute one by one', async () => {
  const factors = Array.from({ length: 10_000 }, (_, i) => (i % 2 === 0 ? 2 : 0.5));
  const doubled = program(
    (x) => factors.reduce((y, factor) => scale(scale(y, factor), 1, 1), x),
    held.device,
  );
  const expected = [1, -3].map((x) => factors.reduce((y, factor) => Math.fround(y * factor + 1), x));
  expect(await numbers(doubled.call(vector(1, -3)))).toEqual(expected);
});

test('a loop that never waits is refused before a software driver runs out of memory mappings', async () => {
  if (held.device.traits.family !== 'software') return;
  const step = program((x: Tensor) => sum(square(x)), held.device);
  const x = Tensor.from(Float32Array.of(1, 2), [2], held.device);
  step.call(x);
  held.device.counters.dispatches += 60_000;
  const last = step.call(x);
  expect(() => step.call(x)).toThrow('read a value now and then');
  expect(await last.data()).toEqual(Float32Array.of(5));
  expect(await step.call(x).data()).toEqual(Float32Array.of(5));
});

test('outside a program an op is a program of its own, planned once per signature', async () => {
  const { device } = held;
  const first = add(vector(1, 2, 3), vector(10));
  const before = { ...device.counters };
  const second = add(vector(4, 5, 6), vector(20));
  expect(device.counters.pipelinesCreated).toBe(before.pipelinesCreated);
  expect(await numbers(first)).toEqual([11, 12, 13]);
  expect(await numbers(second)).toEqual([24, 25, 26]);
});

test('a program returns what its function returns: a tensor, a list, a record', async () => {
  const x = vector(1, 2);
  expect(await numbers(program((x) => negate(x), held.device).call(x))).toEqual([-1, -2]);
  const [a, b] = program((x) => [negate(x), scale(x, 3)], held.device).call(x) as [Tensor, Tensor];
  expect([await numbers(a), await numbers(b)]).toEqual([
    [-1, -2],
    [3, 6],
  ]);
  const { low, high } = program((x) => ({ low: scale(x, 0.5), high: scale(x, 2) }), held.device).call(x);
  expect([await numbers(low), await numbers(high)]).toEqual([
    [0.5, 1],
    [2, 4],
  ]);
});

test('recorded and eager give the same bits', async () => {
  const x = counting(2 * 6 * 6 * 3, 2, 6, 6, 3);
  const kernel = scale(counting(3 * 3 * 3 * 5, 3, 3, 3, 5), 0.013);
  const layer = (x: Tensor, kernel: Tensor): Tensor => flatten(conv2d(x, kernel, { padding: 'same' }));
  expect(await numbers(program(layer, held.device).call(x, kernel))).toEqual(await numbers(layer(x, kernel)));
});

test('mean and fill, which are made of other ops', async () => {
  expect(await mean(counting(6, 2, 3)).item()).toBe(3.5);
  expect(await numbers(mean(counting(6, 2, 3), { axis: 0 }))).toEqual([2.5, 3.5, 4.5]);
  expect(mean(counting(6, 2, 3), { axis: -1, keepDims: true }).shape).toEqual([2, 1]);
  expect(await numbers(fill([2, 2], -0.25))).toEqual([-0.25, -0.25, -0.25, -0.25]);
  expect(sum(counting(24, 2, 3, 4), { axis: [0, 2], keepDims: true }).shape).toEqual([1, 3, 1]);
  expect(await numbers(sum(counting(24, 2, 3, 4), { axis: [0, -1] }))).toEqual([68, 100, 132]);
});

// ---- the planner ----

interface Made {
  readonly value: Tensor;
  readonly want: Array64;
}

/** One more value from those so far; integers below 2^20, so that every order of summation is exact. */
function grow(random: Random, made: readonly Made[]): Made {
  const pick = (): Made => made[Math.floor(random() ** 0.5 * made.length)] as Made;
  const a = pick();
  const b = pick();
  const isSquare = (m: Made): boolean => m.want.shape.length === 2 && m.want.shape[0] === m.want.shape[1];
  const halve = (m: Made): Made => {
    // Keeps numbers small: relu(−x) of large ones, else as they are.
    const largest = Math.max(...m.want.values.map(Math.abs));
    if (largest < 1000) return m;
    const want = map64(m.want, (value) => (value > 0 ? 1 : 0));
    // argMax is u32, so a comparison is made from relu twice: min(relu(x), 1) = relu(x) − relu(x − 1).
    return { value: subtract(relu(m.value), relu(subtract(m.value, 1))), want };
  };
  switch (wholeNumber(random, 0, 9)) {
    case 0:
      return halve({ value: add(a.value, b.value), want: combine64(a.want, b.want, (x, y) => x + y) });
    case 1:
      return halve({ value: subtract(a.value, b.value), want: combine64(a.want, b.want, (x, y) => x - y) });
    case 2:
      return halve({ value: multiply(a.value, b.value), want: combine64(a.want, b.want, (x, y) => x * y) });
    case 3:
      return { value: relu(a.value), want: map64(a.want, (x) => Math.max(x, 0)) };
    case 4:
      return { value: negate(a.value), want: map64(a.want, (x) => -x) };
    case 5: {
      if (!isSquare(a) || !isSquare(b)) return grow(random, made);
      const flags = { transposeA: random() < 0.5, transposeB: random() < 0.5 };
      return halve({ value: matmul(a.value, b.value, flags), want: matmul64(a.want, b.want, flags) });
    }
    case 6: {
      const permutation = a.want.shape.map((_, axis) => a.want.shape.length - 1 - axis);
      return { value: transpose(a.value), want: transpose64(a.want, permutation) };
    }
    case 7: {
      if (a.want.values.length !== 16) return grow(random, made);
      const shape = oneOf(random, [[4, 4], [16], [2, 8], [1, 4, 4], [4, 2, 2]]);
      return { value: reshape(a.value, shape), want: { ...a.want, shape } };
    }
    case 8: {
      const want = array64([], [a.want.values.reduce((x, y) => x + y, 0)]);
      return halve({ value: sum(a.value), want });
    }
    default: {
      const want = array64([], [a.want.values.reduce((x, y) => Math.max(x, y))]);
      return { value: max(a.value), want };
    }
  }
}

/** Shapes that broadcast with each other: what `grow` starts from. */
function seeds(random: Random): Array64[] {
  return [[4, 4], [4, 4], [4], [4, 1], [1]].map((shape) =>
    array64(
      shape,
      Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => wholeNumber(random, -3, 3)),
    ),
  );
}

/** Tries until two values broadcast. */
function growAgain(random: Random, made: readonly Made[]): Made {
  for (;;) {
    try {
      const next = grow(random, made);
      if (next.want.values.length <= 64) return next;
    } catch (error) {
      if (!(error instanceof ShapeError)) throw error;
    }
  }
}

test.each(Array.from({ length: 12 }, (_, i) => i))(
  'random graph %i is exact, whatever is returned',
  async (index) => {
    const inputs = seeds(randomFrom(1, index));
    const tensors = inputs.map(({ shape, values }) =>
      Tensor.from(Float32Array.from(values), shape, held.device),
    );
    /** Records the same graph each time; returns the last `count` values. */
    const build = (count: number) => {
      let wants: Array64[] = [];
      const result = program((...traced: Tensor[]) => {
        const random = randomFrom(2, index);
        const made: Made[] = traced.map((value, i) => ({ value, want: inputs[i] as Array64 }));
        for (let i = 0; i < 20; i++) made.push(growAgain(random, made));
        const last = made.slice(-count);
        wants = last.map(({ want }) => want);
        return last.map(({ value }) => value);
      }, held.device);
      return { result, wants: () => wants };
    };
    // All values as outputs: nothing is fused away and no memory used twice. Few: all of that happens.
    for (const count of [1, 4, 25]) {
      const { result, wants } = build(count);
      const got = result.call(...tensors);
      const values = await Promise.all(got.map(numbers));
      expect(values, describePlan(result.plan(...tensors))).toEqual(wants().map((want) => [...want.values]));
    }
  },
);

test('buffers are used again, and a chain needs two', () => {
  const plan = program((x) => {
    let y = x;
    // A product in each link, so that nothing is fused.
    for (let i = 0; i < 10; i++) y = matmul(y, y);
    return y;
  }, held.device).plan(counting(16, 4, 4));
  expect(plan.dispatches).toHaveLength(10);
  // Each product needs its operand and its result at once; the last one is the output itself.
  expect(plan.buffers).toHaveLength(2);
  expect(plan.bytesWithoutReuse).toBe(9 * 64);
});

test('a chain with more operands than a kernel can bind is cut', async () => {
  const operands = Array.from({ length: 12 }, (_, i) => vector(i, 2 * i));
  const chain = program((x, ...rest) => rest.reduce((y, operand) => add(y, operand), negate(x)), held.device);
  const x = vector(1, 1);
  expect(await numbers(chain.call(x, ...operands))).toEqual([65, 131]);
  expect(chain.plan(x, ...operands).dispatches.length).toBeGreaterThan(1);
  for (const { shader } of chain.plan(x, ...operands).dispatches)
    expect(shader.bindings.length).toBeLessThanOrEqual(8);
});

test('ops fuse across a reshape, with the bias of the new last axis', async () => {
  const fused = program((x, w, bias) => relu(add(reshape(matmul(x, w), [2, 2, 3]), bias)), held.device);
  const [x, w, bias] = [counting(4, 2, 2), counting(12, 2, 6), vector(0, -50, 1)];
  // x·w = [[15,18,21,24,27,30],[31,38,45,52,59,66]]
  expect(await numbers(fused.call(x, w, bias))).toEqual([15, 0, 22, 24, 0, 31, 31, 0, 46, 52, 9, 67]);
  for (const { label } of fused.plan(x, w, bias).dispatches)
    expect(label).toBe('matmul/forward + add/forward + relu/forward');
});

// ---- outputs ----

test('outputs may be inputs, captures, views and repeats, and belong to the caller', async () => {
  const captured = vector(7, 8, 9, 10);
  const result = program((x) => {
    const y = scale(x, 2);
    return [x, captured, reshape(y, [2, 2]), y, y, reshape(x, [4, 1])];
  }, held.device);
  const x = vector(1, 2, 3, 4);
  const outputs = result.call(x);
  expect(outputs.map(({ shape }) => shape)).toEqual([[4], [4], [2, 2], [4], [4], [4, 1]]);
  const double = [2, 4, 6, 8];
  const want = [[1, 2, 3, 4], [7, 8, 9, 10], double, double, double, [1, 2, 3, 4]];
  expect(await Promise.all(outputs.map(numbers))).toEqual(want);
  // Copies, not the same memory: writing one leaves the others and the inputs alone.
  outputs[0]?.write(Float32Array.of(0, 0, 0, 0));
  outputs[3]?.write(Float32Array.of(5, 5, 5, 5));
  expect(await numbers(x)).toEqual([1, 2, 3, 4]);
  expect(await numbers(outputs[4] as Tensor)).toEqual(double);
  expect(await numbers(outputs[2] as Tensor)).toEqual(double);
});

test('a capture shows what it holds when the program runs', async () => {
  const bias = vector(1, 1);
  const shift = program((x) => add(x, bias), held.device);
  expect(await numbers(shift.call(vector(1, 2)))).toEqual([2, 3]);
  bias.write(Float32Array.of(10, 20));
  expect(await numbers(shift.call(vector(1, 2)))).toEqual([11, 22]);
});

test('values are placed in memory of others, and still read by what follows', async () => {
  const { device } = held;
  const alignment = device.gpu.limits.minStorageBufferOffsetAlignment;
  const group = Tensor.from(new Float32Array(alignment).fill(-1), [alignment], device);
  const slice = (offset: number): Tensor =>
    Tensor.over(device, { ...group.storage, offset, byteLength: 16 }, { shape: [4], dtype: 'f32' });
  const [first, second] = [slice(0), slice(alignment)];
  const place = program((x) => {
    const trace = currentTrace() as Trace;
    const y = scale(x, 3);
    const z = relu(add(x, -2));
    trace.place(y, first);
    trace.place(z, second);
    expect([y, z, x].map((tensor) => trace.canPlace(tensor))).toEqual([false, false, false]);
    return [y, add(z, y)];
  }, device);
  const [y, both] = place.call(vector(1, 2, 3, 4)) as [Tensor, Tensor];
  expect(await numbers(y)).toEqual([3, 6, 9, 12]);
  expect(await numbers(both)).toEqual([3, 6, 10, 14]);
  const want = Array.from({ length: alignment }, () => -1);
  want.splice(0, 4, 3, 6, 9, 12);
  want.splice(alignment / 4, 4, 0, 0, 1, 2);
  expect(await numbers(group)).toEqual(want);
});

test('a value placed in memory that its kernel reads is computed beside it', async () => {
  const { device } = held;
  const [target, other] = [vector(1, 2, 3, 4), vector(10, 20, 30, 40)];
  const place = program((x) => {
    const trace = currentTrace() as Trace;
    // The whole chain is one kernel, whose operands are both targets.
    const y = relu(add(multiply(x, target), other));
    trace.place(y, target);
    const z = add(y, other);
    trace.place(z, other);
    return sum(z);
  }, device);
  const total = place.call(vector(1, -10, 1, 1));
  expect(await numbers(target)).toEqual([11, 0, 33, 44]);
  expect(await numbers(other)).toEqual([21, 20, 63, 84]);
  expect(await numbers(total)).toEqual([188]);
});

test('a place of another size is refused', () => {
  const place = program((x) => {
    const y = scale(x, 2);
    (currentTrace() as Trace).place(y, vector(1, 2, 3));
    return y;
  }, held.device);
  expect(messageOf(() => place.call(vector(1, 2)))).toBe(
    'ShapeError: place: the value is [2], its target [3]; expected as many elements of the same dtype.',
  );
});

// ---- numbers of the caller ----

test('a hundred numbers share a pipeline, and each call has its own', async () => {
  const { device } = held;
  const x = vector(1, -2, 4);
  const { state } = stepOf(1);
  const count = (): number => device.counters.pipelinesCreated;
  /** Each with the middle one of its results, of x = −2. */
  const uses: readonly [
    name: string,
    use: (number: number) => Tensor,
    middle?: (number: number) => number,
  ][] = [
    ['scale', (number) => scale(x, number, -number), (number) => -3 * number],
    ['add', (number) => add(x, number), (number) => number - 2],
    ['subtract from', (number) => subtract(number, x), (number) => number + 2],
    ['divide', (number) => divide(multiply(x, number), number), () => -2],
    ['divide into', (number) => divide(number, x), (number) => -number / 2],
    ['fill', (number) => fill([3], number), (number) => number],
    ['dropout', (number) => dropout(x, { rate: number / 200, stream: 1, state })],
    ['l2Penalty', (number) => reshape(l2Penalty(x, number), [1])],
    [
      'filter',
      (number) => image.filter2d(reshape(x, [1, 1, 3, 1]), [0, 0, 0, 0, number, 0, 0, 0, 0]),
      (number) => -2 * number,
    ],
  ];
  for (const [name, use, middle] of uses) {
    await use(1.5).data();
    const before = count();
    const results = Array.from({ length: 100 }, (_, i) => use(1 + i));
    expect(count() - before, name).toBe(0);
    // Read late, so that a number written over a call that still runs would be seen.
    const values = await Promise.all(results.map(numbers));
    const wanted = middle ? values.map((_, i) => middle(1 + i)) : values.map(([, value]) => value);
    expect(
      values.map(([, value]) => value),
      name,
    ).toEqual(wanted);
  }
});

test('a number whose reciprocal is beyond f32 divides all the same', async () => {
  const x = vector(1e-5, -2, 0, 2 ** -60);
  for (const by of [1e-39, 2e-39, -1e-38, 1e38, 3e38]) {
    const wanted = (await numbers(x)).map((value) => Math.fround(value / by));
    const got = await numbers(divide(x, by));
    got.forEach((value, i) => {
      const want = wanted[i] as number;
      // Results below the normal numbers may be 0; ±∞ is met exactly.
      const allowed = Math.max(2 ** -126, Math.abs(want) * 2 ** -21);
      const isNear = value === want || Math.abs(value - want) <= allowed;
      expect(isNear, `x[${i}] / ${by} is ${value}, expected ${want}`).toBe(true);
    });
  }
});

test('the message of a wrong number names the op that was called', () => {
  const x = vector(1, 2);
  expect(
    [
      messageOf(() => add(x, 1e39)),
      messageOf(() => subtract(Number.NaN, x)),
      messageOf(() => multiply(x, -Infinity)),
      messageOf(() => divide(x, 0)),
      messageOf(() => divide(x, 1e39)),
      messageOf(() => subtract(1, 2)),
      messageOf(() => sum(x, { axis: [5, 0] })),
      messageOf(() => sum(x, { axis: [0, -1] })),
      messageOf(() => max(x, { axis: 0.5 })),
      messageOf(() => sum(sum(x), { axis: 0 })),
    ].join('\n'),
  ).toMatchInlineSnapshot(`
    "UsageError: add: 1e+39 is not a finite f32, expected a number within ±3.4e38.
    UsageError: subtract: NaN is not a finite f32, expected a number within ±3.4e38.
    UsageError: multiply: -Infinity is not a finite f32, expected a number within ±3.4e38.
    UsageError: divide: b is the number 0, expected another; divide by a tensor for ±∞.
    UsageError: divide: 1e+39 is not a finite f32, expected a number within ±3.4e38.
    UsageError: subtract: a is 1 and b is 2, expected at least one tensor.
    ShapeError: sum: axis 5 does not exist in x [2], expected -1 to 0.
    ShapeError: sum: axis 0 is given twice, expected each axis once.
    ShapeError: max: axis 0.5 does not exist in x [2], expected -1 to 0.
    ShapeError: sum: axis 0 does not exist in x [], expected none, as x is a scalar."
  `);
});

test('the variance of 10,000 + noise keeps the digits of the noise', async () => {
  const values = Float32Array.from({ length: 1000 }, (_, i) => 1e4 + Math.sin(i));
  const y = variance(Tensor.from(values, [10, 100], held.device), { axis: 1 });
  const expected = Array.from({ length: 10 }, (_, row) => {
    const own = [...values.subarray(100 * row, 100 * row + 100)];
    const centre = own.reduce((total, value) => total + value, 0) / 100;
    return own.reduce((total, value) => total + (value - centre) ** 2, 0) / 100;
  });
  // x² is 10⁸, where neighbours in f32 are 8 apart: E[x²] − E[x]² would be noise. The mean, rounded to 2⁻¹¹, adds at most
  // 2⁻²² to the variance.
  const found = await numbers(y);
  found.forEach((value, row) => expect(Math.abs(value - expected[row]!)).toBeLessThan(2e-6));
});

test('a result that is its operand is a handle of its own', async () => {
  const x = vector(1, 2);
  const { state } = stepOf(1);
  const same = [
    sum(x, { axis: [] }),
    max(x, { axis: [] }),
    mean(x, { axis: [] }),
    dropout(x, { rate: 0, stream: 1, state }),
    reshape(x, [2]),
    reshape(x, [1, 2]),
  ];
  for (const y of same) y.dispose();
  expect(await numbers(x)).toEqual([1, 2]);
  const y = sum(x, { axis: [] });
  x.dispose();
  expect(await numbers(y)).toEqual([1, 2]);
});

// ---- changes in place ----

test('a program that changes a tensor does not also read it', () => {
  const [parameters, slots] = [vector(1, 2), { mean_square: vector(0, 0) }];
  const at = stepOf(0.5);
  const step = program((p: Tensor, gradients: Tensor) => {
    rmsprop().apply({ parameters: p, gradients, slots, ...at }, { decay: true });
    return [];
  }, held.device);
  expect(messageOf(() => step.call(parameters, parameters))).toBe(
    'StateError: program: rmsprop/update changes a tensor whose memory it also reads; pass a copy of one of them, such as ops.scale(x, 1).',
  );
  expect(() => step.call(parameters, scale(parameters, 1))).not.toThrow();
});

test('a program that changes a tensor does not use its memory as another input or as a captured tensor', () => {
  const [captured, at] = [vector(1, 2), stepOf(0.5)];
  const update = (parameters: Tensor, gradients: Tensor): void =>
    sgd().apply({ parameters, gradients, slots: {}, ...at }, { decay: true });
  const ofInput = program((p: Tensor, gradients: Tensor, other: Tensor) => {
    update(p, gradients);
    return [negate(other), relu(captured)];
  }, held.device);
  const x = vector(3, 4);
  expect(messageOf(() => ofInput.call(x, vector(1, 1), reshape(x, [1, 2])))).toBe(
    'StateError: program: inputs 0 and 2 share memory, which it changes; pass a copy of one of them, such as ops.scale(x, 1).',
  );
  const withCaptured =
    'StateError: program: input 0 shares memory with a tensor that it uses besides its inputs, and it changes one of them; pass a copy of one of them, such as ops.scale(x, 1).';
  expect(messageOf(() => ofInput.call(captured, vector(1, 1), x))).toBe(withCaptured);
  const ofCaptured = program((other: Tensor, gradients: Tensor) => {
    update(captured, gradients);
    return negate(other);
  }, held.device);
  expect(messageOf(() => ofCaptured.call(captured, vector(1, 1)))).toBe(withCaptured);
  expect(() => ofInput.call(x, vector(1, 1), vector(5, 6))).not.toThrow();
  // One that is only read may be passed twice.
  expect(() => ofInput.call(vector(5, 6), x, x)).not.toThrow();
});

/** The operands of an update that say what step it is. */
function stepOf(learningRate: number): Record<'stepScalars' | 'state', Tensor> {
  return {
    stepScalars: Tensor.from(Float32Array.of(learningRate), [1, 1], held.device),
    state: Tensor.from(new Uint32Array(stateSize), [stateSize], held.device),
  };
}

test('what is read before a change in place sees the old values, what is read after it the new ones', async () => {
  const [parameters, meanSquare, at] = [vector(1, 2), vector(0, 0), stepOf(0.5)];
  // v = g², so that each parameter moves by the rate.
  const options = { rho: 0, epsilon: 1e-30 };
  const update = program((gradients, offset) => {
    const before = scale(parameters, 10);
    rmsprop(options).apply(
      { parameters, gradients, slots: { mean_square: meanSquare }, ...at },
      { decay: true },
    );
    // Fused behind `before`, this would run too late and read the new parameters.
    const fused = add(before, offset);
    return { fused, after: scale(parameters, 10), parameters };
  }, held.device);
  const results = update.call(vector(3, -4), vector(0.25, 0.25));
  expect(await numbers(results.fused)).toEqual([10.25, 20.25]);
  expect(await numbers(results.after)).toEqual([5, 25]);
  expect(await numbers(results.parameters)).toEqual([0.5, 2.5]);
  expect(await numbers(parameters)).toEqual([0.5, 2.5]);
  expect(await numbers(meanSquare)).toEqual([9, 16]);
});

test('a change in place happens although no output depends on it, once per run', async () => {
  const [parameters, meanSquare, at] = [vector(1), vector(0), stepOf(0.125)];
  const options = { rho: 0, epsilon: 1e-30 };
  const update = program((gradients) => {
    rmsprop(options).apply(
      { parameters, gradients, slots: { mean_square: meanSquare }, ...at },
      { decay: true },
    );
    return [];
  }, held.device);
  const { step } = await update.bind([vector(1)]);
  expect(await numbers(parameters)).toEqual([1]);
  step.run(3);
  expect(await numbers(parameters)).toEqual([0.625]);
});

// ---- the same bits ----

/** A step with a loss, gradients and an update. */
function trainingProgram(parameters: Tensor, meanSquare: Tensor, at: ReturnType<typeof stepOf>) {
  return program((x, labels) => {
    const kernel = parameters;
    const logits = flatten(conv2d(x, reshape(kernel, [3, 3, 2, 4]), { strides: 2 }));
    const { loss } = softmaxCrossEntropy(logits, labels);
    const [gradients] = grad(loss, [kernel]);
    const options = { rho: 0.9, epsilon: 1e-8 };
    rmsprop(options).apply(
      { parameters, gradients, slots: { mean_square: meanSquare }, ...at },
      { decay: true },
    );
    return { loss, gradients };
  }, held.device);
}

test('replays, several per submit, and a second recording give the same bits', async () => {
  const random = randomFrom(5, 0);
  const x = Tensor.from(Float32Array.from({ length: 4 * 7 * 7 * 2 }, random), [4, 7, 7, 2], held.device);
  const labels = Tensor.from(Uint32Array.of(1, 35, 7, 0xffffffff), [4], held.device);
  const start = Float32Array.from({ length: 72 }, () => random() - 0.5);
  const run = async (timesPerSubmit: number): Promise<number[]> => {
    const parameters = Tensor.from(start.slice(), [72], held.device);
    const meanSquare = Tensor.from(new Float32Array(72), [72], held.device);
    const bound = await trainingProgram(parameters, meanSquare, stepOf(0.01)).bind([x, labels]);
    for (let done = 0; done < 12; done += timesPerSubmit) bound.step.run(timesPerSubmit);
    return [...(await numbers(parameters)), ...(await numbers(bound.outputs.loss))];
  };
  const first = await run(1);
  expect(first.every(Number.isFinite)).toBe(true);
  expect(await run(1)).toEqual(first);
  expect(await run(3)).toEqual(first);
  expect(await run(12)).toEqual(first);
});

test('replaying reads nothing back and makes neither buffers nor bind groups nor pipelines', async () => {
  const { device } = held;
  const bound = await program((x) => sum(square(matmul(x, x))), device).bind([counting(64, 8, 8)]);
  bound.step.run();
  const before = { ...device.counters };
  for (let i = 0; i < 10; i++) bound.step.run(2);
  const { submits, dispatches, ...rest } = device.counters;
  expect(rest).toEqual({
    buffersCreated: before.buffersCreated,
    bindGroupsCreated: before.bindGroupsCreated,
    pipelinesCreated: before.pipelinesCreated,
    readBacks: before.readBacks,
    readBackBytes: before.readBackBytes,
  });
  expect(submits - before.submits).toBe(10);
  expect(dispatches - before.dispatches).toBe(20 * bound.step.plan.dispatches.length);
});

test('memory given back is used again', () => {
  const { device } = held;
  const x = counting(1000);
  scale(x, 2).dispose();
  const { buffersCreated } = device.counters;
  for (let i = 0; i < 20; i++) scale(x, 2).dispose();
  expect(device.counters.buffersCreated).toBe(buffersCreated);
});

// ---- errors ----

/** The message of what `fn` throws on purpose. */
function messageOf(fn: () => unknown): string {
  try {
    fn();
  } catch (error) {
    if (error instanceof ShadegradError) return `${error.name}: ${error.message}`;
    throw error;
  }
  return 'nothing was thrown';
}

test('what is used outside its lifetime is refused with a sentence', () => {
  const { device } = held;
  const gone = vector(1, 2);
  gone.dispose();
  gone.dispose();
  expect(gone.isDisposed).toBe(true);
  let leaked: Tensor | undefined;
  const keep = program((x) => {
    leaked = scale(x, 2);
    return x;
  }, device);
  keep.call(vector(1));
  const inner = program((x) => x, device);
  expect(
    [
      messageOf(() => add(gone, 1)),
      messageOf(() => program((x) => add(x, gone), device).call(vector(1, 2))),
      messageOf(() => inner.call(gone)),
      messageOf(() => leaked?.storage),
      messageOf(() => program((x) => add(x, leaked as Tensor), device).call(vector(1))),
      messageOf(() => program((x) => inner.call(x), device).call(vector(1))),
      messageOf(() => grad(vector(1), [vector(1)])),
      messageOf(() => program((x, y) => grad(sum(x), [y]), device).call(vector(1), vector(2))),
      messageOf(() => program((x) => grad(argMax(x), [x]), device).call(vector(1, 2))),
      messageOf(() => Tensor.from([1, 2, 3], [2, 2], device)),
      messageOf(() => Tensor.from([], [0], device)),
      messageOf(() => vector(1, 2).write(Float32Array.of(1))),
    ].join('\n'),
  ).toMatchInlineSnapshot(`
    "StateError: scale: x [2] was disposed and cannot be used any more.
    StateError: add: b [2] was disposed and cannot be used any more.
    StateError: program: [2], which the program reads or writes, was disposed; keep it as long as the program runs.
    StateError: tensor: [1] is part of a program being recorded and has no values yet; return it from the program to read it.
    StateError: program: a tensor recorded in another program was used here; return it there and pass it in here.
    StateError: program: a program was called while another is being recorded; call its function instead.
    StateError: grad: called outside a program; wrap the computation in program(fn).
    StateError: grad: the loss does not depend on tensor 0 of shape [1].
    UsageError: grad: loss is [] u32 of arg_max, expected f32: integers have no gradient.
    ShapeError: tensor: shape [2,2] holds 4 elements, but the data has 3.
    ShapeError: tensor: shape [0] has the extent 0; extents are positive integers.
    ShapeError: write: [2] was given 1 f32 values."
  `);
});

test('a program takes and returns tensors, and says what it was given instead', () => {
  const { device } = held;
  const returning = (result: unknown) => messageOf(() => program(() => result as Tensor, device).call());
  const x = vector(1);
  expect(
    [
      returning(3),
      returning(undefined),
      returning('loss'),
      returning(Promise.resolve(x)),
      returning([x, 3]),
      returning({ loss: x, count: null }),
      returning({ nested: [x] }),
      returning(new Map()),
      messageOf(() => program((a, b) => add(a, b), device).call(x)),
      messageOf(() => program((a, b) => add(a, b), device).call(x, undefined as never)),
      messageOf(() => program((a) => scale(a, 2), device).call([1, 2] as never)),
      messageOf(() => program((a) => scale(a, 2), device).call(Promise.resolve(x) as never)),
    ].join('\n'),
  ).toMatchInlineSnapshot(`
    "UsageError: program: what the function returned is 3, expected a tensor, or a list or an object of tensors.
    UsageError: program: what the function returned is missing, expected a tensor, or a list or an object of tensors.
    UsageError: program: what the function returned is 'loss', expected a tensor, or a list or an object of tensors.
    UsageError: program: the function returned a Promise, expected a tensor, or a list or an object of tensors; a program records and cannot wait, so read values outside, with await tensor.data().
    UsageError: program: '1' of what the function returned is 3, expected a tensor.
    UsageError: program: 'count' of what the function returned is null, expected a tensor.
    UsageError: program: 'nested' of what the function returned is [a Tensor], expected a tensor.
    UsageError: program: what the function returned is a Map, expected a tensor, or a list or an object of tensors.
    UsageError: program: called with 1 tensor, expected 2, one for each parameter of its function.
    UsageError: program: input 1 is missing, expected a tensor.
    UsageError: program: input 0 is [1,2], expected a tensor.
    UsageError: program: input 0 is a Promise, expected a tensor; put 'await' before it."
  `);
  const optional = program((a: Tensor, b: Tensor = a) => add(a, b), device);
  expect(() => [optional.call(x), optional.call(x, x), program(() => [], device).call()]).not.toThrow();
});

test('a tensor that a program captured, or a step is bound to, must outlive it', async () => {
  const { device } = held;
  const weights = vector(1, 2);
  const shift = program((x) => add(x, weights), device);
  const [x, other] = [vector(1, 1), vector(2, 2)];
  expect(await numbers(shift.call(x))).toEqual([2, 3]);
  const { step } = await shift.bind([x]);
  const { step: another } = await shift.bind([other]);
  other.dispose();
  expect(() => another.run()).toThrow(StateError);
  weights.dispose();
  expect(messageOf(() => shift.call(x))).toMatchInlineSnapshot(
    `"StateError: program: [2], which the program reads or writes, was disposed; keep it as long as the program runs."`,
  );
  expect(() => step.run()).toThrow(StateError);
});

test('handles on one memory: the last one frees it', async () => {
  const x = vector(1, 2, 3, 4);
  const view = reshape(x, [2, 2]);
  x.dispose();
  expect(await numbers(view)).toEqual([1, 2, 3, 4]);
});

test('an item is one value', async () => {
  expect(await vector(5).item()).toBe(5);
  await expect(vector(5, 6).item()).rejects.toThrow(ShapeError);
});

/** A primitive with a shader of its own. */
function passFor(shader: string): Primitive<'x', 'y'> {
  return {
    name: 'made_up/forward',
    inputs: ['x'],
    outputs: ['y'],
    shape: ({ x }) => ({ y: x.shape }),
    cost: () => ({ flops: 0, bytes: 0 }),
    variants: [
      {
        name: 'baseline',
        family: 'baseline',
        hasEpilogue: false,
        supports: () => true,
        lower: () => ({ dispatches: [{ shader, constants: {}, workgroups: [1, 1, 1] }] }),
      },
    ],
  };
}

const bindings = `@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;
@compute @workgroup_size(1)
`;

test('a shader that does not compile is an error with its line, at bind and at the first read', async () => {
  registerShaders({ 'made_up/broken': `${bindings}fn main() {\n  y[0] = x[0] + 1u;\n}\n` });
  const device = await open();
  const x = Tensor.from([1], [1], device);
  const broken = program((x) => runPrimitive(passFor('made_up/broken'), { x }, {}).y, device);
  const problem = await broken.bind([x]).then(
    () => undefined,
    (error: unknown) => error,
  );
  expect(problem).toBeInstanceOf(DeviceError);
  expect((problem as DeviceError).problem).toBe('shader');
  expect((problem as DeviceError).message.split('\n').slice(0, 3)).toMatchInlineSnapshot(`
    [
      "shader made_up/broken does not compile:",
      "  line 5: no matching overload for 'operator + (f32, u32)'",
      "",
    ]
  `);
  await expect((async () => broken.call(x).data())()).rejects.toThrow(DeviceError);
  device.destroy();
});

test('a call that is refused leaves the device as it was', async () => {
  const device = await open();
  const refused = [
    () => fill([1.5], 1),
    () => fill([0], 1),
    () => fill([1e6, 1e6], 1),
    () => fill([3e9], 1),
    () =>
      add(Tensor.zeros({ shape: [1e5, 1], dtype: 'f32' }), Tensor.zeros({ shape: [1, 1e5], dtype: 'f32' })),
    () => Tensor.zeros({ shape: [1e12], dtype: 'f32' }),
    () => Tensor.allocate({ shape: [Number.NaN], dtype: 'f32' }),
    () => Tensor.from([[1, 2], [3]]),
  ];
  for (const call of refused) {
    expect(call).toThrow(ShadegradError);
    expect(await add(fill([2], 1), 1).data()).toEqual(Float32Array.of(2, 2));
    await device.idle();
  }
  device.destroy();
});

test('a command that the device refuses is an error once, and all other work continues', async () => {
  const device = await open();
  const x = Tensor.from([1, 2, 3], [3], device);
  await device.idle();
  const pending = x.data();
  const usage = GPUBufferUsage.MAP_READ | GPUBufferUsage.STORAGE;
  device.gpu.createBuffer({ size: 16, usage, label: 'neither one nor the other' });
  const inFlight: unknown = await pending.catch((error: unknown) => error);
  // A browser may answer the read before it reaches the command; the next call then throws.
  await expect.poll(() => device.calls.hasRefused).toBe(true);
  const problem: unknown =
    inFlight instanceof DeviceError ? inFlight : await x.data().catch((error: unknown) => error);
  expect(problem).toBeInstanceOf(DeviceError);
  expect((problem as DeviceError).message).toMatch(/^device: WebGPU refused a command: .*MapRead/);
  expect(await numbers(x)).toEqual([1, 2, 3]);
  expect(await numbers(scale(x, 2))).toEqual([2, 4, 6]);
  device.destroy();
});

test('a lost device is an error, and its tensors never read as zeros', async () => {
  const device = await open();
  const x = Tensor.from([1, 2, 3], [3], device);
  const { step } = await program((x) => scale(x, 2), device).bind([x]);
  const pending = x.data();
  device.destroy();
  const outcome = await pending.then(
    (data) => [...data].join(),
    (error: unknown) => (error as Error).constructor.name,
  );
  // What was on its way may still arrive; zeros may not.
  expect(['1,2,3', 'DeviceError']).toContain(outcome);
  await device.lost;
  await expect(x.data()).rejects.toThrow(DeviceError);
  expect(() => step.run()).toThrow(/^device: lost/);
  expect(() => divide(x, 2)).toThrow(DeviceError);
  expect(() => Tensor.from([1], [1], device)).toThrow(DeviceError);
});
