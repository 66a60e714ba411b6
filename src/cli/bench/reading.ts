/** The parts of `bench` that need no device: comparing two results, and the chart and the page of the docs. */
import path from 'node:path';
import { DataError, FileError, UsageError } from '../../errors.js';
import { openFolder, readBytes, writeAtomic } from '../../node/files.js';
import { throughputCharts } from '../../report/charts/throughput_charts.js';
import { svgFile } from '../../report/charts/svg.js';
import type { BenchOptions } from '../commands.js';
import { type Output, shellWord } from '../output.js';
import { checkReplaceable } from '../replaceable.js';
import { compare, regressions, reportComparison } from './compare.js';
import { isResultsPage, resultsPage } from './page.js';
import { print } from './report.js';
import { type BenchResults, deviceName, resultsFromJson } from './results.js';

/** The options that only read earlier results. */
export type ReadOptions = Pick<BenchOptions, 'compare' | 'threshold' | 'chart' | 'markdown' | 'results'>;

export function isReading({ compare, chart, markdown }: ReadOptions): boolean {
  return [compare, chart, markdown].some((option) => option !== undefined);
}

/**
 * Resolves with the exit code: 1 if the comparison finds a regression beyond the threshold.
 *
 * Throws: UsageError; FileError; DataError for files that are not results.
 */
export async function readResults(options: ReadOptions, output: Output): Promise<number> {
  const { compare: files, chart, markdown } = options;
  if (chart !== undefined || markdown !== undefined) {
    const all = await readFolder(options.results);
    const refuse = (file: string, option: string): string =>
      `bench: ${file} exists and was not written by bench ${option}, so it is not overwritten. Name another file.`;
    if (chart !== undefined)
      await checkReplaceable(chart, {
        isOwn: (text) => /^<svg [^>]*aria-label="Images per second/.test(text),
        refuse: refuse(chart, '--chart'),
      });
    if (markdown !== undefined)
      await checkReplaceable(markdown, { isOwn: isResultsPage, refuse: refuse(markdown, '--markdown') });
    if (chart !== undefined) await writeAtomic(chart, svgFile(drawChart(all), { isAdaptive: true }));
    if (markdown !== undefined) await writeAtomic(markdown, resultsPage(all, linkFrom(markdown, chart)));
    for (const file of [chart, markdown]) if (file !== undefined) output.say(`Wrote ${file}.`);
  }
  if (files === undefined) return 0;
  return compareFiles(files, options.threshold, output);
}

/** The path of the chart relative to the page. */
function linkFrom(page: string, chart: string | undefined): string | undefined {
  return chart === undefined ? undefined : path.relative(path.dirname(page), chart).replaceAll(path.sep, '/');
}

async function compareFiles(files: readonly string[], threshold: number, output: Output): Promise<number> {
  const [first, second] = files;
  if (first === undefined || second === undefined || files.length > 2) {
    throw new UsageError(
      `bench: --compare takes two results files, before and after, but got ${files.length}.`,
    );
  }
  const [before, after] = [await readFile(first), await readFile(second)];
  const rows = compare(before, after);
  if (rows.length === 0)
    throw new UsageError(
      `bench: ${first} and ${second} have no figures in common, so there is nothing to compare.`,
    );
  if (deviceName(before) !== deviceName(after))
    output.say(`The devices differ: ${deviceName(before)} before, ${deviceName(after)} after.`);
  print(output, [reportComparison(before, after, rows)]);
  const lost = regressions(rows, threshold / 100);
  output.say(
    lost.length === 0
      ? `No figure lost more than ${threshold} %.`
      : `${lost.length} of ${rows.length} figures lost more than ${threshold} %: ${lost.map(({ name }) => name).join('; ')}.`,
  );
  output.result({
    before: before.date,
    after: after.date,
    threshold: threshold / 100,
    rows,
    regressions: lost,
  });
  return lost.length === 0 ? 0 : 1;
}

async function readFile(file: string): Promise<BenchResults> {
  return resultsFromJson(new TextDecoder().decode(await readBytes(file)), file);
}

/** Reads all results, in the order of their file names. Throws: FileError if there are none. */
async function readFolder(folder: string): Promise<BenchResults[]> {
  const names = (await openFolder(folder).list()).filter((name) => name.endsWith('.json'));
  if (names.length === 0) {
    throw new FileError(
      `bench: there are no results in ${folder}; measure some with 'npm run bench -- --save --results ${shellWord(folder)}'.`,
      { problem: 'missing' },
    );
  }
  return Promise.all(names.map((name) => readFile(path.join(folder, name))));
}

/** Throws: DataError if no result contains images per second. */
function drawChart(all: readonly BenchResults[]): ReturnType<typeof throughputCharts> {
  if (!all.some(({ sections: { endToEnd, peers } }) => endToEnd?.length || peers?.rows.length))
    throw new DataError(
      "bench: the results contain no images per second to draw; measure some with 'npm run bench -- --only end-to-end --save'.",
    );
  return throughputCharts(
    all.map(({ device, machine, sections: { endToEnd = [], peers } }) => ({
      device: deviceName({ device, machine }),
      rates: endToEnd.map(({ task, batchSize, imagesPerSecond: { median } }) => ({
        task,
        batchSize,
        imagesPerSecond: median,
      })),
      ...(peers
        ? {
            systems: {
              batchSize: peers.batchSize,
              rows: peers.rows.flatMap(({ system, train, infer }) =>
                train || infer ? [{ system, training: train?.median, inference: infer?.median }] : [],
              ),
            },
          }
        : {}),
    })),
  );
}
