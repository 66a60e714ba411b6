/**
 * Trainings in which one call on a file fails, each call of a run in its turn: the process ends with status 1 and a
 * message that names the file, or does without it; what was in the folder before is whole, or the new run can be
 * finished to the same bits.
 */
import type { Finding, Kind, Setting } from './case.js';
import { fileCalls } from './kills.js';
import { type Trainings, findingsOf, lastLines } from './training.js';

const codes = ['ENOSPC', 'EACCES', 'EIO'];

export async function fileFaults(trainings: Trainings, { seed }: Setting): Promise<Kind> {
  const calls = await fileCalls(trainings, 'counted');
  const codeOf = (n: number): string => codes[(n + seed) % codes.length]!;

  async function run(n: number): Promise<Finding[]> {
    const folder = `faulty-${n}`;
    const env = { FILE_CALLS: JSON.stringify({ root: trainings.work, at: n, act: 'fail', code: codeOf(n) }) };
    const ended = await trainings.train(folder, { preload: 'file_calls.mjs', env });
    const findings = findingsOf(ended);
    if (ended.status === 0) return [...findings, ...trainings.differences(folder)];
    if (ended.status !== 1 || !/cannot .*\//.test(ended.output))
      findings.push({
        wrong: 'unexpected',
        message: `ended with ${ended.status}, expected 1 and the name of a file: ${lastLines(ended.output)}`,
      });
    const end = await trainings.finish(folder);
    return [...findings, ...end.findings];
  }

  return {
    name: 'file-faults',
    count: calls.length,
    jobs: 2,
    title: (n) => `${codeOf(n)} from file call ${n} (${calls[n - 1]})`,
    run,
    close: () => Promise.resolve(),
  };
}
