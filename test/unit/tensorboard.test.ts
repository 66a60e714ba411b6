/**
 * Event files:
 *   CRC-32C: the vectors of RFC 3720 and the usual check value; framing as another library frames
 *   one event byte by byte, worked by hand; varints at their edges
 *   a whole training read back: framing checked with another library's CRC, protobuf by protobufjs from the schema;
 *   tags and steps as Keras writes them; batches; histograms; pictures; graph; resumed; wrong use
 *   histograms by hand; the limits of buckets; NaN
 *   the confusion matrix as pixels
 */
import { createRequire } from 'node:module';
import protobuf from 'protobufjs';
import { describe, expect, it } from 'vitest';
import { decodePng } from '../../src/data/png.js';
import { UsageError } from '../../src/errors.js';
import { input } from '../../src/nn/layers/input.js';
import { add, dense } from '../../src/nn/layers/index.js';
import { model } from '../../src/nn/model.js';
import { encodePng } from '../../src/node/png.js';
import { confusionPicture } from '../../src/report/tensorboard/confusion_picture.js';
import { imageEvent, scalarEvent, versionEvent } from '../../src/report/tensorboard/event.js';
import { bucketLimits, histogramOf } from '../../src/report/tensorboard/histogram.js';
import { type Pixels, type TensorBoardOptions, tensorBoard } from '../../src/report/tensorboard/index.js';
import { kerasJson } from '../../src/report/tensorboard/keras_json.js';
import { int } from '../../src/report/tensorboard/protobuf.js';
import { crc32c, record } from '../../src/report/tensorboard/record.js';
import { type MemoryFolder, memoryFolder } from '../../src/memory_folder.js';
import { type PlayOptions, keep, play } from './fake_training.js';

// The package's types are missing; its helpers are not exported by name.
const load = createRequire(import.meta.url);
const { TFRecordsBuilder } = load('@roboflow/tfrecords') as {
  TFRecordsBuilder: { buildTFRecords(records: Uint8Array[]): Uint8Array };
};
const helpers = load('@roboflow/tfrecords/src/tensorFlowHelpers.js') as {
  crc32c(data: Uint8Array): number;
  maskCrc(crc: number): number;
};

const ascii = (text: string): Uint8Array => new TextEncoder().encode(text);
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

describe('CRC-32C', () => {
  it.each([
    ['"123456789"', ascii('123456789'), 0xe3069283],
    ['32 zeros', new Uint8Array(32), 0x8a9136aa],
    ['32 ones', new Uint8Array(32).fill(255), 0x62a8ab43],
    ['0 to 31', Uint8Array.from({ length: 32 }, (_, i) => i), 0x46dd794e],
    ['31 to 0', Uint8Array.from({ length: 32 }, (_, i) => 31 - i), 0x113fdb5c],
    ['nothing', new Uint8Array(0), 0],
  ])('of %s', (_, data, crc) => expect(crc32c(data)).toBe(crc));
});

describe('framing', () => {
  it.each([1, 3, 255, 256, 70_000])('of %i bytes is what another library writes', (length) => {
    const data = Uint8Array.from({ length }, (_, i) => (i * 7 + length) & 255);
    expect(hex(record(data))).toBe(hex(TFRecordsBuilder.buildTFRecords([Buffer.from(data)])));
  });
});

describe('an event', () => {
  it('has these bytes', () => {
    const event = scalarEvent({ wallTime: 1, step: 300 }, 'a', 0.5);
    const bytes = [
      ['09', '000000000000f03f'], // field 1, eight bytes: the double 1
      ['10', 'ac02'], // field 2, varint: 300 = 2 · 128 + 44
      ['2a', '0a'], // field 5, 10 bytes: Summary
      ['0a', '08'], //   field 1, 8 bytes: Value
      ['0a', '01', '61'], //     field 1, 1 byte: the tag 'a'
      ['15', '0000003f'], //     field 2, four bytes: the float 0.5
    ];
    expect(hex(event)).toBe(bytes.flat().join(''));
  });

  it('of the first record has these bytes', () => {
    expect(hex(versionEvent(1))).toBe(`09000000000000f03f1a0d${hex(ascii('brain.Event:2'))}`);
  });

  it('leaves out step 0 but not a value of 0', () => {
    expect(hex(scalarEvent({ wallTime: 1, step: 0 }, 'a', 0))).toBe(
      '09000000000000f03f2a0a0a080a01611500000000',
    );
  });

  it.each([
    [0, '0800'],
    [127, '087f'],
    [128, '088001'],
    [16_383, '08ff7f'],
    [16_384, '08808001'],
    [2 ** 31, '088080808008'],
    [2 ** 53 - 1, '08ffffffffffffff0f'],
  ])('has %i as a varint', (value, bytes) => expect(hex(int(1, value))).toBe(bytes));
});

// ---- reading back ----

const schema = protobuf
  .parse(
    `
  syntax = "proto3";
  message Event {
    double wall_time = 1;
    int64 step = 2;
    oneof what { string file_version = 3; bytes graph_def = 4; Summary summary = 5; }
  }
  message Summary {
    message Image { int32 height = 1; int32 width = 2; int32 colorspace = 3; bytes encoded_image_string = 4; }
    message Value {
      string tag = 1;
      SummaryMetadata metadata = 9;
      oneof value { float simple_value = 2; Image image = 4; HistogramProto histo = 5; TensorProto tensor = 8; }
    }
    repeated Value value = 1;
  }
  message SummaryMetadata {
    message PluginData { string plugin_name = 1; bytes content = 2; }
    PluginData plugin_data = 1;
  }
  message HistogramProto {
    double min = 1;
    double max = 2;
    double num = 3;
    double sum = 4;
    double sum_squares = 5;
    repeated double bucket_limit = 6 [packed = true];
    repeated double bucket = 7 [packed = true];
  }
  message TensorShapeProto { message Dim { int64 size = 1; } repeated Dim dim = 2; }
  message TensorProto { int32 dtype = 1; TensorShapeProto tensor_shape = 2; repeated bytes string_val = 8; }
`,
  )
  .root.lookupType('Event');

interface Value {
  readonly tag: string;
  readonly simpleValue?: number;
  readonly image?: { height: number; width: number; colorspace: number; encodedImageString: Uint8Array };
  readonly histo?: {
    min: number;
    max: number;
    num: number;
    sum: number;
    bucketLimit: number[];
    bucket: number[];
  };
  readonly tensor?: { dtype: number; tensorShape: { dim?: unknown[] }; stringVal: Uint8Array[] };
  readonly metadata?: { pluginData: { pluginName: string; content: Uint8Array } };
}

interface Event {
  readonly wallTime: number;
  readonly step?: number;
  readonly fileVersion?: string;
  readonly summary?: { readonly value: Value[] };
}

/** The events of a file: lengths and checksums checked, then decoded. */
function readEvents(file: Uint8Array): Event[] {
  const bytes = Buffer.from(file);
  const events: Event[] = [];
  let at = 0;
  while (at < bytes.length) {
    const length = Number(bytes.readBigUInt64LE(at));
    const data = bytes.subarray(at + 12, at + 12 + length);
    expect(bytes.readUInt32LE(at + 8)).toBe(helpers.maskCrc(helpers.crc32c(bytes.subarray(at, at + 8))));
    expect(bytes.readUInt32LE(at + 12 + length)).toBe(helpers.maskCrc(helpers.crc32c(data)));
    events.push(schema.toObject(schema.decode(data), { longs: Number }) as Event);
    at += length + 16;
  }
  expect(at).toBe(bytes.length);
  return events;
}

/** Every value of the files whose name contains `part`, as [tag, step, value]. */
function valuesIn(folder: MemoryFolder, part: string): [string, number, Value][] {
  const files = [...folder.files].filter(([name]) => name.includes(part));
  return files.flatMap(([, bytes]) =>
    readEvents(bytes).flatMap(({ step = 0, summary }) =>
      (summary?.value ?? []).map((value): [string, number, Value] => [value.tag, step, value]),
    ),
  );
}

function scalarsIn(folder: MemoryFolder, part: string): [string, number, number][] {
  return valuesIn(folder, part).flatMap(([tag, step, { simpleValue }]) =>
    simpleValue === undefined ? [] : [[tag, step, simpleValue]],
  );
}

const epochs = [
  { loss: 0.5, accuracy: 0.25, val_loss: 0.75, val_accuracy: 0.5, learning_rate: 0.125 },
  { loss: 0.25, accuracy: 0.5, val_loss: 0.5, val_accuracy: 0.625, learning_rate: 0.0625 },
];
const batches = [{ loss: 2 }, { loss: 1 }, { loss: 0.5 }];

/** Plays two epochs of three steps into a folder; the clock advances by a second at each call. */
async function written(
  options: Partial<TensorBoardOptions> = {},
  playing: PlayOptions = {},
): Promise<MemoryFolder> {
  const folder = memoryFolder();
  await play(tensorBoard({ logDir: folder, run: 'run', ...options }), epochs, { batches, ...playing });
  return folder;
}

const grey: Pixels = { data: Uint8Array.of(0, 128, 255, 7), width: 2, height: 2, channels: 1 };

describe('tensorBoard', () => {
  it('names its files as TensorFlow does', async () => {
    const folder = memoryFolder();
    const now = () => 1_769_860_800.75;
    const callback = tensorBoard({ logDir: folder, host: 'here', pid: 42, now });
    await play(callback, epochs);
    const [train, validation] = [...folder.files.keys()];
    const time = new Date(now() * 1000);
    const two = (value: number): string => String(value).padStart(2, '0');
    const day = `${time.getFullYear()}${two(time.getMonth() + 1)}${two(time.getDate())}`;
    const run = `${day}-${two(time.getHours())}${two(time.getMinutes())}${two(time.getSeconds())}`;
    const file = String.raw`events\.out\.tfevents\.1769860800\.here\.42\.\d+\.v2`;
    expect(train).toMatch(new RegExp(`^${run}/train/${file}$`));
    expect(validation).toMatch(new RegExp(`^${run}/validation/${file}$`));
    expect(train!.split('.').at(-2)).not.toBe(validation!.split('.').at(-2));
  });

  it('begins each file with its version', async () => {
    const folder = await written({ now: () => 1.5 });
    for (const bytes of folder.files.values())
      expect(readEvents(bytes)[0]).toEqual({ wallTime: 1.5, fileVersion: 'brain.Event:2' });
  });

  it('writes the scalars of each epoch under the tags of Keras', async () => {
    const folder = await written();
    expect(scalarsIn(folder, '/train/')).toEqual([
      ['epoch_loss', 0, 0.5],
      ['epoch_accuracy', 0, 0.25],
      ['epoch_learning_rate', 0, 0.125],
      ['epoch_loss', 1, 0.25],
      ['epoch_accuracy', 1, 0.5],
      ['epoch_learning_rate', 1, 0.0625],
    ]);
    expect(scalarsIn(folder, '/validation/')).toEqual([
      ['evaluation_loss_vs_iterations', 3, 0.75],
      ['evaluation_accuracy_vs_iterations', 3, 0.5],
      ['epoch_loss', 0, 0.75],
      ['epoch_accuracy', 0, 0.5],
      ['evaluation_loss_vs_iterations', 6, 0.5],
      ['evaluation_accuracy_vs_iterations', 6, 0.625],
      ['epoch_loss', 1, 0.5],
      ['epoch_accuracy', 1, 0.625],
    ]);
  });

  it('writes no validation if there is none', async () => {
    const folder = memoryFolder();
    await play(tensorBoard({ logDir: folder, run: 'run' }), [{ loss: 1 }]);
    expect([...folder.files.keys()].map((name) => name.split('/')[1])).toEqual(['train']);
  });

  it('writes batches when asked to, every one or every n-th, steps from 1', async () => {
    const tags = async (updateFreq: 'batch' | number): Promise<[string, number, number][]> =>
      scalarsIn(await written({ updateFreq }), '/train/').filter(([tag]) => tag.startsWith('batch_'));
    expect(await tags('batch')).toEqual(
      [1, 2, 3, 4, 5, 6].map((step) => ['batch_loss', step, [0.5, 2, 1][step % 3]]),
    );
    expect(await tags(2)).toEqual([
      ['batch_loss', 2, 1],
      ['batch_loss', 4, 2],
      ['batch_loss', 6, 0.5],
    ]);
    // Otherwise it does not even listen.
    expect(tensorBoard({ logDir: memoryFolder() })).not.toHaveProperty('onBatchEnd');
  });

  it('writes steps per second when asked to', async () => {
    let seconds = 0;
    const lossBits = (): number => {
      seconds += 0.5;
      return 0;
    };
    const options = { writeStepsPerSecond: true, updateFreq: 3, now: () => seconds };
    const folder = await written(options, { lossBits });
    const speeds = scalarsIn(folder, '/train/').filter(([tag]) => tag.endsWith('steps_per_second'));
    expect(speeds.map(([tag, step]) => [tag, step])).toEqual([
      ['batch_steps_per_second', 3],
      ['epoch_steps_per_second', 0],
      ['batch_steps_per_second', 6],
      ['epoch_steps_per_second', 1],
    ]);
    // Half a second per step.
    expect(speeds.map(([, , speed]) => speed)).toEqual([2, 2, 2, 2]);
  });

  it('writes the weights as histograms', async () => {
    const histograms = async (histogramFreq: number): Promise<[string, number, Value][]> =>
      valuesIn(await written({ histogramFreq }), '/train/').filter(([, , { histo }]) => histo);
    const every = await histograms(1);
    expect(every.map(([tag, step, { histo }]) => [tag, step, histo!.num, histo!.min, histo!.max])).toEqual([
      ['dense/kernel/histogram', 0, 1, 1, 1],
      ['dense/kernel/histogram', 1, 1, 2, 2],
    ]);
    expect((await histograms(2)).map(([, step]) => step)).toEqual([0]);
    expect(await histograms(0)).toEqual([]);
  });

  it('writes the graph as the JSON of a Keras model', async () => {
    const [[tag, step, { tensor, metadata }]] = valuesIn(await written(), '/train/') as [
      [string, number, Value],
    ];
    expect([tag, step]).toEqual(['keras', 0]);
    const { pluginName, content } = metadata!.pluginData;
    expect([pluginName, Buffer.from(content).toString()]).toEqual(['graph_keras_model', '1']);
    expect([tensor!.dtype, tensor!.tensorShape, tensor!.stringVal.length]).toEqual([7, {}, 1]);
    expect(JSON.parse(Buffer.from(tensor!.stringVal[0]!).toString())).toEqual({
      class_name: 'Sequential',
      config: {
        name: 'small',
        layers: [
          {
            class_name: 'InputLayer',
            config: { batch_shape: [null, 2, 2, 1], dtype: 'float32', name: 'input_layer' },
          },
          { class_name: 'Flatten', config: { name: 'flatten', dtype: 'float32' } },
          { class_name: 'Dense', config: { name: 'dense', dtype: 'float32', units: 3, use_bias: true } },
        ],
      },
    });
    const without = await written({ writeGraph: false });
    expect(valuesIn(without, '/train/').map(([name]) => name)).not.toContain('keras');
  });

  it('names what the layers of a graph are applied to', () => {
    const x = input({ shape: [4], name: 'x' });
    const skipped = add().apply([dense({ units: 4 }).apply(x), x]);
    const { config } = JSON.parse(kerasJson(model({ inputs: x, outputs: skipped }).toJson())) as {
      readonly config: { readonly layers: readonly object[] };
    };
    const from = (...names: string[]) =>
      names.map((name) => ({ class_name: '__keras_tensor__', config: { keras_history: [name, 0, 0] } }));
    expect(config).toMatchObject({ input_layers: [['x', 0, 0]], output_layers: [['add', 0, 0]] });
    expect(config.layers).toMatchObject([
      { class_name: 'InputLayer', name: 'x', config: { batch_shape: [null, 4] }, inbound_nodes: [] },
      { class_name: 'Dense', name: 'dense', inbound_nodes: [{ args: from('x'), kwargs: {} }] },
      { class_name: 'Add', name: 'add', inbound_nodes: [{ args: [from('dense', 'x')], kwargs: {} }] },
    ]);
  });

  it('writes a list of pictures once, and those of a function by epoch', async () => {
    const pictures = async (options: Partial<TensorBoardOptions>): Promise<[string, number, Value][]> =>
      valuesIn(await written({ encodePng, ...options }), '/train/').filter(([, , { image }]) => image);
    const once = await pictures({ imageSamples: [grey, grey] });
    expect(once.map(([tag, step]) => [tag, step])).toEqual([
      ['samples/0', 0],
      ['samples/1', 0],
    ]);
    const { encodedImageString, ...size } = once[0]![2].image!;
    expect(size).toEqual({ height: 2, width: 2, colorspace: 1 });
    const { data } = await decodePng(encodedImageString, 'sample');
    expect([data[0], data[4], data[8], data[12]]).toEqual([0, 128, 255, 7]);
    const each = await pictures({ imageSamples: (epoch) => Promise.resolve(epoch === 0 ? [] : [grey]) });
    expect(each.map(([tag, step]) => [tag, step])).toEqual([['samples/0', 1]]);
    const rare = await pictures({ imageSamples: () => [grey], imageFreq: 2, confusion: () => [[1]] });
    expect(rare.map(([tag, step]) => [tag, step])).toEqual([
      ['samples/0', 0],
      ['confusion_matrix', 0],
    ]);
  });

  it('continues the same run when resumed, in another file, without another graph', async () => {
    const folder = memoryFolder();
    const first = tensorBoard({ logDir: folder, now: () => 1e9 });
    await play(first, epochs.slice(0, 1), { batches, isInterrupted: true });
    // A day later.
    const second = tensorBoard({ logDir: folder, now: () => 1e9 + 86_400 });
    await play(second, epochs.slice(1), { batches, firstEpoch: 1, kept: keep(first) });
    const names = [...folder.files.keys()].map((name) => name.split('/'));
    expect(names.length).toBe(4);
    expect(new Set(names.map(([run]) => run)).size).toBe(1);
    const tags = valuesIn(folder, '/train/').map(([tag, step]) => `${tag} ${step}`);
    expect(tags.filter((tag) => tag.startsWith('keras'))).toEqual(['keras 0']);
    expect(tags.filter((tag) => tag.startsWith('epoch_loss'))).toEqual(['epoch_loss 0', 'epoch_loss 1']);
  });

  it('begins another run when it is used again', async () => {
    const folder = memoryFolder();
    let seconds = 1e9;
    const callback = tensorBoard({ logDir: folder, now: () => (seconds += 10) });
    await play(callback, epochs.slice(0, 1));
    await play(callback, epochs.slice(0, 1));
    expect(new Set([...folder.files.keys()].map((name) => name.split('/')[0])).size).toBe(2);
  });

  it('writes batches to the file every two minutes, not only when the epoch ends', async () => {
    const folder = memoryFolder();
    let seconds = 0;
    let flushed = -1;
    const callback = tensorBoard({ logDir: folder, run: 'run', updateFreq: 'batch', now: () => seconds });
    const { onEpochEnd, onBatchEnd, ...rest } = callback;
    const watched = {
      ...rest,
      onBatchEnd: async (...args: Parameters<NonNullable<typeof onBatchEnd>>) => {
        seconds += 50;
        await onBatchEnd?.(...args);
        if (flushed < 0 && folder.files.size > 0) [flushed] = args;
      },
      onEpochEnd: onEpochEnd!,
    };
    await play(watched, [{ loss: 1 }], { batches: [...batches, ...batches] });
    // 150 seconds are more than 120.
    expect(flushed).toBe(2);
  });

  it('does not lose what could not be written', async () => {
    const folder = memoryFolder();
    const { append } = folder;
    let isFull = true;
    const logDir = {
      ...folder,
      append: (...args: Parameters<typeof append>) =>
        isFull ? Promise.reject(new Error('full')) : append(...args),
    };
    const callback = tensorBoard({ logDir, run: 'run' });
    await expect(play(callback, [{ loss: 1 }])).rejects.toThrow('full');
    isFull = false;
    await callback.onTrainEnd?.({}, undefined as never, false);
    expect(scalarsIn(folder, '/train/')).toEqual([['epoch_loss', 0, 1]]);
  });

  it('refuses pictures that nothing encodes, and frequencies that are none', () => {
    const logDir = memoryFolder();
    expect(() => tensorBoard({ logDir, confusion: () => [] })).toThrowErrorMatchingInlineSnapshot(
      `[UsageError: tensorBoard: imageSamples and confusion need encodePng, which encodes their pictures.]`,
    );
    expect(() => tensorBoard({ logDir, imageSamples: [] })).toThrow(UsageError);
    expect(() => tensorBoard({ logDir, updateFreq: 0 })).toThrowErrorMatchingInlineSnapshot(
      `[UsageError: tensorBoard: updateFreq is 0, expected 'epoch' or 'batch' or a positive integer.]`,
    );
    expect(() => tensorBoard({ logDir, histogramFreq: -1 })).toThrow(UsageError);
    expect(() => tensorBoard({ logDir, imageFreq: 0 })).toThrow(UsageError);
  });
});

describe('an image event', () => {
  it('keeps the PNG byte by byte', () => {
    const png = encodePng(grey);
    const event = imageEvent({ wallTime: 1, step: 1 }, 'picture', { ...grey, png });
    const read = schema.toObject(schema.decode(event)) as Event;
    expect(hex(read.summary!.value[0]!.image!.encodedImageString)).toBe(hex(png));
  });
});

describe('a histogram', () => {
  it('counts by hand', () => {
    const { limits, counts, ...rest } = histogramOf(Float32Array.of(-1, 0, 0, 2, 2, 2));
    expect(rest).toEqual({ min: -1, max: 2, count: 6, sum: 5, sumOfSquares: 13 });
    // Runs of empty buckets between those of −1, 0 and 2 are one each.
    expect(counts).toEqual([0, 1, 0, 2, 0, 3, 0]);
    expect(limits.length).toBe(7);
    limits.forEach((limit, i) => expect(limit).toBeGreaterThan(limits[i - 1] ?? -Infinity));
    // Each value lies from the limit before up to its own: −1, 0, 2.
    [-1, 0, 2].forEach((value, i) => {
      expect(limits[2 * i]).toBeLessThanOrEqual(value);
      expect(limits[2 * i + 1]).toBeGreaterThan(value);
    });
    expect(limits.at(-1)).toBe(Number.MAX_VALUE);
  });

  it('has the limits of TensorFlow', () => {
    // 1e-12 · 1.1^i below 1e20: i up to 773 = ⌊ln(1e32) / ln 1.1⌋; both signs, 0, and the largest double twice.
    expect(bucketLimits.length).toBe(2 * 774 + 3);
    const zero = bucketLimits.indexOf(0);
    expect(bucketLimits[zero + 1]).toBe(1e-12);
    expect(bucketLimits[zero + 2]).toBe(1e-12 * 1.1);
    expect(bucketLimits[zero - 1]).toBe(-1e-12);
    expect(bucketLimits.at(-2)).toBeLessThan(1e20);
    expect(bucketLimits[0]).toBe(-Number.MAX_VALUE);
  });

  it('puts a value on a limit into the bucket above', () => {
    // 0 is the one limit that is an f32.
    const { limits, counts } = histogramOf(Float32Array.of(0));
    expect(counts).toEqual([0, 1, 0]);
    expect(limits).toEqual([0, 1e-12, Number.MAX_VALUE]);
  });

  it('leaves out what is not finite', () => {
    const { count, min, max, counts } = histogramOf(Float32Array.of(Number.NaN, 1, Infinity, -Infinity));
    expect([count, min, max, counts.reduce((a, b) => a + b)]).toEqual([1, 1, 1, 1]);
    expect(histogramOf(Float32Array.of(Number.NaN))).toEqual({
      min: 0,
      max: 0,
      count: 0,
      sum: 0,
      sumOfSquares: 0,
      limits: [Number.MAX_VALUE],
      counts: [0],
    });
  });
});

describe('a confusion matrix', () => {
  const picture = confusionPicture([
    [90, 10],
    [0, 5],
  ]);
  const cell = (picture.width - (4 * 2 + 8)) / 2;
  /** The colour just inside the cell's upper left corner. */
  const colour = (truth: number, guess: number): number[] => {
    const [x, y] = [16 + guess * cell + 1, 16 + truth * cell + 1];
    return [...picture.data.subarray((y * picture.width + x) * 3, (y * picture.width + x) * 3 + 3)];
  };

  it('is a square that fits its counts', () => {
    expect(picture.height).toBe(picture.width);
    expect(picture.data.length).toBe(picture.width * picture.height * 3);
    expect(cell).toBeGreaterThanOrEqual(2 * 8);
  });

  it('is darker the larger the share of the row, white for none', () => {
    expect(colour(1, 0)).toEqual([255, 255, 255]);
    expect(colour(1, 1)).toEqual([8, 48, 107]);
    expect(colour(0, 0)[0]).toBeGreaterThan(colour(1, 1)[0]!);
    expect(colour(0, 1)[0]).toBeGreaterThan(colour(0, 0)[0]!);
    expect(colour(0, 1)[0]).toBeLessThan(255);
  });
});
