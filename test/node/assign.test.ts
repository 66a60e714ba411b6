/** Assignments on a device: values in memory, step after step (the same kernels in every browser, so in Node only). */
import { expect, it } from 'vitest';
import { program } from '../../src/engine/program.js';
import { Tensor } from '../../src/engine/tensor.js';
import { add, assign, exp, matmul, negate, scale, subtract, sum } from '../../src/kernels/index.js';
import { useDevice } from '../device/device.js';

const held = useDevice();
const vector = (...values: number[]): Tensor => Tensor.from(values, [values.length], held.device);
const numbers = async (tensor: Tensor): Promise<number[]> => [...(await tensor.data())];

it('outside a program, it overwrites the target, whose other handles see it', async () => {
  const target = vector(1, 2, 3);
  const row = target.alias([1, 3]);
  assign(target, vector(4, 5, 6));
  assign(target, negate(target));
  expect(await numbers(row)).toEqual([-4, -5, -6]);
  expect(() => assign(target, target.alias([3]))).toThrow('changes a tensor whose memory it also reads');
});

it('a step with momentum updates arguments and captured tensors at each run', async () => {
  const [p, v, g] = [vector(1, 2), vector(0, 0), vector(2, 4)];
  const step = await program((parameters: Tensor) => {
    const next = subtract(scale(v, 0.5), scale(g, 0.25));
    assign(v, next);
    assign(parameters, add(parameters, next));
    return [];
  }, held.device).bind([p]);
  expect(step.step.plan.dispatches).toHaveLength(1);
  step.step.run();
  expect([await numbers(v), await numbers(p)]).toEqual([
    [-0.5, -1],
    [0.5, 1],
  ]);
  step.step.run(2);
  expect([await numbers(v), await numbers(p)]).toEqual([
    [-0.875, -1.75],
    [-1.125, -2.25],
  ]);
  step.dispose();
});

it('reads before and after it see the old and the new elements, with fusion and without', async () => {
  const w = Tensor.from(
    [
      [1, 2],
      [3, 4],
    ],
    undefined,
    held.device,
  );
  for (const fusion of [true, false]) {
    const p = Tensor.from([1, 0, 0, 1], [2, 2], held.device);
    const { before, after, product, total } = program(
      () => {
        const old = scale(p, 10);
        const y = add(p, matmul(p, w));
        assign(p, y);
        return { before: old, after: negate(p), product: matmul(p, w), total: add(sum(old), sum(p)) };
      },
      held.device,
      { fusion },
    ).call();
    expect(await numbers(p)).toEqual([2, 2, 3, 5]);
    expect(await numbers(before)).toEqual([10, 0, 0, 10]);
    expect(await numbers(after)).toEqual([-2, -2, -3, -5]);
    expect(await numbers(product)).toEqual([8, 12, 18, 26]);
    expect(await numbers(total)).toEqual([32]);
  }
});

it('an argument that the program returns has its new elements', async () => {
  const p = vector(0, 1);
  const result = program((x: Tensor) => {
    assign(x, exp(x));
    return x;
  }, held.device).call(p);
  expect(await numbers(result)).toEqual(await numbers(p));
  expect((await numbers(p))[0]).toBe(1);
});

it('random programs compute the same with fusion and without', async () => {
  for (let seed = 1; seed <= 6; seed++) {
    const results: number[][] = [];
    for (const fusion of [false, true]) {
      let state = seed;
      const draw = (below: number): number => {
        state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
        return Math.floor((state / 2 ** 32) * below);
      };
      const whole = Tensor.from(
        Float32Array.from({ length: 512 }, (_, i) => (i % 7) / 4 - 0.5),
        [512],
        held.device,
      );
      const { storage } = whole;
      // Two in one buffer, two by themselves, one of them an argument.
      const [a, b] = [0, 256].map((first) =>
        Tensor.over(
          held.device,
          { ...storage, offset: first * 4, byteLength: 64 },
          { shape: [4, 4], dtype: 'f32' },
          whole,
        ),
      ) as [Tensor, Tensor];
      const [c, d] = [0.25, -0.5].map((value) =>
        Tensor.from(
          Array.from({ length: 16 }, (_, i) => value * (i % 5)),
          [4, 4],
          held.device,
        ),
      ) as [Tensor, Tensor];
      const outputs = program(
        (x: Tensor) => {
          const targets = [a, b, c, x];
          const values = [...targets];
          const pick = (): Tensor => values[draw(values.length)] as Tensor;
          const target = (): Tensor => targets[draw(targets.length)] as Tensor;
          const ops = [
            () => values.push(add(pick(), scale(pick(), 0.5))),
            () => values.push(subtract(target(), pick())),
            () => values.push(negate(pick())),
            () => values.push(scale(matmul(pick(), pick()), 0.25)),
            () => values.push(subtract(pick(), sum(pick(), { axis: 0 }))),
            () => assign(target(), pick()),
            () => assign(target(), pick()),
          ];
          for (let i = 0; i < 16; i++) (ops[draw(ops.length)] as () => void)();
          return values.slice(-3);
        },
        held.device,
        { fusion },
      ).call(d);
      const all = await Promise.all([...outputs, whole, c, d].map(numbers));
      results.push(all.flat());
    }
    const [plain, fused] = results as [number[], number[]];
    plain.forEach((value, i) => {
      const difference = Math.abs(fused[i]! - value);
      expect(
        difference <= 1e-4 * (1 + Math.abs(value)),
        `seed ${seed}, element ${i}: ${fused[i]} for ${value}`,
      ).toBe(true);
    });
  }
});
