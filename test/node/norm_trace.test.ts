// Plan: the trace of PyTorch in ../traces/norm_trace.json, replayed by a model built as users do: normalisation,
// average pooling, sigmoid, sgd with momentum and an L2 term. The same weights and images, hence the same loss and the same
// right answers at each step, the same parameters and moving statistics at the end.
// Tolerances as in trace.test.ts: five times what PyTorch's own f32 lies from its f64, and at least two units in the last
// place.
import { expect, test } from 'vitest';
import { ImageSet } from '../../src/data/dataset.js';
import { sizeOf } from '../../src/engine/primitive.js';
import {
  activation,
  averagePooling2d,
  batchNormalization,
  conv2d,
  dense,
  flatten,
} from '../../src/nn/layers/index.js';
import { sgd } from '../../src/nn/optimizers/index.js';
import { type Model, sequential } from '../../src/nn/model.js';
import normTrace from '../traces/norm_trace.json' with { type: 'json' };
import { traceBatch, traceWeights } from '../traces/trace_data.js';
import { useDevice } from '../device/device.js';

interface TraceFile {
  readonly settings: Readonly<
    Record<'seed' | 'batch' | 'steps' | 'learningRate' | 'momentum' | 'l2' | 'epsilon' | 'kept', number>
  >;
  readonly check: { readonly pixelSums: readonly number[] };
  readonly f64: { readonly loss: readonly number[]; readonly correct: readonly number[] };
  readonly parameters: readonly {
    readonly name: string;
    readonly shape: readonly number[];
    readonly limit?: number;
    readonly centre?: number;
    readonly isTrained: boolean;
    readonly final: {
      readonly sum: number;
      readonly l2: number;
      readonly samples: readonly (readonly [number, number])[];
    };
  }[];
  readonly rounding: Readonly<Record<'loss' | 'final' | 'finalSum', readonly number[]>>;
}

const held = useDevice();
const margin = 5;
const lastPlaces = 2 ** -22;
const file = normTrace as unknown as TraceFile;
const { settings, parameters, f64, rounding } = file;

const sum = (values: Iterable<number>): number => [...values].reduce((a, b) => a + b, 0);
const norm = (values: Float32Array): number => Math.sqrt(sum(values.map((value) => value * value)));

function makeModel(): Model {
  const { learningRate, momentum, l2, epsilon, kept } = settings;
  const plain = { useBias: false, kernelRegularizer: { l2 } };
  const normalised = () => batchNormalization({ epsilon, momentum: kept });
  const relu = () => activation({ activation: 'relu' });
  const model = sequential(
    [
      conv2d({ filters: 8, kernelSize: 5, strides: 2, ...plain, inputShape: [28, 28, 1] }),
      normalised(),
      relu(),
      averagePooling2d({ poolSize: 3, strides: 2, padding: 'same' }),
      conv2d({ filters: 12, kernelSize: 3, padding: 'same', ...plain }),
      normalised(),
      relu(),
      flatten(),
      dense({ units: 16, ...plain }),
      normalised(),
      activation({ activation: 'sigmoid' }),
      dense({ units: 10, activation: 'softmax', kernelRegularizer: { l2 } }),
    ],
    { device: held.device },
  );
  model.compile({ optimizer: sgd({ learningRate, momentum }), loss: 'sparseCategoricalCrossentropy' });
  return model;
}

function firstWeights(model: Model): Map<string, Float32Array<ArrayBuffer>> {
  const trained = parameters.filter(({ isTrained }) => isTrained);
  const drawn = trained.map(({ name, shape, limit = 0, centre = 0 }, number) => {
    const values = traceWeights(settings.seed, number, sizeOf(shape), limit);
    return [name, values.map((value) => centre + value)] as const;
  });
  const moving = model.layers
    .flatMap(({ name, parameters: specs }) =>
      specs.map((spec) => ({ ...spec, path: `${name}/${spec.name}` })),
    )
    .filter(({ isTrainable = true }) => !isTrainable)
    .map(({ path, shape }) => {
      const start = path.endsWith('variance') ? 1 : 0;
      return [path, new Float32Array(sizeOf(shape)).fill(start)] as const;
    });
  return new Map([...drawn, ...moving]);
}

function images(): ImageSet {
  const { seed, batch, steps } = settings;
  const batches = Array.from({ length: steps }, (_, step) => traceBatch(seed, step, batch));
  expect(batches.map(({ pixels }) => sum(pixels))).toEqual(file.check.pixelSums);
  return new ImageSet({
    images: Uint8Array.from(batches.flatMap(({ pixels }) => [...pixels])),
    labels: Uint8Array.from(batches.flatMap(({ labels }) => [...labels])),
    height: 28,
    width: 28,
    channels: 1,
    classNames: Array.from({ length: 10 }, (_, k) => `${k}`),
  });
}

test('a normalised model trains as in PyTorch', async () => {
  const { batch } = settings;
  const model = makeModel();
  model.setWeights(firstWeights(model));
  // The logs are means over the epoch so far.
  const sums = { loss: [0], correct: [0] };
  await model.fit(images(), {
    batchSize: batch,
    shuffle: false,
    callbacks: [
      {
        onBatchEnd: (step, { loss, accuracy }) => {
          sums.loss.push(loss! * (step + 1));
          sums.correct.push(Math.round(accuracy! * (step + 1) * batch));
        },
      },
    ],
  });
  const steps = (list: readonly number[]): number[] => list.slice(1).map((value, i) => value - list[i]!);
  const off = steps(sums.loss).map((loss, i) => Math.abs(loss - f64.loss[i]!));
  const allowed = f64.loss.map((loss, i) => margin * rounding.loss[i]! + lastPlaces * loss);
  expect(off).toHaveLength(settings.steps);
  expect(
    off.filter((value, i) => !(value <= allowed[i]!)),
    `losses off by ${off.map((value) => value.toExponential(1)).join(' ')}, allowed ${allowed.map((value) => value.toExponential(1)).join(' ')}`,
  ).toEqual([]);
  expect(steps(sums.correct)).toEqual(f64.correct);

  const weights = await model.weights();
  expect([...weights.keys()].sort()).toEqual(parameters.map(({ name }) => name).sort());
  for (const [i, { name, final }] of parameters.entries()) {
    const got = weights.get(name)!;
    const near = (margin * rounding.final[i]! + lastPlaces) * final.l2;
    expect(Math.abs(norm(got) - final.l2), `norm of ${name}`).toBeLessThan(near);
    for (const [at, value] of final.samples)
      expect(Math.abs(got[at]! - value), `${name}[${at}]`).toBeLessThan(near);
    const nearSum = margin * rounding.finalSum[i]! + lastPlaces * final.l2;
    expect(Math.abs(sum(got) - final.sum), `sum of ${name}`).toBeLessThan(nearSum);
  }
});
