/**
 * The optimizers over tensors, in a custom loop, from gradients that are given:
 *   25 steps of each arrive where PyTorch does, and 30 where float64 does by the formulas of Keras, with equal slots
 *   clipping, weight decay and averages, as in Keras
 *   in a program and outside, with a rate that changes, and from a snapshot: the same bits
 */
import { expect, it } from 'vitest';
import { program } from '../../src/engine/program.js';
import { Tensor } from '../../src/engine/tensor.js';
import { grad } from '../../src/kernels/grad.js';
import { multiply, subtract, square, sum } from '../../src/kernels/index.js';
import * as optimizers from '../../src/nn/optimizers/index.js';
import type { DefinedOptimizer } from '../../src/nn/optimizers/own_loop.js';
import { cosineDecay } from '../../src/nn/training/schedules.js';
import { type Numbers64, type Parameter64, update64 } from '../../src/reference/optimizers.js';
import { pcg4d } from '../../src/random.js';
import { sizeOf } from '../../src/engine/primitive.js';
import { useDevice } from '../device/device.js';
import { begin, gradientAt, steps as torchSteps, torchTrajectories } from '../torch_trajectories.js';

useDevice();

const { adadelta, adagrad, adam, adamW, adamax, lion, muon, nadam, rmsprop, sgd } = optimizers;
const steps = 30;
const shapes = { kernel: [3, 5], bias: [7], conv: [1, 2, 3, 2] } as const;
type Name = keyof typeof shapes;

/** From −1 to 1, the same for each stream. */
const drawn = (count: number, stream: number): number[] =>
  Array.from({ length: count }, (_, i) => Math.fround((pcg4d(stream, 1, 2, i)[0] / 2 ** 32) * 2 - 1));
const beginOf = (name: Name): number[] => drawn(sizeOf(shapes[name]), name.length);
/** Gradients that point somewhere, with noise; some of them are large, and some are 0. */
const gradientsAt = (step: number, names: readonly Name[]): number[][] =>
  names.map((name) =>
    drawn(sizeOf(shapes[name]), 100 * name.length + step).map((value, k) =>
      Math.fround(k % 5 === 4 ? 0 : (value + 0.3) * 10 ** ((k % 4) - 2)),
    ),
  );

const tensorOf = (values: readonly number[], shape: readonly number[]): Tensor =>
  Tensor.from(Float32Array.from(values), shape);

/** The parameters after the steps, and the slots. */
async function trained(
  optimizer: DefinedOptimizer,
  names: readonly Name[],
): Promise<{ readonly values: number[][]; readonly slots: ReadonlyMap<string, Float32Array> }> {
  const make = (lists: readonly number[][]): Record<string, Tensor> =>
    Object.fromEntries(names.map((name, i) => [name, tensorOf(lists[i]!, shapes[name])]));
  const parameters = make(names.map(beginOf));
  using loop = optimizer.over(parameters);
  for (let step = 1; step <= steps; step++) loop.update(make(gradientsAt(step, names)));
  const values: number[][] = [];
  for (const name of names) values.push([...(await parameters[name]!.data())]);
  const { slots, step } = await loop.snapshot();
  expect(step).toBe(steps);
  return { values, slots };
}

function trained64(
  { name, config, learningRate }: Pick<DefinedOptimizer, 'name' | 'config' | 'learningRate'>,
  names: readonly Name[],
): Parameter64[] {
  const parameters = names.map((each) => ({
    values: beginOf(each),
    decays: each !== 'bias',
    slots: beginOf(each).map(() => ({})),
    shape: shapes[each],
  }));
  const options = { ...config, learningRate } as unknown as Numbers64;
  for (let step = 1; step <= steps; step++)
    update64(name, parameters, gradientsAt(step, names), step, options);
  return parameters;
}

it.each(torchTrajectories)('%s arrives where PyTorch does', async (_, optimizer, wanted) => {
  const parameter = tensorOf(begin, [2, 2]);
  using loop = optimizer.over([parameter]);
  for (let t = 1; t <= torchSteps; t++) loop.update([tensorOf(gradientAt(t), [2, 2])]);
  const found = await parameter.data();
  wanted.forEach((value, k) => expect(Math.abs(found[k]! - value)).toBeLessThan(2e-6));
});

const learningRate = 0.05;
const alone: readonly Name[] = ['kernel'];
const both: readonly Name[] = ['kernel', 'bias'];
const all: readonly Name[] = ['kernel', 'bias', 'conv'];
it.each<[string, DefinedOptimizer, readonly Name[]]>([
  ['rmsprop with momentum', rmsprop({ learningRate, momentum: 0.9, epsilon: 1e-7 }), alone],
  ['rmsprop, centered', rmsprop({ learningRate, centered: true, epsilon: 1e-3 }), alone],
  ['rmsprop', rmsprop({ learningRate }), alone],
  ['adam', adam({ learningRate }), alone],
  ['adamW', adamW({ learningRate, weightDecay: 0.1 }), both],
  ['adamax', adamax({ learningRate }), alone],
  ['nadam', nadam({ learningRate }), alone],
  ['adagrad', adagrad({ learningRate }), alone],
  ['adadelta', adadelta({ learningRate: 1 }), alone],
  ['lion', lion({ learningRate }), alone],
  ['muon', muon({ learningRate, nsSteps: 3 }), all],
  ['sgd that clips values', sgd({ learningRate, clipValue: 0.5 }), alone],
  ['adam that clips norms', adam({ learningRate, clipNorm: 1 }), both],
  ['rmsprop that clips the global norm', rmsprop({ learningRate, globalClipNorm: 2 }), both],
  ['sgd that decays', sgd({ learningRate, weightDecay: 0.3 }), both],
  [
    'sgd that decays nothing',
    sgd({ learningRate, weightDecay: 0.3, excludeFromWeightDecay: [/^kern/] }),
    alone,
  ],
  ['sgd with averages', sgd({ learningRate, useEma: true, emaMomentum: 0.9 }), alone],
  ['adam whose averages overwrite', adam({ learningRate, useEma: true, emaOverwriteFrequency: 7 }), alone],
])('%s follows float64', async (title, optimizer, names) => {
  const found = await trained(optimizer, names);
  const { name, config } = optimizer;
  const own = title.includes('nothing') ? { ...config, weightDecay: 0 } : config;
  const wanted = trained64({ name, config: own, learningRate: optimizer.learningRate }, names);
  // The iteration of muon magnifies roundings.
  const roundings = name === 'muon' ? 50 : 1;
  names.forEach((each, i) => {
    const { values, slots } = wanted[i]!;
    const scale = Math.max(...values.map(Math.abs));
    values.forEach((value, k) => {
      expect(Math.abs(found.values[i]![k]! - value), `${each}[${k}]`).toBeLessThan(2e-6 * scale * roundings);
      for (const slot of optimizer.slots) {
        const kept = found.slots.get(`${slot}/${each}`)![k]!;
        const expected = slots[k]![slot] ?? 0;
        expect(Math.abs(kept - expected), `${slot} ${each}[${k}]`).toBeLessThan(
          1e-5 * Math.abs(expected) + 1e-7,
        );
      }
    });
  });
});

/** A few steps that fit w to y = x·w, by a program that updates w. */
it('updates in programs, with rates that change, and from snapshots', async () => {
  const target = Tensor.from(Float32Array.from(drawn(15, 9)), shapes.kernel);
  const atZero = () => [Tensor.zeros({ shape: shapes.kernel, dtype: 'f32' })] as const;
  const lossOf = (w: Tensor): Tensor => sum(square(subtract(w, target)));

  const inProgram = atZero();
  const first = adam({ learningRate: 0.1, useEma: true }).over(inProgram);
  const step = program(() => {
    const [w] = inProgram;
    const loss = lossOf(w);
    first.update(grad(loss, [w]));
    return loss;
  });
  const losses: number[] = [];
  const run = async (count: number, loop: typeof first, next: typeof step): Promise<void> => {
    for (let i = 0; i < count; i++) {
      if (loop.step === 6) loop.learningRate = 0.01;
      losses.push(await next.call().item());
    }
  };
  await run(4, first, step);
  const saved = {
    snapshot: await first.snapshot(),
    w: (await inProgram[0].data()) as Float32Array<ArrayBuffer>,
  };
  await run(5, first, step);
  expect(first.step).toBe(9);
  for (let i = 1; i < losses.length; i++) expect(losses[i]).toBeLessThan(losses[i - 1]!);
  const wanted = await inProgram[0].data();

  // Outside a program, from gradients that an expression gives.
  const eager = atZero();
  const second = adam({ learningRate: 0.1, useEma: true }).over(eager);
  for (let i = 0; i < 9; i++) {
    if (i === 6) second.learningRate = 0.01;
    second.update([multiply(subtract(eager[0], target), 2)]);
  }
  expect(await eager[0].data()).toEqual(wanted);

  // Resumed: the rest of the steps, bound, several at once in a submit until the rate changes.
  const resumed = [Tensor.from(saved.w, shapes.kernel)] as const;
  const third = adam({ learningRate: 0.1, useEma: true }).over(resumed);
  third.restore(saved.snapshot);
  const again = program(() => {
    third.update(grad(lossOf(resumed[0]), [resumed[0]]));
    return [];
  });
  const bound = await again.bind();
  bound.step.run(2);
  third.learningRate = 0.01;
  bound.step.run(3);
  expect(third.step).toBe(9);
  expect(await resumed[0].data()).toEqual(wanted);

  // The averages, and back.
  const average = await third.slots.get('average/0')!.data();
  third.swapEmaWeights();
  expect(await resumed[0].data()).toEqual(average);
  third.swapEmaWeights();
  expect(await resumed[0].data()).toEqual(wanted);
  bound.dispose();
  for (const loop of [first, second, third]) loop.dispose();
});

it('takes a schedule, which needs the number of updates', async () => {
  const parameters = { w: Tensor.from([0]) };
  const gradients = { w: Tensor.from([1]) };
  const loop = sgd({ learningRate: cosineDecay({ peak: 1 }) }).over(parameters);
  expect(() => loop.update(gradients)).toThrow(
    'sgd.update: the learning rate is a schedule, which needs the number of updates; pass it to over(parameters, { totalSteps }).',
  );
  const planned = sgd({ learningRate: cosineDecay({ peak: 1 }) }).over(parameters, { totalSteps: 2 });
  planned.update(gradients);
  planned.update(gradients);
  const [value] = await parameters.w.data();
  expect(value).toBeCloseTo(-1 - 0.5, 2);
});

it('refuses other gradients, slots and parameters', () => {
  const parameters = { w: Tensor.from([0]) };
  const loop = adam().over(parameters);
  expect(() => loop.update({ v: parameters.w })).toThrow(
    "adam.update: gradients lacks 'w', expected one for each of w.",
  );
  expect(() => loop.update({ w: parameters.w, v: parameters.w })).toThrow("adam.update: gradients has 'v'");
  expect(() => loop.update({ w: Tensor.from([0, 0]) })).toThrow(
    'adam.update: the gradient of w is [2], expected [1] like the parameter.',
  );
  expect(() => adam().over({})).toThrow('optimizers.adam().over: parameters is empty');
  expect(() => adam().over({ w: 1 } as never)).toThrow(
    'optimizers.adam().over: parameters.w is 1, expected a tensor.',
  );
  expect(() => loop.restore({ step: 1, slots: new Map() })).toThrow(
    "adam.restore: the slot 'mean/w' has no values, expected 1.",
  );
  expect(() => loop.swapEmaWeights()).toThrow('adam.swapEmaWeights: there are no averages');
  loop.dispose();
  expect(() => loop.update(parameters)).toThrow('adam.update: the optimizer was disposed');
});
