// Plan: the traces of PyTorch beside ../traces, replayed with the kernels: the same weights and images, hence the same
// loss and the same right answers before each step, the same gradients at step 1, the same parameters at the end.
// Tolerances are what PyTorch's own f32 lies from its f64 (`rounding` in the JSON, the worst of five runs), five times
// over, since our order of summation is a sixth run; and never below two units in the last place of an f32.
import { expect, test } from 'vitest';
import { grad } from '../../src/kernels/grad.js';
import { sizeOf } from '../../src/engine/primitive.js';
import { program } from '../../src/engine/program.js';
import { Tensor } from '../../src/engine/tensor.js';
import { rmsprop } from '../../src/nn/optimizers/index.js';
import { stateSize } from '../../src/kernels/step_state.js';
import { type CheckedNetwork, networkLoss, paperNetwork, stridedNetwork } from '../../src/check/networks.js';
import paperTrace from '../traces/paper_trace.json' with { type: 'json' };
import stridedTrace from '../traces/strided_trace.json' with { type: 'json' };
import { traceBatch, traceWeights } from '../traces/trace_data.js';
import { useDevice } from '../device/device.js';

interface TraceParameter {
  readonly name: string;
  readonly shape: readonly number[];
  readonly limit: number;
  readonly gradient: { readonly l2: number; readonly samples: readonly (readonly [number, number])[] };
  readonly final: { readonly sum: number; readonly l2: number };
}

interface TraceFile {
  readonly settings: {
    readonly seed: number;
    readonly batch: number;
    readonly steps: number;
    readonly learningRate: number;
    readonly rho: number;
    readonly epsilon: number;
    readonly epsilonInsideRoot: boolean;
  };
  readonly check: {
    readonly labels: readonly number[];
    readonly pixelSums: readonly number[];
    readonly firstWeights: readonly number[];
    readonly weightSums: readonly number[];
  };
  readonly f64: { readonly loss: readonly number[]; readonly correct: readonly number[] };
  readonly parameters: readonly TraceParameter[];
  readonly rounding: {
    readonly loss: readonly number[];
    readonly gradient: readonly number[];
    readonly final: readonly number[];
    readonly finalSum: readonly number[];
  };
}

const held = useDevice();
const networks: readonly CheckedNetwork[] = [paperNetwork, stridedNetwork];
const traces = new Map<CheckedNetwork, unknown>([
  [paperNetwork, paperTrace],
  [stridedNetwork, stridedTrace],
]);
const margin = 5;
const lastPlaces = 2 ** -22;

function weights({ settings, parameters }: TraceFile): Float32Array<ArrayBuffer>[] {
  return parameters.map(({ shape, limit }, number) =>
    traceWeights(settings.seed, number, sizeOf(shape), limit),
  );
}

const sum = (values: Iterable<number>): number => [...values].reduce((a, b) => a + b, 0);
const norm = (values: Float32Array): number => Math.sqrt(sum(values.map((value) => value * value)));

test.each(networks)(
  '$network.name: the generators make the same weights and images as the script',
  (checked) => {
    const file = traces.get(checked) as TraceFile;
    const { settings, check } = file;
    expect(checked.network.parameters.map(({ shape }) => shape)).toEqual(
      file.parameters.map(({ shape }) => shape),
    );
    const made = weights(file);
    expect(made.map((values) => values[0])).toEqual(check.firstWeights);
    made.forEach((values, i) => expect(sum(values)).toBeCloseTo(check.weightSums[i] as number, 9));
    const batches = check.pixelSums.map((_, step) => traceBatch(settings.seed, step, settings.batch));
    expect([...(batches[0]?.labels ?? [])]).toEqual(check.labels);
    expect(batches.map(({ pixels }) => sum(pixels))).toEqual(check.pixelSums);
  },
);

test.each(networks)('$network.name trains as in PyTorch', async (checked) => {
  const { device } = held;
  const file = traces.get(checked) as TraceFile;
  const { settings, f64, rounding } = file;
  const { learningRate, batch, seed, ...optimizer } = settings;
  const { rho, epsilon, epsilonInsideRoot } = optimizer;

  const parameters = weights(file).map((values, i) => Tensor.from(values, file.parameters[i]?.shape, device));
  const squares = parameters.map((p) => Tensor.from(new Float32Array(p.size), p.shape, device));
  const state = Tensor.from(new Uint32Array(stateSize), [stateSize], device);
  const stepScalars = Tensor.from(Float32Array.of(learningRate), [1, 1], device);
  const x = Tensor.allocate({ shape: [batch, 28, 28, 1], dtype: 'f32' }, device);
  const labels = Tensor.allocate({ shape: [batch], dtype: 'u32' }, device);

  const step = await program((x, labels) => {
    // Not as in training: the traces drop nothing.
    const operands = { parameters, x, labels: [labels], state };
    const { loss, totals } = networkLoss(checked, operands, { isTraining: false });
    const gradients = grad(loss, parameters);
    gradients.forEach((gradient, i) =>
      rmsprop({ rho, epsilon, epsilonPlacement: epsilonInsideRoot ? 'inside' : 'outside' }).apply(
        {
          parameters: parameters[i] as Tensor,
          gradients: gradient,
          slots: { mean_square: squares[i] as Tensor },
          stepScalars,
          state,
        },
        { decay: true },
      ),
    );
    return [loss, totals, ...gradients];
  }, device).bind([x, labels]);

  const [loss, totals, ...gradients] = step.outputs as [Tensor, Tensor, ...Tensor[]];
  const losses: number[] = [];
  const correct: number[] = [];
  for (let index = 0; index < settings.steps; index++) {
    const images = traceBatch(seed, index, batch);
    x.write(images.images);
    labels.write(Uint32Array.from(images.labels));
    step.step.run();
    losses.push(await loss.item());
    correct.push((await totals.data())[1] as number);
    if (index > 0) continue;
    for (const [i, gradient] of gradients.entries()) {
      const { name, gradient: want } = file.parameters[i] as TraceParameter;
      const got = (await gradient.data()) as Float32Array;
      const allowed = margin * ((rounding.gradient[i] as number) + lastPlaces) * want.l2;
      expect(Math.abs(norm(got) - want.l2), `norm of d${name}`).toBeLessThan(allowed);
      for (const [at, value] of want.samples)
        expect(Math.abs((got[at] as number) - value), `d${name}[${at}]`).toBeLessThan(allowed);
    }
  }

  const off = losses.map((value, i) => Math.abs(value - (f64.loss[i] as number)));
  const allowed = f64.loss.map((value, i) => margin * (rounding.loss[i] as number) + lastPlaces * value);
  expect(
    losses.filter((_, i) => !((off[i] as number) <= (allowed[i] as number))),
    `losses off by ${off.map((value) => value.toExponential(1)).join(' ')}, allowed ${allowed.map((value) => value.toExponential(1)).join(' ')}`,
  ).toEqual([]);
  expect(correct).toEqual(f64.correct);

  for (const [i, parameter] of parameters.entries()) {
    const { name, final } = file.parameters[i] as TraceParameter;
    const got = (await parameter.data()) as Float32Array;
    const allowedSum = margin * (rounding.finalSum[i] as number) + lastPlaces * final.l2;
    expect(Math.abs(sum(got) - final.sum), `sum of ${name}`).toBeLessThan(allowedSum);
    const allowedNorm = (margin * (rounding.final[i] as number) + lastPlaces) * final.l2;
    expect(Math.abs(norm(got) - final.l2), `norm of ${name}`).toBeLessThan(allowedNorm);
  }
});
