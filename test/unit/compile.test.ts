// Plan: compiling a plan over devices that only pretend, with a clock that only they move: what is run where, how often,
// and what the listener hears; warm caches, cold ones, drivers without a cache, helpers and shaders that fail, aborting.
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { compile } from '../../src/engine/compile.js';
import type { Device, Pipeline } from '../../src/engine/device.js';
import type { Plan } from '../../src/engine/plan/plan.js';
import type { SpecialisedShader } from '../../src/engine/shader.js';

let clock = 0;
beforeEach(() => {
  clock = 0;
  vi.spyOn(performance, 'now').mockImplementation(() => clock);
});
afterEach(() => vi.restoreAllMocks());

/** What was run on which device, in order: `main a`, `helper b`. */
let log: string[];
let destroyed: number;

interface Driver {
  /** Milliseconds to compile a kernel that is in no cache. */
  readonly compileMs: number;
  readonly hasDiskCache: boolean;
  /** Kernels that do not compile, anywhere or on helpers only. */
  readonly broken?: readonly string[];
  readonly brokenOnHelpers?: readonly string[];
}

function pretend(driver: Driver, helperCount: number): Device {
  const disk = new Set<string>();
  log = [];
  destroyed = 0;
  const make = (name: string): Device => {
    const own = new Set<string>();
    const device = {
      pipeline: async (shader: SpecialisedShader) => {
        const broken = [...(driver.broken ?? []), ...(name === 'main' ? [] : (driver.brokenOnHelpers ?? []))];
        if (broken.includes(shader.label)) throw new Error(`${shader.label} does not compile`);
        return { shader } as Pipeline;
      },
      warmUp: async ({ shader: { label, code } }: Pipeline) => {
        log.push(`${name} ${label}`);
        const isWarm = own.has(code) || (driver.hasDiskCache && disk.has(code));
        const ms = isWarm ? 1 : driver.compileMs;
        // Devices work side by side: each turn of the loop is a moment of both.
        for (let i = 0; i < 3; i++) await Promise.resolve();
        clock += ms;
        own.add(code);
        disk.add(code);
      },
      openHelpers: async () => Array.from({ length: helperCount }, (_, i) => make(`helper${i}`)),
      destroy: () => destroyed++,
    };
    return device as unknown as Device;
  };
  return make('main');
}

/** A plan of one dispatch per letter; later letters have the longer code. */
function planOf(device: Device, letters: string): Plan {
  const dispatches = [...letters].map((label) => ({
    shader: { label, code: label.repeat(label.charCodeAt(0) - 96), bindings: [] },
  }));
  return { device, dispatches } as unknown as Plan;
}

async function run(driver: Driver, letters: string, helperCount = 1): Promise<[number, number][]> {
  const calls: [number, number][] = [];
  const plan = planOf(pretend(driver, helperCount), letters);
  const pipelines = await compile(plan, { onProgress: (done, total) => calls.push([done, total]) });
  expect(pipelines.map((pipeline) => pipeline.shader.label).join('')).toBe(letters);
  return calls;
}

const onMain = (): string[] => log.filter((entry) => entry.startsWith('main')).map((entry) => entry.slice(5));
const onHelpers = (): string[] => log.filter((entry) => entry.startsWith('helper'));

test('each kernel is run once, the longest first, and the listener counts to the end', async () => {
  const calls = await run({ compileMs: 5, hasDiskCache: true }, 'abcab');
  expect(log).toEqual(['main c', 'main b', 'main a']);
  expect(calls).toEqual([
    [1, 3],
    [2, 3],
    [3, 3],
  ]);
});

test('listeners are optional', async () => {
  await compile(planOf(pretend({ compileMs: 500, hasDiskCache: true }, 1), 'abcd'));
  expect(onMain().toSorted()).toEqual([...'abcd']);
});

test('a cold driver gets help, and every kernel still runs on our device', async () => {
  const calls = await run({ compileMs: 500, hasDiskCache: true }, 'abcdefgh', 2);
  expect(onMain().toSorted()).toEqual([...'abcdefgh']);
  expect(onHelpers().length).toBeGreaterThan(2);
  // No caller compiles what another one compiles or has compiled: eight compilations in all.
  expect(clock).toBe(8 * 500 + onHelpers().length);
  expect(calls.at(-1)).toEqual([8, 8]);
  expect(destroyed).toBe(2);
});

test('a driver without a cache on disk is helped no longer than it takes to notice', async () => {
  await run({ compileMs: 500, hasDiskCache: false }, 'abcdefgh');
  expect(onMain().toSorted()).toEqual([...'abcdefgh']);
  // One that ours checks, and what the helper was at meanwhile.
  expect(onHelpers().length).toBeLessThanOrEqual(3);
  expect(destroyed).toBe(1);
});

test('what a helper cannot compile is left to our device', async () => {
  await run({ compileMs: 500, hasDiskCache: true, brokenOnHelpers: ['c', 'd', 'e'] }, 'abcdef');
  expect(onMain().toSorted()).toEqual([...'abcdef']);
  expect(destroyed).toBe(1);
});

test('a shader that does not compile is reported, and the helpers are gone', async () => {
  const driver = { compileMs: 500, hasDiskCache: true, broken: ['b'] };
  await expect(run(driver, 'abcdef')).rejects.toThrow('b does not compile');
  expect(destroyed).toBe(1);
});

test('aborting leaves the rest to its first run', async () => {
  const stop = new AbortController();
  const plan = planOf(pretend({ compileMs: 500, hasDiskCache: true }, 1), 'abcdef');
  const pipelines = await compile(plan, {
    signal: stop.signal,
    onProgress: (done) => done === 2 && stop.abort(),
  });
  expect(pipelines).toHaveLength(6);
  expect(onMain().length).toBe(2);
  expect(destroyed).toBe(1);
});
