/**
 * What a program forgets and what it repeats with ever other shapes, with the collector of garbage at hand:
 *   forgotten tensors, steps and models are freed; what a step or a tensor over a part of it still needs is not
 *   a program of many shapes records a bounded number of them
 *   tidy over ops and models; a device that is destroyed
 */
import v8 from 'node:v8';
import vm from 'node:vm';
import { expect, it } from 'vitest';
import type { Plan } from '../../src/engine/plan/plan.js';
import { program } from '../../src/engine/program.js';
import { Tensor } from '../../src/engine/tensor.js';
import { tidy } from '../../src/engine/tidy.js';
import { StateError } from '../../src/errors.js';
import { add, relu, reshape, scale } from '../../src/kernels/index.js';
import { useDevice } from '../device/device.js';
import { smallModel } from '../device/small_model.js';

const held = useDevice();

v8.setFlagsFromString('--expose-gc');
const collect = vm.runInNewContext('gc') as () => void;

/** Collects, and lets the finalizers run, which take turns of their own. */
async function collected(): Promise<number> {
  for (let i = 0; i < 3; i++) {
    collect();
    await new Promise((resolve) => setTimeout(resolve));
  }
  held.device.trim();
  return held.device.allocatedBytes;
}

const megabyte = 2 ** 20;
const large = (): Tensor => Tensor.zeros({ shape: [256, 1024], dtype: 'f32' }, held.device);

it('frees forgotten results, and nothing that is in use', async () => {
  const { device } = held;
  const before = await collected();
  const x = large();
  const view = ((): Tensor => reshape(large(), [1024, 256]))();
  (() => {
    for (let i = 0; i < 100; i++) relu(add(x, x));
  })();
  expect(device.allocatedBytes).toBeGreaterThan(200 * megabyte);
  await device.idle();
  // Without a word to the device: only by being collected.
  for (let i = 0; i < 3; i++) {
    collect();
    await new Promise((resolve) => setTimeout(resolve));
  }
  expect(device.allocatedBytes - before).toBeLessThan(40 * megabyte);
  expect((await collected()) - before).toBe(2 * megabyte);
  expect((await view.data()).length).toBe(262_144);
  expect(device.memory).toMatchObject({ usedBytes: device.allocatedBytes, idleBytes: 0 });
  x.dispose();
  x.dispose();
  view.dispose();
  expect(await collected()).toBe(before);
});

it('frees forgotten steps, and keeps for a step what only it still knows', async () => {
  const { device } = held;
  const before = await collected();
  const bind = async () => {
    const [x, w] = [large(), Tensor.from([2], [1], device)];
    x.write(new Float32Array(x.size).fill(3));
    return program((x) => scale(relu(add(x, w)), 2), device, { fusion: false }).bind([x]);
  };
  await (async () => {
    const { step, outputs, dispose } = await bind();
    expect((await collected()) - before).toBeGreaterThanOrEqual(4 * megabyte);
    // Would be given out again, and overwritten, had anything been freed.
    const others = [large(), large(), large()];
    step.run();
    expect((await outputs.data())[5]).toBe(10);
    for (const other of others) other.dispose();
    dispose();
    expect(() => step.run()).toThrow(StateError);
  })();
  await (async () => void (await bind()))();
  expect(await collected()).toBe(before);
});

it('frees forgotten models, but not under one of their weights', async () => {
  const { device } = held;
  const before = await collected();
  let weights: Tensor | undefined = ((): Tensor => {
    const model = smallModel({ device });
    return model.parameters.get('dense/kernel');
  })();
  await collected();
  expect(await weights.data()).toEqual(await smallModel({ device }).parameters.get('dense/kernel').data());
  weights = undefined;
  expect(await collected()).toBe(before);
  const model = smallModel({ device });
  weights = model.parameters.get('dense/kernel');
  model.dispose();
  expect(() => scale(weights, 2)).toThrow(StateError);
});

it('tidies ops at once, and spares a model that is made within', async () => {
  const { device } = held;
  const before = await collected();
  const model = tidy(() => {
    const made = smallModel({ device });
    expect(made.parameters.flat.size).toBeGreaterThan(0);
    const x = Tensor.from([1, -2], [2], device);
    add(relu(x), reshape(x, [2]));
    return made;
  });
  const y = tidy(() => relu(Tensor.from([1, -2], [2], device)));
  expect([...(await y.data())]).toEqual([1, 0]);
  expect(model.parameters.flat.isDisposed).toBe(false);
  y.dispose();
  model.dispose();
  device.trim();
  expect(device.allocatedBytes).toBe(before);
});

it('records a program again when too many other shapes came between', () => {
  const { device } = held;
  const double = program((x) => scale(x, 2), device);
  const planFor = (length: number): Plan =>
    double.plan(Tensor.placeholder({ shape: [length], dtype: 'f32' }, device));
  const first = planFor(1);
  expect(planFor(1)).toBe(first);
  for (let length = 2; length <= 100; length++) planFor(length);
  const last = planFor(100);
  expect(planFor(1)).not.toBe(first);
  expect(planFor(100)).toBe(last);
  double.dispose();
  expect(planFor(100)).not.toBe(last);
});

it('a destroyed device frees all, and disposing afterwards is harmless', async () => {
  const { open } = await import('../../src/node/open.js');
  const device = await open();
  const x = Tensor.from([1, 2], [2], device);
  const { step, outputs } = await program((x) => scale(relu(x), 2), device, { fusion: false }).bind([x]);
  device[Symbol.dispose]();
  device.destroy();
  expect(device.memory).toMatchObject({ usedBytes: 0, idleBytes: 0 });
  for (const resource of [x, step, outputs]) resource.dispose();
  expect(device.allocatedBytes).toBe(0);
  expect(() => Tensor.from([1], [1], device)).toThrow(/^device: lost \(destroyed\)/);
});
