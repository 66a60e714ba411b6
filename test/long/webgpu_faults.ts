/**
 * Trainings in which one call of WebGPU throws, meets a lost device, or a device that has refused a command, each call of
 * a run in its turn: the process ends with status 1 and a sentence, leaves no lock, and the run can be finished to the
 * same bits.
 */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { Finding, Kind, Setting } from './case.js';
import { type Trainings, findingsOf, lastLines } from './training.js';

const preload = 'failing_webgpu.mjs';
const acts = ['throw', 'lose', 'refuse'];

export async function webgpuFaults(trainings: Trainings, { seed }: Setting): Promise<Kind> {
  const calls = await webgpuCalls(trainings);
  const actOf = (n: number): string => acts[(n + seed) % acts.length]!;

  async function run(n: number): Promise<Finding[]> {
    const folder = `faulty-${n}`;
    const env = { WEBGPU_CALLS: JSON.stringify({ ...calls[n - 1], act: actOf(n) }) };
    const ended = await trainings.run(folder, { preload, env });
    const findings = findingsOf(ended);
    // Some calls are of devices that only help to compile, or come when all is done.
    if (ended.status === 0) return [...findings, ...trainings.differences(folder)];
    if (ended.status !== 1)
      findings.push({
        wrong: 'unexpected',
        message: `ended with ${ended.status}, expected 1: ${lastLines(ended.output)}`,
      });
    return [...findings, ...trainings.leftIn(folder), ...(await trainings.finish(folder))];
  }

  return {
    name: 'webgpu-faults',
    most: calls.length,
    usual: calls.length,
    jobs: 2,
    title: (n) => `${actOf(n)} at ${calls[n - 1]?.call} number ${calls[n - 1]?.nth}`,
    run,
    close: () => Promise.resolve(),
  };
}

/** One of a training's calls: the n-th of its name. Calls of different names may come in another order next time. */
interface Call {
  readonly call: string;
  readonly nth: number;
}

/** The calls of a whole training, in order. */
async function webgpuCalls(trainings: Trainings): Promise<Call[]> {
  const log = path.join(trainings.work, 'webgpu.calls.json');
  const { status, output } = await trainings.run('counted-webgpu', {
    preload,
    env: { WEBGPU_CALLS: JSON.stringify({ log }) },
  });
  if (status !== 0) throw new Error(`the training whose calls of WebGPU are counted fails:\n${output}`);
  const counts = new Map<string, number>();
  return (JSON.parse(readFileSync(log, 'utf8')) as string[]).map((call) => {
    const nth = (counts.get(call) ?? 0) + 1;
    counts.set(call, nth);
    return { call, nth };
  });
}
