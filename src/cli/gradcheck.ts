/**
 * `gradcheck`: checks every kernel and every gradient against float64.
 *   1. each op: every primitive and variant, fused ops, gradients through `grad`, finite differences on the device
 *   2. compositions of ops
 *   3. whole networks, including the paper model with its 887,530 parameters
 *   4. NaN and infinity in each op: deviations are reported, but do not fail, because WGSL leaves them to the driver
 */
import { checkComposition } from '../check/check_composition.js';
import { checkNetwork } from '../check/check_network.js';
import { checkOp } from '../check/check_op.js';
import { compositions } from '../check/compositions.js';
import { differenceRows } from '../check/differences.js';
import { canCheck, checks } from '../check/index.js';
import {
  branchedNetwork,
  convolvedNetwork,
  normalisedNetwork,
  normalisedSamplesNetwork,
  paperNetwork,
  smallNetwork,
  stridedNetwork,
} from '../check/networks.js';
import type { Row } from '../check/row.js';
import type { GradcheckOptions } from './commands.js';
import { openDevice } from './device.js';
import { counted, openOutput } from './output.js';

/** One line of the table: a group of comparisons, shown by the worst one. */
interface Line {
  readonly worst: Row;
  readonly comparisons: number;
  readonly failures: readonly Row[];
}

/** Resolves with the exit code: 1 if a check fails. */
export async function gradcheck(options: GradcheckOptions): Promise<number> {
  const { filter = '' } = options;
  const output = openOutput(options);
  const { say } = output;
  const device = await openDevice(options);
  const rows: Row[] = [];
  const nonFinite: Row[] = [];
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
  for (const check of [...checks.values()].filter(({ op }) => isWanted(op.name))) {
    show(differenceRows(check));
    if (!canCheck(device, check)) {
      say(`${check.op.name}: not checked on ${device.name}, which lacks the feature shader-f16.`);
      continue;
    }
    // With a filter, kernels for other device families are also checked in every case.
    const foreignCases = filter === '' ? 1 : Infinity;
    const made = await checkOp(device, check, { thorough: true, foreignCases });
    show(made.filter(({ isNonFinite }) => !isNonFinite));
    nonFinite.push(...made.filter(({ isNonFinite }) => isNonFinite));
  }
  for (const composition of compositions)
    if (isWanted('grad')) show(await checkComposition(device, composition));
  const networks = [
    smallNetwork,
    stridedNetwork,
    normalisedNetwork,
    normalisedSamplesNetwork,
    convolvedNetwork,
    branchedNetwork,
    paperNetwork,
  ];
  for (const checked of networks)
    if (isWanted(checked.network.name)) show(await checkNetwork(device, checked));

  if (rows.length === 0) say(`No op or network has '${filter}' in its name.`);
  const ok = failures === 0 && rows.length > 0;
  say('');
  say(`${rows.length} comparisons, ${failures} failed.`);
  for (const line of nonFinite.length > 0 ? nonFiniteLines(device.name, nonFinite) : []) say(line);
  output.result({ ok, rows, nonFinite });
  return ok ? 0 : 1;
}

/** How a device treats NaN and infinity: one line if everything is as in NumPy, otherwise the deviations. */
export function nonFiniteLines(device: string, nonFinite: readonly Row[]): string[] {
  const ops = new Set(nonFinite.map(({ op }) => op));
  const broken = linesOf(nonFinite).filter(({ failures }) => failures.length > 0);
  if (broken.length === 0)
    return [
      `NaN and infinity: ${counted(ops.size, 'op')} on ${device} ${ops.size === 1 ? 'behaves' : 'behave'} as in NumPy and PyTorch (${nonFinite.length} comparisons).`,
    ];
  const brokenOps = new Set(broken.map(({ worst }) => worst.op));
  return [
    `NaN and infinity: ${brokenOps.size} of ${counted(ops.size, 'op')} on ${device} deviate from NumPy and PyTorch; ` +
      'a driver may assume that neither occurs:',
    ...broken.map(({ worst, comparisons, failures: [first, ...others] }) => {
      const where = `${worst.op}/${worst.primitive} (${worst.variant})`;
      return `    ${where}: ${others.length + 1} of ${comparisons}, such as ${describeFailure(first as Row)}`;
    }),
  ];
}

/** Groups comparisons by primitive, variant and result, in their order. */
function linesOf(rows: readonly Row[]): Line[] {
  const groups = new Map<string, Row[]>();
  for (const row of rows) {
    const key = `${row.op} ${row.primitive} ${row.variant} ${row.result}`;
    groups.set(key, [...(groups.get(key) ?? []), row]);
  }
  return [...groups.values()].map((group) => ({
    worst: group.reduce((worst, row) => (relativeError(row) > relativeError(worst) ? row : worst)),
    comparisons: group.length,
    failures: group.filter((row) => !row.ok),
  }));
}

/** The error as a fraction of the tolerance; an exact result has none. */
function relativeError({ error, tolerance, ok }: Row): number {
  if (!ok) return Infinity;
  return tolerance === 0 ? 0 : error / tolerance;
}

const header = columns('op / primitive', 'variant', 'result', 'cases', 'worst error', 'allowed', 'where', '');

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
