/** `bench`: how fast this device is, and what shadegrad makes of it; or, without a device, what earlier benches found. */
import os from 'node:os';
import path from 'node:path';
import process from 'node:process';
import type { Device } from '../engine/device.js';
import { UsageError } from '../errors.js';
import { writeAtomic } from '../node/files.js';
import { open } from '../node/open.js';
import { useStoredChoices } from '../node/tuning_store.js';
import { webgpuVersion } from '../node/webgpu_version.js';
import { compileProgress } from '../report/progress_callback.js';
import { measureEndToEnd, reportEndToEnd } from './bench/end_to_end.js';
import { measureInputs, reportInputs } from './bench/inputs.js';
import { measureNamedShapes, measureStep, reportKernels } from './bench/kernels.js';
import { benchPeers } from './bench/peers.js';
import { print } from './bench/report.js';
import { type BenchResults, type Sections, format, resultsToJson, slugOf } from './bench/results.js';
import { type ReadOptions, isReading, readResults } from './bench/reading.js';
import { measureRoofline, reportRoofline } from './bench/roofline.js';
import { benchScaling } from './bench/scaling.js';
import { measureTo99, reportTo99 } from './bench/to_99.js';
import { type Output, openOutput } from './output.js';
import { version } from './version.js';

/** What can be measured, in this order. */
export const sectionNames = [
  'roofline',
  'end-to-end',
  'step',
  'kernels',
  'inputs',
  'scaling',
  'to-99',
  'peers',
] as const;
export type SectionName = (typeof sectionNames)[number];

export interface BenchOptions extends ReadOptions {
  /** Fewer sections, batch sizes and repeats. */
  readonly quick?: boolean;
  /** These sections alone. */
  readonly only?: readonly SectionName[];
  /** Also what filters and augmentation cost. */
  readonly inputs?: boolean;
  /** Also the time to 99 % test accuracy; part of a full bench. */
  readonly to99?: boolean;
  /** Also other systems. */
  readonly peers?: boolean;
  /** Images per step, in place of several sizes. */
  readonly batchSize?: number;
  /** False: --no-tune. */
  readonly tune: boolean;
  /** Where to write the results. */
  readonly out?: string;
  /** Also into the folder of results, by the device's name. */
  readonly save?: boolean;
  readonly device?: string;
  readonly json?: boolean;
}

const batchSizes = { quick: [32, 128], full: [1, 32, 128, 512] } as const;
const usualBatch = 128;

/** Resolves with the exit code: 1 when a comparison finds a regression. */
export async function bench(options: BenchOptions): Promise<number> {
  const output = openOutput(options);
  if (isReading(options)) {
    refuseMeasuring(options);
    return readResults(options, output);
  }
  const device = await open(options.device === undefined ? {} : { device: options.device });
  const tuning = await useStoredChoices(device, { tune: options.tune, warn: output.say });
  output.say(
    `Device: ${device.fingerprint.adapter} (${device.fingerprint.driver}), ${device.traits.family} kernels.`,
  );
  const sections = await measure(device, options, output);
  const results: BenchResults = { ...describe(device, options, tuning), sections };
  await write(results, options, output);
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

async function measure(device: Device, options: BenchOptions, output: Output): Promise<Sections> {
  const { quick: isQuick = false, batchSize = usualBatch, tune, device: name } = options;
  const wanted = chooseSections(options);
  const common = { isQuick, batchSize, onProgress: compileProgress(output.stream) };
  const found: { -readonly [Name in keyof Sections]: Sections[Name] } = {};
  if (wanted.has('roofline')) {
    found.roofline = await measureRoofline(device, { isQuick });
    print(output, reportRoofline(found.roofline));
  }
  if (wanted.has('end-to-end')) {
    const sizes = options.batchSize === undefined ? batchSizes[isQuick ? 'quick' : 'full'] : [batchSize];
    found.endToEnd = await measureEndToEnd(device, { ...common, batchSizes: sizes });
    print(output, [reportEndToEnd(found.endToEnd)]);
  }
  const needsTimestamps = wanted.has('step') || wanted.has('kernels');
  if (needsTimestamps && !device.hasTimestamps)
    output.say('\nThis device has no timestamp queries: no times per kernel.');
  if (wanted.has('step') && device.hasTimestamps) {
    found.step = await measureStep(device, { ...common, roofline: found.roofline });
    print(output, [reportKernels(`Kernels of a training step, batch ${batchSize}`, found.step)]);
  }
  if (wanted.has('kernels') && device.hasTimestamps) {
    found.kernels = await measureNamedShapes(device, { isQuick, roofline: found.roofline, output });
    print(output, [reportKernels('Every op at named shapes', found.kernels)]);
  }
  if (wanted.has('inputs')) {
    found.inputs = await measureInputs(device, common);
    print(output, [reportInputs(found.inputs)]);
  }
  // Scaling and peers print by themselves, as they come.
  if (wanted.has('scaling')) found.scaling = await benchScaling(device, common, output);
  if (wanted.has('to-99')) {
    output.say('');
    found.to99 = await measureTo99(device, output);
    print(output, [reportTo99(found.to99)]);
  }
  if (wanted.has('peers')) {
    const rows = await benchPeers(
      { batchSize, tune, ...(name === undefined ? {} : { device: name }) },
      output,
    );
    found.peers = { batchSize, rows };
  }
  return found;
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
      system: `${os.type()} ${os.release()}, ${os.arch()}`,
    },
    versions: { shadegrad: version, node: process.version, webgpu: webgpuVersion() },
  };
}

async function write(
  results: BenchResults,
  { out, save, results: folder }: BenchOptions,
  output: Output,
): Promise<void> {
  const files = [
    ...(out === undefined ? [] : [out]),
    ...(save ? [path.join(folder, `${slugOf(results)}.json`)] : []),
  ];
  for (const file of files) {
    await writeAtomic(file, resultsToJson(results));
    output.say(`\nWritten: ${file}`);
  }
}

/** Throws: UsageError for options that say what to measure, beside those that only read. */
function refuseMeasuring({ quick, only, inputs, to99, peers, batchSize, out, save }: BenchOptions): void {
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
      `bench: --compare, --chart and --markdown read earlier results and measure nothing; leave out ${given.join(', ')}.`,
    );
  }
}
