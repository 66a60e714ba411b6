/**
 * Trainings in which one call on a file fails, each call of a run in its turn: the process ends with status 1 and a
 * message that names the file, or does without it; what was in the folder before is whole, or the new run can be
 * finished to the same bits.
 */
import type { Finding, Kind, Setting } from './case.js';
import { fileCalls } from './kills.js';
import { type Trainings, findingsOf, lastLines } from './training.js';

const codes = ['ENOSPC', 'EACCES', 'EIO'];

interface Call {
  /** Whether the training replaces a finished run. */
  readonly replaces: boolean;
  /** Which of its calls fails. */
  readonly at: number;
  readonly call: string;
}

export async function fileFaults(trainings: Trainings, { seed }: Setting): Promise<Kind> {
  const calls = [...(await callsOf('new-run', false)), ...(await callsOf('other-run', true))];
  const codeOf = (n: number): string => codes[(n + seed) % codes.length]!;

  /** Those of a training; of one that replaces a run, those until the old one is gone and the new one in its place. */
  async function callsOf(folder: string, replaces: boolean): Promise<Call[]> {
    if (replaces) trainings.placeOld(folder);
    const all = await fileCalls(trainings, folder);
    const end = replaces ? all.findLastIndex((call) => call.includes('.shadegrad-')) + 1 : all.length;
    return all.slice(0, end).map((call, i) => ({ replaces, at: i + 1, call }));
  }

  async function run(n: number): Promise<Finding[]> {
    const { replaces, at, call } = calls[n - 1]!;
    const folder = `faulty-${n}`;
    if (replaces) trainings.placeOld(folder);
    const env = { FILE_CALLS: JSON.stringify({ under: trainings.work, nth: at, code: codeOf(n) }) };
    const ended = await trainings.run(folder, { preload: 'failing_files.mjs', env });
    const findings = findingsOf(ended);
    if (ended.status === 0) {
      const others = trainings.differences(folder);
      // What the call was to remove, or the lock, may be there: the output says so, and the next training removes it.
      const mayLeave = /^rm |run\.lock/.test(call);
      return [...findings, ...others.filter(({ wrong }) => wrong !== 'unexpected' || !mayLeave)];
    }
    if (ended.status !== 1 || !/cannot .*(small|faulty-)/.test(ended.output))
      findings.push({
        wrong: 'unexpected',
        message: `ended with ${ended.status}, expected 1 and the name of a file: ${lastLines(ended.output)}`,
      });
    return [...findings, ...(await trainings.finish(folder))];
  }

  return {
    name: 'file-faults',
    most: calls.length,
    usual: calls.length,
    jobs: 2,
    title: (n) => {
      const { replaces, at, call } = calls[n - 1]!;
      return `${replaces ? 'replacing a run, ' : ''}${codeOf(n)} from file call ${at} (${call})`;
    },
    run,
    close: () => Promise.resolve(),
  };
}
