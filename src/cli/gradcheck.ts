/**
 * `gradcheck`: every kernel and every gradient against float64.
 *   1. each op: every primitive and variant, fused ops, gradients through `grad`, differences on the device itself
 *   2. compositions of ops
 *   3. whole networks, among them the paper model with its 887,530 parameters
 *   4. what becomes of NaN and infinity on this device, in each op: reported, and no failure, since WGSL leaves it to drivers
 */
import type { Device } from '../engine/device.js';
import { type Row, checkComposition, checkNetwork, checkOp } from '../reference/check.js';
import { compositions } from '../reference/compositions.js';
import { checkables, references } from '../reference/index.js';
import { normalisedNetwork, paperNetwork, smallNetwork, stridedNetwork } from '../reference/network.js';
import {
  type Reference,
  type Evaluated,
  casesOf,
  evaluate,
  worstDifference,
} from '../reference/reference.js';

export interface GradcheckOptions {
  readonly device: Device;
  readonly say: (line: string) => void;
  /** Only what contains this in its name: an op, `grad`, or a network. */
  readonly filter?: string;
}

/** What one line of the table stands for: the worst of its comparisons. */
interface Line {
  readonly worst: Row;
  readonly comparisons: number;
  readonly failures: readonly Row[];
}

export async function gradcheck({
  device,
  say,
  filter = '',
}: GradcheckOptions): Promise<{ ok: boolean; rows: Row[]; spoilt: Row[] }> {
  const rows: Row[] = [];
  const spoilt: Row[] = [];
  let failures = 0;
  const isWanted = (name: string): boolean => name.includes(filter);
  const show = (made: readonly Row[]): void => {
    rows.push(...made);
    for (const line of linesOf(made)) {
      failures += line.failures.length;
      say(format(line));
      for (const row of line.failures.slice(0, 5)) say(`    FAIL ${describeFailure(row)}`);
    }
  };

  say(header);
  for (const op of checkables.filter(({ name }) => isWanted(name))) {
    const reference = references.get(op.name) as Reference;
    show(differenceRows(reference));
    // Asked for by name, kernels made for other devices are checked in every case too.
    const foreignCases = filter === '' ? 1 : Infinity;
    const made = await checkOp(device, op, reference, { thorough: true, foreignCases });
    show(made.filter(({ isSpoilt }) => !isSpoilt));
    spoilt.push(...made.filter(({ isSpoilt }) => isSpoilt));
  }
  for (const composition of compositions)
    if (isWanted('grad')) show(await checkComposition(device, composition));
  for (const network of [smallNetwork, stridedNetwork, normalisedNetwork, paperNetwork])
    if (isWanted(network.name)) show(await checkNetwork(device, network));

  if (rows.length === 0) say(`Nothing has '${filter}' in its name.`);
  const ok = failures === 0 && rows.length > 0;
  say('');
  say(`${rows.length} comparisons, ${failures} failed.`);
  for (const line of spoilt.length > 0 ? nonFiniteLines(device.name, spoilt) : []) say(line);
  return { ok, rows, spoilt };
}

/** What a device does with NaN and infinity: one line where all is as in NumPy, else what is not. */
export function nonFiniteLines(device: string, spoilt: readonly Row[]): string[] {
  const ops = new Set(spoilt.map(({ op }) => op));
  const broken = linesOf(spoilt).filter(({ failures }) => failures.length > 0);
  if (broken.length === 0)
    return [
      `NaN and infinity: as in NumPy and PyTorch in ${countOf(ops.size, 'op')} on ${device}, ${spoilt.length} comparisons.`,
    ];
  const brokenOps = new Set(broken.map(({ worst }) => worst.op));
  return [
    `NaN and infinity: not as in NumPy and PyTorch in ${brokenOps.size} of ${countOf(ops.size, 'op')} on ${device}, whose ` +
      'driver may assume that neither occurs:',
    ...broken.map(({ worst, comparisons, failures: [first, ...others] }) => {
      const where = `${worst.op}/${worst.primitive} (${worst.variant})`;
      return `    ${where}: ${others.length + 1} of ${comparisons}, such as ${describeFailure(first as Row)}`;
    }),
  ];
}

const countOf = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? '' : 's'}`;

/** The float64 backward against central differences of the float64 forward, on the small and smooth cases. */
function differenceRows(reference: Reference): Row[] {
  if (!reference.backward) return [];
  return casesOf(reference, 3, false).flatMap((given, index): Row[] => {
    const size = (at: Evaluated): number =>
      Object.values(at.inputs).reduce((sum, { values }) => sum + values.length, 0);
    const at = evaluate(reference, given, index);
    if (given.isSmooth === false || size(at) > 1500) return [];
    const worst = worstDifference(reference, at, 12);
    if (!worst) return [];
    return [
      {
        op: reference.op,
        primitive: 'differences',
        variant: 'float64',
        case: given.name,
        shapes: Object.values(given.inputs)
          .map((shape) => `[${shape.join(',')}]`)
          .join(' '),
        result: `d${worst.input}`,
        error: worst.error,
        at: `[${worst.index}] ${worst.analytic.toPrecision(7)} for ${worst.numeric.toPrecision(7)}`,
        // In units of 10⁻⁵ + 10⁻³·|dx|, as worstDifference gives it.
        tolerance: 1,
        ok: worst.error <= 1,
      },
    ];
  });
}

/** Comparisons of one primitive, variant and result made into one line each, in the order they came. */
function linesOf(rows: readonly Row[]): Line[] {
  const groups = new Map<string, Row[]>();
  for (const row of rows) {
    const key = `${row.op} ${row.primitive} ${row.variant} ${row.result}`;
    groups.set(key, [...(groups.get(key) ?? []), row]);
  }
  return [...groups.values()].map((group) => ({
    worst: group.reduce((worst, row) => (shareOf(row) > shareOf(worst) ? row : worst)),
    comparisons: group.length,
    failures: group.filter((row) => !row.ok),
  }));
}

/** Error as a share of what is allowed; exact results allow none. */
function shareOf({ error, tolerance, ok }: Row): number {
  if (!ok) return Infinity;
  return tolerance === 0 ? 0 : error / tolerance;
}

const header = columns('op / pass', 'variant', 'result', 'cases', 'worst error', 'allowed', 'where', '');

function columns(...cells: readonly string[]): string {
  const widths = [44, 20, 14, 6, 12, 9, 0, 0];
  return cells
    .map((cell, i) => cell.padEnd(widths[i] as number))
    .join(' ')
    .trimEnd();
}

function format({ worst, comparisons, failures }: Line): string {
  return columns(
    `${worst.op}/${worst.primitive}`,
    worst.variant,
    worst.result,
    `${comparisons}`,
    worst.error.toExponential(1),
    worst.tolerance === 0 ? 'exact' : worst.tolerance.toExponential(1),
    `${failures.length === 0 ? 'pass' : 'FAIL'}  ${worst.shapes}`,
    worst.error > 0 ? `at ${worst.at}` : '',
  );
}

function describeFailure(row: Row): string {
  const off = Number.isFinite(row.error) ? ` off by ${row.error.toExponential(1)}` : '';
  return `${row.case}, ${row.shapes}: ${row.result}${off} at ${row.at}`;
}
