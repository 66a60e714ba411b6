/**
 * Files of the version before networks became graphs (../fixtures/before_networks), as they are used on a device; what is
 * read without one: test/unit/earlier_files.test.ts.
 *   a model with every layer predicts and evaluates as it did
 *   a file with optimizer slots, checkpoint and callbacks goes on to the bits of a training that was never interrupted
 *   a finished run is evaluated; an interrupted one is resumed to the same bits, and not told that kernels have changed
 */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { callbacks, loadModel, modelFile, optimizers } from '../../src/index.js';
import { useDevice } from '../device/device.js';
import { bars } from '../device/small_model.js';
import expectedModels from '../fixtures/before_networks/models_expected.json' with { type: 'json' };
import expectedRun from '../fixtures/before_networks/interrupted_run_expected.json' with { type: 'json' };
import { digestsOf, isRecordedOn, notRecordedOn } from './recorded_bits.js';
import { writeSmallDigits } from './small_digits.js';

const held = useDevice();
const earlier = path.join(import.meta.dirname, '../fixtures/before_networks');
const loss = 'sparseCategoricalCrossentropy';

/** Other devices round otherwise. */
function expectNear(got: readonly number[], expected: readonly number[], tolerance: number): void {
  expect(got).toHaveLength(expected.length);
  got.forEach((value, i) => expect(Math.abs(value - expected[i]!)).toBeLessThan(tolerance));
}

describe('models', () => {
  it('predict and evaluate as they did', async () => {
    const file = path.join(earlier, 'models/every_layer.safetensors');
    const model = await loadModel(file, { device: held.device });
    const { predictions, evaluation } = expectedModels.everyLayer;
    expectNear([...(await model.predict(bars(4, 2)))], predictions, 1e-5);
    const warn = (line: string): void => expect.unreachable(line);
    model.compile({ optimizer: optimizers.sgd({ momentum: 0.9, nesterov: true }), loss, warn });
    const got = await model.evaluate(bars(30, 2));
    expectNear([got.loss, got['accuracy']!], [evaluation.loss, evaluation.accuracy], 1e-5);
  });

  it('resume their training', async (test) => {
    const file = path.join(earlier, 'models/in_training.safetensors');
    const model = await loadModel(file, { device: held.device });
    const { epsilonPlacement, rho } = { epsilonPlacement: 'outside', rho: 0.8 } as const;
    const optimizer = optimizers.rmsprop({ learningRate: 0.01, rho, epsilonPlacement });
    model.compile({ optimizer, loss, warn: (line) => expect.unreachable(line) });
    const say = (): void => undefined;
    const losses: number[] = [];
    const { metrics } = await model.fit(bars(30), {
      epochs: 4,
      batchSize: 4,
      seed: 6,
      validationData: bars(9, 2),
      resume: model.checkpoint!,
      callbacks: [
        callbacks.earlyStopping({ monitor: 'val_loss', patience: 9, restoreBestWeights: true, say }),
        callbacks.reduceLrOnPlateau({ monitor: 'val_loss', patience: 0, minDelta: 1, say }),
        { onBatchEnd: (_, logs) => void losses.push(logs['loss']!) },
      ],
    });
    const { inTraining } = expectedModels;
    expectNear(losses, inTraining.losses, 1e-4);
    // Both plateaus count, the one before the interruption included.
    expect(metrics['learning_rate']).toEqual(inTraining.metrics.learning_rate);
    if (!isRecordedOn(expectedModels, held.device)) return test.skip(notRecordedOn(held.device));
    expect([losses, metrics]).toEqual([inTraining.losses, inTraining.metrics]);
    return expect(digestsOf(await modelFile(model), (await model.weights()).keys())).toEqual({
      weights: inTraining.weights,
      slots: inTraining.slots,
    });
  });
});

describe('run folders', () => {
  const root = path.resolve(import.meta.dirname, '..', '..');
  const work = mkdtempSync(path.join(tmpdir(), 'shadegrad-earlier-'));
  const run = (...args: readonly string[]) =>
    spawnSync(process.execPath, [path.join(root, 'dist', 'cli.mjs'), ...args], {
      cwd: work,
      encoding: 'utf8',
      env: { ...process.env, DEBUG: '0' },
    });

  beforeAll(async () => {
    // The data that both runs name.
    await writeSmallDigits(path.join(work, 'tiny'), { isHalved: true, train: 40, test: 20 });
    for (const name of ['finished_run', 'interrupted_run'])
      cpSync(path.join(earlier, name), path.join(work, name), { recursive: true });
    const built = spawnSync(process.execPath, [path.join(root, 'scripts', 'build.mjs')], {
      encoding: 'utf8',
    });
    expect(built.stderr + built.stdout).toBe('');
  });
  afterAll(() => rmSync(work, { recursive: true, force: true }));

  it('a finished one is evaluated', () => {
    const done = run('evaluate', '--model', 'finished_run', '--json');
    expect(done.status, done.stderr).toBe(0);
    const result = JSON.parse(done.stdout.trim().split('\n').at(-1)!) as { accuracy: number; loss: number };
    expectNear([result.accuracy, result.loss], [0.15, 2.385436059140118], 1e-5);
  });

  it('an interrupted one is resumed', (test) => {
    const done = run('train', '--resume', 'interrupted_run');
    expect(done.status, done.stderr).toBe(0);
    expect(done.stdout).not.toContain('kernels have changed');
    const read = (name: string): unknown =>
      JSON.parse(readFileSync(path.join(work, 'interrupted_run', name), 'utf8'));
    const history = read('history.json') as typeof expectedRun.history;
    for (const name of ['loss', 'val_loss'] as const)
      expectNear(history.metrics[name], expectedRun.history.metrics[name], 1e-3);
    if (!isRecordedOn(expectedRun, held.device)) return test.skip(notRecordedOn(held.device));
    expect(history).toEqual(expectedRun.history);
    expect((read('run.json') as { result: object }).result).toMatchObject(expectedRun.result);
    const last = readFileSync(path.join(work, 'interrupted_run', 'last.safetensors'));
    const weights = ['dense/kernel', 'dense/bias', 'dense_1/kernel', 'dense_1/bias'];
    const { weights: digest, slots } = expectedRun;
    return expect(digestsOf(last, weights)).toEqual({ weights: digest, slots });
  });
});
