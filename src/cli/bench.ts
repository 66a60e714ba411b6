/** `bench`: measures the speed of the device and of shadegrad on it, or, without a device, reports earlier results. */
import os from 'node:os';
import process from 'node:process';
import type { Device } from '../engine/device.js';
import { UsageError } from '../errors.js';
import type { LoadedDataset } from '../data/loaded_dataset.js';
import { loadDataset } from '../node/datasets.js';
import { checkWritable, fileExists, moveFile, writeAtomic } from '../node/files.js';
import { useStoredKernels } from '../node/tuning_store.js';
import { webgpuVersion } from '../node/webgpu_version.js';
import { compileProgress } from '../report/progress_callback.js';
import { measureEndToEnd, reportEndToEnd } from './bench/end_to_end.js';
import { measureInputs, reportInputs } from './bench/inputs.js';
import { measureNamedShapes, measureStep, reportKernels } from './bench/kernels.js';
import { benchPeers } from './bench/peers.js';
import { checkResultsFile, outputFiles, partialOf } from './bench/output_files.js';
import { print } from './bench/report.js';
import { type BenchResults, type Sections, format, resultsToJson } from './bench/results.js';
import { isReading, readResults } from './bench/reading.js';
import { measureRoofline, reportRoofline } from './bench/roofline.js';
import { measureScaling, reportScaling } from './bench/scaling.js';
import { type SectionName, sectionNames } from './bench/sections.js';
import { measureTo99, reportTo99 } from './bench/to_99.js';
import type { BenchOptions } from './commands.js';
import { describeData } from './data_summary.js';
import { openDevice, sayDevice } from './device.js';
import { type Output, openOutput } from './output.js';
import { version } from './version.js';

const batchSizes = { quick: [32, 128], full: [1, 32, 128, 512] } as const;
const usualBatch = 128;
/** Sections that time single kernels by GPU timestamps. */
const needsTimestamps: readonly SectionName[] = ['step', 'kernels'];

/** Resolves with the exit code: 1 if a comparison finds a regression. */
export async function bench(options: BenchOptions): Promise<number> {
  const output = openOutput(options);
  if (isReading(options)) {
    refuseMeasuringOptions(options);
    return readResults(options, output);
  }
  if (options.out !== undefined) await checkResultsFile(options.out);
  if (options.save === true) await checkWritable(options.results);
  const digits = chooseSections(options).has('to-99') ? await loadDataset('digits') : undefined;
  if (digits) output.say(...describeData(digits));
  const device = await openDevice(options);
  const tuning = await useStoredKernels(device, { tune: options.tune, warn: output.say });
  sayDevice(output, device);
  const described = describe(device, options, tuning);
  const files = outputFiles(described, options);
  for (const file of files) await checkResultsFile(file);
  let results: BenchResults = { ...described, sections: {} };
  // Earlier results are replaced only once the new ones are complete.
  const exists = await Promise.all(files.map((file) => fileExists(file)));
  const partial = files.map((file, i) => (exists[i] ? partialOf(file) : file));
  await measure(device, options, output, digits, async (sections) => {
    results = { ...described, sections };
    for (const file of partial) await writeAtomic(file, resultsToJson(results));
  });
  for (const [i, file] of files.entries())
    if (partial[i] !== file && (await fileExists(partial[i]!))) await moveFile(partial[i]!, file);
  for (const file of files) output.say('', `Wrote ${file}.`);
  output.result(results);
  return 0;
}

function chooseSections({
  only,
  quick = false,
  inputs,
  to99,
  peers,
}: BenchOptions): ReadonlySet<SectionName> {
  if (only) return new Set(only);
  return new Set<SectionName>([
    'roofline',
    'end-to-end',
    'step',
    ...(quick ? [] : (['kernels', 'scaling', 'to-99'] as const)),
    ...(inputs ? (['inputs'] as const) : []),
    ...(to99 ? (['to-99'] as const) : []),
    ...(peers ? (['peers'] as const) : []),
  ]);
}

/** Measures and prints the chosen sections. Calls `keep` after each, so that a later failure loses nothing. */
async function measure(
  device: Device,
  options: BenchOptions,
  output: Output,
  digits: LoadedDataset | undefined,
  keep: (sections: Sections) => Promise<void>,
): Promise<void> {
  const { quick: isQuick = false, batchSize = usualBatch } = options;
  const chosen = chooseSections(options);
  const common = { isQuick, batchSize, onProgress: compileProgress(output.stream) };
  const found: { -readonly [Name in keyof Sections]: Sections[Name] } = {};
  const run: Readonly<Record<SectionName, () => Promise<void>>> = {
    roofline: async () => {
      found.roofline = await measureRoofline(device, { isQuick });
      print(output, reportRoofline(found.roofline));
    },
    'end-to-end': async () => {
      const sizes = options.batchSize === undefined ? batchSizes[isQuick ? 'quick' : 'full'] : [batchSize];
      found.endToEnd = await measureEndToEnd(device, { ...common, batchSizes: sizes });
      print(output, [reportEndToEnd(found.endToEnd)]);
    },
    step: async () => {
      found.step = await measureStep(device, { ...common, roofline: found.roofline });
      print(output, [reportKernels(`Kernels of a training step, batch ${batchSize}`, found.step)]);
    },
    kernels: async () => {
      found.kernels = await measureNamedShapes(device, { isQuick, roofline: found.roofline, output });
      print(output, [reportKernels('Every op at named shapes', found.kernels)]);
    },
    inputs: async () => {
      found.inputs = await measureInputs(device, common);
      print(output, [reportInputs(found.inputs)]);
    },
    scaling: async () => {
      found.scaling = await measureScaling(device, common);
      print(output, reportScaling(found.scaling));
    },
    'to-99': async () => {
      output.say('');
      found.to99 = await measureTo99(device, digits!, output);
      print(output, [reportTo99(found.to99)]);
    },
    peers: async () => {
      found.peers = { batchSize, rows: await benchPeers(batchSize, options, output) };
    },
  };
  for (const section of sectionNames) {
    if (!chosen.has(section)) continue;
    if (needsTimestamps.includes(section) && !device.hasTimestamps) {
      output.say('', `Section ${section} is skipped: this device has no timestamp queries.`);
      continue;
    }
    await run[section]();
    await keep(found);
  }
}

function describe(
  device: Device,
  { quick = false }: BenchOptions,
  tuning: BenchResults['tuning'],
): Omit<BenchResults, 'sections'> {
  const cpus = os.cpus();
  return {
    format,
    date: new Date().toISOString(),
    command: ['npm run bench --', ...process.argv.slice(3)].join(' '),
    isQuick: quick,
    device: { ...device.fingerprint, family: device.traits.family },
    tuning,
    machine: {
      cpu: cpus[0]?.model ?? 'unknown',
      cores: cpus.length,
      memoryBytes: os.totalmem(),
      system: `${os.type()}, ${os.arch()}`,
    },
    versions: { shadegrad: version, node: process.version, webgpu: webgpuVersion() },
  };
}

/** Throws: UsageError for options that choose what to measure, together with options that only read results. */
function refuseMeasuringOptions({
  quick,
  only,
  inputs,
  to99,
  peers,
  batchSize,
  out,
  save,
}: BenchOptions): void {
  const given = Object.entries({
    quick,
    only,
    inputs,
    'to-99': to99,
    peers,
    'batch-size': batchSize,
    out,
    save,
  })
    .filter(([, value]) => value !== undefined)
    .map(([name]) => `--${name}`);
  if (given.length > 0) {
    throw new UsageError(
      `bench: --compare, --chart and --markdown only read earlier results; leave out ${given.join(', ')}.`,
    );
  }
}
