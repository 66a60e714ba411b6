/**
 * Plan: weights files that cannot become a model, without a device, since nothing may be made on one before the file is
 * known to fit: cut off, an absurd header, no description, descriptions damaged in every place, tensors that do not fit
 * a description, however large it makes the model, damaged checkpoints. The files that are good: test/device/model_file.test.ts.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ModelError } from '../../src/errors.js';
import { conv2d, dense, flatten } from '../../src/nn/layers/index.js';
import { writeSafetensors } from '../../src/nn/files/safetensors.js';
import { sequential } from '../../src/nn/model.js';
import { modelFromFile, weightsPath } from '../../src/nn/files/model_files.js';
import { checkpointIn } from '../../src/nn/files/weights_file.js';

const model = sequential([flatten({ inputShape: [2, 1, 1] }), dense({ units: 2, activation: 'softmax' })]);
const good = JSON.stringify(model.toJson());

function file(description: string | undefined): Uint8Array {
  const metadata = { format: 'shadegrad 1', ...(description === undefined ? {} : { model: description }) };
  const bias = { dtype: 'F32', shape: [2], data: new Float32Array(2) } as const;
  return writeSafetensors([['dense/bias', bias]], metadata);
}

/** The description with a part replaced. */
const damaged = (change: object): string => JSON.stringify({ ...(JSON.parse(good) as object), ...change });
const huge = damaged({
  layers: [
    { className: 'Flatten', config: {} },
    { className: 'Dense', config: { units: 1e12 } },
  ],
});

it.each<[string, Uint8Array, string]>([
  ['nothing', new Uint8Array(0), 'a.safetensors: not a valid .safetensors file: 0 bytes are too few.'],
  [
    'cut off in the header',
    file(good).subarray(0, 100),
    'a.safetensors: not a valid .safetensors file: its header has 608 bytes, but only 92 follow. Is it cut off?',
  ],
  [
    'an absurd header',
    new Uint8Array(64).fill(0x7f),
    'a.safetensors: not a valid .safetensors file: it does not begin with the length of a header.',
  ],
  [
    'without a description',
    file(undefined),
    'model: a.safetensors holds weights but no model description; it comes from an earlier version or another program. Load it together with its model.json.',
  ],
  [
    'without a layer’s tensor',
    file(good),
    "model: a.safetensors does not fit: 'dense/kernel' is missing, expected [2,2] F32.",
  ],
  [
    'of a model too large for anything',
    file(huge),
    "model: a.safetensors does not fit: 'dense/kernel' is missing, expected [2,1000000000000] F32.",
  ],
])('%s', (_, bytes, message) => {
  const load = () => modelFromFile(bytes, { file: 'a.safetensors' });
  expect(load).toThrow(new ModelError(message));
});

it.each([
  ['{', /^model: the checkpoint in a.safetensors is not JSON \(/],
  ['null', /^model: the checkpoint in a.safetensors is null, expected an object.$/],
  [
    '{"position":{"epoch":1},"callbacks":{}}',
    /^model: the checkpoint in a.safetensors has no position.step.$/,
  ],
  [
    '{"position":{"step":-1},"callbacks":{}}',
    /^model: the checkpoint in a.safetensors: position.step is -1, expected a non-negative integer.$/,
  ],
])('a damaged checkpoint is a ModelError: %s', (checkpoint, message) => {
  const stored = { tensors: new Map(), metadata: { checkpoint } };
  expect(() => checkpointIn(stored, 'a.safetensors')).toThrow(message);
  expect(() => checkpointIn(stored, 'a.safetensors')).toThrow(ModelError);
});

it('a loss that was no number still is none', () => {
  const position = { step: 3, epoch: 0, cursor: 12, sums: { loss: NaN, accuracy: 0, count: 12 } };
  const checkpoint = JSON.stringify({ position, callbacks: {}, learningRate: 1 });
  const stored = { tensors: new Map(), metadata: { checkpoint } };
  expect(checkpointIn(stored, 'a.safetensors')?.position).toEqual(position);
});

it.each([
  [
    { lossSum: 2.5, correct: 7, count: 12 },
    { loss: 2.5, accuracy: 7, count: 12 },
  ],
  [
    { lossSum: null, correct: 0, count: 12 },
    { loss: NaN, accuracy: 0, count: 12 },
  ],
  [{ lossSum: 0, correct: 0, count: 0 }, {}],
])('a checkpoint of an earlier version has its sums by name: %o', (sums, expected) => {
  const place = { step: 3, epoch: 0, cursor: 12 };
  const checkpoint = JSON.stringify({ position: { ...place, ...sums }, callbacks: {}, learningRate: 1 });
  const { position } = checkpointIn({ tensors: new Map(), metadata: { checkpoint } }, 'a.safetensors')!;
  expect(position).toEqual({ ...place, sums: expected });
});

describe('a damaged description is a ModelError', () => {
  it.each([
    '',
    '{',
    'null',
    '[]',
    '{}',
    damaged({ layers: null }),
    damaged({ layers: [null] }),
    damaged({ layers: [{ className: 'Dense' }] }),
    damaged({ layers: [] }),
    damaged({ inputShape: 'x' }),
    damaged({ inputShape: [] }),
    damaged({ inputShape: [-1, 2, 1] }),
    damaged({ layers: [{ className: 'Lambda', config: {} }] }),
    damaged({ layers: [{ className: 'Conv2D', config: { filters: 'x', kernelSize: null } }] }),
    damaged({ preprocessing: { scale: null } }),
  ])('%s', (description) => {
    expect(() => modelFromFile(file(description))).toThrow(ModelError);
  });

  it('whatever is cut out of it', () => {
    const larger = sequential([
      conv2d({ filters: 2, kernelSize: 3, inputShape: [8, 8, 1], activation: 'relu' }),
      flatten(),
      dense({ units: 2, activation: 'softmax' }),
    ]);
    const whole = JSON.stringify(larger.toJson());
    const anything = fc.oneof(fc.jsonValue(), fc.constant(undefined));
    const property = fc.property(fc.nat(60), anything, (place, value) => {
      let met = 0;
      const changed = JSON.parse(whole, (_, old: unknown) => (met++ === place ? value : old)) as unknown;
      // The tensors never fit: what is not refused for its description is for those.
      expect(() => modelFromFile(file(JSON.stringify(changed) ?? ''))).toThrow(ModelError);
    });
    fc.assert(property, { numRuns: 500 });
  });
});

it.each([
  ['runs/x/best.safetensors', { folder: 'runs/x/', name: 'best' }],
  ['best.safetensors', { folder: '.', name: 'best' }],
  ['C:\\runs\\best.safetensors', { folder: 'C:\\runs\\', name: 'best' }],
  ['/a.b.safetensors', { folder: '/', name: 'a.b' }],
  ['runs/x', undefined],
  ['runs/.safetensors/', undefined],
])('%s names weights in a folder, or is a folder', (path, expected) => {
  expect(weightsPath(path)).toEqual(expected);
});

it('names the folder that is missing', async () => {
  await expect(model.save(undefined as never)).rejects.toThrow('save: folder is missing, expected');
  await expect(model.loadWeights(3 as never, 'a')).rejects.toThrow('loadWeights: folder is 3, expected');
});
