/// <reference types="vite/types/importMeta.d.ts" />
/**
 * The page's session on a device, with a tiny data set and without Comlink: controlling a training without losing anything.
 * A "reload" ends one session abruptly, as the browser would, and starts another one on the same files.
 *
 *   training   reports steps, epochs, status, memory and model; ends with the same bits as a plain call of `fit`
 *   control    pause, step, resume and double clicks do not change the bits; stop while images are being fetched; begin ends
 *              a running training; a rate takes effect with the next step, also after a reload
 *   reload     in mid-epoch while training, while paused, during compilation: the same bits as without; curves and epochs
 *              are restored; a damaged newest file is replaced by the previous one; a
 *              session of another version is reported; one from before networks became graphs is resumed
 *   tabs       the second one does not save and says so, then takes over
 *   device     lost while training: predictions continue, resume from the last save; no device: says why, describes the model
 *   models     a downloaded model can be opened; weights with model.json; reset
 *   errors     missing images, also for a restored training; missing files: reported, and the session continues
 */
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import { open } from '../../src/browser/open.js';
import type { LoadedDataset } from '../../src/data/loaded_dataset.js';
import { DataError, DeviceError } from '../../src/errors.js';
import type { Folder } from '../../src/folder.js';
import { memoryFolder } from '../../src/memory_folder.js';
import { readSafetensors, writeSafetensors } from '../../src/nn/files/safetensors.js';
import type { Settings, WorkerEvents } from '../../web/protocol.js';
import { modelOf, splitBy } from '../../src/recipe/parts.js';
import type { SessionOptions } from '../../web/worker/browser_parts.js';
import { Session } from '../../web/worker/session.js';
import { bars } from '../device/small_model.js';
import earlierSession from '../fixtures/before_networks/session_expected.json' with { type: 'json' };
import { bitsOf, loaded, settings as tinySettings, partsInMemory, shippedModel } from './tiny_session.js';

const settings: Settings = { ...tinySettings, augmentation: { rotation: 10, widthShift: 0.1 } };
const stepsPerEpoch = 12;
const allSteps = 3 * stepsPerEpoch;

let shippedBytes: Uint8Array<ArrayBuffer>;

beforeAll(async () => {
  shippedBytes = await shippedModel();
});

type Messages = { [Name in keyof WorkerEvents]: WorkerEvents[Name][] };

interface Visit {
  readonly session: Session;
  readonly messages: Messages;
  /** The points, combined from all events as a view does. */
  readonly steps: () => number[];
  readonly status: () => WorkerEvents['status'];
  readonly until: (condition: () => boolean) => Promise<void>;
}

const visits: Session[] = [];

afterEach(async () => {
  for (const session of visits.splice(0)) await session.close();
});

/** A session with its own files, lock and images, unless `options` gives others. */
async function visit(options: SessionOptions = {}): Promise<Visit> {
  const messages: Messages = {
    device: [],
    status: [],
    steps: [],
    epochs: [],
    memory: [],
    model: [],
    sets: [],
    undo: [],
    tuned: [],
    note: [],
  };
  const session = new Session(
    { base: 'http://here/', settings, isReload: false },
    ({ name, value }) => {
      (messages[name] as unknown[]).push(value);
    },
    {
      openDevice: async () => open(),
      ...partsInMemory(shippedBytes),
      ...options,
    },
  );
  visits.push(session);
  await session.open();
  const status = (): WorkerEvents['status'] => messages.status.at(-1)!;
  return {
    session,
    messages,
    status,
    steps: () => {
      const from = messages.steps.findLastIndex(({ isFresh }) => isFresh);
      return messages.steps.slice(from).flatMap(({ points }) => points.map(({ step }) => step));
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
  ({ session, status }: Visit, step: number) =>
  (): boolean =>
    (session.trainer.active?.position().step ?? status().step) >= step;

/** Begins a training, and pauses it in the middle of the first epoch. */
async function beginAndPause(page: Visit, chosen = settings): Promise<void> {
  await page.session.trainer.begin(chosen);
  await page.until(isBeyond(page, 3));
  await page.session.trainer.pause();
  // It may be at the end of an epoch.
  if (page.status().stepInEpoch === 0) await page.session.trainer.step();
  expect(page.status().stepInEpoch).toBeGreaterThan(0);
}

/** The result of a plain call of `fit`, with an optional rate that is set before a step. */
async function plainBits(change?: { readonly step: number; readonly rate: number }): Promise<string> {
  const device = await open();
  const { train, validation } = splitBy(settings, loaded);
  const model = modelOf(settings, train, { device });
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
  const bits = bitsOf(await model.weights());
  device.destroy();
  return bits;
}

/** The files of an earlier session, as data URLs. */
const earlierFiles = import.meta.glob<string>('../fixtures/before_networks/session/*', {
  query: '?url&inline',
  import: 'default',
  eager: true,
});

async function earlierFile(name: string): Promise<Uint8Array<ArrayBuffer>> {
  const response = await fetch(earlierFiles[`../fixtures/before_networks/session/${name}`]!);
  return new Uint8Array(await response.arrayBuffer());
}

async function digestOf(text: string): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text)));
  return [...digest].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}

describe('training', () => {
  test('reports its events, and ends like a plain call of fit', async () => {
    const page = await visit();
    expect(page.messages.model.at(-1)).toMatchObject({
      origin: 'shipped',
      name: 'mlp',
      inputShape: [8, 8, 1],
    });
    expect(page.status().phase).toBe('idle');
    await page.session.trainer.begin(settings);
    await page.until(isFinished(page));

    expect(page.steps()).toEqual(Array.from({ length: allSteps }, (_, i) => i + 1));
    expect(
      page.messages.steps.flatMap(({ points }) => points).every(({ loss }) => Number.isFinite(loss)),
    ).toBe(true);
    expect(page.messages.epochs.at(-1)!.map(({ epoch, step }) => [epoch, step])).toEqual([
      [1, 12],
      [2, 24],
      [3, 36],
    ]);
    expect(Object.keys(page.messages.epochs.at(-1)![0]!.logs).sort()).toEqual(
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
    expect(page.messages.memory.at(-1)).toMatchObject({
      parameters: page.session.current.model.parameterCount,
    });
    expect(page.messages.memory.at(-1)!.parts.map(({ name }) => name)).toContain('optimizer');
    expect(page.messages.model.at(-1)).toMatchObject({
      origin: 'trained',
      classNames: ['top', 'middle', 'bottom'],
    });
    expect(bitsOf(await page.session.current.weights())).toBe(await plainBits());
    expect(page.messages.note).toEqual([]);
  });
});

describe('control', () => {
  test('pause, step, double clicks and resume do not change the bits', async () => {
    const page = await visit();
    await beginAndPause(page);
    expect(page.status().phase).toBe('paused');
    const { step } = page.status();
    await page.session.trainer.step();
    expect(page.status()).toMatchObject({ phase: 'paused', step: step + 1 });
    await Promise.all([page.session.trainer.step(), page.session.trainer.step()]);
    expect(page.status()).toMatchObject({ phase: 'paused', step: step + 3 });
    await Promise.all([page.session.trainer.pause(), page.session.trainer.pause()]);
    // Across the end of an epoch, with its validation.
    for (let i = 0; i < stepsPerEpoch; i++) await page.session.trainer.step();
    expect(page.status()).toMatchObject({ phase: 'paused', step: step + 3 + stepsPerEpoch });
    await Promise.all([page.session.trainer.resume(), page.session.trainer.resume()]);
    await page.until(isFinished(page));
    expect(bitsOf(await page.session.current.weights())).toBe(await plainBits());
  });

  test('stop ends it, also while images are being fetched, and begin ends a running training', async () => {
    let isSlow = true;
    const page = await visit({
      source: {
        whole: async () => (isSlow ? new Promise(() => undefined) : loaded),
        test: async () => loaded.test!,
      },
    });
    const begun = page.session.trainer.begin(settings);
    await page.until(() => page.status().phase === 'loading');
    await page.session.trainer.stop();
    await begun;
    expect(page.status().phase).toBe('idle');
    isSlow = false;
    const other = await visit();
    void other.session.trainer.begin({ ...settings, epochs: 1000 });
    await other.session.trainer.begin({ ...settings, epochs: 1000, seed: 8 });
    await other.until(isBeyond(other, 3));
    await other.session.trainer.begin(settings);
    await other.until(isFinished(other));
    expect(bitsOf(await other.session.current.weights())).toBe(await plainBits());
    await other.session.trainer.begin({ ...settings, epochs: 1000 });
    await other.session.trainer.stop();
    expect(other.status().phase).toBe('stopped');
    expect(other.status().epoch).toBeLessThan(1000);
    await other.session.trainer.resume();
    expect(other.status().phase, 'there is nothing to resume').toBe('stopped');
  });

  test('a rate takes effect with the next step', async () => {
    const page = await visit();
    await beginAndPause(page);
    const { step } = page.status();
    await page.session.trainer.setLearningRate(3e-3);
    expect(page.status().learningRate).toBe(3e-3);
    await page.session.trainer.resume();
    await page.until(isFinished(page));
    expect(bitsOf(await page.session.current.weights())).toBe(await plainBits({ step, rate: 3e-3 }));
    await expect(page.session.trainer.setLearningRate(-1)).rejects.toThrowErrorMatchingInlineSnapshot(
      `[UsageError: training: the learning rate is -1, expected a number above 0.]`,
    );
  });

  test('tasks between steps see consistent weights, and may change them', async () => {
    const page = await visit();
    await page.session.trainer.begin({ ...settings, epochs: 1000 });
    const [first, second] = await page.session.trainer.betweenSteps(async () => {
      const before = bitsOf(await page.session.current.weights());
      await new Promise((resolve) => setTimeout(resolve, 100));
      return [before, bitsOf(await page.session.current.weights())];
    });
    expect(second).toBe(first);
    const before = page.session.current.version;
    await page.session.trainer.weightsChanged();
    expect(page.session.current.version).toBeGreaterThan(before);
    await page.session.trainer.stop();
    await page.session.trainer.betweenSteps(async () => page.session.trainer.weightsChanged());
  });

  test('the status shows a save only when it is on disk', async () => {
    const folder = memoryFolder();
    let freeDisk = (): void => undefined;
    const disk = new Promise<void>((resolve) => (freeDisk = resolve));
    const slow: Folder = {
      ...folder,
      write: async (name, contents) => {
        await disk;
        await folder.write(name, contents);
      },
    };
    const page = await visit({ openFolder: async () => slow });
    await page.session.trainer.betweenSteps(async () => page.session.trainer.weightsChanged());
    let isKept = false;
    const kept = page.session.trainer.written().then(() => (isKept = true));
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(isKept).toBe(false);
    expect(page.status().savedAt).toBeNull();
    freeDisk();
    await kept;
    expect(await folder.list()).toHaveLength(1);
    await page.until(() => page.status().savedAt !== null);
  });
});

describe('reload', () => {
  /** Ends a session abruptly, and starts another one on the same files. */
  async function reloaded(page: Visit, options: SessionOptions): Promise<Visit> {
    await page.session.close();
    return visit(options);
  }

  test('in mid-epoch while training: it resumes by itself, with the same bits', async () => {
    const folder = memoryFolder();
    const options = { openFolder: async () => folder };
    const first = await visit(options);
    await first.session.trainer.begin(settings);
    await first.until(isBeyond(first, 5));
    const second = await reloaded(first, options);
    // The partly trained model predicts from the start, and the curve has all steps.
    expect(second.messages.model.at(-1)).toMatchObject({ origin: 'trained' });
    expect(second.messages.status[0]).toMatchObject({ phase: 'loading', settings });
    expect(second.messages.status[0]!.step).toBeGreaterThan(3);
    await second.until(isFinished(second));
    expect(second.steps()).toEqual(Array.from({ length: allSteps }, (_, i) => i + 1));
    // It did not start again, which would end with the same bits.
    expect(second.messages.steps.filter(({ isFresh }) => isFresh)).toHaveLength(1);
    expect(second.messages.steps[0]!.points.length).toBeGreaterThan(3);
    expect(second.messages.epochs.at(-1)!.map(({ epoch }) => epoch)).toEqual([1, 2, 3]);
    expect(bitsOf(await second.session.current.weights())).toBe(await plainBits());

    const third = await reloaded(second, options);
    expect(third.status()).toMatchObject({ phase: 'finished', step: allSteps, epoch: 3, settings });
    expect(third.messages.epochs.at(-1)).toEqual(second.messages.epochs.at(-1));
    expect(bitsOf(await third.session.current.weights())).toBe(await plainBits());
  });

  test('while paused, after a change of the rate: it stays paused, then resumes', async () => {
    const folder = memoryFolder();
    const options = { openFolder: async () => folder };
    const first = await visit(options);
    await beginAndPause(first);
    const { step } = first.status();
    await first.session.trainer.setLearningRate(3e-3);
    const second = await reloaded(first, options);
    expect(second.status()).toMatchObject({ phase: 'paused', step, learningRate: 3e-3, stepsPerEpoch });
    expect(second.status().savedAt).toBeGreaterThan(0);
    expect(bitsOf(await second.session.current.weights())).not.toBe('');
    await second.session.trainer.step();
    expect(second.status()).toMatchObject({ phase: 'paused', step: step + 1 });
    await second.session.trainer.resume();
    await second.until(isFinished(second));
    expect(bitsOf(await second.session.current.weights())).toBe(await plainBits({ step, rate: 3e-3 }));
  });

  test('a rate set for a restored, paused training, and a stop of it, are saved', async () => {
    const folder = memoryFolder();
    const options = { openFolder: async () => folder };
    const first = await visit(options);
    await beginAndPause(first);
    const second = await reloaded(first, options);
    await second.session.trainer.setLearningRate(4e-3);
    const third = await reloaded(second, options);
    expect(third.status()).toMatchObject({ phase: 'paused', learningRate: 4e-3 });
    await third.session.trainer.stop();
    const fourth = await reloaded(third, options);
    expect(fourth.status().phase).toBe('stopped');
  });

  test('before the first step: it starts again', async () => {
    const folder = memoryFolder();
    const options = { openFolder: async () => folder };
    const first = await visit({
      ...options,
      source: { whole: async () => new Promise(() => undefined), test: async () => loaded.test! },
    });
    void first.session.trainer.begin(settings);
    await first.until(() => folder.files.size > 0);
    const second = await reloaded(first, options);
    await second.until(isFinished(second));
    expect(bitsOf(await second.session.current.weights())).toBe(await plainBits());
  });

  test('a damaged newest file: the previous one is used', async () => {
    const folder = memoryFolder();
    const options = { openFolder: async () => folder };
    const first = await visit(options);
    await beginAndPause(first);
    await first.session.trainer.step();
    await first.session.close();
    expect(folder.files.size).toBe(2);
    for (const damaged of folder.files.keys()) {
      const after = memoryFolder();
      for (const [name, bytes] of folder.files)
        after.files.set(name, name === damaged ? bytes.slice(0, bytes.length / 2) : bytes);
      const page = await visit({ openFolder: async () => after });
      expect(page.status().phase).toBe('paused');
      await page.session.trainer.resume();
      await page.until(isFinished(page));
      expect(bitsOf(await page.session.current.weights())).toBe(await plainBits());
    }
  });

  test('a session of another version is reported, and the page works without it', async () => {
    const folder = memoryFolder();
    const options = { openFolder: async () => folder };
    const first = await visit(options);
    await beginAndPause(first);
    await first.session.close();
    for (const [name, bytes] of folder.files) {
      const { tensors, metadata } = readSafetensors(bytes, name);
      const session = metadata['session']!.replaceAll('"preset":"quick"', '"preset":"once"');
      folder.files.set(name, writeSafetensors(tensors, { ...metadata, session }));
    }
    const second = await visit(options);
    expect(second.status().phase).toBe('idle');
    expect(second.messages.model.at(-1)).toMatchObject({ origin: 'shipped' });
    expect(second.messages.note).toMatchInlineSnapshot(`
      [
        {
          "level": "warning",
          "text": "Your last session could not be restored: it is damaged, or from another version of this page: training.settings: preset is "once", expected "quick" or "corrected" or "paper".",
        },
      ]
    `);
    await second.session.trainer.begin(settings);
    await second.until(isFinished(second));
    expect(bitsOf(await second.session.current.weights())).toBe(await plainBits());
  });

  test('a session of an earlier version is resumed, and can be undone', async () => {
    const folder = memoryFolder();
    for (const name of ['session-a', 'session-b', 'own', 'undo-1', 'undo']) {
      const file = name === 'undo' ? 'undo.json' : `${name}.safetensors`;
      folder.files.set(name === 'undo-1' ? name : file, await earlierFile(file));
    }
    const page = await visit({ openFolder: async () => folder });
    expect(page.status()).toMatchObject({
      phase: 'paused',
      step: 8,
      epoch: 1,
      settings: { dataset: 'custom' },
    });
    expect(page.steps()).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    expect(page.messages.epochs.at(-1)).toEqual(earlierSession.epochs.slice(0, 1));
    expect(await digestOf(bitsOf(await page.session.current.weights()))).toBe(earlierSession.paused);
    await page.session.trainer.resume();
    await page.until(isFinished(page));
    const epochs = page.messages.epochs.at(-1)!;
    expect(epochs.map(({ step }) => step)).toEqual([6, 12, 18]);
    epochs.forEach(({ logs }, i) => {
      for (const [name, value] of Object.entries(earlierSession.epochs[i]!.logs))
        expect(logs[name], `${name} of epoch ${i + 1}`).toBeCloseTo(value, 3);
    });
    // Another device may choose other kernels, which a note says.
    const here = JSON.stringify(page.session.device.current!.fingerprint);
    expect(here === JSON.stringify(earlierSession.fingerprint) ? page.messages.note : []).toEqual([]);
    await page.session.undo.undo('model');
    expect(await digestOf(bitsOf(await page.session.current.weights()))).toBe(earlierSession.undone);
  });

  test('weights changed between steps are saved, and so are custom images', async () => {
    const folder = memoryFolder();
    const options = { openFolder: async () => folder };
    const first = await visit(options);
    const taught = await first.session.trainer.betweenSteps(async () => {
      const weights = await first.session.current.model.weights();
      for (const values of weights.values()) values.fill(0.5);
      first.session.current.model.setWeights(weights);
      await first.session.trainer.weightsChanged();
      return bitsOf(await first.session.current.weights());
    });
    await first.session.images.use({ ...loaded, name: 'mine', source: 'my files' });
    await first.until(() => folder.files.has('own.safetensors'));
    const second = await reloaded(first, options);
    expect(bitsOf(await second.session.current.weights())).toBe(taught);
    expect(second.messages.model.at(-1)!.origin).toBe('trained');
    expect(second.status().phase).toBe('idle');
    const own = await second.session.data.get('custom');
    expect(own).toEqual({ ...loaded, name: 'mine', source: 'my files' });
    await second.session.trainer.begin({ ...settings, dataset: 'custom', preset: 'quick' });
    await second.session.trainer.pause();
    await second.session.images.use({ ...loaded, train: bars(400, 3) });
    await second.until(() => folder.files.has('own.safetensors'));
    const third = await reloaded(second, options);
    await expect(third.session.trainer.resume()).rejects.toThrowErrorMatchingInlineSnapshot(
      `[DataError: Your images differ from the ones this training started with. Drop the original files again, or start a new training.]`,
    );
    expect(third.status().phase).toBe('paused');
  });
});

describe('tabs', () => {
  test('the second one does not save and says so; it takes over when it begins after the first was closed', async () => {
    const folder = memoryFolder();
    const options = { openFolder: async () => folder, lockName: 'tabs' };
    const first = await visit(options);
    await beginAndPause(first);
    await first.session.images.use({ ...loaded, name: 'mine' });
    await first.until(() => folder.files.has('own.safetensors'));
    const files = [...folder.files];
    const second = await visit(options);
    // All tabs can read the saved session.
    expect((await second.session.data.get('custom')).name).toBe('mine');
    await second.until(() => second.messages.note.length > 0);
    expect(second.messages.note).toMatchInlineSnapshot(`
      [
        {
          "level": "info",
          "text": "This page is open in another tab, and only that tab saves. Training here works but is lost on reload; to resume the saved training, close the other tab and reload.",
        },
      ]
    `);
    await second.session.trainer.begin({ ...settings, seed: 9 });
    await second.until(isFinished(second));
    expect(second.status().savedAt).toBeNull();
    expect([...folder.files]).toEqual(files);

    await first.session.close();
    await second.session.trainer.begin({ ...settings, seed: 10 });
    await second.until(isFinished(second));
    expect(second.status().savedAt).toBeGreaterThan(0);
    await second.session.close();
    const third = await visit(options);
    expect(third.status()).toMatchObject({ phase: 'finished', settings: { seed: 10 } });
  });

  test('a reloaded page waits until the previous one releases the lock', async () => {
    const folder = memoryFolder();
    const options = { openFolder: async () => folder, lockName: 'reload', lockTimeoutMs: 10_000 };
    const first = await visit(options);
    await beginAndPause(first);
    const second = await visit(options);
    expect(second.status().phase).toBe('idle');
    await first.session.close();
    await second.until(() => second.status().phase === 'paused');
    expect(second.messages.note).toEqual([]);
  });
});

/** Whether the loss of the device was reported; by then the session has the weights of the last save. */
const isLossReported =
  ({ messages }: Visit) =>
  (): boolean =>
    messages.device.at(-1)?.problem !== null;

describe('a device that is', () => {
  test('lost while training: predicts with the last save, and resumes with the same bits', async () => {
    const page = await visit();
    await page.session.trainer.begin(settings);
    await page.until(isBeyond(page, 4));
    page.session.device.current!.gpu.destroy();
    await page.until(() => page.status().phase === 'lost');
    expect(page.session.device.current).toBeUndefined();
    expect((await page.session.current.weights()).size).toBeGreaterThan(0);
    // Sent with the device event, for the banner, and not as a note as well.
    await page.until(() => page.messages.device.at(-1)?.problem !== null);
    expect(page.messages.note).toEqual([]);
    await page.session.trainer.resume();
    expect(page.session.device.current).toBeDefined();
    await page.until(isFinished(page));
    expect(page.steps()).toEqual(Array.from({ length: allSteps }, (_, i) => i + 1));
    expect(bitsOf(await page.session.current.weights())).toBe(await plainBits());
  });

  test('lost while paused, and without a training', async () => {
    const page = await visit();
    const shippedBits = bitsOf(await page.session.current.weights());
    page.session.device.current!.gpu.destroy();
    await page.until(isLossReported(page));
    expect(bitsOf(await page.session.current.weights())).toBe(shippedBits);
    await beginAndPause(page);
    page.session.device.current!.gpu.destroy();
    await page.until(isLossReported(page));
    await page.session.trainer.resume();
    await page.until(isFinished(page));
    expect(bitsOf(await page.session.current.weights())).toBe(await plainBits());
  });

  test('none: says why, keeps the weights on the host, and does not train', async () => {
    const page = await visit({
      openDevice: async () => {
        throw new DeviceError('open: there is none.', { problem: 'no-adapter' });
      },
    });
    expect(page.messages.device).toEqual([{ info: null, problem: 'There is none.' }]);
    expect(page.session.device.current).toBeUndefined();
    expect(page.session.current.model.parameterCount).toBeGreaterThan(0);
    expect([...(await page.session.current.weights()).values()].every((values) => values.length > 0)).toBe(
      true,
    );
    await expect(page.session.trainer.begin(settings)).rejects.toThrow('there is none');
    expect(page.status().phase).toBe('idle');
  });
});

describe('models', () => {
  test('a downloaded model can be opened, and reset restores the built-in one', async () => {
    const page = await visit();
    const shippedBits = bitsOf(await page.session.current.weights());
    await page.session.trainer.begin(settings);
    await page.until(isFinished(page));
    const trained = bitsOf(await page.session.current.weights());
    const { name, bytes } = await page.session.models.download();
    expect(name).toBe('digits-mlp-36-steps.safetensors');
    await page.session.models.reset('digits');
    expect(page.messages.model.at(-1)!.origin).toBe('shipped');
    expect(page.status().phase).toBe('idle');
    expect(bitsOf(await page.session.current.weights())).toBe(shippedBits);
    await page.session.models.open([new File([bytes], name)]);
    expect(page.messages.model.at(-1)).toMatchObject({
      origin: 'opened',
      classNames: ['top', 'middle', 'bottom'],
    });
    expect(bitsOf(await page.session.current.weights())).toBe(trained);
  });

  test('a file that is not a model, a damaged one, and weights without a description are rejected; the model stays', async () => {
    const page = await visit();
    const before = bitsOf(await page.session.current.weights());
    const files = (...named: [string, BlobPart][]): File[] =>
      named.map(([name, part]) => new File([part], name));
    await expect(page.session.models.open([])).rejects.toThrowErrorMatchingInlineSnapshot(
      `[UsageError: models: no files given, expected a .safetensors file, or one with its model.json.]`,
    );
    await expect(page.session.models.open(files(['a.txt', 'x']))).rejects.toThrowErrorMatchingInlineSnapshot(
      `[UsageError: models: a.txt given, expected a .safetensors file, or one with its model.json.]`,
    );
    await expect(
      page.session.models.open(files(['a.safetensors', shippedBytes.slice(0, 2000)])),
    ).rejects.toThrow(
      /^a\.safetensors: not a valid \.safetensors file: its tensors take 1372 bytes of data, but it holds \d+\. Is it cut off\?$/,
    );
    await expect(
      page.session.models.open(files(['b.safetensors', 'This is no model.'])),
    ).rejects.toThrowErrorMatchingInlineSnapshot(`[ModelError: b.safetensors is not a .safetensors model.]`);
    const bare = writeSafetensors(readSafetensors(shippedBytes, 'shipped').tensors);
    await expect(
      page.session.models.open(files(['last.safetensors', bare])),
    ).rejects.toThrowErrorMatchingInlineSnapshot(
      `[ModelError: models: last.safetensors holds weights but no model description; choose its model.json together with it.]`,
    );
    expect(bitsOf(await page.session.current.weights())).toBe(before);
    const description = JSON.stringify(page.session.current.model.toJson());
    await page.session.models.open(files(['run/last.safetensors', bare], ['run/model.json', description]));
    expect(page.messages.model.at(-1)!.origin).toBe('opened');
    expect(bitsOf(await page.session.current.weights())).toBe(before);
  });
});

describe('errors', () => {
  test('without images, begin says why, and the previous training is unchanged', async () => {
    let isThere = true;
    const page = await visit({
      source: {
        whole: async () => {
          if (isThere) return loaded;
          throw new DataError('data: gone.');
        },
        test: async () => loaded.test!,
      },
    });
    isThere = false;
    await expect(page.session.trainer.begin(settings)).rejects.toThrow('data: gone.');
    expect(page.status().phase).toBe('idle');
    isThere = true;
    await beginAndPause(page);
    await expect(page.session.trainer.begin({ ...settings, limit: 1 })).rejects.toThrow(/limit/);
    expect(page.status()).toMatchObject({ phase: 'paused', settings });
  });

  test('without images, a restored training stays paused, and can begin when they are available', async () => {
    const openFolder = (
      (folder) => async () =>
        folder
    )(memoryFolder());
    const never = async () => new Promise<LoadedDataset>(() => undefined);
    const test = async () => loaded.test!;
    const first = await visit({ openFolder, source: { whole: never, test } });
    void first.session.trainer.begin(settings);
    await first.until(() => first.messages.status.some(({ savedAt }) => savedAt !== null));
    await first.session.close();

    let isThere = false;
    const page = await visit({
      openFolder,
      source: {
        whole: async () => {
          if (isThere) return loaded;
          throw new DataError('data: gone.');
        },
        test,
      },
    });
    await page.until(() => page.status().phase === 'paused');
    expect(page.status().settings).toEqual(settings);
    expect(page.messages.note).toEqual([
      { level: 'info', text: 'No checkpoint had been saved yet, so the training starts again at step 0.' },
      { level: 'error', text: 'data: gone.', cause: 'training' },
    ]);
    isThere = true;
    await page.session.trainer.resume();
    await page.until(isFinished(page));
  });

  test('a loss that is NaN stops the training, with an explanation, also after a reload', async () => {
    const folder = memoryFolder();
    const options = { openFolder: async () => folder };
    const page = await visit(options);
    await page.session.trainer.begin({ ...settings, learningRate: 1e38 });
    await page.until(() => page.status().phase === 'stopped');
    const trouble =
      /^The loss has been (NaN|infinite) since step \d+: the learning rate is too large\. Train again with a smaller one\.$/;
    expect(page.status().trouble).toMatch(trouble);
    expect(Number.isFinite(page.status().loss)).toBe(false);
    expect(page.messages.note).toContainEqual({ level: 'warning', text: page.status().trouble });
    await page.session.close();

    const next = await visit(options);
    const { step, trouble: before } = page.status();
    expect(next.status()).toMatchObject({ phase: 'stopped', step, loss: NaN, trouble: before });
    expect(next.messages.epochs.at(-1)).toMatchObject([{ logs: { loss: NaN, val_loss: NaN } }]);
    expect(next.messages.note).toEqual([]);
    await next.session.trainer.begin(settings);
    await next.until(isFinished(next));
    expect(next.status().trouble).toBeNull();
  });

  test('a diverging loss is explained once, and training continues', async () => {
    const page = await visit();
    await page.session.trainer.begin({ ...settings, learningRate: 1e6 });
    await page.until(isFinished(page));
    const { trouble } = page.status();
    expect(trouble).toMatch(/^The loss has diverged to \d\S* at step \d+, where guessing gives 1\.10: /);
    expect(page.messages.note).toEqual([{ level: 'warning', text: trouble }]);
  });

  test('a note says that the browser cannot store files', async () => {
    const page = await visit({ openFolder: async () => undefined });
    await page.until(() => page.messages.note.length > 0);
    expect(page.messages.note).toMatchInlineSnapshot(`
      [
        {
          "level": "info",
          "text": "This browser cannot store files (is this a private window?). A reload loses the training.",
        },
      ]
    `);
    await page.session.trainer.begin(settings);
    await page.until(isFinished(page));
    expect(page.status().savedAt).toBeNull();
  });
});
