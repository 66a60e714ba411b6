/**
 * Files of the version before networks became graphs (../fixtures/before_networks), as far as they are read without a
 * device; with one: test/node/earlier_files.test.ts, and the session in test/worker/session.test.ts.
 *   run folders   run.json as --resume reads it, with the kernels that it recorded; all that a report shows
 *   models        described as they were, with weights, optimizer slots and a checkpoint that fit
 *   tunings       found by the device, which runs the kernels that they chose, if they still exist
 *   a session     the newer of two files: settings, curve, epochs, kernels; custom images; what can be undone
 */
import { readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it, test } from 'vitest';
import { readReport } from '../../src/cli/report_files.js';
import { readRun } from '../../src/cli/run_folder.js';
import type { Choice } from '../../src/engine/kernel_selection.js';
import { program } from '../../src/engine/program.js';
import { Tensor } from '../../src/engine/tensor.js';
import { setFolderOpener } from '../../src/folder.js';
import { grad } from '../../src/kernels/grad.js';
import { conv2d, maxPool2d, sum } from '../../src/kernels/index.js';
import { type MemoryFolder, memoryFolder } from '../../src/memory_folder.js';
import { readSafetensors } from '../../src/nn/files/safetensors.js';
import { readModel } from '../../src/nn/files/model_files.js';
import { checkpointIn } from '../../src/nn/files/weights_file.js';
import { openFolder } from '../../src/node/files.js';
import { tuningFiles } from '../../src/node/tuning_store.js';
import { encodePng } from '../../src/node/png.js';
import { presetFor } from '../../src/recipe/presets.js';
import { runReportPage } from '../../src/report/html/run_report.js';
import type { UndoOffers } from '../../web/protocol.js';
import { AlternatingSlots } from '../../web/worker/alternating_slots.js';
import { digestOf, keptCustom } from '../../web/worker/custom_images.js';
import { TrainingRecord } from '../../web/worker/training_record.js';
import { checkSession } from '../../web/worker/saved_session_check.js';
import { UndoHistory } from '../../web/worker/undo.js';
import { bars } from '../device/small_model.js';
import { fakeDevice } from './fake_device.js';
import models from '../fixtures/before_networks/models_expected.json' with { type: 'json' };
import session from '../fixtures/before_networks/session_expected.json' with { type: 'json' };

setFolderOpener(openFolder);
const earlier = path.join(import.meta.dirname, '../fixtures/before_networks');

describe('run folders', () => {
  test.each(['finished_run', 'interrupted_run'])('%s can be resumed', async (name) => {
    const folder = openFolder(path.join(earlier, name));
    const written = JSON.parse(readFileSync(path.join(folder.path, 'run.json'), 'utf8')) as {
      kernels: object;
    };
    const run = await readRun(folder);
    expect(run.recipe).toMatchObject({
      dataset: 'tiny',
      split: { name: 'official', validationShare: 0.1 },
      optimizer:
        name === 'finished_run'
          ? { name: 'rmsprop', config: {} }
          : { name: 'sgd', config: { momentum: 0.9 } },
    });
    expect(run.kernels).toEqual(written.kernels);
    for (const weights of ['best', 'last']) {
      const { model } = await readModel(folder, { weights });
      expect(model.parameterCount).toBe(1045);
    }
  });

  it('have a report', async () => {
    const report = await readReport(openFolder(path.join(earlier, 'finished_run')));
    expect(report.history.metrics['val_loss']).toEqual([2.583526611328125]);
    expect(report.layers?.map(({ name, parameterCount }) => `${name} ${parameterCount}`)).toEqual([
      'flatten 0',
      'dense 985',
      'dense_1 60',
    ]);
    expect(report.evaluation.tested?.evaluation).toMatchObject({ count: 20, accuracy: 0.15 });
    expect(runReportPage(report, encodePng)).toContain('15.00');
  });
});

describe('models', () => {
  it('are described as they were', async () => {
    const { model } = await readModel(path.join(earlier, 'models/every_layer.safetensors'));
    expect(model.summary(() => undefined).split('\n')).toEqual(models.everyLayer.summary);
    expect(model.toJson()).toMatchObject(models.everyLayer.description);
  });

  it('stand where their training stood', async () => {
    const file = path.join(earlier, 'models/in_training.safetensors');
    await readModel(file);
    expect(checkpointIn(readSafetensors(readFileSync(file), file), file)).toMatchObject({
      position: { step: 19, epoch: 2, cursor: 12 },
      learningRate: 0.001,
      callbacks: {
        'earlyStopping val_loss': { best: 0.364258822467592, wait: 0, bestEpoch: 1 },
        'reduceLrOnPlateau val_loss': { best: 0.7742124795913696, wait: 0, cooling: 0 },
      },
    });
  });
});

describe('a tuning', () => {
  const folder = path.join(earlier, 'tuning');
  const [file] = readdirSync(folder);
  const written = JSON.parse(readFileSync(path.join(folder, file!), 'utf8')) as {
    readonly device: (typeof models)['fingerprint'];
    readonly choices: Readonly<Record<string, Choice>>;
  };

  it('is found by the device that it was measured on', async () => {
    const store = tuningFiles({ folder, warn: expect.unreachable });
    expect(Object.fromEntries(await store.load(written.device))).toEqual(written.choices);
  });

  it('chooses the kernels of today', () => {
    const device = fakeDevice({ family: 'software', subgroupSize: 8 });
    const variants = (choices: Readonly<Record<string, Choice>>): unknown[] => {
      device.kernelSelection.clear();
      for (const [key, choice] of Object.entries(choices)) device.kernelSelection.set(key, choice);
      const tensors = [
        [16, 8, 8, 1],
        [3, 3, 1, 4],
        [16, 8, 8, 4],
      ].map((shape) => Tensor.placeholder({ shape, dtype: 'f32' }, device));
      const plan = program((x: Tensor, kernel: Tensor, y: Tensor) => {
        const features = conv2d(x, kernel, { padding: 'same' });
        return [features, ...grad(sum(maxPool2d(y)), [y])];
      }, device).plan(...tensors);
      const chosen = Object.values(written.choices).map(({ pass }) => pass);
      return plan.dispatches
        .filter(({ primitive }) => chosen.includes(primitive))
        .map(({ primitive, variant }) => `${primitive} ${variant}`)
        .filter((each, i, all) => all.indexOf(each) === i);
    };
    expect(variants(written.choices)).toEqual([
      'conv2d/forward software_images',
      'max_pool2d/input_gradient software',
    ]);
    const [convolution, pooling] = Object.keys(written.choices) as [string, string];
    expect([convolution, pooling].map((key) => device.kernelSelection.applied(key))).toEqual([true, true]);
    const others = {
      [convolution]: { ...written.choices[convolution]!, variant: 'software' },
      [pooling]: { ...written.choices[pooling]!, variant: 'software_apart' },
    };
    expect(variants(others)).toEqual(['conv2d/forward software', 'max_pool2d/input_gradient software_apart']);
  });
});

describe('a session', () => {
  const kept = (): MemoryFolder => {
    const folder = memoryFolder('session');
    for (const file of readdirSync(path.join(earlier, 'session'))) {
      const bytes = new Uint8Array(readFileSync(path.join(earlier, 'session', file)));
      folder.files.set(file.replace(/^(undo-\d+)\.safetensors$/, '$1'), bytes);
    }
    return folder;
  };

  it('is what was saved last', async () => {
    const found = (await new AlternatingSlots(kept()).newest())!;
    const { origin, classNames, training } = checkSession(found.session);
    expect([origin, classNames]).toEqual(['trained', ['top', 'middle', 'bottom']]);
    const checkpoint = checkpointIn(found.stored, 'session');
    const record = TrainingRecord.from(training!, checkpoint);
    expect(record.settings).toMatchObject({ dataset: 'custom', model: 'mlp', epochs: 3, batchSize: 16 });
    const { preset } = record.settings;
    const { split, schedule, plateaus } = presetFor(preset, 'custom');
    expect(record.settings).toMatchObject({ split, schedule, plateaus });
    expect(record.settings.augmentation).toEqual({ rotation: 10, widthShift: 0.1 });
    expect(record.settings.filters.map(({ name }) => name)).toEqual(['blur']);
    expect([training!.phase, record.stepsPerEpoch, record.dataDigest]).toEqual(['paused', 6, 3905564223]);
    expect(record.curve.points.map(({ step }) => step)).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    expect(record.epochs).toEqual(session.epochs.slice(0, 1));
    expect(record.kernels[0]).toMatchObject({ pass: 'batch_gather/forward', variant: 'clear' });
    expect(record.checkpoint?.position).toMatchObject({ step: 8, epoch: 1, cursor: 32 });
  });

  it('has the images of the user', async () => {
    const custom = (await keptCustom(kept()))!;
    expect([custom.name, custom.train.classNames]).toEqual(['mine', ['top', 'middle', 'bottom']]);
    expect(custom.train.images).toEqual(bars(90).images);
    expect(custom.test!.labels).toEqual(bars(15, 2).labels);
    // By which a training knows its images again.
    expect(digestOf(custom.train)).toBe(2393748565);
  });

  it('can be undone', async () => {
    const folder = kept();
    let offers: UndoOffers | undefined;
    let restored: Uint8Array | undefined;
    const undo = new UndoHistory((told) => (offers = told));
    undo.own('model', async (bytes) => ((restored = bytes), new Uint8Array()));
    await undo.open(folder);
    expect(offers?.model).toEqual({ undo: 'train', redo: null });
    const bytes = folder.files.get('undo-1');
    await undo.undo('model');
    expect(restored).toEqual(bytes);
  });
});
