/**
 * Trainings killed without warning, at any moment and inside the window of saving, up to four times in a row, and then
 * finished: nothing may differ from a training that was never interrupted.
 */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { type Finding, type Kind, type Setting, choose, random } from './case.js';
import { type RunOptions, type Trainings, findingsOf, lastLines } from './training.js';

const preload = 'failing_files.mjs';

interface Kill {
  readonly title: string;
  readonly options: RunOptions;
}

export async function kills(trainings: Trainings, { seed }: Setting): Promise<Kind> {
  const calls = await fileCalls(trainings, 'counted');
  const saves = calls.map((call, i) => ({ call, at: i + 1 })).filter(({ call }) => /^\S+ counted/.test(call));

  /** The `turn`-th kill of case `n`. */
  function killOf(n: number, turn: number): Kill {
    const draw = (k: number): number => random(seed, n, 8 * turn + k);
    if (draw(3) < 0.5) {
      const ms = Math.round(draw(0) * 1.1 * trainings.referenceMs);
      return { title: `after ${ms} ms`, options: { killAfterMs: ms } };
    }
    const { call, at } = choose(saves, draw(1));
    const when = choose(['before', 'midway', 'after'], draw(2));
    const env = { FILE_CALLS: JSON.stringify({ under: trainings.work, nth: at, code: 'KILL', when }) };
    return { title: `${when} file call ${at} (${call})`, options: { preload, env } };
  }

  /** All kills of a case: one, or with a half's chance each up to three more. */
  function killsOf(n: number): Kill[] {
    const list = [killOf(n, 0)];
    while (list.length < 4 && random(seed, n, 100 + list.length) < 0.5) list.push(killOf(n, list.length));
    return list;
  }

  /** Every third training replaces a finished run. */
  const replaces = (n: number): boolean => n % 3 === 0;

  async function run(n: number): Promise<Finding[]> {
    const folder = `killed-${n}`;
    if (replaces(n)) trainings.placeOld(folder);
    const findings: Finding[] = [];
    for (const { options } of killsOf(n)) {
      const ended = await trainings.run(folder, options);
      findings.push(...findingsOf(ended));
      if (ended.status === 0) break; // It was through before the moment came.
      if (ended.status !== null)
        findings.push({
          wrong: 'unexpected',
          message: `ended with ${ended.status}, not killed: ${lastLines(ended.output)}`,
        });
    }
    return [...findings, ...(await trainings.finish(folder))];
  }

  return {
    name: 'kills',
    most: Infinity,
    usual: 60,
    jobs: 2,
    title: (n) => {
      const titles = killsOf(n).map(({ title }) => title);
      return `${replaces(n) ? 'replacing a run, ' : ''}${titles.join(', then ')}`;
    },
    run,
    close: () => Promise.resolve(),
  };
}

/** The calls of a whole training into `folder` on files below the working folder, in order. */
export async function fileCalls(trainings: Trainings, folder: string): Promise<string[]> {
  const log = path.join(trainings.work, `${folder}.calls`);
  const env = { FILE_CALLS: JSON.stringify({ under: trainings.work, log }) };
  const { status, output } = await trainings.run(folder, { preload, env });
  if (status !== 0) throw new Error(`the training whose file calls are counted fails:\n${output}`);
  return readFileSync(log, 'utf8').trim().split('\n');
}
