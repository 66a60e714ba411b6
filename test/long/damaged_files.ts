/**
 * Every kind of file that the product reads, damaged by the thousand: each is either read, or refused with a
 * ShadegradError. Nothing else may be thrown, take long, or take memory that the file's size does not explain.
 */
import process from 'node:process';
import { Worker } from 'node:worker_threads';
import { ShadegradError } from '../../src/errors.js';
import { type Finding, type Kind, type Setting, choose, random } from './case.js';
import { damaged } from './damage.js';
import { type FileFormat, fileFormats } from './file_formats.js';

const mostMs = 5_000;
const mostKibibytes = 300 * 1024;

/** Ends the process, which cannot end itself, when a case takes a minute; says how to repeat it. */
const watch = `
  const { writeSync } = require('node:fs');
  const { workerData } = require('node:worker_threads');
  let [last, seconds] = [0, 0];
  setInterval(() => {
    const n = Atomics.load(workerData.current, 0);
    seconds = n !== 0 && n === last ? seconds + 1 : 0;
    last = n;
    if (seconds < 60) return;
    writeSync(1, 'hang: npm run test:long -- --only damaged-files --seed ' + workerData.seed + ' --case ' + n + '\\n');
    process.kill(process.pid, 'SIGKILL');
  }, 1000);
`;

/** Throws when a whole file is not read. */
export async function damagedFiles(root: string, { work, seed }: Setting): Promise<Kind> {
  const formats = await fileFormats(root, work);
  for (const { read, bytes } of formats) await read(bytes);
  const formatOf = (n: number): FileFormat => choose(formats, random(seed, n, 1000));

  /** The running case; 0 for none. */
  const current = new Int32Array(new SharedArrayBuffer(4));
  const watcher = new Worker(watch, { eval: true, workerData: { current, seed } });
  watcher.unref();

  async function run(n: number): Promise<Finding[]> {
    Atomics.store(current, 0, n);
    const { bytes, read, ...format } = formatOf(n);
    const findings: Finding[] = [];
    const made = damaged(bytes, format, seed, n).bytes;
    const memoryBefore = process.resourceUsage().maxRSS;
    const started = performance.now();
    try {
      await read(made);
    } catch (error) {
      if (!(error instanceof ShadegradError))
        findings.push({ wrong: 'stack trace', message: traceOf(error) });
    }
    Atomics.store(current, 0, 0);
    const elapsedMs = performance.now() - started;
    const grown = process.resourceUsage().maxRSS - memoryBefore;
    if (elapsedMs > mostMs) findings.push({ wrong: 'hang', message: `${(elapsedMs / 1000).toFixed(1)} s` });
    if (grown > mostKibibytes)
      findings.push({ wrong: 'unexpected', message: `${Math.round(grown / 1024)} MiB more memory` });
    return findings;
  }

  return {
    name: 'damaged-files',
    most: Infinity,
    usual: 30_000,
    jobs: 1,
    title: (n) => {
      const { name, bytes, ...format } = formatOf(n);
      return `${name}: ${damaged(bytes, format, seed, n).title}`;
    },
    run,
    close: async () => void (await watcher.terminate()),
  };
}

/** The error and where it was thrown. */
function traceOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const [, place = ''] = /\n\s+at (.*)/.exec(error.stack ?? '') ?? [];
  return `${error.name}: ${error.message} (${place})`;
}
