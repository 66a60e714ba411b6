/**
 * The page's calls that inspect the network (web/worker/inspecting.ts):
 *   activations: the scaled input; a layer's output by hand; the last ones equal predict's, bit for bit, also after the
 *     weights have changed, with batch normalisation, and for another model; an image of another size is rejected
 *   filters: the first convolution's kernel; null if the model has none
 *   kernels of a prediction: every layer that computes; WGSL with entry point, bindings, and compiled-in values
 *   kernels of a training step: all layers, both directions, loss and optimizer; kept when the training has ended
 *   without a device, and after a loss: empty
 */
import { afterEach, describe, expect, it } from 'vitest';
import type { Device } from '../../src/engine/device.js';
import type { Plan } from '../../src/engine/plan/plan.js';
import type { Training } from '../../src/nn/callbacks/callback.js';
import { activation, batchNormalization, conv2d, dense, flatten } from '../../src/nn/layers/index.js';
import type { Layer } from '../../src/nn/layers/layer.js';
import { sgd } from '../../src/nn/optimizers/index.js';
import { type Model, sequential } from '../../src/nn/model.js';
import type { LayerActivation } from '../../web/protocol.js';
import type { Context } from '../../web/worker/context.js';
import { inspecting } from '../../web/worker/inspecting.js';
import { useDevice } from '../device/device.js';
import { open } from '../device/open.js';
import { bars, smallModel } from '../device/small_model.js';

const held = useDevice();
const models: Model[] = [];
afterEach(() => {
  for (const model of models.splice(0)) model.dispose();
});

/** As much of a visit as inspecting needs. */
class Visit {
  readonly device: { current: Device | undefined };
  readonly trainer = {
    plans: [] as readonly Plan[],
    active: undefined as Training | undefined,
    reads: 0,
    betweenSteps: async <T>(task: () => Promise<T>): Promise<T> => {
      this.trainer.reads++;
      return task();
    },
  };
  readonly #listeners: (() => void)[] = [];
  readonly current = {
    model: undefined as unknown as Model,
    weights: async (): Promise<Map<string, Float32Array<ArrayBuffer>>> => this.model.weights(),
    onReplaced: (listener: () => void) => void this.#listeners.push(listener),
  };

  constructor(model: Model, device: Device | undefined = held.device) {
    this.device = { current: device };
    this.replace(model);
  }

  get model(): Model {
    return this.current.model;
  }

  replace(model: Model): void {
    models.push(model);
    this.current.model = model;
    for (const listener of this.#listeners) listener();
  }
}

const visit = (model = smallModel({ device: held.device }), device?: Device) => new Visit(model, device);
const inspectingOf = (of: Visit) => inspecting(of as unknown as Context);

const images = bars(3);
const imageOf = (n: number): Uint8Array<ArrayBuffer> => images.images.slice(n * 64, (n + 1) * 64);

/** predict's output for image `n`. */
async function predicted(model: Model, n: number): Promise<Float32Array> {
  return model.predict({ images: imageOf(n), count: 1, height: 8, width: 8, channels: 1 });
}

const bitsOf = (values: Float32Array): number[] => [
  ...new Uint32Array(values.buffer, values.byteOffset, values.length),
];

function named(activations: readonly LayerActivation[], layer: string): LayerActivation {
  const found = activations.find((each) => each.layer === layer);
  if (!found) throw new Error(`there is no activation of '${layer}'`);
  return found;
}

const withNorm = (): Layer[] => [
  conv2d({ filters: 5, kernelSize: 3, useBias: false, inputShape: [8, 8, 1] }),
  batchNormalization(),
  activation({ activation: 'relu' }),
  flatten(),
  dense({ units: 4, activation: 'softmax' }),
];

describe('activations', () => {
  it('begin with the input as the first layer sees it, and have one entry per layer, then the softmax', async () => {
    const activations = await inspectingOf(visit()).activations(imageOf(1));
    expect(
      activations.map(({ layer, className, shape }) => `${layer} ${className} ${shape.join('×')}`),
    ).toEqual([
      'input Input 8×8×1',
      'conv2d Conv2D 8×8×4',
      'max_pooling2d MaxPooling2D 4×4×4',
      'dropout Dropout 4×4×4',
      'flatten Flatten 64',
      'dense Dense 8',
      'dense_1 Dense 3',
      'dense_1 Softmax 3',
    ]);
    const [input] = activations;
    // A byte's 1/255 is rounded once on the way.
    Array.from(imageOf(1)).forEach((byte, i) => expect(input!.values[i]).toBeCloseTo(byte / 255, 6));
  });

  it('are what the layers compute: the convolution, its maxima, the logits and their softmax', async () => {
    const own = visit();
    const activations = await inspectingOf(own).activations(imageOf(2));
    const weights = await own.model.weights();
    const { values: x } = named(activations, 'input');
    const { values: y } = named(activations, 'conv2d');
    const kernel = weights.get('conv2d/kernel')!;
    // The pixel (3, 4) of every filter, by hand: 3×3 taps of one channel.
    for (let o = 0; o < 4; o++) {
      let sum = weights.get('conv2d/bias')![o]!;
      for (let i = 0; i < 3; i++)
        for (let j = 0; j < 3; j++) sum += x[(2 + i) * 8 + 3 + j]! * kernel[(i * 3 + j) * 4 + o]!;
      expect(y[(3 * 8 + 4) * 4 + o]).toBeCloseTo(Math.max(0, sum), 5);
    }
    const { values: pooled } = named(activations, 'max_pooling2d');
    const window = [0, 1, 8, 9].map((at) => y[at * 4 + 2]!);
    expect(pooled[2]).toBe(Math.max(...window));
    expect([...named(activations, 'flatten').values]).toEqual([...pooled]);
    const [logits, probabilities] = activations.slice(-2).map(({ values }) => Array.from(values));
    const exps = logits!.map(Math.exp);
    const sum = exps.reduce((a, b) => a + b, 0);
    exps.forEach((each, i) => expect(probabilities![i]).toBeCloseTo(each / sum, 5));
  });

  it("end with predict's output, bit for bit, image after image and after the weights have changed", async () => {
    const own = visit();
    const api = inspectingOf(own);
    const last = async (n: number) => bitsOf((await api.activations(imageOf(n))).at(-1)!.values);
    expect(await last(0)).toEqual(bitsOf(await predicted(own.model, 0)));
    expect(await last(1)).toEqual(bitsOf(await predicted(own.model, 1)));
    const before = await last(2);
    const weights = await own.model.weights();
    own.model.setWeights(new Map([...weights].map(([name, values]) => [name, values.map((w) => w * 1.5)])));
    expect(await last(2)).toEqual(bitsOf(await predicted(own.model, 2)));
    expect(await last(2)).not.toEqual(before);
  });

  it('of images asked for at once do not mix', async () => {
    const own = visit();
    const api = inspectingOf(own);
    const all = await Promise.all([0, 1, 2].map((n) => api.activations(imageOf(n))));
    for (const [n, activations] of all.entries())
      expect(bitsOf(activations.at(-1)!.values)).toEqual(bitsOf(await predicted(own.model, n)));
  });

  it('follow another model, with batch normalisation, also while the first is still compiled', async () => {
    const own = visit();
    const api = inspectingOf(own);
    const begun = api.activations(imageOf(0));
    const next = sequential(withNorm(), { seed: 3, device: held.device });
    own.replace(next);
    const activations = [await begun, await api.activations(imageOf(0))];
    for (const each of activations) {
      expect(each.map(({ className }) => className)).toContain('BatchNormalization');
      expect(bitsOf(each.at(-1)!.values)).toEqual(bitsOf(await predicted(next, 0)));
    }
  });

  it('refuse an image of another size', async () => {
    await expect(inspectingOf(visit()).activations(new Uint8Array(9))).rejects.toThrow(
      /\[1,8,8,1\] u8 was given 9 u8 values/,
    );
  });
});

describe('filters', () => {
  it("are the first convolution's kernel", async () => {
    const own = visit();
    const filters = await inspectingOf(own).filters();
    expect(filters?.shape).toEqual([3, 3, 1, 4]);
    expect(bitsOf(filters!.values)).toEqual(bitsOf((await own.model.weights()).get('conv2d/kernel')!));
  });

  it('are none where there is no convolution', async () => {
    const model = sequential([flatten({ inputShape: [8, 8, 1] }), dense({ units: 3 })], {
      device: held.device,
    });
    expect(await inspectingOf(visit(model)).filters()).toBeNull();
  });
});

describe('kernels of a prediction', () => {
  it('serve every layer that computes something, in order, and are timed where the device can', async () => {
    const { of, rows, totalMs } = await inspectingOf(visit()).kernels();
    expect(of).toBe('prediction');
    expect(rows.map(({ index }) => index)).toEqual(rows.map((_, i) => i));
    const scopes = new Set(rows.flatMap((row) => row.scopes));
    expect([...scopes]).toEqual(['inputs', 'conv2d', 'max_pooling2d', 'dense', 'dense_1']);
    expect(rows.every(({ isBackward }) => !isBackward)).toBe(true);
    const isTimed = held.device.hasTimestamps;
    const times = rows.map(({ ms }) => ms);
    expect(times.every((ms) => (ms !== null) === isTimed)).toBe(true);
    const sum = isTimed ? times.reduce<number>((total, ms) => total + ms!, 0) : null;
    expect(totalMs).toEqual(sum);
  });

  it('come with the WGSL that was compiled: entry point, bindings, shapes as constants', async () => {
    const api = inspectingOf(visit());
    const { rows } = await api.kernels();
    for (const { index, label, variant, workgroups } of rows) {
      const [first, second, ...lines] = (await api.source(index)).split('\n');
      const head = `${first}\n${second}`;
      expect(head).toMatch(/^\/\/ .+\n\/\/ /);
      for (const part of [label, variant, workgroups.join(' × ')]) expect(head).toContain(part);
      const code = lines.join('\n');
      expect(code).toMatch(/@compute @workgroup_size\([^)]+\)\s*fn main\(/);
      expect(code).toMatch(/@group\(0\) @binding\(0\) var<storage, read(_write)?>/);
      // What an include or a hook stood for has been put in.
      expect(code).not.toMatch(/^\/\/! include/m);
    }
    // Of a primitive of several dispatches the last one yields the result.
    const convolution = rows.findLast(({ scopes }) => scopes.includes('conv2d'))!;
    expect(convolution.label).toBe('conv2d/forward + add/forward + relu/forward');
    expect(convolution.shader).toMatch(/^conv2d\/forward/);
    const code = await api.source(convolution.index);
    expect(code, 'the filters are a constant').toMatch(/const O: u32 = 4;/);
    expect(code, 'the bias and relu are in the hook').toMatch(
      /fn epilogue\([^{]+\{[^}]*operand_0\[channel\]/,
    );
  });

  it('are refused where the list has no such row', async () => {
    const api = inspectingOf(visit());
    await expect(api.source(0)).rejects.toThrowErrorMatchingInlineSnapshot(
      `[UsageError: source: the index is 0, expected one of the 0 kernels of the last list.]`,
    );
  });
});

describe('kernels of a training step', () => {
  /** Lists the kernels between two steps of a training, and again when it has ended. */
  async function listed() {
    const own = visit();
    own.model.compile({
      optimizer: sgd({ learningRate: 0.1, momentum: 0.9 }),
      loss: 'sparseCategoricalCrossentropy',
    });
    const api = inspectingOf(own);
    const before = await api.kernels();
    let during: Awaited<ReturnType<typeof api.kernels>> | undefined;
    const bitsAround: number[][] = [];
    const weightBits = async () =>
      [...(await own.model.weights()).values()].flatMap((values) => bitsOf(values));
    await own.model.fit(bars(24), {
      epochs: 1,
      batchSize: 8,
      callbacks: [
        {
          stepsUntilSync: ({ position }) => (position().step === 1 && !during ? 0 : 1),
          onSync: async (training) => {
            if (during) return;
            own.trainer.active = training;
            own.trainer.plans = training.plans;
            bitsAround.push(await weightBits());
            during = await api.kernels();
            bitsAround.push(await weightBits());
          },
        },
      ],
    });
    own.trainer.active = undefined;
    return { api, before, during: during!, bitsAround, after: await api.kernels() };
  }

  it('serve all layers but the one that only has another shape, both ways, and leave the weights alone', async () => {
    const { before, during, bitsAround } = await listed();
    expect(before.of).toBe('prediction');
    expect(during.of).toBe('training');
    const scopes = (isBackward: boolean) =>
      new Set(during.rows.filter((row) => row.isBackward === isBackward).flatMap((row) => row.scopes));
    for (const name of [
      'inputs',
      'conv2d',
      'max_pooling2d',
      'dropout',
      'dense',
      'dense_1',
      'loss',
      'optimizer',
    ])
      expect([...scopes(false)], name).toContain(name);
    for (const name of ['conv2d', 'max_pooling2d', 'dense', 'dense_1'])
      expect([...scopes(true)], name).toContain(name);
    expect(bitsAround[1]).toEqual(bitsAround[0]);
  });

  it('stay listed, with their times and shaders, when the training has ended', async () => {
    const { api, during, after } = await listed();
    expect(after).toEqual(during);
    const update = after.rows.find(({ scopes }) => scopes.includes('optimizer'))!;
    expect(await api.source(update.index)).toContain('fn main');
  });
});

describe('without a device', () => {
  it('there are no activations and no kernels, but the filters', async () => {
    const own = new Visit(smallModel({ device: held.device }));
    own.device.current = undefined;
    const api = inspectingOf(own);
    expect(await api.activations(imageOf(0))).toEqual([]);
    expect(await api.kernels()).toEqual({ of: 'prediction', rows: [], totalMs: null });
    expect((await api.filters())?.shape).toEqual([3, 3, 1, 4]);
  });

  it('that was lost, there is nothing, and no error', async () => {
    const device = await open();
    const own = new Visit(smallModel({ device }), device);
    const api = inspectingOf(own);
    expect(await api.activations(imageOf(0))).toHaveLength(8);
    device.destroy();
    await device.lost;
    expect(await api.activations(imageOf(0))).toEqual([]);
    expect((await api.kernels()).rows).toEqual([]);
    expect(await api.filters()).toBeNull();
  });
});
