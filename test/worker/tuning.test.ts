/**
 * Tuning kernels in the page's worker, with a tiny data set (web/worker/tuning.ts). Every matrix product has two more
 * variants: a slow one, and one that sums backwards, which rounds differently.
 *   bits      a training keeps its choices while others are measured, across a reload, a lost device and a reload before its
 *             first step; a session saved without choices uses the defaults; damaged choices are reported, and so are
 *             kernels that have changed
 *   tuning    finds the faster variants, stores them, and the next training and the next visit use them; progress
 *   trainings can begin during a tuning, and make progress between its kernels; if there are few images, the tuning uses the
 *             batch size of the training
 *   no effect nothing to choose; cancelled; a browser that cannot store choices; forgotten
 *   errors    no device; a lost device; a second tuning at the same time; missing custom images
 */
import { afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { open } from '../../src/browser/open.js';
import type { LoadedDataset } from '../../src/data/loaded_dataset.js';
import { type Choice, KernelSelection } from '../../src/engine/kernel_selection.js';
import type { Device } from '../../src/engine/device.js';
import { registerShaders, shaderSource } from '../../src/engine/shader.js';
import { applyStoredKernels, tuningStoreOn } from '../../src/engine/tuning_store.js';
import { DeviceError, FileError } from '../../src/errors.js';
import { matmulForward } from '../../src/kernels/matmul.js';
import { memoryFolder } from '../../src/memory_folder.js';
import { readSafetensors, writeSafetensors } from '../../src/nn/files/safetensors.js';
import { Workload } from '../../src/nn/training/tuning_workload.js';
import type { Settings, TuningApi, WorkerEvents } from '../../web/protocol.js';
import type { SessionOptions } from '../../web/worker/browser_parts.js';
import { modelOf, splitBy } from '../../src/recipe/parts.js';
import { Session } from '../../web/worker/session.js';
import { type TuningOptions, tuningOf } from '../../web/worker/tuning.js';
import { bitsOf, loaded, settings as tinySettings, partsInMemory, shippedModel } from './tiny_session.js';

/** Settings with custom images, so that nothing is fetched. */
const settings: Settings = { ...tinySettings, dataset: 'custom' };
const allSteps = 36;

// ---- kernels ----

type Product = (typeof matmulForward.variants)[number];
const products = matmulForward.variants as Product[];
const usual = [...products];
const clear = usual.find(({ name }) => name === 'baseline')!;

beforeEach(() => {
  products.splice(0, products.length, ...usual);
});

/** A variant that sums backwards. */
function addBackwards(): void {
  const source = shaderSource('matmul/forward_baseline');
  const loop = 'for (var k = 0u; k < K; k++) {';
  expect(source).toContain(loop);
  registerShaders({
    'test/backwards': source.replace(loop, 'for (var i = 0u; i < K; i++) {\n    let k = K - 1u - i;'),
  });
  const lower: Product['lower'] = (context) => ({
    dispatches: clear.lower(context).dispatches.map((each) => ({ ...each, shader: 'test/backwards' })),
  });
  products.push({ ...clear, name: 'backwards', family: 'software', lower });
}

/** Makes a variant that repeats everything forty times the default. */
function putSlowFirst(): void {
  const lower: Product['lower'] = (context) => {
    const { dispatches } = clear.lower(context);
    return { dispatches: Array.from({ length: 40 }, () => dispatches).flat() };
  };
  products.unshift({ ...clear, name: 'slow', family: 'software', hasEpilogue: false, lower });
}

/** A choice as a measurement would store it. */
async function choiceOf(variant: string): Promise<ReadonlyMap<string, Choice>> {
  const device = await openSoftware();
  const { height, width, channels, classCount: classes } = loaded.train;
  const imageShape = { height, width, channels };
  const cases = new Workload(device, { model: 'mlp', imageShape, classes, batchSize: 32 }).cases();
  device.destroy();
  expect(cases.length).toBeGreaterThan(3);
  return new Map(cases.map(({ key, primitive }) => [key, { variant, pass: primitive.name, shapes: '' }]));
}

// ---- visits ----

const openSoftware = async (): Promise<Device> => open({ family: 'software' });

function opener(choices: Iterable<readonly [string, Choice]>): () => Promise<Device> {
  return async () => {
    const device = await openSoftware();
    for (const [key, choice] of choices) device.kernelSelection.set(key, choice);
    return device;
  };
}

let shipped: Uint8Array<ArrayBuffer>;
beforeAll(async () => {
  shipped = await shippedModel();
});

interface Visit {
  readonly session: Session;
  readonly tuning: TuningApi;
  readonly notes: string[];
  readonly status: () => WorkerEvents['status'];
  readonly until: (condition: () => boolean) => Promise<void>;
}

const visits: Session[] = [];
afterEach(async () => {
  for (const session of visits.splice(0)) await session.close();
});

/** A store in memory instead of the browser's database. */
function slots() {
  const texts = new Map<string, string>();
  const store = tuningStoreOn(
    {
      nameOf: (key) => key,
      read: async (key) => texts.get(key),
      write: async (key, text) => void texts.set(key, text),
      remove: async (key) => void texts.delete(key),
    },
    (line) => expect.unreachable(line),
  );
  return { texts, store };
}

async function visit(
  options: SessionOptions = {},
  { store = slots().store, repeats = 5 }: TuningOptions = {},
): Promise<Visit> {
  const notes: string[] = [];
  let status: WorkerEvents['status'] | undefined;
  const session = new Session(
    { base: 'http://here/', settings, isReload: false },
    ({ name, value }) => {
      if (name === 'status') status = value;
      if (name === 'note') notes.push(value.text);
    },
    {
      openDevice: openSoftware,
      ...partsInMemory(shipped),
      ...options,
    },
  );
  visits.push(session);
  // Before there is a folder to save it in.
  await session.images.use(loaded);
  await session.open();
  return {
    session,
    tuning: tuningOf(session, { store, repeats }),
    notes,
    status: () => status!,
    until: async (condition) => {
      await expect.poll(condition, { timeout: 60_000, interval: 5 }).toBe(true);
    },
  };
}

const isBeyond =
  ({ session, status }: Visit, step: number) =>
  (): boolean =>
    (session.trainer.active?.position().step ?? status().step) >= step;

async function finished(page: Visit): Promise<string> {
  await page.until(() => page.status().phase === 'finished');
  expect(page.status().step).toBe(allSteps);
  return bitsOf(await page.session.current.weights());
}

/** The result of a plain call of `fit` with these choices. */
async function plainBits(choices: Iterable<readonly [string, Choice]> = []): Promise<string> {
  const device = await openSoftware();
  const { train, validation } = splitBy(settings, loaded);
  const model = modelOf(settings, train, { device });
  const { epochs, batchSize, seed } = settings;
  const validationData = validation;
  await model.fit(train, {
    epochs,
    batchSize,
    seed,
    validationData,
    kernelSelection: new KernelSelection(choices),
  });
  const bits = bitsOf(await model.weights());
  device.destroy();
  return bits;
}

const productsIn = ({ session }: Visit): Set<string> =>
  new Set(
    session.trainer.plans
      .flatMap(({ dispatches }) => dispatches)
      .filter(({ primitive }) => primitive === 'matmul/forward')
      .map(({ variant }) => variant),
  );

describe('bits', () => {
  test('after a reload are those of its choices, whatever was measured in the meantime', async () => {
    addBackwards();
    const backwards = await choiceOf('backwards');
    const [byTable, byChoice] = [await plainBits(), await plainBits(backwards)];
    // Otherwise this test would prove nothing.
    expect(byChoice).not.toBe(byTable);
    for (const [begunWith, since, wanted] of [
      [backwards, [], byChoice],
      [[], backwards, byTable],
    ] as const) {
      const folder = memoryFolder();
      const first = await visit({ openFolder: async () => folder, openDevice: opener(begunWith) });
      await first.session.trainer.begin(settings);
      await first.until(isBeyond(first, 5));
      await first.session.close();
      const second = await visit({ openFolder: async () => folder, openDevice: opener(since) });
      expect(second.status().step).toBeGreaterThan(3);
      expect(await finished(second)).toBe(wanted);
      // The next training uses the new measurements.
      await second.session.trainer.begin(settings);
      expect(await finished(second)).toBe(wanted === byTable ? byChoice : byTable);
    }
  });

  test('likewise after a lost device, and after a reload before the first step', async () => {
    addBackwards();
    const backwards = await choiceOf('backwards');
    const wanted = await plainBits(backwards);
    let now: Iterable<readonly [string, Choice]> = backwards;
    const openDevice = async (): Promise<Device> => opener(now)();
    const page = await visit({ openDevice });
    await page.session.trainer.begin(settings);
    await page.until(isBeyond(page, 4));
    now = [];
    page.session.device.current!.gpu.destroy();
    await page.until(() => page.status().phase === 'lost');
    await page.session.trainer.resume();
    expect(await finished(page)).toBe(wanted);

    const folder = memoryFolder();
    const openFolder = async () => folder;
    const never = async () => new Promise<LoadedDataset>(() => undefined);
    const first = await visit({
      openFolder,
      openDevice: opener(backwards),
      source: { whole: never, test: async () => loaded.test! },
    });
    void first.session.trainer.begin({ ...settings, dataset: 'digits' });
    await first.until(() => folder.files.size > 0 && first.status().phase === 'loading');
    await first.session.close();
    const second = await visit({ openFolder });
    expect(await finished(second)).toBe(wanted);
  });

  test('of a session without choices are those of the defaults; damaged choices are reported', async () => {
    addBackwards();
    const backwards = await choiceOf('backwards');
    const folder = memoryFolder();
    const openFolder = async () => folder;
    const first = await visit({ openFolder });
    await first.session.trainer.begin(settings);
    await first.until(isBeyond(first, 3));
    await first.session.trainer.pause();
    await first.session.close();
    const change = (choices: unknown): void => {
      for (const [name, bytes] of folder.files) {
        const { tensors, metadata } = readSafetensors(bytes, name);
        const session = JSON.parse(metadata['session']!) as { training: Record<string, unknown> };
        expect(session.training).toHaveProperty('choices');
        const training = { ...session.training, choices };
        folder.files.set(
          name,
          writeSafetensors(tensors, { ...metadata, session: JSON.stringify({ ...session, training }) }),
        );
      }
    };
    change(undefined);
    const second = await visit({ openFolder, openDevice: opener(backwards) });
    expect(second.status().phase).toBe('paused');
    await second.session.trainer.resume();
    expect(await finished(second)).toBe(await plainBits());
    await second.session.close();

    change({ abc: { variant: 7 } });
    const third = await visit({ openFolder });
    expect(third.notes).toEqual([
      'Your last session could not be restored: it is damaged, or from another version of this page: training.choices.abc.variant is 7, expected a string.',
    ]);
  });
});

test('a resumed training notes once that the kernels of the page have changed', async () => {
  putSlowFirst();
  const folder = memoryFolder();
  const openFolder = async () => folder;
  const first = await visit({ openFolder });
  await first.tuning.run(settings, () => undefined);
  const lapsed = [...first.session.device.current!.kernelSelection];
  await first.session.trainer.begin(settings);
  await first.until(isBeyond(first, 2));
  await first.session.trainer.pause();
  expect(first.notes).toEqual([]);
  await first.session.close();

  const usual = products.splice(0, 1);
  const second = await visit({ openFolder, openDevice: opener(lapsed) });
  await second.session.trainer.step();
  expect(second.notes).toEqual([
    expect.stringMatching(
      /^The kernels have changed since this training began \(\d of its \d+ measured choices no longer apply\): its results will differ in their last bits from an uninterrupted training\.$/,
    ),
  ]);
  await second.session.close();

  // With the default kernels as well.
  const third = await visit({ openFolder });
  await third.session.trainer.step();
  expect(third.notes).toEqual([]);
  await third.session.close();
  products.unshift(...usual);
  const fourth = await visit({ openFolder, openDevice: opener(lapsed) });
  await fourth.session.trainer.step();
  expect(fourth.notes).toEqual([
    'The kernels have changed since this training began: its results will differ in their last bits from an uninterrupted training.',
  ]);
  products.splice(0, 1);
  // A new training does not resume anything, even if the stored choices of the device no longer apply.
  await fourth.session.trainer.begin(settings);
  expect(fourth.notes).toHaveLength(1);
});

describe('tuning', () => {
  test('finds the faster variants; the running training keeps its own, the next ones use them', async () => {
    putSlowFirst();
    const byTable = await plainBits();
    const { store, texts } = slots();
    const openDevice = async (): Promise<Device> => {
      const device = await openSoftware();
      await applyStoredKernels(device, store);
      return device;
    };
    const page = await visit({ openDevice }, { store });
    expect(await page.tuning.stored()).toBeNull();
    await page.session.trainer.begin(settings);
    await page.until(isBeyond(page, 2));
    const state: (readonly [number, number, string | null])[] = [];
    const tuned = await page.tuning.run(settings, (...progress) => void state.push(progress));

    expect(tuned).toMatchObject({ model: 'mlp', batchSize: 32, outcome: 'stored' });
    expect(tuned.kernels.length).toBeGreaterThan(3);
    for (const { primitive, shapes, variants, chosen, gain } of tuned.kernels) {
      expect({ primitive, table: variants[0]!.variant, chosen }).toEqual({
        primitive: 'matmul/forward',
        table: 'slow',
        chosen: 'software',
      });
      expect(shapes).toMatch(/^\[\d+,\d+\] \[\d+,\d+\]$/);
      expect(gain).toBeGreaterThan(1);
      expect(variants.map(({ ms, problem }) => [typeof ms, problem])).toEqual([
        ['number', null],
        ['number', null],
      ]);
    }
    expect(tuned.step!.tunedMs).toBeLessThan(tuned.step!.untunedMs);
    const total = tuned.kernels.length;
    expect(state).toEqual([
      ...Array.from({ length: total }, (_, done) => [done, total, 'matmul/forward']),
      [total, total, null],
    ]);

    expect(productsIn(page)).toEqual(new Set(['slow']));
    expect(await finished(page)).toBe(byTable);
    await page.session.trainer.begin(settings);
    expect(productsIn(page)).toEqual(new Set(['software']));
    await finished(page);

    expect(texts.size).toBe(1);
    const kept = await page.tuning.stored();
    expect(kept!.kernels).toBe(total);
    expect(Math.abs(Date.now() - kept!.at!)).toBeLessThan(600_000);
    const next = await visit({ openDevice }, { store });
    expect(await next.tuning.stored()).toEqual(kept);
    await next.session.trainer.begin(settings);
    expect(productsIn(next)).toEqual(new Set(['software']));

    await next.tuning.forget();
    expect(await next.tuning.stored()).toBeNull();
    expect(texts.size).toBe(0);
    await next.session.trainer.begin(settings);
    expect(productsIn(next)).toEqual(new Set(['slow']));
  });
});

test('a training that begins during a tuning uses the earlier choices', async () => {
  putSlowFirst();
  const page = await visit();
  const order: string[] = [];
  let begun: Promise<unknown> | undefined;
  const { outcome } = await page.tuning.run(settings, (done) => {
    order.push(`kernel ${done}`);
    if (done === 1) begun = page.session.trainer.begin(settings).then(() => order.push('training'));
  });
  await begun;
  expect(outcome).toBe('stored');
  // It did not wait for the remaining measurements.
  expect(order.at(-1)).not.toBe('training');
  expect(productsIn(page)).toEqual(new Set(['slow']));
  expect(await finished(page)).toBe(await plainBits());
});

test('a running training waits for each kernel, and goes on between them', async () => {
  putSlowFirst();
  const page = await visit();
  await page.session.trainer.begin({ ...settings, epochs: 10_000 });
  const betweenSteps = vi.spyOn(page.session.trainer, 'betweenSteps');
  const steps: number[] = [];
  const { kernels } = await page.tuning.run(settings, () => {
    steps.push(page.session.trainer.active!.position().step);
  });
  expect(betweenSteps).toHaveBeenCalledTimes(kernels.length + 1);
  // It has as much time as each kernel took, which a busy machine may need for a single step.
  expect(steps.at(-1)).toBeGreaterThan(steps[0]!);
});

test('it uses the batch size of the training: all images if there are few', async () => {
  const page = await visit();
  const silent = (): void => undefined;
  const many = { ...settings, batchSize: 1000 };
  const few = { ...many, epochs: 1, limit: 60 };
  for (const [chosen, batchSize] of [
    [many, 360],
    [few, 54],
    [{ ...many, dataset: 'digits', limit: 1999 }, 360],
    [{ ...many, dataset: 'digits' }, 1000],
  ] as const)
    expect((await page.tuning.run(chosen, silent)).batchSize).toBe(batchSize);
  putSlowFirst();
  expect((await page.tuning.run(few, silent)).outcome).toBe('stored');
  await page.session.trainer.begin(few);
  expect(productsIn(page)).toEqual(new Set(['software']));
});

describe('no effect', () => {
  const silent = (): void => undefined;

  test('nothing to choose', async () => {
    const page = await visit();
    expect(await page.tuning.run(settings, silent)).toEqual({
      model: 'mlp',
      batchSize: 32,
      kernels: [],
      step: null,
      outcome: 'nothing',
    });
    // Without any images: the shape of the built-in data sets is known.
    expect((await page.tuning.run({ ...settings, dataset: 'fashion' }, silent)).outcome).toBe('nothing');
  });

  test('cancelled: ends after the current kernel, and nothing has changed', async () => {
    putSlowFirst();
    const { store, texts } = slots();
    const page = await visit({}, { store });
    const tuned = await page.tuning.run(settings, (done) => {
      if (done === 1) void page.tuning.cancel();
    });
    expect(tuned).toMatchObject({ outcome: 'cancelled', step: null });
    expect(tuned.kernels).toHaveLength(2);
    expect([texts.size, [...page.session.device.current!.kernelSelection].length]).toEqual([0, 0]);
    // And again, to the end.
    expect((await page.tuning.run(settings, silent)).outcome).toBe('stored');
  });

  test('a browser that cannot store the choices uses them until the page is closed', async () => {
    putSlowFirst();
    const { store } = slots();
    const save = async () => Promise.reject(new FileError('there is no room.'));
    const page = await visit({}, { store: { ...store, save } });
    expect((await page.tuning.run(settings, silent)).outcome).toBe('unkept');
    expect((await page.tuning.stored())!.kernels).toBeGreaterThan(3);
  });
});

describe('errors', () => {
  test('a second tuning at the same time is rejected, and the first continues', async () => {
    putSlowFirst();
    const page = await visit();
    const first = page.tuning.run(settings, () => undefined);
    await expect(page.tuning.run(settings, () => undefined)).rejects.toThrowErrorMatchingInlineSnapshot(
      `[StateError: tuning: a measurement is already running; cancel it, or wait for it to end.]`,
    );
    expect((await first).outcome).toBe('stored');
  });

  test('a device that is lost during the measurement', async () => {
    putSlowFirst();
    const { store, texts } = slots();
    const page = await visit({}, { store });
    const run = page.tuning.run(settings, (done) => {
      if (done === 1) page.session.device.current!.gpu.destroy();
    });
    await expect(run).rejects.toThrowErrorMatchingInlineSnapshot(
      `[DeviceError: tuning: the graphics device was lost before the measurement ended, so nothing has changed; tune again when it is back.]`,
    );
    expect(texts.size).toBe(0);
    await page.until(() => page.status().phase === 'lost');
    await expect(page.tuning.run(settings, () => undefined)).rejects.toThrow(DeviceError);
    await page.session.trainer.resume();
    expect((await page.tuning.run(settings, () => undefined)).outcome).toBe('stored');
  });

  test('no device, and missing custom images', async () => {
    const page = await visit({
      openDevice: async () => {
        throw new DeviceError('open: there is none.', { problem: 'no-adapter' });
      },
    });
    expect(await page.tuning.stored()).toBeNull();
    await expect(page.tuning.run(settings, () => undefined)).rejects.toThrowErrorMatchingInlineSnapshot(
      `[DeviceError: tuning: there is no device to measure on; use a browser with WebGPU.]`,
    );
    await expect(page.tuning.forget()).rejects.toThrow(DeviceError);
  });
});
