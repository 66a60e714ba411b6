/**
 * What a model keeps of its optimizer, and what comes back from files, without a device:
 *   the step: that of the file, else of its checkpoint, else 0; compile with an optimizer that does not fit starts at 0
 *   layers that were frozen when the file was saved and are trained now have slots of 0, with one warning; those frozen now
 *   have none; a slot that is missing for any other reason is refused
 */
import { describe, expect, it } from 'vitest';
import type { Device, Storage } from '../../src/engine/device.js';
import { ModelError } from '../../src/errors.js';
import { conv2d, dense, flatten } from '../../src/nn/layers/index.js';
import { Model, sequential } from '../../src/nn/model.js';
import { type Network, hasGradient } from '../../src/nn/network/network.js';
import { freeze } from '../../src/nn/network/network_changes.js';
import type { Optimizer } from '../../src/nn/optimizers/optimizer.js';
import { rmsprop, sgd } from '../../src/nn/optimizers/index.js';
import { networkToJson } from '../../src/nn/files/network_json.js';
import {
  type StoredTensor,
  type StoredTensors,
  readSafetensors,
  writeSafetensors,
} from '../../src/nn/files/safetensors.js';
import { sizeOf } from '../../src/engine/primitive.js';
import { hollowDevice } from './fake_device.js';

/** A device that keeps what is written, by buffer. */
function memoryDevice(): { device: Device; read: (storage: Storage, length: number) => number[] } {
  const buffers = new Map<object, Uint8Array<ArrayBuffer>>();
  const device = Object.assign(hollowDevice('gpu'), {
    allocate: (byteLength: number) => {
      const buffer = {};
      buffers.set(buffer, new Uint8Array(byteLength));
      return { buffer, offset: 0, byteLength };
    },
    write: ({ buffer, offset }: Storage, data: Float32Array, byteOffset = 0) => {
      const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
      buffers.get(buffer)!.set(bytes, offset + byteOffset);
      return 0;
    },
  });
  const read = ({ buffer, offset }: Storage, length: number): number[] => [
    ...new Float32Array(buffers.get(buffer)!.buffer, offset, length),
  ];
  return { device, read };
}

const { network } = sequential([
  conv2d({ filters: 2, kernelSize: 3, inputShape: [8, 8, 1] }),
  flatten(),
  dense({ units: 3 }),
  dense({ units: 2 }),
]);

/** A file of this network after training with rmsprop, whose slots are 1, 2, … in the order of the trained parameters. */
function fileOf(
  saved: Network,
  { without = '', metadata = {} }: { without?: string; metadata?: Record<string, string> } = {},
): StoredTensors {
  const tensors = new Map<string, StoredTensor>();
  const add = (name: string, shape: readonly number[], value: number): unknown =>
    tensors.set(name, { dtype: 'F32', shape, data: new Float32Array(sizeOf(shape)).fill(value) });
  for (const { path, shape } of saved.parameters) add(path, shape, 0.5);
  saved.parameters
    .filter(hasGradient)
    .forEach(({ path, shape }, i) => add(`mean_square/${path}`, shape, i + 1));
  tensors.delete(without);
  const description = JSON.stringify({ ...networkToJson(saved), optimizer: { name: 'rmsprop', config: {} } });
  return readSafetensors(writeSafetensors(tensors, { model: description, ...metadata }), 'a.safetensors');
}

/** The model of `into` with the file, loaded before or after compile; the first value of each slot, and the warnings. */
function loaded(
  into: Network,
  stored: StoredTensors,
  {
    optimizer = rmsprop(),
    isCompiledFirst = false,
  }: { optimizer?: Optimizer; isCompiledFirst?: boolean } = {},
): { model: Model; slots: Record<string, number | undefined>; lines: string[] } {
  const { device, read } = memoryDevice();
  const model = new Model(into, { device });
  const lines: string[] = [];
  const compile = (): void =>
    model.compile({ optimizer, loss: 'sparseCategoricalCrossentropy', warn: (line) => lines.push(line) });
  if (isCompiledFirst) compile();
  model.takeWeights(stored, 'a.safetensors');
  if (!isCompiledFirst) compile();
  const slots = [...model.slots].flatMap(([slot, { tensors }]) =>
    [...tensors].map(([path, { storage }]) => [`${slot}/${path}`, read(storage, 1)[0]] as const),
  );
  return { model, slots: Object.fromEntries(slots), lines };
}

const positioned = (step: number): { checkpoint: string } => ({
  checkpoint: JSON.stringify({
    position: { step, epoch: 1, cursor: 0, sums: {} },
    callbacks: {},
    learningRate: null,
  }),
});

describe('the step of the optimizer', () => {
  it.each<[what: string, metadata: Record<string, string>, step: number]>([
    ['is that of the file', { optimizer_step: '7', ...positioned(3) }, 7],
    ['is that of the checkpoint in a file of an earlier version', positioned(3), 3],
    ['is 0 in one without a checkpoint', {}, 0],
  ])('%s', (_, metadata, step) => {
    const stored = fileOf(network, { metadata });
    for (const isCompiledFirst of [false, true]) {
      const { model, lines } = loaded(network, stored, { isCompiledFirst });
      expect([model.state.step, lines]).toEqual([step, []]);
    }
  });

  it('stays as it is where the slots do not fit, and is 0 after compile', () => {
    const { model, lines } = loaded(network, fileOf(network, { metadata: { optimizer_step: '7' } }), {
      optimizer: sgd(),
    });
    expect([model.state.step, lines.length]).toEqual([0, 1]);
    model.state.step = 5;
    model.takeWeights(fileOf(network, { metadata: { optimizer_step: '7' } }), 'a.safetensors');
    expect(model.state.step).toBe(5);
    model.compile({ optimizer: rmsprop(), loss: 'sparseCategoricalCrossentropy' });
    expect(model.state.step).toBe(7);
    const fresh = new Model(network, { device: memoryDevice().device });
    fresh.compile({ optimizer: rmsprop(), loss: 'sparseCategoricalCrossentropy' });
    fresh.state.step = 5;
    fresh.compile({ optimizer: rmsprop(), loss: 'sparseCategoricalCrossentropy' });
    expect(fresh.state.step).toBe(0);
  });

  it('is refused where it is damaged', () => {
    const check = (optimizer_step: string) => (): void =>
      new Model(network).checkWeights(fileOf(network, { metadata: { optimizer_step } }), 'a.safetensors');
    expect(check('-1')).toThrowErrorMatchingInlineSnapshot(
      `[ModelError: model: the optimizer_step in a.safetensors is -1, expected a non-negative integer.]`,
    );
    expect(check('x')).toThrowErrorMatchingInlineSnapshot(
      `[ModelError: model: the optimizer_step in a.safetensors is not JSON (Unexpected token 'x', "x" is not valid JSON).]`,
    );
  });
});

describe('a file of a model with frozen layers', () => {
  const frozen = freeze(network, 'conv2d', 'dense_1');

  it.each([false, true])(
    'fills the slots of layers that are trained now with 0, compiled first: %s',
    (isCompiledFirst) => {
      const { slots, lines, model } = loaded(network, fileOf(frozen, { metadata: { optimizer_step: '7' } }), {
        isCompiledFirst,
      });
      expect(slots).toEqual({
        'mean_square/conv2d/kernel': 0,
        'mean_square/conv2d/bias': 0,
        'mean_square/dense/kernel': 1,
        'mean_square/dense/bias': 2,
        'mean_square/dense_1/kernel': 0,
        'mean_square/dense_1/bias': 0,
      });
      expect(model.state.step).toBe(7);
      expect(lines).toEqual([
        `${isCompiledFirst ? 'loadWeights' : 'compile'}: the loaded file has no optimizer slots for layers that were frozen when it was saved (conv2d, dense_1); these start at 0.`,
      ]);
    },
  );

  it('is loaded where all that it trained is frozen now', () => {
    const { slots, lines } = loaded(freeze(network, 'dense'), fileOf(frozen));
    expect([Object.keys(slots).length, new Set(Object.values(slots))]).toEqual([4, new Set([0])]);
    expect(lines).toHaveLength(1);
  });

  it('lacks no slot that it should have', () => {
    for (const path of ['dense/bias', 'dense/kernel']) {
      const stored = fileOf(frozen, { without: `mean_square/${path}` });
      expect(() => loaded(network, stored)).toThrow(ModelError);
      expect(() => loaded(network, stored)).toThrow(`'mean_square/${path}' is missing`);
    }
  });
});

it('a file of a model without frozen layers keeps the slots of those that are trained now', () => {
  for (const isCompiledFirst of [false, true]) {
    const { slots, lines } = loaded(freeze(network, 'conv2d'), fileOf(network), { isCompiledFirst });
    expect(slots).toEqual({
      'mean_square/dense/kernel': 3,
      'mean_square/dense/bias': 4,
      'mean_square/dense_1/kernel': 5,
      'mean_square/dense_1/bias': 6,
    });
    expect(lines).toEqual([]);
  }
});
