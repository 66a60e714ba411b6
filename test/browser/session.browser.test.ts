/**
 * The page's session in Chromium, with a tiny data set and without Comlink: what people ask of a training, and that nothing
 * of it is lost. A "reload" ends one session where it is, as the browser would, and starts another on the same files.
 *
 *   training   begins, tells steps, epochs, status, memory and model; ends as fit alone would, to the same bits
 *   control    pause, step, resume and double clicks change nothing in the bits; stop while images are fetched; begin ends
 *              what runs; a rate that is set counts from the next step, and after a reload
 *   reload     in mid-epoch while training, while paused, in the midst of compiling: the same bits as without; curves and
 *              epochs are there again; with real files of the browser; a damaged newest file gives way to the one before
 *   tabs       the second one keeps nothing and says so, then takes over
 *   device     lost while training: predicts on, goes on from the last save; none at all: says why, describes the model
 *   models     what is given away comes back; weights beside model.json; reset
 *   errors     no images, no such file: said, and the session works on
 */
import { afterEach, describe, expect, test } from 'vitest';
import { open } from '../../src/browser/open.js';
import { isOpfsUsable, openOpfsFolder, removeOpfsFolder } from '../../src/browser/opfs_folder.js';
import type { LoadedDataset } from '../../src/data/loaded_dataset.js';
import { DataError, DeviceError } from '../../src/errors.js';
import { memoryFolder } from '../../src/memory_folder.js';
import { mlpModel } from '../../src/nn/models.js';
import { modelFile } from '../../src/nn/sequential.js';
import type { Settings, WorkerEvents } from '../../web/protocol.js';
import { modelFor } from '../../web/worker/recipe.js';
import { Session, type SessionOptions } from '../../web/worker/session.js';
import { bars } from '../device/small_model.js';

const loaded: LoadedDataset = {
  name: 'bars',
  format: 'idx',
  train: bars(400),
  test: bars(60, 2),
  source: 'this test',
};

/** 360 images to train, so 12 steps an epoch, the last of them of 8 images. */
const settings: Settings = {
  dataset: 'digits',
  preset: 'quick',
  model: 'mlp',
  limit: null,
  epochs: 3,
  batchSize: 32,
  learningRate: 1e-2,
  seed: 7,
  augmentation: { rotation: 10, widthShift: 0.1 },
  filters: [],
};
const stepsPerEpoch = 12;
const allSteps = 3 * stepsPerEpoch;

let shippedBytes: Uint8Array<ArrayBuffer> | undefined;

async function shipped(): Promise<Uint8Array<ArrayBuffer>> {
  if (!shippedBytes) {
    const device = await open();
    shippedBytes = await modelFile(mlpModel({ device, seed: 1, inputShape: [8, 8, 1], classes: 3 }));
    device.destroy();
  }
  return shippedBytes;
}

type Told = { [Name in keyof WorkerEvents]: WorkerEvents[Name][] };

interface Visit {
  readonly session: Session;
  readonly told: Told;
  /** The points as a view has put them together. */
  readonly steps: () => number[];
  readonly status: () => WorkerEvents['status'];
  readonly until: (condition: () => boolean) => Promise<void>;
}

const visits: Session[] = [];
let lockCount = 0;

afterEach(async () => {
  for (const session of visits.splice(0)) await session.close();
});

/** A session whose files, lock and images are its own, unless given. */
async function visit(options: SessionOptions = {}): Promise<Visit> {
  const session = new Session({
    openDevice: async () => open(),
    source: { whole: async () => loaded, test: async () => loaded.test! },
    openFolder: async () => memoryFolder(),
    lockName: `test ${lockCount++}`,
    lockPatienceMs: 50,
    saveEveryMs: 0,
    fetchShipped: shipped,
    ...options,
  });
  visits.push(session);
  const told: Told = { device: [], status: [], steps: [], epochs: [], memory: [], model: [], note: [] };
  await session.start({ base: 'http://here/', settings }, ({ name, value }) => {
    (told[name] as unknown[]).push(value);
  });
  const status = (): WorkerEvents['status'] => told.status.at(-1)!;
  return {
    session,
    told,
    status,
    steps: () => {
      const from = told.steps.findLastIndex(({ isFresh }) => isFresh);
      return told.steps.slice(from).flatMap(({ points }) => points.map(({ step }) => step));
    },
    until: async (condition) => {
      await expect.poll(condition, { timeout: 60_000, interval: 5 }).toBe(true);
    },
  };
}

const isFinished =
  ({ status }: Visit) =>
  (): boolean =>
    status().phase === 'finished';
const isBeyond =
  ({ session }: Visit, step: number) =>
  (): boolean =>
    (session.activeTraining?.position().step ?? 0) >= step;

/** The same text for the same bits only. */
async function bitsOf({ session }: Visit): Promise<string> {
  const weights = await session.weights();
  return [...weights]
    .map(([name, values]) => `${name} ${new Uint32Array(values.slice().buffer).join()}`)
    .join('\n');
}

/** What `fit` alone comes to, with the rate set before a step where one is given. */
async function plainBits(change?: { readonly step: number; readonly rate: number }): Promise<string> {
  const { splitBy } = await import('../../web/worker/recipe.js');
  const device = await open();
  const { train, validation } = splitBy(settings, loaded);
  const model = modelFor(settings, train, device);
  await model.fit(train, {
    epochs: settings.epochs,
    batchSize: settings.batchSize,
    seed: settings.seed,
    augmentation: settings.augmentation!,
    validationData: validation,
    callbacks: change
      ? [
          {
            onBatchBegin: (_, training) => {
              if (training.position().step === change.step) model.optimizer.learningRate = change.rate;
            },
          },
        ]
      : [],
  });
  const weights = await model.weights();
  device.destroy();
  return [...weights]
    .map(([name, values]) => `${name} ${new Uint32Array(values.slice().buffer).join()}`)
    .join('\n');
}

describe('training', () => {
  test('tells what happens, and ends as fit alone would', async () => {
    const page = await visit();
    expect(page.told.model.at(-1)).toMatchObject({ origin: 'shipped', name: 'mlp', inputShape: [8, 8, 1] });
    expect(page.status().phase).toBe('idle');
    await page.session.training.begin(settings);
    await page.until(isFinished(page));

    expect(page.steps()).toEqual(Array.from({ length: allSteps }, (_, i) => i + 1));
    expect(page.told.steps.flatMap(({ points }) => points).every(({ loss }) => Number.isFinite(loss))).toBe(
      true,
    );
    expect(page.told.epochs.at(-1)!.map(({ epoch, step }) => [epoch, step])).toEqual([
      [1, 12],
      [2, 24],
      [3, 36],
    ]);
    expect(Object.keys(page.told.epochs.at(-1)![0]!.logs).sort()).toEqual(
      ['accuracy', 'learning_rate', 'loss', 'val_accuracy', 'val_loss'].sort(),
    );
    expect(page.status()).toMatchObject({
      phase: 'finished',
      step: allSteps,
      epoch: 3,
      stepInEpoch: 0,
      stepsPerEpoch,
      epochs: 3,
      etaSeconds: null,
    });
    expect(page.status().savedAt).toBeGreaterThan(0);
    expect(page.told.memory.at(-1)).toMatchObject({ parameters: page.session.model.parameterCount });
    expect(page.told.memory.at(-1)!.parts.map(({ name }) => name)).toContain('optimizer');
    expect(page.told.model.at(-1)).toMatchObject({
      origin: 'trained',
      classNames: ['top', 'middle', 'bottom'],
    });
    expect(await bitsOf(page)).toBe(await plainBits());
    expect(page.told.note).toEqual([]);
  });
});

describe('control', () => {
  test('pause, step, double clicks and resume leave the bits as they are', async () => {
    const page = await visit();
    await page.session.training.begin(settings);
    await page.session.training.pause();
    expect(page.status().phase).toBe('paused');
    const { step } = page.status();
    await page.session.training.step();
    expect(page.status()).toMatchObject({ phase: 'paused', step: step + 1 });
    await Promise.all([page.session.training.step(), page.session.training.step()]);
    expect(page.status()).toMatchObject({ phase: 'paused', step: step + 3 });
    await Promise.all([page.session.training.pause(), page.session.training.pause()]);
    // Over the end of an epoch, with its validation.
    for (let i = 0; i < stepsPerEpoch; i++) await page.session.training.step();
    expect(page.status()).toMatchObject({ phase: 'paused', step: step + 3 + stepsPerEpoch });
    await Promise.all([page.session.training.resume(), page.session.training.resume()]);
    await page.until(isFinished(page));
    expect(await bitsOf(page)).toBe(await plainBits());
  });

  test('stop ends it, also while images are fetched, and begin ends what runs', async () => {
    let isSlow = true;
    const page = await visit({
      source: {
        whole: async () => (isSlow ? new Promise(() => undefined) : loaded),
        test: async () => loaded.test!,
      },
    });
    const begun = page.session.training.begin(settings);
    await page.until(() => page.status().phase === 'loading');
    await page.session.training.stop();
    await begun;
    expect(page.status().phase).toBe('idle');
    isSlow = false;
    const other = await visit();
    void other.session.training.begin({ ...settings, epochs: 1000 });
    await other.session.training.begin({ ...settings, epochs: 1000, seed: 8 });
    await other.until(isBeyond(other, 3));
    await other.session.training.begin(settings);
    await other.until(isFinished(other));
    expect(await bitsOf(other)).toBe(await plainBits());
    await other.session.training.begin({ ...settings, epochs: 1000 });
    await other.session.training.stop();
    expect(other.status().phase).toBe('finished');
    expect(other.status().epoch).toBeLessThan(1000);
  });

  test('a rate that is set counts from the next step on', async () => {
    const page = await visit();
    await page.session.training.begin(settings);
    await page.session.training.pause();
    const { step } = page.status();
    await page.session.training.setLearningRate(3e-3);
    expect(page.status().learningRate).toBe(3e-3);
    await page.session.training.resume();
    await page.until(isFinished(page));
    expect(await bitsOf(page)).toBe(await plainBits({ step, rate: 3e-3 }));
    await expect(page.session.training.setLearningRate(-1)).rejects.toThrowErrorMatchingInlineSnapshot(
      `[UsageError: training: the learning rate is -1, expected a number above 0.]`,
    );
  });

  test('work at rest finds the weights of one moment, and may change them', async () => {
    const page = await visit();
    await page.session.training.begin({ ...settings, epochs: 1000 });
    const [first, second] = await page.session.atRest(async () => {
      const before = await bitsOf(page);
      await new Promise((resolve) => setTimeout(resolve, 100));
      return [before, await bitsOf(page)];
    });
    expect(second).toBe(first);
    const before = page.session.modelVersion;
    await page.session.weightsChanged();
    expect(page.session.modelVersion).toBeGreaterThan(before);
    await page.session.training.stop();
    await page.session.atRest(async () => page.session.weightsChanged());
  });
});
