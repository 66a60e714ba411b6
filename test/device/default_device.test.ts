/**
 * Which device is used where none is named:
 *   the first one opened that is still open: a second one changes nothing; destroyed, the next oldest takes its place
 *   models and programs stay on the device they were made with, also when that is destroyed or lost
 *   what is made before any device is open finds one at its first use, and stays there
 *   what a program creates while it is recorded is on the program's device
 *   tensors of two devices are refused by op, program and step, with both devices named
 *   a helper is never the default
 */
import { afterEach, describe, expect, it } from 'vitest';
import { type Device, defaultDevice, findDefaultDevice } from '../../src/engine/device.js';
import { program } from '../../src/engine/program.js';
import { Tensor } from '../../src/engine/tensor.js';
import { DeviceError } from '../../src/errors.js';
import { add, batchGather, image } from '../../src/kernels/index.js';
import { DeviceSet, partsIn } from '../../src/nn/samples/device_set.js';
import { dense, flatten } from '../../src/nn/layers/index.js';
import { type Model, sequential } from '../../src/nn/model.js';
import { TrainingStep } from '../../src/nn/training/training_step.js';
import { open } from './open.js';
import { bars, smallModel } from './small_model.js';

const opened: Device[] = [];
async function opens(): Promise<Device> {
  const device = await open();
  opened.push(device);
  return device;
}
afterEach(() => {
  for (const device of opened.splice(0)) device.destroy();
  expect(findDefaultDevice()).toBeUndefined();
});

const bare = (): Model => sequential([flatten({ inputShape: [8, 8, 1] }), dense({ units: 3 })]);

/** What is thrown, with devices as `device A` in the order in which the test opened them. */
function refusal(act: () => unknown): string {
  try {
    act();
  } catch (error) {
    return opened.reduce((text, { name }, i) => text.replaceAll(name, `device ${'ABC'[i]}`), String(error));
  }
  return 'nothing was thrown';
}

describe('the default device', () => {
  it('is the first one that is open, whatever is opened later', async () => {
    expect(() => defaultDevice()).toThrowErrorMatchingInlineSnapshot(
      `[DeviceError: defaultDevice: no device is open; call \`await open()\` first.]`,
    );
    const [a, b, c] = [await opens(), await opens(), await opens()];
    expect(defaultDevice()).toBe(a);
    b.destroy();
    expect(defaultDevice()).toBe(a);
    a.destroy();
    expect(defaultDevice()).toBe(c);
    expect(Tensor.from([1]).device).toBe(c);
    const d = await opens();
    expect(defaultDevice()).toBe(c);
    c.destroy();
    expect(defaultDevice()).toBe(d);
  });

  it('is another one once it is lost', async () => {
    const [a, b] = [await opens(), await opens()];
    // As when a driver resets: without a call of Device.destroy.
    a.gpu.destroy();
    await a.lost;
    expect(defaultDevice()).toBe(b);
  });

  it('is never a helper device', async () => {
    const a = await opens();
    const helpers = await a.openHelpers();
    expect(defaultDevice()).toBe(a);
    for (const helper of helpers) helper.destroy();
    expect(defaultDevice()).toBe(a);
  });
});

describe('a model', () => {
  it('stays on the device it was made on', async () => {
    const a = await opens();
    const model = smallModel();
    const b = await opens();
    expect(model.device).toBe(a);
    b.destroy();
    await model.fit(bars(9), { batchSize: 4 });
    expect((await model.predict(bars(2))).length).toBe(6);
    expect(model.parameters.device).toBe(a);
  });

  it('says that its device was destroyed, and does not move', async () => {
    const [a, b] = [await opens(), await opens()];
    const used = smallModel();
    await used.predict(bars(2));
    const fresh = smallModel();
    a.destroy();
    for (const model of [used, fresh]) {
      const acts = [
        async () => model.predict(bars(2)),
        async () => model.evaluate(bars(2)),
        async () => model.fit(bars(2)),
        async () => model.weights(),
        async () => model.toFile(),
      ];
      for (const act of acts) {
        const error: unknown = await act().catch((thrown: unknown) => thrown);
        expect(error).toBeInstanceOf(DeviceError);
        expect((error as DeviceError).problem).toBe('lost');
      }
      expect(model.device).toBe(a);
    }
    expect(bare().device).toBe(b);
  });

  it('made before any device is open takes one at its first use, and stays there', async () => {
    const model = bare();
    expect(() => model.parameters).toThrow(/no device is open/);
    const a = await opens();
    const b = await opens();
    expect((await model.predict(bars(2))).length).toBe(6);
    expect(model.device).toBe(a);
    a.destroy();
    expect(model.device).toBe(a);
    await expect(model.predict(bars(2))).rejects.toThrow(/^device: lost \(destroyed\)/);
    expect(defaultDevice()).toBe(b);
  });
});

describe('programs and tensors', () => {
  it('a program stays on the device that was the default when it was made', async () => {
    const a = await opens();
    const twice = program((x: Tensor) => add(x, x));
    await opens();
    expect(twice.device).toBe(a);
    expect([...(await twice.call(Tensor.from([1, 2])).data())]).toEqual([2, 4]);
  });

  it('what a program creates is on its own device', async () => {
    const [a, b] = [await opens(), await opens()];
    const more = program((x: Tensor) => add(x, Tensor.from([10, 20])), b);
    expect([...(await more.call(Tensor.from([1, 2], [2], b)).data())]).toEqual([11, 22]);
    const blurred = image.filter2d(
      Tensor.from(new Float32Array(4), [1, 2, 2, 1], b),
      [0, 0, 0, 0, 2, 0, 0, 0, 0],
    );
    expect(blurred.device).toBe(b);
    expect(defaultDevice()).toBe(a);
  });

  it('do not mix devices', async () => {
    const [a, b] = [await opens(), await opens()];
    const [ours, theirs] = [Tensor.from([1, 2], [2], a), Tensor.from([3, 4], [2], b)];
    expect(refusal(() => add(ours, theirs))).toMatchInlineSnapshot(
      `"StateError: add: runs on device A, but the tensor [2] is on device B; use tensors of one device."`,
    );
    expect(refusal(() => add(theirs, ours))).toMatchInlineSnapshot(
      `"StateError: add: runs on device B, but the tensor [2] is on device A; use tensors of one device."`,
    );
    expect(refusal(() => program((x) => add(x, theirs), a).call(ours))).toMatchInlineSnapshot(
      `"StateError: program: runs on device A, but the tensor [2] is on device B; use tensors of one device."`,
    );
    expect(refusal(() => program((x) => add(x, x), a).call(theirs))).toMatchInlineSnapshot(
      `"StateError: program: runs on device A, but the tensor [2] is on device B; use tensors of one device."`,
    );
    const set = new DeviceSet(a, bars(4));
    const state = Tensor.zeros({ shape: [8], dtype: 'u32' }, b);
    const [images, labels, permutation] = partsIn(set) as [Tensor, Tensor, Tensor];
    expect(
      refusal(() => batchGather({ images, labels, permutation, state }, { batch: 2, scale: 1, offset: 0 })),
    ).toMatchInlineSnapshot(
      `"StateError: batchGather: runs on device A, but the tensor [8] u32 is on device B; use tensors of one device."`,
    );
    const step = TrainingStep.create(smallModel({ device: b }), set, 2);
    await expect(step).rejects.toThrow(
      /^program: runs on device \d+ .*, but the tensor .* is on device \d+ /,
    );
  });
});
