/**
 * WebGPU that fails, one call at a time, under a program and under a training:
 *   every method that they call throws or rejects once: a DeviceError that names it, and the next attempt succeeds
 *   a refused command, told at once or in a later turn: the work that it was part of fails, nothing else, and only once
 *   what a refused command was to write never reads as if it had been written
 *   a device that is destroyed during the work is `lost`
 *   the command line says it in one line, exits with 1 and releases the run folder
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Device } from '../../src/engine/device.js';
import { program } from '../../src/engine/program.js';
import { Tensor } from '../../src/engine/tensor.js';
import { DeviceError } from '../../src/errors.js';
import { add, matmul, relu, scale } from '../../src/kernels/index.js';
import { open } from '../../src/node/open.js';
import { bars, smallModel } from '../device/small_model.js';
import { type Fault, type Faults, plantFault } from '../faults.js';
import { writeSmallDigits } from './small_digits.js';

let faults: Faults | undefined;
const devices: Device[] = [];
beforeAll(async () => {
  // Names WebGPU's classes in Node.
  (await open()).destroy();
});
afterEach(() => {
  faults?.remove();
  for (const device of devices.splice(0)) device.destroy();
});

async function opened(fault?: Fault): Promise<Device> {
  faults?.remove();
  faults = plantFault(fault);
  const device = await open();
  devices.push(device);
  return device;
}

/** An op at once, a program that is bound and profiled, and what comes back. */
async function compute(device: Device): Promise<number[]> {
  const x = Tensor.from([1, -2, 3, -4], [2, 2], device);
  const eager = add(x, scale(x, 2));
  const { step, outputs } = await program((x) => relu(matmul(x, x)), device).bind([eager]);
  step.run();
  if (device.hasTimestamps) await step.profile();
  const values = [...(await outputs.data())];
  for (const resource of [x, eager, step, outputs]) resource.dispose();
  return values;
}
const computed = [0, 54, 0, 90];

async function train(device: Device): Promise<boolean> {
  const model = smallModel({ device });
  const { metrics } = await model.fit(bars(12), { batchSize: 4, validationData: bars(8) });
  const probabilities = await model.predict(bars(4));
  model.dispose();
  return [...Object.values(metrics).flat(), ...probabilities].every(Number.isFinite);
}

/** What `work` ends with: its value, or the error. */
async function outcome(work: () => Promise<unknown>): Promise<unknown> {
  return work().catch((error: unknown) => error);
}

async function methodsCalled(work: (device: Device) => Promise<unknown>): Promise<[string, number][]> {
  await work(await opened());
  return [...(faults as Faults).calls];
}

const middle = (count: number): number => Math.ceil(count / 2);

/** Whose failure costs nothing: the work is done without. */
const dispensable = new Set(['getCompilationInfo', 'destroy']);

describe.each([
  { name: 'a program', work: compute, expected: computed, tried: ['first', 'middle'] },
  // It begins as a program does.
  { name: 'a training', work: train, expected: true, tried: ['middle'] },
] as const)('$name', ({ work, expected, tried }) => {
  it('says which call failed, and works the next time', async () => {
    const methods = await methodsCalled(work);
    expect(methods.length).toBeGreaterThan(20);
    for (const [method, count] of methods) {
      if (method === 'requestDevice') continue;
      for (const at of new Set(tried.map((place) => (place === 'first' ? 1 : middle(count))))) {
        const name = `${method}, call ${at}`;
        const device = await opened({ method, at, kind: 'throw' });
        const failure = await outcome(async () => work(device));
        expect(faults?.isMet, name).toBe(true);
        if (dispensable.has(method) && !(failure instanceof Error)) continue;
        expect(failure, name).toBeInstanceOf(DeviceError);
        expect({ call: (failure as DeviceError).call, problem: (failure as DeviceError).problem }).toEqual({
          call: method,
          problem: 'other',
        });
        expect((failure as DeviceError).message).toBe(
          `device: ${method} failed (Error: planted in ${method}).`,
        );
        expect(await outcome(async () => work(device)), name).toEqual(expected);
        device.destroy();
      }
    }
  });

  it.each(['refuse', 'refuse later'] as const)('reports a refused command once (%s)', async (kind) => {
    for (const method of tried.length > 1
      ? ['createBuffer', 'createBindGroup', 'writeBuffer', 'submit']
      : ['submit']) {
      const [, count] = (await methodsCalled(work)).find(([name]) => name === method)!;
      const device = await opened({ method, at: middle(count), kind });
      const failure = await outcome(async () => work(device));
      expect(failure, method).toBeInstanceOf(DeviceError);
      expect((failure as DeviceError).message).toBe(`device: WebGPU refused a command: planted in ${method}`);
      expect(await outcome(async () => work(device)), method).toEqual(expected);
    }
  });

  it('says that the device is lost', async () => {
    for (const method of tried.length > 1
      ? ['createBuffer', 'mapAsync', 'createComputePipelineAsync']
      : ['submit']) {
      const [, count] = (await methodsCalled(work)).find(([name]) => name === method)!;
      const device = await opened({ method, at: middle(count), kind: 'lose' });
      const failure = await outcome(async () => work(device));
      expect((failure as DeviceError).problem, method).toBe('lost');
    }
  });
});

describe('a refused command', () => {
  const writing: Fault = { method: 'submit', at: 1, kind: 'refuse later' };

  it('leaves what it was to write unreadable, and what was there before as it was', async () => {
    const device = await opened(writing);
    const x = Tensor.from([1, 2], [2], device);
    await device.idle();
    const y = scale(x, 3);
    await expect(y.data()).rejects.toThrow(/^device: WebGPU refused a command/);
    // For good, and so is what is computed from it.
    await expect(y.data()).rejects.toThrow(DeviceError);
    expect(() => scale(y, 2)).toThrow(DeviceError);
    expect([...(await x.data())]).toEqual([1, 2]);
    expect([...(await scale(x, 3).data())]).toEqual([3, 6]);
    y.write(Float32Array.of(4, 5));
    expect([...(await y.data())]).toEqual([4, 5]);
  });

  it('is thrown by the next call, if no caller awaits it', async () => {
    const device = await opened(writing);
    const x = Tensor.from([1, 2], [2], device);
    await device.idle();
    scale(x, 3);
    await new Promise((resolve) => setTimeout(resolve, 5));
    expect(device.calls.hasRefused).toBe(true);
    expect(() => scale(x, 3)).toThrow(/refused/);
    expect([...(await scale(x, 3).data())]).toEqual([3, 6]);
  });
});

it('the command line says in one line which call failed, and leaves no lock', async () => {
  const root = path.resolve(import.meta.dirname, '..', '..');
  const work = mkdtempSync(path.join(tmpdir(), 'shadegrad-faults-'));
  try {
    await writeSmallDigits(path.join(work, 'small'));
    const preload = path.join(work, 'preload.mjs');
    await build({
      stdin: {
        contents: `
          import { globals } from ${JSON.stringify(path.join(root, 'node_modules/webgpu/index.js'))};
          import { plantFault } from './test/faults.ts';
          Object.assign(globalThis, globals);
          plantFault({ method: 'popErrorScope', at: 2, kind: 'throw' });`,
        resolveDir: root,
      },
      bundle: true,
      format: 'esm',
      external: [path.join(root, 'node_modules/webgpu/index.js')],
      outfile: preload,
    });
    const cli = path.join(root, 'dist', 'cli.mjs');
    const options = ['--dataset', 'small', '--model', 'simple', '--preset', 'quick', '--out', 'run'];
    const { status, stderr } = spawnSync(
      process.execPath,
      ['--import', pathToFileURL(preload).href, cli, 'train', ...options],
      { cwd: work, encoding: 'utf8', env: { ...process.env, DEBUG: '0' } },
    );
    const lines = stderr.split('\n').filter((line) => !line.startsWith('Warning: maxDynamic'));
    expect(lines.slice(-2)).toEqual(['device: popErrorScope failed (Error: planted in popErrorScope).', '']);
    expect(stderr).not.toMatch(/^ {4}at /m);
    expect(status).toBe(1);
    expect(readdirSync(work).sort()).toEqual(['preload.mjs', 'small']);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
});
