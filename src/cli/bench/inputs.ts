/** The cost of filters and augmentation in a training step of the paper model. */
import type { Device } from '../../engine/device.js';
import { filters } from '../../nn/samples/preprocessing.js';
import { presets } from '../../recipe/presets.js';
import type { Report } from './report.js';
import { type Spread, interleave, medianOf, spreadOf } from './statistics.js';
import { type Subject, type SubjectOptions, syntheticImages, trainingSubject } from './subject.js';

export interface InputRow {
  readonly inputs: string;
  readonly ms: Spread;
  /** The median over the rounds of the time relative to plain images. */
  readonly ratio: number;
}

const variants: Readonly<Record<string, Pick<SubjectOptions, 'filters' | 'augmentation'>>> = {
  plain: {},
  'augmentation of corrected': { augmentation: presets.corrected.digits.augmentation },
  'every augmentation': {
    augmentation: {
      rotation: 10,
      widthShift: 0.1,
      heightShift: 0.1,
      zoom: 0.1,
      horizontalFlip: true,
      verticalFlip: true,
      fill: 'reflect',
      padAndCrop: 2,
      brightness: 0.2,
      contrast: 0.2,
      erasing: { value: 'noise' },
    },
  },
  'blur ×5 and sharpen': { filters: [filters.blur(5), filters.sharpen()] },
};

/** Steps per round. */
const batches = 4;

export async function measureInputs(
  device: Device,
  {
    batchSize,
    isQuick,
    onProgress,
  }: {
    readonly batchSize: number;
    readonly isQuick: boolean;
    readonly onProgress: (done: number, total: number) => void;
  },
): Promise<InputRow[]> {
  const set = syntheticImages(device, batches * batchSize);
  const subjects: Subject[] = [];
  for (const variant of Object.values(variants))
    subjects.push(await trainingSubject(set, { batchSize, onProgress, ...variant }));
  const times = await interleave(
    subjects.map((subject) => async () => (await subject.run(batches)) / batches),
    isQuick ? { rounds: 5, seconds: 20 } : { rounds: 15, seconds: 90 },
  );
  for (const resource of [...subjects, set]) resource.dispose();
  return Object.keys(variants).map((inputs, i) => ({
    inputs,
    ms: spreadOf(times[i]!),
    ratio: medianOf(times[i]!.map((ms, round) => ms / times[0]![round]!)),
  }));
}

export function reportInputs(rows: readonly InputRow[]): Report {
  return {
    title: 'The training step by filters and augmentation',
    head: ['inputs', 'ms', 'low', 'high', 'relative to plain'],
    rows: rows.map(({ inputs, ms: { median, low, high }, ratio }) => [
      inputs,
      ...[median, low, high].map((value) => value.toFixed(1)),
      ratio.toFixed(3),
    ]),
  };
}
