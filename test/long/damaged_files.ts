/**
 * Every kind of file that the product reads, damaged by the thousand: each is either read, or refused with a
 * ShadegradError. Nothing else may be thrown, take long, or take memory that the file's size does not explain.
 */
import process from 'node:process';
import { ShadegradError } from '../../src/errors.js';
import type { Finding, Kind, Setting } from './case.js';
import { damaged } from './damage.js';
import { type FileFormat, fileFormats } from './file_formats.js';

const mostMs = 5_000;
const mostKibibytes = 300 * 1024;

/** `count` cases, the formats taking turns. Throws when a whole file is not read. */
export async function damagedFiles(root: string, { work, seed }: Setting, count = 30_000): Promise<Kind> {
  const formats = await fileFormats(root, work);
  for (const { read, bytes } of formats) await read(bytes);
  const formatOf = (n: number): FileFormat => formats[(n - 1) % formats.length]!;

  async function run(n: number): Promise<Finding[]> {
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
    const elapsedMs = performance.now() - started;
    const grown = process.resourceUsage().maxRSS - memoryBefore;
    if (elapsedMs > mostMs) findings.push({ wrong: 'hang', message: `${(elapsedMs / 1000).toFixed(1)} s` });
    if (grown > mostKibibytes)
      findings.push({ wrong: 'unexpected', message: `${Math.round(grown / 1024)} MiB more memory` });
    return findings;
  }

  return {
    name: 'damaged-files',
    count,
    jobs: 1,
    title: (n) => {
      const { name, bytes, ...format } = formatOf(n);
      return `${name}: ${damaged(bytes, format, seed, n).title}`;
    },
    run,
    close: () => Promise.resolve(),
  };
}

/** The error and where it was thrown. */
function traceOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const [, place = ''] = /\n\s+at (.*)/.exec(error.stack ?? '') ?? [];
  return `${error.name}: ${error.message} (${place})`;
}
