/**
 * Compares an op with its float64 reference on a device: every primitive in every variant that supports the case, with
 * and without other ops fused as its epilogue; then the op's gradients of first and second order end to
 * end through `grad`, and against differences that the device computes itself.
 *
 * Some cases run again with NaN and infinity in the operands (non_finite.ts): results must then contain NaN and infinity
 * exactly where NumPy's and PyTorch's do.
 */
import type { Device } from '../engine/device.js';
import { sizeOf } from '../engine/primitive.js';
import { assert } from '../errors.js';
import { checkCall } from './check_call.js';
import { checkDifferences } from './check_differences.js';
import { checkEpilogue } from './check_epilogue.js';
import { type AnyPrimitive, checkPrimitive, variantsFor } from './check_primitive.js';
import { checkSecondOrder } from './check_second_order.js';
import { casesOf, evaluate } from './evaluate.js';
import { type NonFiniteCase, nonFiniteCases } from './non_finite.js';
import type { Case, Evaluated, OpCheck } from './op_check.js';
import type { Row } from './row.js';

export interface CheckOptions {
  /** Runs all declared cases and more random ones, as `npm run gradcheck` does. */
  readonly thorough?: boolean;
  /**
   * In how many cases to check a variant made for another device family. Default 2; Infinity checks everything. A
   * software driver takes a second to compile each of the large tiles made for GPUs.
   */
  readonly foreignCases?: number;
  /**
   * Checks a sample: each variant of the device's family and the baseline in two cases, one of them with fused ops; one
   * call; no differences and no second derivatives, since these are made of ops. For a further driver, where Node's tests
   * check everything.
   */
  readonly isSample?: boolean;
  /** Called with each row as soon as it is available. */
  readonly onRow?: (row: Row) => void;
}

/** How many cases per kernel also run with NaN and infinity, and the largest operands for that. */
const mostNonFiniteCases = 3;
const mostNonFiniteElements = 10_000;

function takesNonFinite({ byHand }: Case, { inputs }: Evaluated): boolean {
  const sizes = Object.values(inputs).map(({ values }) => values.length);
  return !byHand && Math.max(...sizes) > 1 && Math.max(...sizes) <= mostNonFiniteElements;
}

/**
 * The cases whose second derivatives are checked: the largest smooth ones that differences of the float64 gradients can
 * take, and those that ask for it.
 */
export function secondOrderCases(cases: readonly Case[], count: number): ReadonlySet<Case> {
  const sizeOfCase = ({ inputs }: Case): number =>
    Object.values(inputs).reduce((sum, shape) => sum + sizeOf(shape), 0);
  const smooth = cases.filter(
    (each) => each.isSmooth !== false && !each.byHand && !each.isThorough && sizeOfCase(each) <= 1500,
  );
  const largest = smooth.toSorted((a, b) => sizeOfCase(b) - sizeOfCase(a)).slice(0, count);
  return new Set([...largest, ...cases.filter((each) => each.isSecondOrder)]);
}

/** Compares an op with its reference, case by case; a command that WebGPU refuses is a failed row. */
export async function checkOp(
  device: Device,
  check: OpCheck,
  { thorough = false, isSample = false, foreignCases = isSample ? 0 : 2, onRow }: CheckOptions = {},
): Promise<Row[]> {
  const { op, isBrief: isOneOfMany = false } = check;
  const rows: Row[] = [];
  const take = (more: readonly Row[]): void => {
    for (const row of more) {
      rows.push(row);
      onRow?.(row);
    }
  };
  const casesDone = new Map<string, number>();
  // Each variant fuses epilogues in the first two cases that it supports, a variant of another family in the first; large
  // cases only in a thorough check.
  const epiloguesDone = new Map<string, number>();
  let differencesDone = 0;
  const nonFiniteDone = new Map<string, number>();
  const isBrief = Number.isFinite(foreignCases);
  const cases = casesOf(check, thorough ? 4 : isOneOfMany ? 0 : 2, thorough);
  const secondOrder = isSample ? new Set<Case>() : secondOrderCases(cases, thorough ? 3 : 1);
  const [mostCases, mostCalls] = isSample ? [2, 1] : [Infinity, Infinity];
  let callsDone = 0;
  for (const [index, given] of cases.entries()) {
    if (isOneOfMany && isSample && (given.byHand || callsDone > 0)) continue;
    const at = evaluate(check, given, index);
    const label = { op: op.name, case: given.name };
    const nonFinite = takesNonFinite(given, at) ? nonFiniteCases(check, at) : [];
    // How NaN propagates depends on the kernel, and little on the shape.
    const nonFiniteFor = (key: string): readonly NonFiniteCase[] => {
      const done = nonFiniteDone.get(key) ?? 0;
      if (nonFinite.length > 0) nonFiniteDone.set(key, done + 1);
      return done < mostNonFiniteCases || !isBrief ? nonFinite : [];
    };
    for (const primitive of op.primitives as readonly AnyPrimitive[]) {
      const describe = check.primitives[primitive.name];
      assert(describe, `the check of ${op.name} has ${primitive.name}`);
      const primitiveCase = describe(at);
      const variants = primitive.elementwise ? [undefined] : variantsFor(device, primitive, primitiveCase);
      for (const variant of variants) {
        const key = `${primitive.name} ${variant?.name}`;
        const isForeign = variant && variant.family !== 'baseline' && variant.family !== device.traits.family;
        const seen = casesDone.get(key) ?? 0;
        if (isForeign && (seen >= foreignCases || (given.byHand && !thorough))) continue;
        if (seen >= mostCases || (given.isHuge && seen > 0 && isBrief)) continue;
        if (variant?.family === 'baseline' && variants.length > 1 && given.forTiles) continue;
        casesDone.set(key, seen + 1);
        const nonFinitePrimitiveCases = nonFiniteFor(key).map(({ name, at }) => ({
          name,
          primitiveCase: describe(at),
        }));
        take(await checkPrimitive(device, label, primitive, primitiveCase, variant, nonFinitePrimitiveCases));
        const done = epiloguesDone.get(key) ?? 0;
        if ((variant && !variant.hasEpilogue) || done === (isForeign || isSample ? 1 : 2) || given.byHand)
          continue;
        if ((isForeign && given.isThorough && isBrief) || (isOneOfMany && !thorough)) continue;
        epiloguesDone.set(key, done + 1);
        take(await checkEpilogue(device, label, primitive, primitiveCase, variant, isForeign ? 1 : 2));
      }
    }
    if (!(given.isHuge && isBrief) && callsDone++ < mostCalls)
      take(await checkCall(device, label, check, at, nonFiniteFor('call')));
    if (
      !isSample &&
      given.isSmooth !== false &&
      !given.byHand &&
      !given.isThorough &&
      differencesDone < (isOneOfMany ? 1 : 2)
    ) {
      differencesDone++;
      take(await checkDifferences(device, label, check, at));
    }
    if (secondOrder.has(given)) take(await checkSecondOrder(device, label, check, at));
  }
  await device.idle();
  return rows;
}
