/**
 * Plan: a run that was stopped between two writes, and what is left of its files for the checkpoint that it resumes from:
 * the history without later epochs and without any that stands twice, the best weights of the epochs that count, the
 * events of TensorBoard likewise and without a torn record. Without a checkpoint nothing is left.
 */
import { appendFileSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type ClaimedRun, claimRun } from '../../src/cli/claimed_run.js';
import { restoreFiles } from '../../src/cli/resumed_files.js';
import { type RunFile, nextBestFile } from '../../src/cli/run_folder.js';
import type { Checkpoint } from '../../src/nn/training/checkpoint.js';
import { writeSafetensors } from '../../src/nn/files/safetensors.js';
import { historyToCsv, historyToJson } from '../../src/report/history.js';
import { histogramEvent, kerasModelEvent, scalarEvent } from '../../src/report/tensorboard/event.js';
import { EventWriter } from '../../src/report/tensorboard/event_writer.js';
import { histogramOf } from '../../src/report/tensorboard/histogram.js';
import { eventsBefore } from '../../src/report/tensorboard/trim_events.js';

let base: string;
let claim: ClaimedRun;
const at = (...names: string[]): string => path.join(base, ...names);
beforeEach(async () => {
  base = mkdtempSync(path.join(tmpdir(), 'shadegrad-resume-'));
  claim = await claimRun(base, 'new');
});
afterEach(() => rmSync(base, { recursive: true, force: true }));

const run = { startedAt: '2026-01-31T12:00:00.000Z' } as RunFile;
const after = (epoch: number): Checkpoint => ({
  position: { step: 10 * epoch, epoch, cursor: 0, sums: {} },
  callbacks: {},
  learningRate: null,
});
const historyOf = (epochs: number[]) => ({
  epochs,
  metrics: { loss: epochs.map((epoch, i) => epoch + i / 100), val_accuracy: epochs.map(() => NaN) },
});
function write(epochs: number[]): void {
  writeFileSync(at('history.json'), historyToJson(historyOf(epochs)));
  writeFileSync(at('history.csv'), historyToCsv(historyOf(epochs)));
}

describe('the history', () => {
  it.each<[string, number[], number, number[]]>([
    ['an epoch ahead', [1, 2, 3], 2, [1, 2]],
    ['in step', [1, 2], 2, [1, 2]],
    ['behind', [1], 2, [1]],
    ['with an epoch twice', [1, 2, 2, 3], 3, [1, 2, 3]],
    ['before the first epoch has ended', [1], 0, []],
  ])('%s', async (_, written, epoch, expected) => {
    write(written);
    const history = await restoreFiles(claim, run, after(epoch));
    expect(history.epochs).toEqual(expected);
    // Of an epoch that stands twice, the later one.
    const last = (each: number): number => written.lastIndexOf(each);
    expect(history.metrics['loss']).toEqual(expected.map((each) => each + last(each) / 100));
    expect(readFileSync(at('history.json'), 'utf8')).toBe(historyToJson(history));
    expect(readFileSync(at('history.csv'), 'utf8')).toBe(historyToCsv(history));
  });

  it('whose CSV was not written yet', async () => {
    write([1, 2]);
    writeFileSync(at('history.csv'), historyToCsv(historyOf([1])));
    await restoreFiles(claim, run, after(2));
    expect(readFileSync(at('history.csv'), 'utf8')).toBe(historyToCsv(historyOf([1, 2])));
  });
});

describe('the best weights', () => {
  const weights = (epoch: number) => writeSafetensors([], { epoch: String(epoch) });

  it.each([
    ['of an epoch that has its checkpoint replace those before', 2, 2, 2],
    ['of an epoch that is done again are forgotten', 2, 1, 1],
  ])('%s', async (_, best, epoch, expected) => {
    writeFileSync(at('best.safetensors'), weights(1));
    writeFileSync(at(nextBestFile), weights(best));
    await restoreFiles(claim, run, after(epoch));
    expect(readFileSync(at('best.safetensors'))).toEqual(Buffer.from(weights(expected)));
    expect(readdirSync(base)).not.toContain(nextBestFile);
  });
});

describe('events', () => {
  const moment = (step: number) => ({ wallTime: 1e9 + step, step });
  const names = ['keras', 'batch_loss', 'evaluation_loss_vs_iterations', 'epoch_loss', 'weights'];
  /** In the order of the file; `keras` is a part of the name of a plug-in, too. */
  const tags = (file: Uint8Array): string[] => {
    const text = new TextDecoder('latin1').decode(file).replaceAll('graph_keras_model', '');
    return [...text.matchAll(new RegExp(names.join('|'), 'g'))].map(([tag]) => tag);
  };

  /** Two epochs of ten steps. */
  async function events(): Promise<Uint8Array> {
    const writer = new EventWriter({
      folder: claim.logs,
      run: '20260131-120000/train',
      host: 'x',
      pid: 1,
      now: () => 1e9,
    });
    writer.add(kerasModelEvent(moment(0), 'keras', '{}'));
    for (const epoch of [0, 1]) {
      writer.add(scalarEvent(moment(10 * epoch + 5), 'batch_loss', 1));
      writer.add(scalarEvent(moment(10 * epoch + 10), 'evaluation_loss_vs_iterations', 1));
      writer.add(scalarEvent(moment(epoch), 'epoch_loss', 1));
      writer.add(histogramEvent(moment(epoch), 'weights', histogramOf(Float32Array.of(1, 2))));
    }
    await writer.flush();
    return readFileSync(eventFile());
  }
  const folder = () => at('logs', '20260131-120000', 'train');
  const eventFile = (): string => path.join(folder(), readdirSync(folder())[0]!);
  const whole = names;
  const second = names.slice(1);

  it.each<[string, { step: number; epoch: number }, string[] | undefined]>([
    ['two epochs', { step: 20, epoch: 2 }, undefined],
    ['one epoch', { step: 10, epoch: 1 }, whole],
    ['one epoch and a half', { step: 17, epoch: 1 }, [...whole, 'batch_loss']],
    ['half an epoch', { step: 7, epoch: 0 }, ['keras', 'batch_loss']],
    ['nothing', { step: 0, epoch: 0 }, []],
  ])('of %s', async (_, position, expected) => {
    const file = await events();
    expect(tags(file)).toEqual([...whole, ...second]);
    const kept = eventsBefore(position, file);
    expect(kept && tags(kept)).toEqual(expected);
    // What is kept is whole by itself.
    expect(eventsBefore(position, kept ?? file)).toEqual(
      expected?.length === 0 ? new Uint8Array() : undefined,
    );
  });

  it('without the record that a killed process left unfinished', async () => {
    const file = await events();
    for (const torn of [
      file.subarray(0, -3),
      file.subarray(0, 9),
      Buffer.concat([file, file.subarray(0, 20)]),
    ]) {
      const kept = eventsBefore({ step: 20, epoch: 2 }, torn);
      expect(kept && tags(kept)).toEqual(
        torn.length < 20
          ? []
          : torn.length > file.length
            ? [...whole, ...second]
            : [...whole, ...second].slice(0, -1),
      );
    }
  });

  it('on disk, of the run that the checkpoint names or run.json dates', async () => {
    await events();
    appendFileSync(eventFile(), 'torn');
    await restoreFiles(claim, run, after(1));
    expect(tags(readFileSync(eventFile()))).toEqual(whole);
    await restoreFiles(claim, run, { ...after(0), callbacks: { tensorBoard: { run: 'another' } } });
    expect(tags(readFileSync(eventFile()))).toEqual(whole);
    await restoreFiles(claim, run, undefined);
    expect(readdirSync(folder())).toEqual([]);
  });
});

it('without a checkpoint nothing is left', async () => {
  write([1]);
  for (const name of ['best.safetensors', nextBestFile, 'run.json']) writeFileSync(at(name), name);
  expect(await restoreFiles(claim, run, undefined)).toEqual({ epochs: [], metrics: {} });
  await claim.release();
  expect(readdirSync(base)).toEqual(['run.json']);
});
