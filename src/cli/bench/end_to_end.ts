/** The paper model end to end: images per second in training and inference by batch size, and the cost of a step. */
import type { Device } from '../../engine/device.js';
import type { Step } from '../../engine/replay.js';
import type { Report } from './report.js';
import { type Rounds, type Spread, interleave, spreadOf } from './statistics.js';
import { type Subject, inferenceSubject, syntheticImages, modelName, trainingSubject } from './subject.js';

export interface EndToEndRow {
  readonly task: 'training' | 'inference';
  readonly model: string;
  readonly batchSize: number;
  readonly imagesPerSecond: Spread;
  readonly dispatchesPerStep: number;
  /** Host time to encode and submit one step. */
  readonly encodeMicroseconds: Spread;
  /** Peak device memory: weights, optimizer, gradients and intermediates, without the images. */
  readonly peakBytes: number;
}

interface EndToEndOptions {
  readonly batchSizes: readonly number[];
  readonly isQuick: boolean;
  readonly onProgress: (done: number, total: number) => void;
}

/** The number of images; a round is at most one epoch. */
const imageCount = { software: 8192, gpu: 65_536 } as const;
/** The target duration of a round. */
const roundMs = 400;

/** Measures every task at every batch size, interleaved. Throws: DeviceError, also if a batch exceeds the device's limits. */
export async function measureEndToEnd(
  device: Device,
  { batchSizes, isQuick, onProgress }: EndToEndOptions,
): Promise<EndToEndRow[]> {
  const set = syntheticImages(
    device,
    Math.max(imageCount[device.traits.family], ...batchSizes.map((size) => 2 * size)),
  );
  const measured: Measured[] = [];
  for (const batchSize of batchSizes) {
    for (const [task, make] of [
      ['training', trainingSubject],
      ['inference', inferenceSubject],
    ] as const)
      measured.push(await prepare(device, task, async () => make(set, { batchSize, onProgress })));
  }
  const rounds: Rounds = isQuick ? { rounds: 4, seconds: 10 } : { rounds: 9, seconds: 45, least: 5 };
  const most = (batchSize: number): number => Math.floor(set.count / batchSize);
  const rates = await interleave(
    measured.map((each) => () => imagesPerSecond(each, most(each.subject.batchSize))),
    rounds,
  );
  const rows = measured.map(({ task, subject, peakBytes, encodings }, i) => ({
    task,
    model: modelName,
    batchSize: subject.batchSize,
    imagesPerSecond: spreadOf(rates[i]!),
    dispatchesPerStep: subject.step.plan.dispatches.length,
    encodeMicroseconds: spreadOf(encodings),
    peakBytes,
  }));
  for (const { subject } of measured) subject.dispose();
  set.dispose();
  return rows;
}

interface Measured {
  readonly task: EndToEndRow['task'];
  readonly subject: Subject;
  readonly peakBytes: number;
  readonly encodings: number[];
  /** From the previous round; 0 before the first one. */
  msPerBatch: number;
}

/** Makes the subject and measures the memory that it takes. */
async function prepare(
  device: Device,
  task: EndToEndRow['task'],
  make: () => Promise<Subject>,
): Promise<Measured> {
  // Pooled buffers would be reused without being counted.
  device.trim();
  const before = device.allocatedBytes;
  const highest = device.peakBytes;
  device.peakBytes = before;
  const subject = await make();
  const peakBytes = device.peakBytes - before;
  device.peakBytes = Math.max(highest, device.peakBytes);
  return { task, subject, peakBytes, encodings: [], msPerBatch: 0 };
}

/** If a batch takes longer than a round should, this many measurements of the encoding are enough. */
const leastEncodings = 3;

/** One round. The first one runs a single batch, to find how many fill a round. */
async function imagesPerSecond(measured: Measured, most: number): Promise<number> {
  const { subject, msPerBatch, encodings } = measured;
  if (msPerBatch < roundMs || encodings.length < leastEncodings)
    encodings.push(await encodeMicroseconds(subject.step));
  const wanted = msPerBatch === 0 ? 1 : Math.round(roundMs / msPerBatch);
  const batches = Math.max(1, Math.min(most, wanted));
  const ms = await subject.run(batches);
  measured.msPerBatch = ms / batches;
  return (1000 * batches * subject.batchSize) / ms;
}

async function encodeMicroseconds(step: Step): Promise<number> {
  const { device } = step;
  await device.idle();
  const begun = performance.now();
  const encoder = device.encoder();
  step.encode(encoder);
  device.submit(encoder);
  const elapsed = performance.now() - begun;
  await device.idle();
  return elapsed * 1000;
}

export function reportEndToEnd(rows: readonly EndToEndRow[]): Report {
  return {
    title: `Training and inference of the ${modelName} model`,
    head: ['task', 'batch', 'images/s', 'low', 'high', 'max', 'dispatches', 'encode µs', 'memory MiB'],
    rows: rows.map((row) => [
      row.task,
      row.batchSize,
      ...ratesOf(row.imagesPerSecond),
      row.dispatchesPerStep,
      row.encodeMicroseconds.median.toFixed(0),
      (row.peakBytes / 2 ** 20).toFixed(0),
    ]),
    note: 'encode: host time per step; memory: peak of weights, optimizer, gradients and intermediates.',
  };
}

function ratesOf({ median, low, high, max }: Spread): string[] {
  return [median, low, high, max].map((value) => value.toFixed(1));
}
