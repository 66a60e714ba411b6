/**
 * Tuning on a device:
 *   a candidate that is wrong somewhere, writes nothing, or does not compile is excluded and told of, the right ones are
 *   timed and one of them is chosen; no right one, no choice; what cannot be tried says why
 *   of variants that differ in what they fuse, all are timed with what follows them
 *   a model's choices: plans use them, another device's training does not; two trainings with the same
 *   choices, and two without any, give the same bits; a training goes by choices of its own, whatever the device's are
 *   a workload meets the kernels that training and evaluation meet, divides batches as they do, and times the step
 */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Choice, KernelSelection } from '../../src/engine/kernel_selection.js';
import type { Primitive } from '../../src/engine/primitive.js';
import { program, runPrimitive } from '../../src/engine/program.js';
import { registerShaders } from '../../src/engine/shader.js';
import { Tensor } from '../../src/engine/tensor.js';
import { type Tuned, choicesOf, tune } from '../../src/engine/tune.js';
import { modelsByName } from '../../src/nn/models.js';
import { rmsprop } from '../../src/nn/optimizers/index.js';
import { type StepTimes, Workload, isSlower } from '../../src/nn/training/tuning_workload.js';
import { useDevice } from '../device/device.js';
import { addPlain, choosePlain, convolutions, removePlain, train } from '../device/plain_variant.js';
import { bars } from '../device/small_model.js';

const held = useDevice();

beforeEach(() => held.device.kernelSelection.clear());
afterEach(removePlain);

// ---- candidates ----

const shader = (statements: string): string => `
const SIZE: u32 = 4; //! elements
@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;
fn epilogue(value: f32, index: u32, channel: u32) -> f32 { return value; } //! hook
@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let i = id.x;
  if (i < SIZE) { ${statements} }
}
`;
const right = 'y[i] = epilogue(2.0 * x[i], i, 0);';

type Doubling = Primitive<'x', 'y', Readonly<Record<string, never>>>;

/** y = 2·x, in as many ways as there are statements by variant name. */
function doubling(
  ways: Readonly<Record<string, string>>,
  { without = [] as readonly string[] } = {},
): Doubling {
  registerShaders(
    Object.fromEntries(Object.entries(ways).map(([name, code]) => [`test/${name}`, shader(code)])),
  );
  const { family } = held.device.traits;
  return {
    name: 'test/doubling',
    inputs: ['x'],
    outputs: ['y'],
    shape: ({ x }) => ({ y: x.shape }),
    cost: () => ({ flops: 0, bytes: 0 }),
    variants: Object.keys(ways).map((name) => ({
      name,
      family: name === 'baseline' ? 'baseline' : family,
      hasEpilogue: !without.includes(name),
      supports: () => true,
      lower: () => ({
        dispatches: [{ shader: `test/${name}`, constants: { SIZE: 1000 }, workgroups: [16, 1, 1] }],
      }),
    })),
  };
}

/** Tunes whatever planning `pass` meets. */
async function tuned(primitive: Doubling): Promise<Tuned[]> {
  const { device } = held;
  device.kernelSelection.watch();
  const x = Tensor.from(new Float32Array(1000), [1000], device);
  program((x) => runPrimitive(primitive, { x }, {}).y, device).plan(x);
  return tune(device, device.kernelSelection.met.values(), { repeats: 2 });
}

test('wrong candidates are excluded, the default too', async () => {
  const [result, ...rest] = await tuned(
    doubling({
      broken: 'y[i] = no_such_function(x[i]);',
      wrong_once: `${right} if (i == 777) { y[i] = 2.001 * x[i]; }`,
      silent: 'if (i > 0) { return; } y[i] = 2.0 * x[i];',
      same: right,
      other: 'y[i] = epilogue(x[i] + x[i], i, 0);',
      baseline: right,
    }),
  );
  expect(rest).toEqual([]);
  expect(result?.candidates).toEqual([
    { variant: 'broken', error: Infinity, problem: expect.stringContaining('does not compile') as string },
    {
      variant: 'wrong_once',
      error: expect.closeTo(0.0005, 6) as number,
      problem: expect.stringMatching(
        /^it is off by 0\.00050 of the baseline variant's result, \S+ is allowed$/,
      ) as string,
    },
    { variant: 'silent', error: Infinity, problem: expect.stringContaining('off by Infinity') as string },
    { variant: 'same', error: 0, ms: expect.any(Number) as number },
    { variant: 'other', error: 0, ms: expect.any(Number) as number },
  ]);
  expect(['same', 'other']).toContain(result?.chosen);
  expect(result?.gain).toBeGreaterThanOrEqual(1);
  const date = new Date('2026-01-01T00:00:00Z');
  const [[key, choice]] = [...choicesOf([result as Tuned], date)] as [[string, Choice]];
  expect(key).toBe(result?.key);
  expect(choice).toMatchObject({ pass: 'test/doubling', shapes: '[1000]', variant: result?.chosen });
  expect(Object.keys(choice.ms ?? {})).toEqual(['same', 'other']);
  // What was tried leaves no trace: a shader that does not compile spoils nothing that follows.
  expect(held.device.forcedVariants.size).toBe(0);
  await held.device.idle();
});

test('where no candidate is right there is no choice', async () => {
  const results = await tuned(doubling({ one: 'y[i] = 3.0 * x[i];', two: 'y[i] = x[i];', baseline: right }));
  expect(results).toMatchObject([{ chosen: undefined, gain: 1 }]);
  expect(choicesOf(results, new Date()).size).toBe(0);
});

test('variants with and without an epilogue are compared with what follows them', async () => {
  const primitive = doubling(
    { with: right, without: 'y[i] = 2.0 * x[i];', baseline: right },
    { without: ['without'] },
  );
  const before = held.device.counters.dispatches;
  const [result] = await tuned(primitive);
  expect(result?.candidates.map(({ error }) => error)).toEqual([0, 0]);
  expect(held.device.counters.dispatches).toBeGreaterThan(before);
});

test('a primitive that changes its inputs is not tried', async () => {
  const primitive = { ...doubling({ one: right, two: right, baseline: right }), mutates: ['x'] as const };
  expect(await tuned(primitive)).toMatchObject([
    { candidates: [], chosen: undefined, skipped: 'it changes its inputs' },
  ]);
});

// ---- a model ----

test('two trainings by the table, and two by the same choices, have the same bits', async () => {
  addPlain(held.device);
  const byTable = await train(held.device);
  expect(convolutions(byTable)).not.toContain('plain');
  const chosen = await choosePlain(held.device);
  const again = await train(held.device);
  expect(again).toEqual(byTable);
  expect(byTable.losses).toHaveLength(6);

  for (const [key, choice] of chosen) held.device.kernelSelection.set(key, choice);
  const byChoice = await train(held.device);
  expect(convolutions(byChoice)).toEqual(['plain']);
  expect(await train(held.device)).toEqual(byChoice);
  // The same network: only rounding may differ.
  byChoice.losses.forEach((loss, i) => expect(loss).toBeCloseTo(byTable.losses[i] as number, 4));
});

test('a training goes by choices of its own, whatever those of its device are', async () => {
  const { device } = held;
  addPlain(device);
  const byTable = await train(device);
  const chosen = await choosePlain(device);
  const own = new KernelSelection(chosen);
  const byChoice = await train(device, own);
  expect(convolutions(byChoice)).toEqual(['plain']);
  expect([...own.used().keys()]).toEqual([...chosen.keys()]);
  for (const [key, choice] of chosen) device.kernelSelection.set(key, choice);
  expect(await train(device, new KernelSelection())).toEqual(byTable);
  expect(await train(device)).toEqual(byChoice);
});

// ---- a workload ----

const images = { imageShape: { height: 8, width: 8, channels: 1 }, classes: 3 };

test('a workload meets the kernels that training and validation meet', async () => {
  const { device } = held;
  addPlain(device);
  const model = modelsByName.simple({ device, inputShape: [8, 8, 1], classes: 3 });
  model.compile({ optimizer: rmsprop(), loss: 'sparseCategoricalCrossentropy' });
  const choices = new KernelSelection();
  choices.watch();
  await model.fit(bars(4), { batchSize: 4, validationData: bars(4, 2), kernelSelection: choices });
  model.dispose();
  const before = device.kernelSelection.version;
  const cases = new Workload(device, { model: 'simple', batchSize: 4, ...images }).cases();
  expect(cases.length).toBeGreaterThan(1);
  expect(cases.map(({ key }) => key).sort()).toEqual([...choices.met.keys()].sort());
  expect([device.kernelSelection.version, device.kernelSelection.met.size]).toEqual([before, 0]);
});

test('a workload times the step by the table and by choices at a sync point', async () => {
  const { device } = held;
  addPlain(device);
  const workload = new Workload(device, { model: 'mlp', batchSize: 6, ...images });
  const order: string[] = [];
  const times = await workload.compare(new Map(), {
    repeats: 2,
    undisturbed: async (measure) => {
      order.push('begins');
      const result = await measure();
      order.push('ends');
      return result;
    },
  });
  expect(order).toEqual(['begins', 'ends']);
  expect(times).toMatchObject({ batchSize: 6, microBatchSize: 6 });
  expect(times.untunedMs).toBeGreaterThan(0);
  expect(times.tunedMs).toBeGreaterThan(0);
});

test('choices are slower when the steps of all batch sizes together are, by more than noise', () => {
  const step = (untunedMs: number, tunedMs: number): StepTimes => ({
    batchSize: 8,
    microBatchSize: 8,
    untunedMs,
    tunedMs,
  });
  expect(isSlower([step(10, 10.1)])).toBe(false);
  expect(isSlower([step(10, 10.3)])).toBe(true);
  expect(isSlower([step(10, 11), step(100, 90)])).toBe(false);
  expect(isSlower([])).toBe(false);
});
