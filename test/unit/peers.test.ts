// Plan: the comparison with other systems, on processes that only pretend (test/fixtures/fake_peer.mjs): figures and
// ratios; turns in order, never two at once; a wrong loss in inference, in training, as NaN, and one within the tolerance;
// ε outside the root; a system without training; a crash while preparing and in a round, an error, nonsense, chatter,
// silence, a missing program, a missing package, and a second way to start; our own failure. Then the fixture: whole,
// deterministic, and of the model's parameters; and the table.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import { type PeerSystem, comparePeers } from '../../src/cli/bench/peer_comparison.js';
import { fixtureBatches, peerFixture } from '../../src/cli/bench/peer_fixture.js';
import { PeerFailure, PeerProcess } from '../../src/cli/bench/peer_process.js';
import { peerTable } from '../../src/cli/bench/peers.js';
import { readSafetensors } from '../../src/nn/files/safetensors.js';

const folder = mkdtempSync(join(tmpdir(), 'shadegrad-test-'));
afterAll(() => rmSync(folder, { recursive: true }));
let log = '';
let tests = 0;
beforeEach(() => {
  log = join(folder, `log${tests++}`);
});

const script = fileURLToPath(new URL('../fixtures/fake_peer.mjs', import.meta.url));
const command = (options: object) => ({
  command: process.execPath,
  args: [script, JSON.stringify({ log, ...options })],
});
const fake = (name: string, options: object = {}): PeerSystem => ({
  name,
  commands: [command({ name, ...options })],
  remedy: 'get it',
});
const missing = { command: join(folder, 'no-such-program'), args: [] };

/** Where no difference is known. */
const none = -1;

/** A turn of 100 ms; the fakes claim their milliseconds and take none. */
const compare = async (...systems: PeerSystem[]) =>
  comparePeers(systems, { fixture: 'f', batchSize: 100, rounds: 3, secondsPerTurn: 0.1, limitSeconds: 60 });

// Processes start slowly on a busy machine.
describe('comparePeers', { timeout: 60_000 }, () => {
  test('gives images per second and how many times as fast the first system is', async () => {
    const rows = await compare(
      fake('own'),
      fake('slow', { msPerBatch: 80, prepared: { notes: ['lacks much'] } }),
    );
    expect(rows).toEqual([
      {
        system: 'own',
        version: '1.0',
        backend: 'nothing',
        train: { median: 10_000, low: 10_000, high: 10_000, min: 10_000, max: 10_000 },
        infer: { median: 10_000, low: 10_000, high: 10_000, min: 10_000, max: 10_000 },
        firstStepSeconds: 0.5,
      },
      {
        system: 'slow',
        version: '1.0',
        backend: 'nothing',
        train: { median: 1250, low: 1250, high: 1250, min: 1250, max: 1250 },
        trainRatio: 8,
        infer: { median: 1250, low: 1250, high: 1250, min: 1250, max: 1250 },
        inferRatio: 8,
        firstStepSeconds: 0.5,
        lossDifference: 0,
        note: 'lacks much',
      },
    ]);
  });

  test('takes turns: each as long as asked for, in order, never two at once', async () => {
    await compare(fake('own'), fake('slow', { msPerBatch: 40 }));
    const lines = readFileSync(log, 'utf8').trim().split('\n');
    const begun = lines.filter((line) => line.includes(' begins '));
    // Each line that begins is followed by its own end.
    expect(lines).toEqual(begun.flatMap((line) => [line, line.replace('begins', 'ends')]));
    // Warm-up doubles until a quarter of a turn is reached; 100 ms are 10 batches of 10 ms, and 3 of 40 ms, rounded.
    const work = (kind: string) => [
      `own begins ${kind} 1`,
      `own begins ${kind} 2`,
      `own begins ${kind} 4`,
      `slow begins ${kind} 1`,
      ...Array.from({ length: 3 }, () => [`own begins ${kind} 10`, `slow begins ${kind} 3`]).flat(),
    ];
    expect(begun).toEqual([
      'own begins prepare 0',
      'slow begins prepare 0',
      ...work('train'),
      ...work('infer'),
    ]);
  });

  test.each([
    [
      'in inference',
      { inferLoss: 2.31 },
      'its loss of the first batch is 2.31000, ours is 2.30000',
      0.01 / 2.3,
    ],
    [
      'in training',
      { trainLosses: [2.3, 2, 1.6] },
      'its loss of training step 3 is 1.60000, ours is 1.50000',
      0.1 / 1.5,
    ],
    ['that is NaN', { inferLoss: Number.NaN }, 'it answered {"version"', none],
  ])('does not time a system with a loss of its own %s', async (_, prepared, words, difference) => {
    const [, row] = await compare(fake('own'), fake('wrong', { prepared }));
    expect(row?.note).toContain(words);
    expect(row?.train ?? row?.infer).toBeUndefined();
    expect(row?.lossDifference ?? none).toBeCloseTo(difference, 12);
    expect(readFileSync(log, 'utf8')).not.toContain('wrong begins train');
  });

  test('is stricter with inference than with training', async () => {
    const [, row] = await compare(fake('own'), fake('off', { prepared: { inferLoss: 2.3001 } }));
    expect(row?.note).toContain('its loss of the first batch is 2.30010, ours is 2.30000');
  });

  test('accepts a loss within the tolerance, and says by how much it differs', async () => {
    const [, row] = await compare(fake('own'), fake('near', { prepared: { trainLosses: [2.3, 2, 1.501] } }));
    expect(row?.lossDifference).toBeCloseTo(0.001 / 1.5, 12);
    expect(row?.train?.median).toBe(10_000);
    expect(row?.note).toBeUndefined();
  });

  test('compares ε outside the root with ours outside the root', async () => {
    const outside = { epsilon: 'outside', trainLosses: [2.3, 1.9, 1.4] };
    const [, right, wrong] = await compare(
      fake('own'),
      fake('right', { prepared: outside }),
      fake('wrong', { prepared: { ...outside, epsilon: 'inside' } }),
    );
    expect(right?.lossDifference).toBe(0);
    expect(wrong?.note).toContain('its loss of training step 2 is 1.90000, ours is 2.00000');
  });

  test('asks a system that cannot train for inference alone', async () => {
    const [, row] = await compare(fake('own'), fake('reader', { cannotTrain: true }));
    expect(row?.train).toBeUndefined();
    expect(row?.trainRatio).toBeUndefined();
    expect(row?.infer?.median).toBe(10_000);
    expect(row?.inferRatio).toBe(1);
  });

  test.each([
    ['exit', 'train', 'failed: its process ended (status 3): Fatal: out of memory'],
    ['exit', 'prepare', 'failed: its process ended (status 3): Fatal: out of memory'],
    ['error', 'infer', 'failed: Error: no such kernel'],
    ['nonsense', 'train', 'failed: it answered {"ms":"soon"}'],
  ])('continues without a failing system: %s at %s', async (by, at, note) => {
    const rows = await compare(fake('own'), fake('broken', { trouble: { at, by } }), fake('other'));
    expect(rows.map(({ system }) => system)).toEqual(['own', 'broken', 'other']);
    expect(rows[1]?.note).toBe(note);
    expect(rows[1]?.infer).toBeUndefined();
    expect(rows[2]?.trainRatio).toBe(1);
    expect(rows[2]?.inferRatio).toBe(1);
  });

  test('does not mind what a library prints', async () => {
    const [, row] = await compare(fake('own'), fake('talker', { trouble: { at: 'train', by: 'chatter' } }));
    expect(row?.trainRatio).toBe(1);
  });

  test('skips what is not installed, with the remedy, and tries the next way to start', async () => {
    const [, noProgram, noPackage, second] = await compare(
      fake('own'),
      { name: 'program', commands: [missing], remedy: 'get it' },
      fake('package', { missing: 'torch' }),
      {
        name: 'second',
        commands: [missing, command({ name: 'x', missing: 'torch' }), command({ name: 'second' })],
        remedy: 'get it',
      },
    );
    expect(noProgram).toEqual({ system: 'program', note: `skipped: there is no ${missing.command}; get it` });
    expect(noPackage).toEqual({ system: 'package', note: 'skipped: torch is not installed; get it' });
    expect(second?.trainRatio).toBe(1);
  });

  test('throws when the first system fails: there is nothing to compare with', async () => {
    await expect(
      compare(fake('own', { trouble: { at: 'train', by: 'error' } }), fake('other')),
    ).rejects.toThrow('Error: no such kernel');
  });
});

test('a process that stays silent is ended at the limit', { timeout: 60_000 }, async () => {
  const peer = new PeerProcess(command({ name: 'silent', trouble: { at: 'train', by: 'silence' } }));
  await peer.ask({ do: 'prepare', fixture: 'f', batchSize: 1, checkSteps: 3 }, 60);
  const asked = peer.ask({ do: 'train', steps: 1 }, 0.05);
  await expect(asked).rejects.toThrow("it did not answer 'train' within 0.05 s");
  await expect(asked).rejects.toBeInstanceOf(PeerFailure);
  // And it stays ended.
  await expect(peer.ask({ do: 'train', steps: 1 }, 60)).rejects.toThrow(
    "it did not answer 'train' within 0.05 s",
  );
});

describe('the fixture', () => {
  const { tensors } = readSafetensors(peerFixture(3), 'fixture');
  const count = 3 * fixtureBatches;

  test('holds the 887,530 parameters of the paper model, and whole batches', () => {
    const parameters = [...tensors].filter(([name]) => name.includes('/'));
    expect(parameters.reduce((sum, [, { data }]) => sum + data.length, 0)).toBe(887_530);
    expect(parameters.find(([name]) => name === 'conv2d_1/kernel')?.[1].shape).toEqual([5, 5, 32, 32]);
    expect(tensors.get('images')?.shape).toEqual([count, 28, 28, 1]);
    expect(tensors.get('labels')?.shape).toEqual([count]);
  });

  test('is the same every time, and an image shows its label', () => {
    expect(Buffer.from(peerFixture(3)).equals(Buffer.from(peerFixture(3)))).toBe(true);
    const labels = [...(tensors.get('labels')?.data ?? [])].map(Number);
    const images = tensors.get('images')?.data as Uint8Array;
    labels.forEach((label, i) => {
      const image = images.subarray(i * 784, (i + 1) * 784);
      const first = image.indexOf(255);
      expect(first % 28).toBe(5 * (label % 5));
      expect(Math.floor(first / 28)).toBe(label < 5 ? 3 : 17);
      expect(image.filter((byte) => byte === 255)).toHaveLength(64);
    });
    expect(new Set(labels).size).toBeGreaterThan(3);
  });
});

test('the table has a row for each system, and dashes for what was not measured', () => {
  const spread = { median: 200, low: 190, high: 210, min: 150, max: 220 };
  const table = peerTable([
    {
      system: 'shadegrad',
      version: '0.1.0',
      backend: 'WebGPU, x',
      train: spread,
      infer: spread,
      firstStepSeconds: 1.25,
    },
    {
      system: 'slow',
      version: '4',
      backend: 'CPU',
      infer: { ...spread, median: 7.25, low: 7, high: 8 },
      inferRatio: 27.6,
      lossDifference: 0.0002,
    },
    { system: 'absent', note: 'skipped' },
  ]);
  expect(table.join('\n')).toMatchInlineSnapshot(`
    "system           backend    train          ours  infer           ours  first step s  loss difference
    shadegrad 0.1.0  WebGPU, x  200 (190–210)     –  200 (190–210)      –           1.3                –
    slow 4           CPU        –                 –  7.3 (7.0–8.0)  27.6×             –             2e-4
    absent           –          –                 –  –                  –             –                –"
  `);
});
