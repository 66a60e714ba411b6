/** The page of the docs that shows results, written from them and never by hand. */
import { figures, grouped } from '../../report/charts/numbers.js';
import { reportEndToEnd } from './end_to_end.js';
import { reportInputs } from './inputs.js';
import { reportKernels } from './kernels.js';
import { type Report, toMarkdown } from './report.js';
import { type BenchResults, type Sections, deviceName } from './results.js';
import { reportRoofline } from './roofline.js';
import { reportScaling } from './scaling.js';
import { reportTo99 } from './to_99.js';

/** Markdown. `chart` is the link to the drawing to show first. */
export function resultsPage(all: readonly BenchResults[], chart?: string): string {
  const parts = [
    '# What was measured',
    'Made by `npm run bench -- --markdown docs/bench.md` from the files in `bench/results`, which `npm run bench -- --save` writes: change nothing here by hand. Medians; low and high are the quarters around them.',
    ...(chart === undefined ? [] : [`![Images per second](${chart})`]),
    ...all.flatMap((results) => [`## ${deviceName(results)}`, ...describe(results)]),
  ];
  return `${parts.join('\n\n')}\n`;
}

function describe({ device, machine, versions, date, command, tuning, sections }: BenchResults): string[] {
  const used = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
  const kernels =
    tuning === 'off' ? 'stored kernel choices forbidden' : 'stored kernel choices where there are any';
  return [
    `${device.driver}; ${device.family} kernels, ${kernels}. ${machine.cpu}, ${machine.cores} cores, ${grouped(machine.memoryBytes / 2 ** 30)} GiB, ${machine.system}. ${used.join(', ')}. ${date.slice(0, 10)}, \`${command}\`.`,
    toMarkdown(reportsOf(sections)),
  ];
}

function reportsOf({ peers, endToEnd, to99, scaling, roofline, step, kernels, inputs }: Sections): Report[] {
  return [
    ...(peers ? [reportPeers(peers)] : []),
    ...(endToEnd ? [reportEndToEnd(endToEnd)] : []),
    ...(to99 ? [reportTo99(to99)] : []),
    ...(scaling ? reportScaling(scaling) : []),
    ...(roofline ? reportRoofline(roofline) : []),
    ...(step ? [reportKernels('Kernels of a training step', step)] : []),
    ...(kernels ? [reportKernels('Every op at named shapes', kernels)] : []),
    ...(inputs ? [reportInputs(inputs)] : []),
  ];
}

function reportPeers({ batchSize, rows }: NonNullable<Sections['peers']>): Report {
  const number = (value: number = Number.NaN): string => figures(value);
  const times = (ratio: number | undefined): string =>
    ratio === undefined ? '–' : `${ratio.toPrecision(3)}×`;
  return {
    title: `Other systems, batch ${batchSize}, images/s`,
    head: ['system', 'on', 'training', 'shadegrad is', 'inference', 'shadegrad is', 'first step s', 'note'],
    rows: rows.map((row) => [
      `${row.system} ${row.version ?? ''}`.trim(),
      row.backend ?? '–',
      number(row.train?.median),
      times(row.trainRatio),
      number(row.infer?.median),
      times(row.inferRatio),
      row.firstStepSeconds?.toFixed(1) ?? '–',
      row.note ?? '',
    ]),
    note: 'Same model, weights and batches, in turns, in f32; a system that computes another loss is not timed.',
  };
}
