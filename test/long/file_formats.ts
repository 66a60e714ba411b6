/** Every kind of file that the product reads: a small whole one, and the reading of it as far as it goes without a device. */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import path from 'node:path';
import { deflateRawSync, gzipSync } from 'node:zlib';
import { compare } from '../../src/cli/bench/compare.js';
import { resultsPage } from '../../src/cli/bench/page.js';
import { resultsFromJson } from '../../src/cli/bench/results.js';
import { readInput } from '../../src/cli/prediction_inputs.js';
import { readReport } from '../../src/cli/report_files.js';
import { readHistory, readRun } from '../../src/cli/run_folder.js';
import { ImageSet } from '../../src/data/dataset.js';
import { plainPreparation } from '../../src/picture_preparation.js';
import { manifestFromJson } from '../../src/data/manifest.js';
import { type Choice, choicesFromJson } from '../../src/engine/kernel_selection.js';
import { tuningStoreOn } from '../../src/engine/tuning_store.js';
import { memoryFolder } from '../../src/memory_folder.js';
import {
  batchNormalization,
  conv2d,
  dense,
  dropout,
  flatten,
  maxPooling2d,
} from '../../src/nn/layers/index.js';
import { filters, preprocessing } from '../../src/nn/samples/preprocessing.js';
import { type StoredTensor, readSafetensors, writeSafetensors } from '../../src/nn/files/safetensors.js';
import { Model, sequential } from '../../src/nn/model.js';
import { readModel } from '../../src/nn/files/model_files.js';
import { checkpointIn, descriptionIn } from '../../src/nn/files/weights_file.js';
import { loadPath } from '../../src/node/dataset_path.js';
import { lockFolder, lockName } from '../../src/node/lock.js';
import { readNpz } from '../../src/node/npz.js';
import { encodePng } from '../../src/node/png.js';
import { evaluate } from '../../src/report/evaluation.js';
import { evaluationToJson } from '../../src/report/evaluation_file.js';
import { historyToJson } from '../../src/report/history.js';
import { comparisonPage } from '../../src/report/html/comparison.js';
import { runReportPage } from '../../src/report/html/run_report.js';
import { scalarEvent, versionEvent } from '../../src/report/tensorboard/event.js';
import { record } from '../../src/report/tensorboard/record.js';
import { eventsBefore } from '../../src/report/tensorboard/trim_events.js';
import { keepCustom, keptCustom } from '../../web/worker/custom_images.js';
import { idxFiles } from '../node/small_digits.js';

export interface FileFormat {
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly isJson: boolean;
  /** Reads bytes that may be anything. Throws a ShadegradError for what it does not take. */
  read(bytes: Uint8Array): Promise<unknown>;
}

/** `work` is a folder for those that are read from a disk; `root` the repository. */
export async function fileFormats(root: string, work: string): Promise<FileFormat[]> {
  const onDisk = (
    name: string,
    bytes: Uint8Array,
    others: Readonly<Record<string, Uint8Array>> = {},
  ): FileFormat => ({
    name,
    bytes,
    isJson: false,
    read: async (damaged) => {
      const folder = path.join(work, name.replaceAll(/\W+/g, '-'));
      await mkdir(folder, { recursive: true });
      const file = path.basename(name);
      for (const [other, contents] of Object.entries({ ...others, [file]: damaged }))
        await writeFile(path.join(folder, other), contents);
      return loadPath(path.join(folder, file), { shape: { height: 6, width: 8, channels: 1 } });
    },
  });
  const { images, labels } = idxFiles(smallSet());
  const png = encodePng({ data: smallSet().image(1), width: 8, height: 6, channels: 1 });
  const csv = Buffer.from(csvOf(smallSet()));
  const shape = { height: 8, width: 8, channels: 1 };
  const input = { shape, pictures: plainPreparation, transpose: false };
  return [
    ...(await runFormats(root)),
    safetensorsFormat(),
    {
      name: 'own.safetensors of the page',
      isJson: false,
      bytes: await ownImages(),
      read: async (bytes) => {
        const folder = memoryFolder();
        await folder.write('own.safetensors', bytes);
        return keptCustom(folder);
      },
    },
    onDisk('train-images-idx3-ubyte', images, { 'train-labels-idx1-ubyte': labels }),
    onDisk('a/train-images-idx3-ubyte.gz', gzipSync(images), { 'train-labels-idx1-ubyte': labels }),
    {
      ...onDisk('b/train-labels-idx1-ubyte', labels, { 'train-images-idx3-ubyte': images }),
      read: async (bytes) => {
        const folder = path.join(work, 'labels');
        await mkdir(folder, { recursive: true });
        await writeFile(path.join(folder, 'train-images-idx3-ubyte'), images);
        await writeFile(path.join(folder, 'train-labels-idx1-ubyte'), bytes);
        return loadPath(path.join(folder, 'train-images-idx3-ubyte'));
      },
    },
    onDisk('digits.csv', csv),
    {
      name: 'PNG in folders by class',
      isJson: false,
      bytes: png,
      read: async (bytes) => {
        for (const [name, contents] of [
          ['a', png],
          ['b', bytes],
        ] as const) {
          await mkdir(path.join(work, 'pictures', name), { recursive: true });
          await writeFile(path.join(work, 'pictures', name, 'one.png'), contents);
        }
        return loadPath(path.join(work, 'pictures'));
      },
    },
    ...(['picture.png', 'pictures.csv', 'pictures-idx3-ubyte'] as const).map((name, i): FileFormat => ({
      name: `${name} to predict`,
      isJson: false,
      bytes: [png, csv, images][i]!,
      read: async (bytes) => {
        const file = path.join(work, name);
        await writeFile(file, bytes);
        return readInput(file, { ...input, shape: i === 0 ? shape : { height: 6, width: 8, channels: 1 } });
      },
    })),
    {
      name: 'mnist.npz',
      isJson: false,
      bytes: npz({ x_train: [[3, 2, 2], 12], y_train: [[3], 3] }),
      read: (bytes) => settled(() => readNpz(bytes, 'mnist.npz', { x_train: 12, y_train: 3 })),
    },
    {
      name: 'run.lock',
      isJson: true,
      bytes: Buffer.from(
        JSON.stringify({ pid: 2 ** 22 + 1, host: hostname(), birth: 'a boot 1', id: 'a-b-c' }),
      ),
      read: async (bytes) => {
        await mkdir(path.join(work, 'locked'), { recursive: true });
        await writeFile(path.join(work, 'locked', lockName), bytes);
        return (await lockFolder(path.join(work, 'locked'))).release();
      },
    },
    {
      name: 'event file of TensorBoard',
      isJson: false,
      bytes: eventFile(),
      read: (bytes) => settled(() => eventsBefore({ step: 2, epoch: 1 }, bytes)),
    },
    await benchFormat(root),
    tuningFormat(),
    {
      name: 'manifest.json of a data set',
      isJson: true,
      bytes: Buffer.from(JSON.stringify(manifest())),
      read: (bytes) => settled(() => manifestFromJson(text(bytes), 'manifest.json')),
    },
  ];
}

// ---- a run's folder ----

async function runFormats(root: string): Promise<FileFormat[]> {
  const whole = memoryFolder('run');
  await whole.write('run.json', await readFile(path.join(root, 'test', 'fixtures', 'run.json')));
  await whole.write('history.json', historyToJson(history()));
  await whole.write('model.json', JSON.stringify(smallModel().toJson(), null, 2));
  await whole.write('evaluation.json', evaluationJson());
  const inRun = (
    name: string,
    alsoRead?: (folder: ReturnType<typeof memoryFolder>) => Promise<unknown>,
  ): FileFormat => ({
    name,
    isJson: true,
    bytes: whole.files.get(name)!,
    read: async (bytes) => {
      const folder = memoryFolder('run');
      for (const [other, contents] of whole.files) await folder.write(other, contents);
      await folder.write(name, bytes);
      await alsoRead?.(folder);
      const report = await readReport(folder);
      return [
        runReportPage(report, encodePng),
        comparisonPage([report, { ...report, name: 'other' }], 'test'),
      ];
    },
  });
  return [
    inRun('run.json', async (folder) => choicesFromJson((await readRun(folder)).choices ?? {}, 'run.json')),
    inRun('history.json', readHistory),
    inRun('model.json'),
    inRun('evaluation.json'),
  ];
}

const classNames = ['cat', 'dog', 'owl'];

/** Six images of 6 × 8, two of each class. */
function smallSet(): ImageSet {
  return new ImageSet({
    images: Uint8Array.from({ length: 6 * 48 }, (_, i) => (i * 37) % 256),
    labels: Uint8Array.of(0, 1, 2, 0, 1, 2),
    height: 6,
    width: 8,
    channels: 1,
    classNames,
  });
}

function smallModel(): Model {
  return sequential(
    [
      conv2d({ filters: 4, kernelSize: 3, padding: 'same', activation: 'relu', inputShape: [6, 8, 1] }),
      batchNormalization(),
      maxPooling2d(),
      dropout({ rate: 0.25 }),
      flatten(),
      dense({ units: 3, activation: 'softmax', kernelRegularizer: { l2: 0.01 } }),
    ],
    { preprocessing: preprocessing({ filters: [filters.blur()] }) },
  );
}

function history(): Parameters<typeof historyToJson>[0] {
  const metrics = {
    loss: [1.1, 0.7],
    accuracy: [0.5, 0.75],
    val_loss: [1, Number.NaN],
    val_accuracy: [0, 1],
    learning_rate: [0.001, 0.0001],
  };
  return { epochs: [1, 2], metrics };
}

function evaluationJson(): string {
  const set = smallSet();
  const probabilities = Float32Array.from({ length: 18 }, (_, i) => [0.7, 0.2, 0.1][(i + (i >> 3)) % 3]!);
  const evaluation = evaluate(set.labels, probabilities, 3, { seed: 3 });
  const picture = (i: number) => ({ data: set.image(i), width: 8, height: 6, channels: 1 as const });
  return evaluationToJson({
    tested: {
      classNames,
      evaluation,
      worstImages: evaluation.worst.map(({ index }) => picture(index)),
      randomImages: evaluation.random.map(({ index }) => picture(index)),
    },
    augmented: {
      recipe: 'rotation ±10°',
      rows: [{ original: picture(0), variants: [picture(1), picture(2)] }],
    },
    kernelTimes: [{ kernel: 'conv2d', variant: 'baseline', shapes: '[2,6,8,1]', ms: 0.5, share: 1 }],
  });
}

// ---- models ----

/** Weights, slots and a checkpoint, read as `loadModel` does before it asks for a device. */
function safetensorsFormat(): FileFormat {
  const model = smallModel();
  const tensors = model.layers.flatMap(({ name, parameters }) =>
    parameters.flatMap(({ name: part, shape }) =>
      ['', 'mean_square/'].map((prefix): [string, StoredTensor] => {
        const length = shape.reduce((product, size) => product * size, 1);
        return [
          `${prefix}${name}/${part}`,
          { dtype: 'F32', shape, data: new Float32Array(length).fill(0.5) },
        ];
      }),
    ),
  );
  const position = { step: 4, epoch: 2, cursor: 0, lossSum: 0, correct: 0, count: 0 };
  const callbacks = {
    'modelCheckpoint best': { best: 1, batches: 0 },
    earlyStopping: { wait: 1, best: null },
  };
  const metadata = {
    format: 'shadegrad 1',
    model: JSON.stringify(model.toJson()),
    checkpoint: JSON.stringify({ position, callbacks, learningRate: 0.001 }),
  };
  return {
    name: 'last.safetensors',
    isJson: false,
    bytes: writeSafetensors(tensors, metadata),
    read: async (bytes) => {
      const stored = readSafetensors(bytes, 'last.safetensors');
      const folder = memoryFolder('run');
      await folder.write('model.json', JSON.stringify(model.toJson()));
      await folder.write('last.safetensors', bytes);
      return [
        Model.fromJson(descriptionIn(stored, 'last.safetensors')),
        checkpointIn(stored, 'last.safetensors'),
        await readModel(folder),
      ];
    },
  };
}

async function ownImages(): Promise<Uint8Array> {
  const folder = memoryFolder();
  const set = smallSet();
  await keepCustom(folder, { name: 'custom', format: 'pictures', source: 'a drop', train: set, test: set });
  return folder.files.get('own.safetensors')!;
}

// ---- the rest ----

function csvOf({ images, labels, count }: ImageSet): string {
  const header = `label,${Array.from({ length: 48 }, (_, i) => `pixel${i}`).join(',')}\n`;
  return `${header}${Array.from({ length: count }, (_, n) => `${labels[n]},${images.slice(48 * n, 48 * n + 48).join(',')}\n`).join('')}`;
}

/** An archive as NumPy writes it, of ascending bytes. */
function npz(
  arrays: Readonly<Record<string, readonly [shape: readonly number[], length: number]>>,
): Uint8Array {
  const locals: Buffer[] = [];
  const directory: Buffer[] = [];
  let at = 0;
  for (const [name, [shape, length]] of Object.entries(arrays)) {
    const described = `{'descr': '|u1', 'fortran_order': False, 'shape': (${shape.join(', ')},), }`;
    const header = `${described.padEnd(117)}\n`;
    const start = Buffer.from([0x93, ...Buffer.from('NUMPY'), 1, 0, header.length, 0]);
    const whole = Buffer.concat([start, Buffer.from(header), Uint8Array.from({ length }, (_, i) => i)]);
    const packed = deflateRawSync(whole);
    const file = Buffer.from(`${name}.npy`);
    const local = Buffer.alloc(30);
    local.writeUInt32LE(0x04034b50, 0);
    local.writeUInt16LE(8, 8);
    local.writeUInt32LE(packed.length, 18);
    local.writeUInt32LE(whole.length, 22);
    local.writeUInt16LE(file.length, 26);
    const entry = Buffer.alloc(46);
    entry.writeUInt32LE(0x02014b50, 0);
    entry.writeUInt16LE(8, 10);
    entry.writeUInt32LE(packed.length, 20);
    entry.writeUInt32LE(whole.length, 24);
    entry.writeUInt16LE(file.length, 28);
    entry.writeUInt32LE(at, 42);
    locals.push(local, file, packed);
    directory.push(entry, file);
    at += local.length + file.length + packed.length;
  }
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(Object.keys(arrays).length, 8);
  end.writeUInt16LE(Object.keys(arrays).length, 10);
  end.writeUInt32LE(Buffer.concat(directory).length, 12);
  end.writeUInt32LE(at, 16);
  return new Uint8Array(Buffer.concat([...locals, ...directory, end]));
}

function eventFile(): Uint8Array {
  const events = [0, 1, 2].map((step) => scalarEvent({ wallTime: step, step }, 'epoch_loss', 0.5));
  return new Uint8Array(Buffer.concat([versionEvent(0), ...events].map((event) => record(event))));
}

async function benchFormat(root: string): Promise<FileFormat> {
  const file = path.join(root, 'bench', 'results', 'llvmpipe-on-amd-epyc.json');
  const bytes = new Uint8Array(await readFile(file));
  const whole = resultsFromJson(text(bytes), file);
  return {
    name: 'results of the bench',
    isJson: true,
    bytes,
    read: (damaged) =>
      settled(() => {
        const results = resultsFromJson(text(damaged), 'results.json');
        return [compare(whole, results), resultsPage([whole, results])];
      }),
  };
}

function tuningFormat(): FileFormat {
  const device = {
    adapter: 'a card',
    vendor: 'someone',
    architecture: 'some',
    driver: 'driver 1',
    runtime: 'dawn',
    subgroupSize: 32,
  };
  const choice: Choice = {
    variant: 'baseline',
    pass: 'conv2d/forward',
    shapes: '[6,6,8,1]',
    ms: { baseline: 1 },
  };
  const contents = { format: 'shadegrad tuning 2', device, choices: { '2-0123456789abcdef': choice } };
  return {
    name: 'the store of kernel choices',
    isJson: true,
    bytes: Buffer.from(JSON.stringify(contents, null, 2)),
    read: async (bytes) => {
      const read = (): Promise<string> => Promise.resolve(text(bytes));
      const nothing = (): Promise<void> => Promise.resolve();
      const textStore = { nameOf: () => 'tuning.json', read, write: nothing, remove: nothing };
      return tuningStoreOn(textStore, () => undefined).load(device);
    },
  };
}

function manifest(): object {
  const file = { path: 'train-images-idx3-ubyte.gz', bytes: 1000, sha256: '0123456789abcdef'.repeat(4) };
  const files = { trainImages: file, trainLabels: file, testImages: file, testLabels: file };
  return { name: 'digits', title: 'Digits', classes: classNames, files };
}

const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

/** The result of a call that may throw. */
async function settled<T>(call: () => T): Promise<T> {
  return call();
}
