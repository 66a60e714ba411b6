/**
 * How a training step of the paper model scales: time by batch size and image size, memory against its forecast, the
 * largest batch that fits, and the cost of gradient accumulation.
 */
import type { Device } from '../../engine/device.js';
import { planAccumulation, largestBatch } from '../../nn/training/gradient_accumulation.js';
import { addedBytes } from '../../nn/training/memory_forecast.js';
import { paperModel } from '../../nn/models.js';
import { rmsprop } from '../../nn/optimizers/index.js';
import type { Model } from '../../nn/model.js';
import { TrainingStep } from '../../nn/training/training_step.js';
import type { Report } from './report.js';
import { type Spread, interleave, spreadOf } from './statistics.js';
import { syntheticImages, modelName, rate, timeSteps } from './subject.js';

interface ScalingRow {
  readonly model: string;
  /** Pixels of height and width. */
  readonly imageSize: number;
  readonly batchSize: number;
  /** Images computed at once; fewer than the batch if gradients accumulate. */
  readonly microBatchSize: number;
  readonly stepMilliseconds: Spread;
  readonly imagesPerSecond: number;
  /** Device memory: weights, optimizer, images, gradients and intermediates. */
  readonly measuredBytes: number;
  readonly forecastBytes: number;
}

export interface Scaling {
  readonly byBatch: readonly ScalingRow[];
  readonly byImage: readonly ScalingRow[];
  /** The slope between the smallest and the largest batch without accumulation. */
  readonly bytesPerImage: { readonly measured: number; readonly forecast: number };
  /** Found by planning; undefined if it exceeds the limit of the search. */
  readonly largestBatch: number | undefined;
}

interface ScalingOptions {
  readonly isQuick: boolean;
  readonly onProgress: (done: number, total: number) => void;
}

/** [images per step, images computed at once]; the second defaults to as many as fit. */
type Batch = readonly [batchSize: number, microBatchSize?: number];

const batches = {
  quick: [[8], [32], [128], [128, 32]],
  software: [[1], [8], [32], [128], [512], [512, 128], [2048]],
  gpu: [[1], [8], [32], [128], [512], [4096], [4096, 1024]],
} as const satisfies Record<string, readonly Batch[]>;
const imageSizes = [14, 28, 56];
const batchOfImageSizes = 32;
const usualSize = 28;
/** The limit of the search for the largest batch. */
const searchLimit = 1 << 20;
/** The target duration of a round. */
const roundMs = 300;

/** Throws: DeviceError. */
export async function measureScaling(
  device: Device,
  { isQuick, onProgress }: ScalingOptions,
): Promise<Scaling> {
  const wanted: readonly Batch[] = batches[isQuick ? 'quick' : device.traits.family];
  const count = 2 * Math.max(...wanted.map(([batchSize]) => batchSize));
  const subjects: ScalingSubject[] = [];
  for (const batch of wanted) subjects.push(await prepare(device, usualSize, count, batch, onProgress));
  for (const size of isQuick ? imageSizes.slice(0, 2) : imageSizes)
    subjects.push(await prepare(device, size, count, [batchOfImageSizes], onProgress));
  // Interleaved, so that a slow phase of the machine affects all sizes.
  const times = await interleave(
    subjects.map(({ round }) => round),
    isQuick ? { rounds: 3, seconds: 10 } : { rounds: 9, seconds: 60 },
  );
  const rows = subjects.map(({ facts }, i): ScalingRow => {
    const stepMilliseconds = spreadOf(times[i]!);
    const imagesPerSecond = (facts.batchSize * 1000) / stepMilliseconds.median;
    return { ...facts, stepMilliseconds, imagesPerSecond };
  });
  for (const { dispose } of subjects) dispose();
  device.trim();
  const byBatch = rows.slice(0, wanted.length);
  return {
    byBatch,
    byImage: rows.slice(wanted.length),
    bytesPerImage: { measured: slope(byBatch, 'measuredBytes'), forecast: slope(byBatch, 'forecastBytes') },
    largestBatch: findLargest(device, count),
  };
}

/** Bytes per additional image, between the smallest and the largest batch without accumulation. */
function slope(rows: readonly ScalingRow[], bytes: 'measuredBytes' | 'forecastBytes'): number {
  const whole = rows.filter(({ batchSize, microBatchSize }) => batchSize === microBatchSize);
  const [first, last] = [whole[0]!, whole.at(-1)!];
  return (last[bytes] - first[bytes]) / (last.batchSize - first.batchSize);
}

function findLargest(device: Device, count: number): number | undefined {
  const model = makeModel(device, usualSize);
  const largest = largestBatch(model, { images: shapeOf(usualSize, count) }, { batchSize: searchLimit });
  model.dispose();
  return largest < searchLimit ? largest : undefined;
}

function makeModel(device: Device, size: number): Model {
  const model = paperModel({ device, inputShape: [size, size, 1] });
  model.compile({ optimizer: rmsprop({ learningRate: rate }), loss: 'sparseCategoricalCrossentropy' });
  return model;
}

const shapeOf = (size: number, count: number) => ({ count, height: size, width: size, channels: 1 });

/** A training step of one size, ready to be timed. */
interface ScalingSubject {
  readonly facts: Omit<ScalingRow, 'stepMilliseconds' | 'imagesPerSecond'>;
  /** Resolves with the milliseconds per step: first of a single step, later of as many as fill a round. */
  readonly round: () => Promise<number>;
  readonly dispose: () => void;
}

async function prepare(
  device: Device,
  imageSize: number,
  count: number,
  [batchSize, asked]: Batch,
  onProgress: ScalingOptions['onProgress'],
): Promise<ScalingSubject> {
  device.trim();
  const before = device.allocatedBytes;
  const model = makeModel(device, imageSize);
  const images = shapeOf(imageSize, count);
  const { microBatchSize, forecast } = planAccumulation(model, { batchSize, microBatchSize: asked, images });
  const set = syntheticImages(device, count, imageSize);
  const planned = forecast.training;
  const training = await TrainingStep.create(model, set, batchSize, { microBatchSize, planned, onProgress });
  let steps = 1;
  return {
    facts: {
      model: modelName,
      imageSize,
      batchSize,
      microBatchSize,
      // Running a step allocates nothing.
      measuredBytes: device.allocatedBytes - before,
      forecastBytes: forecast.model + addedBytes(forecast),
    },
    round: async () => {
      const ms = (await timeSteps(training, steps)) / steps;
      steps = Math.min(training.stepsPerEpoch, Math.max(1, Math.round(roundMs / ms)));
      return ms;
    },
    dispose: () => {
      for (const resource of [training, set, model]) resource.dispose();
    },
  };
}

export function reportScaling({ byBatch, byImage, bytesPerImage, largestBatch }: Scaling): Report[] {
  const head = [
    'images per step',
    'micro-batch',
    'ms per step',
    'images/s',
    'MiB',
    'forecast',
    'measured/forecast',
  ];
  const mib = (bytes: number): string => (bytes / 2 ** 20).toFixed(1);
  const cells = (row: ScalingRow): (string | number)[] => [
    row.batchSize,
    row.microBatchSize,
    row.stepMilliseconds.median.toFixed(1),
    row.imagesPerSecond.toFixed(1),
    mib(row.measuredBytes),
    mib(row.forecastBytes),
    (row.measuredBytes / row.forecastBytes).toFixed(3),
  ];
  const { measured, forecast } = bytesPerImage;
  const fits =
    largestBatch === undefined
      ? `More than ${searchLimit} images fit without accumulation.`
      : `The largest batch that fits, found by planning, has ${largestBatch} images; larger ones accumulate gradients.`;
  return [
    {
      title: `Training the ${modelName} model by batch size, images of ${usualSize}×${usualSize}`,
      head,
      rows: byBatch.map(cells),
      note: `Memory per image: ${(measured / 1024).toFixed(0)} KiB measured, ${(forecast / 1024).toFixed(0)} KiB forecast (ratio ${(measured / forecast).toFixed(3)}). ${fits}`,
    },
    {
      title: `Training the ${modelName} model by image size`,
      head: ['image', ...head],
      rows: byImage.map((row) => [`${row.imageSize}×${row.imageSize}`, ...cells(row)]),
    },
  ];
}
