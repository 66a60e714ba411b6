/**
 * Undo of actions that discard a network (web/worker/session.ts, web/worker/undo.ts). A resumable training is restored with
 * the same bits: weights, slots, step, curves.
 *   reset        of a paused training, and redo; after a reload
 *   begin        replaces a running training; one that cannot begin adds no undo entry, and the previous one can be resumed
 *   stop         after undo, the training can be resumed
 *   correction   during a running training: after undo, it continues as if there had been no correction
 *   open         replaces a trained model; the built-in model gets no undo entry
 *   images       custom images that replace others
 *   damage       a damaged entry, checked like a saved session, changes nothing and is removed
 *   rate         a rate that is set and reset before the next step: the schedule continues with the same bits
 */
import { afterEach, beforeAll, expect, test, vi } from 'vitest';
import { open } from '../../src/browser/open.js';
import type { Folder } from '../../src/folder.js';
import { DeviceError } from '../../src/errors.js';
import { memoryFolder } from '../../src/memory_folder.js';
import { readSafetensors, writeSafetensors } from '../../src/nn/files/safetensors.js';
import type { UndoOffers, WorkerEvents } from '../../web/protocol.js';
import type { SessionOptions } from '../../web/worker/browser_parts.js';
import { Session } from '../../web/worker/session.js';
import { bars } from '../device/small_model.js';
import { bitsOf, loaded, settings, shippedModel } from './tiny_session.js';

let shipped: Uint8Array<ArrayBuffer>;
let plainBits = '';
let lockCount = 0;
const sessions: Session[] = [];

interface Visit {
  readonly session: Session;
  readonly status: () => WorkerEvents['status'];
  readonly offers: () => UndoOffers['model'] | undefined;
  readonly steps: () => number[];
  readonly origin: () => string | undefined;
}

async function visit(folder: Folder = memoryFolder(), options: SessionOptions = {}): Promise<Visit> {
  let status: WorkerEvents['status'] | undefined;
  let offers: UndoOffers | undefined;
  let origin: string | undefined;
  let steps: number[] = [];
  const session = new Session(
    { base: 'http://here/', settings, isReload: false },
    ({ name, value }) => {
      if (name === 'status') status = value;
      if (name === 'undo') offers = value;
      if (name === 'model') ({ origin } = value);
      if (name === 'steps')
        steps = [...(value.isFresh ? [] : steps), ...value.points.map(({ step }) => step)];
    },
    {
      openDevice: async () => open(),
      source: { whole: async () => loaded, test: async () => loaded.test! },
      openFolder: async () => folder,
      lockName: `undo ${lockCount++}`,
      lockTimeoutMs: 50,
      saveEveryMs: 1e6,
      fetchBuiltIn: async () => ({ file: 'shipped', bytes: shipped, classNames: ['a', 'b', 'c'] }),
      ...options,
    },
  );
  sessions.push(session);
  await session.open();
  return {
    session,
    status: () => status!,
    offers: () => offers?.model,
    steps: () => steps,
    origin: () => origin,
  };
}

/** Works before the first test too, where `expect.poll` is not allowed. */
async function until(condition: () => boolean): Promise<void> {
  await vi.waitFor(() => expect(condition()).toBe(true), { timeout: 60_000, interval: 5 });
}

const isBeyond =
  ({ session }: Visit, step: number) =>
  (): boolean =>
    (session.trainer.active?.position().step ?? 0) >= step;

async function beginAndPause(page: Visit): Promise<number> {
  await page.session.trainer.begin(settings);
  await until(isBeyond(page, 3));
  await page.session.trainer.pause();
  return page.status().step;
}

/** Resumes, and expects the result of an undisturbed training: the same bits, and a curve with all steps. */
async function endsAsPlain(page: Visit): Promise<void> {
  await page.session.trainer.resume();
  await until(() => page.status().phase === 'finished');
  expect(bitsOf(await page.session.current.weights()) === plainBits).toBe(true);
  await expect.poll(page.steps).toEqual(Array.from({ length: 36 }, (_, i) => i + 1));
}

beforeAll(async () => {
  shipped = await shippedModel();
  const page = await visit();
  await page.session.trainer.begin(settings);
  await until(() => page.status().phase === 'finished');
  plainBits = bitsOf(await page.session.current.weights());
  await page.session.close();
});

afterEach(async () => {
  for (const session of sessions.splice(0)) await session.close();
});

test('undo of a reset of a paused training, redo, and undo after a reload', async () => {
  const folder = memoryFolder();
  const page = await visit(folder);
  const step = await beginAndPause(page);
  await page.session.models.reset('digits');
  expect(page.status().phase).toBe('idle');
  await expect.poll(page.offers).toEqual({ undo: 'reset', redo: null });
  await page.session.undo.undo('model');
  await expect.poll(() => page.status().phase).toBe('paused');
  expect(page.status().step).toBe(step);
  await page.session.undo.redo('model');
  await expect.poll(() => page.status().phase).toBe('idle');
  await page.session.close();

  const again = await visit(folder);
  await expect.poll(again.offers).toEqual({ undo: 'reset', redo: null });
  await again.session.undo.undo('model');
  await expect.poll(() => again.status().phase).toBe('paused');
  await endsAsPlain(again);
});

test('undo of a new training: the previous one can be resumed', async () => {
  const page = await visit();
  await page.session.trainer.begin(settings);
  await until(isBeyond(page, 3));
  await page.session.trainer.begin({ ...settings, seed: 8 });
  await until(isBeyond(page, 3));
  await expect.poll(page.offers).toEqual({ undo: 'train', redo: null });
  await page.session.undo.undo('model');
  await expect.poll(() => page.status()).toMatchObject({ phase: 'paused', settings });
  await endsAsPlain(page);
  await page.session.undo.redo('model');
  await expect.poll(() => page.status()).toMatchObject({ phase: 'paused', settings: { seed: 8 } });
});

test('a training that cannot begin adds no undo entry, and the previous one can be resumed', async () => {
  const page = await visit();
  await beginAndPause(page);
  await expect(page.session.trainer.begin({ ...settings, limit: 1 })).rejects.toThrow(/limit/);
  expect(page.offers()?.undo ?? null).toBeNull();
  expect(page.status().phase).toBe('paused');
  await endsAsPlain(page);
});

test('undo of a stop: the training can be resumed', async () => {
  const page = await visit();
  await page.session.trainer.begin(settings);
  await until(isBeyond(page, 3));
  await page.session.trainer.stop();
  expect(page.status().phase).toBe('stopped');
  await expect.poll(page.offers).toEqual({ undo: 'stop', redo: null });
  await page.session.undo.undo('model');
  await expect.poll(() => page.status().phase).toBe('paused');
  await endsAsPlain(page);
});

test('undo of a correction during a training, which continues as if there had been none', async () => {
  const page = await visit();
  const { session } = page;
  await session.trainer.begin(settings);
  await until(isBeyond(page, 3));
  const before = await session.trainer.betweenSteps(async () => {
    const kept = await session.trainer.snapshot();
    const weights = await session.current.model.weights();
    for (const values of weights.values()) values.fill(0.5);
    session.current.model.setWeights(weights);
    await session.trainer.weightsChanged();
    return kept;
  });
  await session.undo.keep('model', 'correction', before);
  await session.undo.undo('model');
  await endsAsPlain(page);
  expect(page.offers()).toEqual({ undo: null, redo: 'correction' });
});

test('undo of an opened model that replaced a trained one; none for the built-in model', async () => {
  const page = await visit();
  const file = (): File[] => [new File([shipped], 'shipped.safetensors')];
  await page.session.models.open(file());
  expect(page.offers()?.undo ?? null).toBeNull();
  await page.session.trainer.begin(settings);
  await until(() => page.status().phase === 'finished');
  await page.session.models.open(file());
  await expect.poll(page.origin).toBe('opened');
  await page.session.undo.undo('model');
  await expect.poll(page.origin).toBe('trained');
  await expect.poll(() => page.status().phase).toBe('finished');
  expect(bitsOf(await page.session.current.weights()) === plainBits).toBe(true);
});

test('a damaged entry changes nothing and is removed; the previous one can be undone', async () => {
  const page = await visit(memoryFolder(), {
    openDevice: async () => Promise.reject(new DeviceError('none here.', { problem: 'no-adapter' })),
  });
  const { session } = page;
  const whole = await session.trainer.snapshot();
  const { tensors, metadata } = readSafetensors(whole, 'the snapshot');
  const saved = JSON.parse(metadata['session']!) as object;
  const changed = (change: object): Uint8Array =>
    writeSafetensors(tensors, { ...metadata, session: JSON.stringify({ ...saved, ...change }) });
  const curve = { stride: 1, points: [] };
  const counts = { stepsPerEpoch: 12, batchSize: 4 };
  const training = { ...counts, settings, phase: 'paused', dataDigest: null, curve, epochs: [] };
  const shown = page.status();
  await session.undo.keep('model', 'train', whole);
  for (const [bytes, message] of [
    [whole.slice(0, whole.length / 2), /The undo entry was removed, because .*saved session/],
    [changed({ format: 'shadegrad session 9' }), /damaged, or from another version/],
    [changed({ classNames: 3 }), /classNames is 3, expected a list/],
    [changed({ training: { ...training, phase: 'resting' } }), /training\.phase is "resting", expected/],
    [changed({ training: { ...training, curve: { stride: 1, points: [7] } } }), /training\.curve\.points/],
    [changed({ training: { ...training, settings: { ...settings, epochs: 0 } } }), /epochs is 0, expected/],
  ] as const) {
    await session.undo.keep('model', 'reset', bytes);
    await expect(session.undo.undo('model')).rejects.toThrow(message);
    await expect.poll(page.offers).toEqual({ undo: 'train', redo: null });
  }
  expect(page.status()).toEqual(shown);
  await session.undo.undo('model');
  await expect.poll(page.offers).toEqual({ undo: null, redo: 'train' });
});

test('a rate that is set and reset: the schedule continues with the same bits', async () => {
  const folder = memoryFolder();
  const page = await visit(folder);
  await beginAndPause(page);
  expect(page.status().isScheduled).toBe(true);
  await page.session.trainer.setLearningRate(5e-4);
  expect(page.status()).toMatchObject({ learningRate: 5e-4, isScheduled: false });
  await page.session.close();
  const again = await visit(folder);
  expect(again.status()).toMatchObject({ learningRate: 5e-4, isScheduled: false });
  await again.session.trainer.setLearningRate(null);
  expect(again.status().isScheduled).toBe(true);
  await endsAsPlain(again);
});

test('undo of custom images that replaced others, after a reload', async () => {
  const folder = memoryFolder();
  const page = await visit(folder);
  const mine = { ...loaded, name: 'mine', source: 'my files' };
  await page.session.images.use(mine);
  await page.session.images.use({ ...mine, name: 'others', train: bars(40, 3) });
  await expect.poll(async () => (await page.session.data.get('custom')).name).toBe('others');
  await expect.poll(() => folder.files.get('own.safetensors')!.length).toBeLessThan(20_000);
  await page.session.close();
  const again = await visit(folder);
  await again.session.undo.undo('images');
  expect(await again.session.data.get('custom')).toEqual(mine);
});
