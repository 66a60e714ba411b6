/**
 * The small parts behind the page's session.
 *
 *   Curve         all points at first, then every second, fourth, …; never more than allowed; independent of saves; NaN
 *                 survives JSON
 *   Speed         by hand: the clock can be stopped, only the last seconds count
 *   session file  metadata is written and read; other files, other versions and damaged text are not sessions
 *   AlternatingSlots  two files are written alternately; the newest intact one is used; of several calls during a write, the
 *                 last file is written; a failed write leaves the previous file; clear
 *   custom images all splits are written and read, also labels of two bytes; the digest changes with a byte, label or name
 *   DataSets      files opened while others are read; a failure is retried; what can be used, and why not
 *   images that training leaves out  no image that was trained on; by which settings; other files than those trained on
 *   TrainingRecord  NaN survives JSON; records of earlier versions
 *   statusOf      the time left, the metrics between two epochs, the schedule's rate
 */
import { describe, expect, test } from 'vitest';
import { DataError, FileError } from '../../src/errors.js';
import { type MemoryFolder, memoryFolder } from '../../src/memory_folder.js';
import { readSafetensors, writeSafetensors } from '../../src/nn/files/safetensors.js';
import { cosineDecay } from '../../src/nn/training/schedules.js';
import { ImageSet } from '../../src/data/dataset.js';
import type { LoadedDataset } from '../../src/data/loaded_dataset.js';
import { makeRecipe } from '../../src/recipe/make_recipe.js';
import type { PageDataset, Settings } from '../../web/protocol.js';
import { Curve } from '../../web/worker/curve.js';
import { type DataSource, DataSets } from '../../web/worker/data_sets.js';
import { leftOut } from '../../web/worker/evaluating_images.js';
import { digestOf, keepCustom, keptCustom } from '../../web/worker/custom_images.js';
import {
  type SavedPhase,
  type SavedSession,
  classNamesIn,
  sessionIn,
  sessionMetadata,
} from '../../web/worker/saved_session.js';
import { checkSession } from '../../web/worker/saved_session_check.js';
import { AlternatingSlots } from '../../web/worker/alternating_slots.js';
import { split } from '../../web/worker/split.js';
import { Speed } from '../../web/worker/speed.js';
import { type NewTraining, TrainingRecord } from '../../web/worker/training_record.js';
import { type StatusParts, statusOf } from '../../web/worker/training_status.js';

const settings: Settings = makeRecipe<PageDataset>({
  dataset: 'digits',
  preset: 'quick',
  model: 'mlp',
  limit: null,
  epochs: 4,
  batchSize: 10,
  learningRate: 0.01,
  seed: 1,
});

describe('Curve', () => {
  const added = (curve: Curve, from: number, to: number): Curve => {
    for (let step = from; step <= to; step++) curve.add({ step, loss: 1 / step, accuracy: step / 100 });
    return curve;
  };
  const stepsOf = ({ points }: Curve): number[] => points.map(({ step }) => step);

  test('thins out evenly', () => {
    expect(stepsOf(added(new Curve(4), 1, 4))).toEqual([1, 2, 3, 4]);
    expect(stepsOf(added(new Curve(4), 1, 5))).toEqual([1, 3, 5]);
    expect(stepsOf(added(new Curve(4), 1, 8))).toEqual([1, 3, 5, 7]);
    expect(stepsOf(added(new Curve(4), 1, 9))).toEqual([1, 5, 9]);
  });

  test('has the same points with and without a save in between', () => {
    for (const at of [1, 4, 5, 9, 50]) {
      const before = added(new Curve(), 1, at);
      const restored = Curve.from(JSON.parse(JSON.stringify(before.save())) as ReturnType<Curve['save']>);
      expect(added(restored, at + 1, 9000).points).toEqual(added(new Curve(), 1, 9000).points);
    }
    expect(added(new Curve(), 1, 9000).points.length).toBeLessThanOrEqual(4096);
  });

  test('keeps NaN', () => {
    const curve = new Curve();
    curve.add({ step: 1, loss: NaN, accuracy: 0 });
    const text = JSON.stringify(curve.save());
    expect(Curve.from(JSON.parse(text) as ReturnType<Curve['save']>).points).toEqual(curve.points);
  });
});

describe('Speed', () => {
  test('does not count while its clock is stopped', () => {
    let now = 0;
    const speed = new Speed(() => now);
    expect([speed.stepMs, speed.imagesPerSecond]).toEqual([null, null]);
    speed.start();
    for (let step = 0; step < 4; step++) {
      now += 100;
      speed.step(32);
      speed.stop();
      now += 10_000;
      speed.start();
    }
    expect(speed.stepMs).toBe(100);
    expect(speed.imagesPerSecond).toBe(320);
  });

  test('only the last three seconds count', () => {
    let now = 0;
    const speed = new Speed(() => now);
    speed.start();
    for (let step = 0; step < 10; step++) {
      now += 1000;
      speed.step(10);
    }
    for (let step = 0; step < 31; step++) {
      now += 100;
      speed.step(10);
    }
    expect(speed.stepMs).toBe(100);
    // One slow step is enough for a measurement.
    now += 60_000;
    speed.step(10);
    expect(speed.stepMs).toBe(60_000);
  });
});

const session: SavedSession = {
  savedAt: 1234,
  origin: 'trained',
  classNames: ['a "quoted" name', 'b'],
  training: {
    settings,
    phase: 'paused',
    stepsPerEpoch: 7,
    batchSize: 10,
    dataDigest: null,
    curve: { stride: 1, points: [[1, null, 0.5]] },
    epochs: [{ epoch: 1, step: 7, logs: { loss: 0.25, val_loss: null } }],
    trouble: 'The loss diverged.',
  },
};

/** A file with one tensor that contains `value`. */
function file(number: number, value = number): Uint8Array {
  return writeSafetensors(
    [['w', { dtype: 'F32', shape: [1], data: Float32Array.of(value) }]],
    sessionMetadata(session, number),
  );
}

describe('session file', () => {
  test('there and back', () => {
    expect(sessionIn(readSafetensors(file(3), 'x'))).toEqual({ session, number: 3 });
    expect(classNamesIn(readSafetensors(file(3), 'x'), 2)).toEqual(session.classNames);
  });

  test('of version 1, whose settings were only those that people could choose', () => {
    const { preset, model, limit, epochs, batchSize, learningRate, seed } = settings;
    const chosen = { dataset: 'own', preset, model, limit, epochs, batchSize, learningRate, seed };
    const training = { ...session.training, settings: { ...chosen, augmentation: null, filters: [] } };
    const text = JSON.stringify({ format: 'shadegrad session 1', number: 3, ...session, training });
    const found = sessionIn({ tensors: new Map(), metadata: { session: text } });
    expect(found?.session.training).toEqual({
      ...session.training,
      settings: { ...settings, dataset: 'custom' },
    });
    expect(checkSession(found!.session)).toBe(found!.session);
  });

  test.each<[Partial<Record<keyof Settings, unknown>>, string]>([
    [{ epochs: 0 }, 'training.settings: epochs is 0, expected a positive integer'],
    [
      { dataset: 'faces' },
      'training.settings: dataset is "faces", expected "digits" or "fashion" or "custom"',
    ],
    [{ split: undefined }, 'training.settings has no split'],
  ])('with %j among its settings is refused', (change, message) => {
    const damaged = { ...session.training!, settings: { ...settings, ...change } as Settings };
    expect(() => checkSession({ ...session, training: damaged })).toThrow(message);
  });

  test('rejects other metadata, another version, damaged text, and another number of classes', () => {
    const stored = (metadata: Record<string, string>) => ({ tensors: new Map(), metadata });
    for (const text of ['', '{', 'null', '[]', '{"format":"shadegrad session 9","number":1}', '"text"'])
      expect(sessionIn(stored({ session: text }))).toBeUndefined();
    expect(sessionIn(stored({}))).toBeUndefined();
    expect(classNamesIn(stored({}), 3)).toEqual(['0', '1', '2']);
    expect(classNamesIn(stored({ classes: '["a"]' }), 2)).toEqual(['0', '1']);
    expect(classNamesIn(stored({ classes: '[1,2]' }), 2)).toEqual(['0', '1']);
  });
});

describe('AlternatingSlots', () => {
  const valueOf = async (folder: MemoryFolder): Promise<unknown> =>
    (await new AlternatingSlots(folder).newest())?.stored.tensors.get('w')?.data[0];

  test('writes files alternately, and reads the newest intact one', async () => {
    const folder = memoryFolder();
    expect(await valueOf(folder)).toBeUndefined();
    const slots = new AlternatingSlots(folder);
    for (let i = 0; i < 3; i++) await slots.write(file(slots.takeNumber()));
    expect([...folder.files.keys()].sort()).toEqual(['session-a.safetensors', 'session-b.safetensors']);
    expect(await valueOf(folder)).toBe(3);

    const next = new AlternatingSlots(folder);
    await next.newest();
    await next.write(file(next.takeNumber()));
    expect(await valueOf(folder)).toBe(4);
    // The fourth replaced the second: if it is damaged, the third is used.
    folder.files.set('session-b.safetensors', folder.files.get('session-b.safetensors')!.slice(0, -1));
    expect(await valueOf(folder)).toBe(3);
    folder.files.set('session-a.safetensors', new Uint8Array(100));
    expect(await valueOf(folder)).toBeUndefined();
  });

  test('of several calls during a write, the last file is written, to the older slot', async () => {
    const folder = memoryFolder();
    const writes: string[] = [];
    const slots = new AlternatingSlots({
      ...folder,
      write: async (name: string, contents: Uint8Array | string): Promise<void> => {
        writes.push(name);
        await new Promise((resolve) => setTimeout(resolve, 5));
        await folder.write(name, contents);
      },
    });
    const first = slots.write(file(1));
    await Promise.resolve();
    await Promise.all([first, ...[2, 3, 4].map(async (number) => slots.write(file(number)))]);
    expect(writes).toEqual(['session-a.safetensors', 'session-b.safetensors']);
    expect(await valueOf(folder)).toBe(4);
  });

  test('a failed write leaves the previous file, and the next write uses the same slot', async () => {
    const folder = memoryFolder();
    let isFull = false;
    const slots = new AlternatingSlots({
      ...folder,
      write: async (name, contents) => {
        if (isFull) throw new FileError('full.', { problem: 'disk-full' });
        await folder.write(name, contents);
      },
    });
    await slots.write(file(1));
    isFull = true;
    await expect(slots.write(file(2))).rejects.toThrow('full.');
    await expect(slots.write(file(3))).rejects.toThrow('full.');
    expect(await valueOf(folder)).toBe(1);
    isFull = false;
    await slots.write(file(4));
    expect(await valueOf(folder)).toBe(4);
    await slots.clear();
    expect(folder.files.size).toBe(0);
  });
});

describe('custom images', () => {
  const set = (labels: Uint8Array | Uint16Array, first = 0): ImageSet =>
    new ImageSet({
      images: Uint8Array.from({ length: labels.length * 6 }, (_, i) => (i === 0 ? first : i)),
      labels,
      height: 2,
      width: 1,
      channels: 3,
      classNames: ['x', 'y'],
    });

  test('there and back', async () => {
    const folder = memoryFolder();
    expect(await keptCustom(folder)).toBeUndefined();
    const own: LoadedDataset = {
      name: 'mine',
      format: 'pictures',
      source: 'a folder',
      train: set(Uint8Array.of(0, 1, 1)),
      validation: set(Uint16Array.of(1)),
    };
    await keepCustom(folder, own);
    expect(await keptCustom(folder)).toEqual(own);
    await keepCustom(folder, { ...own, test: set(Uint8Array.of(1, 0)) });
    expect((await keptCustom(folder))?.test?.count).toBe(2);
  });

  test('a damaged description is rejected with an error', async () => {
    const folder = memoryFolder();
    const parts = { name: 'mine', format: 'pictures', source: 'a folder' } as const;
    await keepCustom(folder, { ...parts, train: set(Uint8Array.of(0, 1)) });
    const whole = Buffer.from(await folder.read('own.safetensors')).toString('latin1');
    const refusal = async (before: string, after: string): Promise<unknown> => {
      await folder.write('own.safetensors', Buffer.from(whole.replace(before, after), 'latin1'));
      return keptCustom(folder).catch((error: unknown) => String(error));
    };
    expect(await refusal('[', ' ')).toMatch(
      /^DataError: data: own\.safetensors is damaged: it is not JSON \(.*\); drop your files again\.$/,
    );
    expect(await refusal('classNames', 'ClassNames')).toBe(
      'DataError: data: own.safetensors is damaged: it has no classNames; drop your files again.',
    );
  });

  test('the digest detects changes', () => {
    // FNV-1a of the single byte 0x61 is e40c292c (the authors' test vectors).
    const one = {
      count: 1,
      image: () => Uint8Array.of(0x61),
      labels: new Uint8Array(),
      classNames: [''],
    } as Partial<ImageSet>;
    expect(digestOf(one as ImageSet).toString(16)).toBe('e40c292c');
    const digests = [
      set(Uint8Array.of(0, 1)),
      set(Uint8Array.of(1, 1)),
      set(Uint8Array.of(0, 1), 9),
      new ImageSet({ ...set(Uint8Array.of(0, 1)), classNames: ['x', 'z'] }),
    ].map(digestOf);
    expect(new Set(digests).size).toBe(4);
    expect(digestOf(set(Uint8Array.of(0, 1)))).toBe(digests[0]);
  });
});

describe('DataSets', () => {
  const setOf = (name: string): LoadedDataset => ({ ...own, name });
  const own: LoadedDataset = {
    name: 'kept',
    format: 'pictures',
    source: 'files',
    train: new ImageSet({
      images: new Uint8Array(4),
      labels: new Uint8Array(1),
      height: 2,
      width: 2,
      channels: 1,
      classNames: ['a'],
    }),
  };

  test('files that are opened while those of the last visit are read replace them', async () => {
    let read: (kept: LoadedDataset) => void = () => undefined;
    const none = async (): Promise<never> => Promise.reject(new FileError('no'));
    const sets = new DataSets({
      whole: none,
      test: none,
      custom: async () => new Promise((resolve) => (read = resolve)),
    });
    const asked = sets.get('custom');
    sets.useCustom(setOf('opened'));
    read(setOf('kept'));
    expect((await asked).name).toBe('opened');
    expect((await sets.get('custom')).name).toBe('opened');
  });

  test('the next call retries a failed fetch', async () => {
    let isThere = false;
    const sets = new DataSets({
      whole: async (name) => (isThere ? setOf(name) : Promise.reject(new FileError('no'))),
      test: async () => Promise.reject(new FileError('no')),
      custom: async () => undefined,
    });
    await expect(sets.get('digits')).rejects.toThrow('no');
    isThere = true;
    expect((await sets.get('digits')).name).toBe('digits');
  });

  describe('what can be used', () => {
    const absent = 'Clothes are not installed. Run it.';
    let told: (string | null)[] = [];
    const setsOf = (source: Partial<DataSource>): DataSets => {
      told = [];
      const none = async (): Promise<never> =>
        Promise.reject(new FileError('HTTP 404', { problem: 'missing' }));
      return new DataSets(
        { whole: none, test: none, custom: async () => undefined, ...source },
        ({ digits, fashion, custom }) => void (told = [digits, fashion, custom]),
      );
    };
    const nothingYours = expect.stringMatching(/^You have not added images yet\./) as string;

    test('depends on the index, and on saved custom images', async () => {
      const sets = setsOf({ index: async () => ({ digits: null, fashion: absent }) });
      await sets.check(Promise.resolve(false));
      expect(told).toEqual([null, absent, nothingYours]);
      sets.useCustom(setOf('mine'));
      expect(told).toEqual([null, absent, null]);
      sets.useCustom(undefined);
      expect(told).toEqual([null, absent, nothingYours]);
      await sets.check(Promise.resolve(true));
      expect(told).toEqual([null, absent, null]);
    });

    test('is everything if the server has no index', async () => {
      const sets = setsOf({ index: async () => Promise.reject(new FileError('HTTP 404')) });
      await sets.check(Promise.resolve(true));
      expect(told).toEqual([null, null, null]);
    });

    test('excludes a set that disappeared, with the text of the index, and a damaged one, until it is back', async () => {
      let found: () => Promise<LoadedDataset> = async () =>
        Promise.reject(new FileError('HTTP 404', { problem: 'missing' }));
      const index = async () => ({ digits: null, fashion: absent });
      const sets = setsOf({ index, whole: async () => found() });
      await expect(sets.get('fashion')).rejects.toThrow(absent);
      expect(told[1]).toBe(absent);
      const gone =
        "The digits images are no longer on this page's server. Run 'npm run explore -- --dataset digits' there, then reload this page.";
      await expect(sets.get('digits')).rejects.toThrow(gone);
      expect(told[0]).toBe(gone);
      found = async () => Promise.reject(new DataError('it has another SHA-256'));
      await expect(sets.get('digits')).rejects.toThrow('SHA-256');
      expect(told[0]).toBe('it has another SHA-256');
      found = async () => setOf('digits');
      await sets.get('digits');
      expect(told[0]).toBeNull();
    });

    test('includes a set whose server does not answer, as it may the next time', async () => {
      const sets = setsOf({
        test: async () => Promise.reject(new FileError('offline', { problem: 'network' })),
      });
      await expect(sets.test('digits')).rejects.toThrow('offline');
      expect(told).toEqual([]);
    });
  });
});

describe("too few of the user's own images", () => {
  const few = (count: number, classes: number): LoadedDataset => ({
    name: 'mine',
    format: 'pictures',
    source: 'a folder',
    train: new ImageSet({
      images: new Uint8Array(count * 4),
      labels: Uint8Array.from({ length: count }, (_, i) => i % classes),
      height: 2,
      width: 2,
      channels: 1,
      classNames: Array.from({ length: classes }, (_, label) => `class ${label}`),
    }),
  });
  test.each([
    [
      few(2, 2),
      null,
      'Your 2 images are too few to train on, as some are needed for validation and testing: expected ten or more of each class.',
    ],
    [
      few(40, 20),
      20,
      'The number of images is 20, too few for your 20 classes: expected 40 or more, or all.',
    ],
  ])('are rejected with an error that does not mention a split', (loaded, limit, words) => {
    expect(() => split({ ...settings, dataset: 'custom', limit }, loaded)).toThrow(words);
  });
});

describe('what training leaves out', () => {
  /** Every image has a unique colour, which identifies it. */
  const colours = new ImageSet({
    images: Uint8Array.from({ length: 120 * 4 }, (_, i) => Math.floor(i / 4)),
    labels: Uint8Array.from({ length: 120 }, (_, i) => i % 3),
    height: 2,
    width: 2,
    channels: 1,
    classNames: ['x', 'y', 'z'],
  });
  const loaded: LoadedDataset = { name: 'mine', format: 'pictures', source: 'a folder', train: colours };
  const own: Settings = { ...settings, dataset: 'custom' };
  const coloursOf = ({ images }: ImageSet): number[] => [...new Set(images)];
  const trained = (chosen: Settings, from = loaded): { settings: Settings; dataDigest: number } => ({
    settings: chosen,
    dataDigest: digestOf(split(chosen, from).train),
  });

  test('contains no training image, whatever the recipe, the seed, and the limit', () => {
    for (const preset of ['quick', 'corrected', 'paper'] as const) {
      for (const seed of [1, 2, 3]) {
        for (const limit of [null, 30]) {
          const chosen = makeRecipe<PageDataset>({ dataset: 'custom', preset, seed, limit });
          const present: Settings = { ...own, seed: 99 };
          const tested = coloursOf(leftOut(loaded, { settings: present, trainedBy: trained(chosen) }));
          const seen = new Set(coloursOf(split(chosen, loaded).train));
          expect(tested).toHaveLength(12);
          expect(tested.filter((colour) => seen.has(colour))).toEqual([]);
        }
      }
    }
  });

  test('depends on the current settings if there was no training with custom files', () => {
    const expected = leftOut(loaded, { settings: own, trainedBy: trained(own) });
    expect(leftOut(loaded, { settings: own, trainedBy: undefined })).toEqual(expected);
    const digits = { settings: { ...settings, seed: 5 }, dataDigest: null };
    expect(leftOut(loaded, { settings: own, trainedBy: digits })).toEqual(expected);
  });

  test('is unknown for files that differ from those trained on', () => {
    const others = { ...loaded, train: colours.select(Array.from({ length: 60 }, (_, i) => i)) };
    expect(() => leftOut(others, { settings: own, trainedBy: trained(own) })).toThrow(
      new DataError(
        'These are not the images the network was trained on, and they have no test split, so some may have been in its training data. Train again, or drop files with a test split.',
      ),
    );
  });
});

const training: NewTraining = { settings, selection: new Map() };

describe('TrainingRecord', () => {
  const reloaded = (record: TrainingRecord): TrainingRecord =>
    TrainingRecord.from(
      JSON.parse(JSON.stringify(record.save('stopped'))) as ReturnType<TrainingRecord['save']>,
      undefined,
    );

  test('survives saving and loading, including NaN and the message about it', () => {
    const record = new TrainingRecord(training);
    record.epochs = [{ epoch: 1, step: 7, logs: { loss: NaN, accuracy: 0.1 } }];
    record.trouble = 'The loss diverged.';
    expect(reloaded(record)).toEqual(record);
  });

  test('of an earlier version has no problem', () => {
    const saved = { ...new TrainingRecord(training).save('finished') } as { trouble?: string | null };
    delete saved.trouble;
    const record = TrainingRecord.from(saved as ReturnType<TrainingRecord['save']>, undefined);
    expect(record.trouble).toBeNull();
  });
});

describe('statusOf', () => {
  const running = { name: 'running', stage: 'training', goal: 'run' } as const;
  const position = { step: 8, epoch: 1, cursor: 10, sums: { loss: 5, accuracy: 4, count: 10 } };
  const record = (): TrainingRecord => {
    const made = new TrainingRecord(training);
    made.stepsPerEpoch = 7;
    made.batchSize = 10;
    return made;
  };
  const statusAt = (
    made: TrainingRecord | undefined,
    at: StatusParts['figures']['position'],
    { speed = new Speed(), ...parts }: Partial<StatusParts> & { readonly speed?: Speed } = {},
  ): ReturnType<typeof statusOf> =>
    statusOf({
      phase: running,
      record: made,
      figures: { progress: null, position: at, speed, validationSeconds: 2 },
      rate: 0.5,
      savedAt: null,
      ...parts,
    });
  const measured = (): Speed => {
    let now = 0;
    const speed = new Speed(() => now);
    speed.start();
    now = 500;
    speed.step(10);
    return speed;
  };

  test('the time left: 20 steps of half a second, and three validations', () => {
    const status = statusAt(record(), position, { speed: measured(), savedAt: 99 });
    expect(status).toMatchObject({
      step: 8,
      epoch: 1,
      stepInEpoch: 1,
      loss: 0.5,
      accuracy: 0.4,
      learningRate: 0.5,
      imagesPerSecond: 20,
      stepMs: 500,
      etaSeconds: 20 * 0.5 + 3 * 2,
      savedAt: 99,
    });
  });

  test('whether a training can be resumed after the device was lost', () => {
    const isUnderWay = (saved: SavedPhase | null): boolean =>
      statusAt(record(), position, { phase: { name: 'lost', saved } }).isUnderWay;
    expect(isUnderWay(null)).toBe(false);
    for (const saved of ['training', 'paused', 'finished', 'stopped'] as const)
      expect(isUnderWay(saved)).toBe(saved === 'training' || saved === 'paused');
  });

  test('between two epochs the metrics are those of the previous one, and the rate is that of the schedule', () => {
    const between = record();
    between.epochs = [{ epoch: 1, step: 7, logs: { loss: 0.75, accuracy: 0.125 } }];
    const start = { step: 7, epoch: 1, cursor: 0, sums: {} };
    const rate = cosineDecay({ peak: 1, warmup: 0.5 });
    const status = statusAt(between, start, { rate });
    expect(status).toMatchObject({ loss: 0.75, accuracy: 0.125, stepInEpoch: 0, etaSeconds: null });
    expect(status.learningRate).toBeCloseTo(rate(7, { totalSteps: 28, stepsPerEpoch: 7 }), 6);
  });

  test('before any training', () => {
    const status = statusAt(undefined, undefined, { phase: { name: 'idle' }, rate: undefined });
    expect(status).toMatchObject({ phase: 'idle', settings: null, loss: null, learningRate: null });
  });
});
