/** The results of a bench as one JSON object. A section that was not measured is left out. */
import { DataError } from '../../errors.js';
import type { Fingerprint } from '../../engine/device.js';
import {
  type Form,
  boolean,
  checkForm,
  each,
  numberOrNull as number,
  oneOf,
  optional,
  parseJson,
  text,
} from '../../json_reader.js';
import type { EndToEndRow } from './end_to_end.js';
import type { InputRow } from './inputs.js';
import type { KernelRow } from './kernels.js';
import type { PeerRow } from './peer_comparison.js';
import type { Roofline } from './roofline.js';
import type { Scaling } from './scaling.js';
import type { Spread } from './statistics.js';
import type { To99 } from './to_99.js';

export const format = 'shadegrad bench 1';

export interface BenchResults {
  readonly format: typeof format;
  /** ISO 8601. */
  readonly date: string;
  /** The command line as it was typed. */
  readonly command: string;
  /** Fewer repeats and shapes. */
  readonly isQuick: boolean;
  readonly device: Fingerprint & { readonly family: string };
  /** `stored`: kernels were selected by the results of `npm run tune`, if there were any. */
  readonly tuning: 'off' | 'stored';
  readonly machine: Machine;
  readonly versions: Readonly<Record<string, string>>;
  readonly sections: Sections;
}

interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryBytes: number;
  readonly system: string;
}

export interface Sections {
  readonly roofline?: Roofline;
  /** The kernels of one training step of the paper model. */
  readonly step?: readonly KernelRow[];
  /** Every op at named shapes. */
  readonly kernels?: readonly KernelRow[];
  readonly endToEnd?: readonly EndToEndRow[];
  readonly inputs?: readonly InputRow[];
  readonly scaling?: Scaling;
  readonly to99?: To99;
  /** shadegrad and other systems on the same model. */
  readonly peers?: { readonly batchSize: number; readonly rows: readonly PeerRow[] };
}

const spread: Form<Spread> = { median: number, low: number, high: number, min: number, max: number };

const kernels: Form<NonNullable<Sections['kernels']>> = [
  {
    kernel: text,
    name: optional(text),
    variant: text,
    shapes: text,
    ms: spread,
    gflops: number,
    gbPerSecond: number,
    cost: { flops: number, bytes: number, multiplyAdds: optional(number) },
    ofRoofline: optional(number),
    bound: optional(oneOf(['arithmetic', 'memory'])),
  },
];

const scaling: Form<NonNullable<Sections['scaling']>['byBatch']> = [
  {
    model: text,
    imageSize: number,
    batchSize: number,
    microBatchSize: number,
    stepMilliseconds: spread,
    imagesPerSecond: number,
    measuredBytes: number,
    forecastBytes: number,
  },
];

const form: Form<BenchResults> = {
  format: oneOf([format]),
  date: text,
  command: text,
  isQuick: boolean,
  device: {
    adapter: text,
    vendor: text,
    architecture: text,
    driver: text,
    runtime: text,
    subgroupSize: number,
    family: text,
  },
  tuning: oneOf(['off', 'stored']),
  machine: { cpu: text, cores: number, memoryBytes: number, system: text },
  versions: each(text),
  sections: {
    roofline: optional({
      multiplyAdd: [{ width: text, chains: number, gflops: spread }],
      memory: [{ way: oneOf(['copy', 'read']), width: text, bytes: number, gbPerSecond: spread }],
      peakGflops: number,
      peakGbPerSecond: number,
    }),
    step: optional(kernels),
    kernels: optional(kernels),
    endToEnd: optional([
      {
        task: oneOf(['training', 'inference']),
        model: text,
        batchSize: number,
        imagesPerSecond: spread,
        dispatchesPerStep: number,
        encodeMicroseconds: spread,
        peakBytes: number,
      },
    ]),
    inputs: optional([{ inputs: text, ms: spread, ratio: number }]),
    scaling: optional({
      byBatch: scaling,
      byImage: scaling,
      bytesPerImage: { measured: number, forecast: number },
      largestBatch: optional(number),
    }),
    to99: optional({
      target: number,
      isReached: boolean,
      trainingSeconds: number,
      totalSeconds: number,
      steps: number,
      batchSize: number,
      trials: [{ step: number, seconds: number, accuracy: number, images: number }],
      recipe: text,
    }),
    peers: optional({
      batchSize: number,
      rows: [
        {
          system: text,
          version: optional(text),
          backend: optional(text),
          train: optional(spread),
          infer: optional(spread),
          trainRatio: optional(number),
          inferRatio: optional(number),
          firstStepSeconds: optional(number),
          lossDifference: optional(number),
          note: optional(text),
        },
      ],
    }),
  },
};

/** JSON with one line per row, so that diffs of two files are readable. */
export function resultsToJson(results: BenchResults): string {
  return `${inLines(results, 3)}\n`;
}

/** Rounds measured values to six digits and keeps integers exact. */
function rounded(_: string, value: unknown): unknown {
  return typeof value === 'number' && !Number.isInteger(value) ? Number(value.toPrecision(6)) : value;
}

/** JSON with one line per member, down to `depth` levels. */
function inLines(value: object, depth: number, indent = ''): string {
  const isList = Array.isArray(value);
  const members = Object.entries(value).filter(([, member]) => member !== undefined);
  if (depth === 0 || members.length === 0) return JSON.stringify(value, rounded);
  const inner = `${indent} `;
  const lines = members.map(([name, member]: [string, unknown]) => {
    const isDeep = typeof member === 'object' && member !== null;
    const text = isDeep ? inLines(member, depth - 1, inner) : JSON.stringify(member, rounded);
    return `${inner}${isList ? '' : `${JSON.stringify(name)}: `}${text}`;
  });
  return `${isList ? '[' : '{'}\n${lines.join(',\n')}\n${indent}${isList ? ']' : '}'}`;
}

/**
 * Reads the output of `resultsToJson`. `name` is the file's name for error messages.
 *
 * Throws: DataError if it is not JSON, or not results in this format.
 */
export function resultsFromJson(text: string, name: string): BenchResults {
  const damaged = (what: string, cause?: unknown): DataError =>
    new DataError(`${name}: damaged: ${what}.`, { cause });
  const refuse = (what: string): DataError =>
    new DataError(
      `${name}: not results of 'npm run bench': ${what}. Measure again with 'npm run bench -- --out FILE'.`,
    );
  const parsed = parseJson(text, damaged);
  const { format: found } = Object(parsed) as { readonly format?: unknown };
  if (found !== format) {
    const what = typeof found === 'string' ? `its format is '${found}'` : 'it has no format';
    throw refuse(`${what}, expected '${format}'`);
  }
  return withNaN(checkForm(parsed, form, refuse));
}

/** JSON stores NaN and infinities, such as a rate over zero seconds, as null. */
function withNaN<T>(value: T): T {
  return JSON.parse(JSON.stringify(value), (_, member: unknown) => member ?? Number.NaN) as T;
}

/** A readable name: `NVIDIA H200`, or `llvmpipe on AMD EPYC`, because a software device is as fast as its CPU. */
export function deviceName({ device, machine }: Pick<BenchResults, 'device' | 'machine'>): string {
  const adapter = device.adapter.replace(/-llvm-.*$/, '');
  return device.family === 'software' ? `${adapter} on ${machine.cpu}` : adapter;
}

/** A file name: `nvidia-h200`, `llvmpipe-on-amd-epyc`. */
export function slugOf(results: Pick<BenchResults, 'device' | 'machine'>): string {
  const plain = deviceName(results)
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^-+|-+$/g, '');
  return plain || 'device';
}
