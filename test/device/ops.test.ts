// Plan: every op and every primitive that belongs to none against its float64 reference, on the cases of its check: by hand,
// odd sizes, tile edges, random ones of a fixed seed; every variant that takes the case, each with fused ops too; the same
// with NaN and infinity in the operands, which WGSL leaves to drivers and llvmpipe and SwiftShader treat as NumPy does; then
// the gradients through `grad`, first and second, and against differences that the device computes itself. Chromium, whose
// software device is five times slower, checks a sample of the cases.
import { expect, test } from 'vitest';
import { checkOp } from '../../src/check/check_op.js';
import { canCheck, checks } from '../../src/check/index.js';
import type { Row } from '../../src/check/row.js';
import { useDevice } from './device.js';

const held = useDevice();

// With cold shader caches each of some hundred pipelines takes a software driver a tenth of a second to compile.
const timeout = 300_000;

test.each([...checks.values()])('$op.name', { timeout }, async (check) => {
  // As Chromium's software device does; test/unit/half.test.ts shows that f16 is refused there.
  if (!canCheck(held.device, check)) return;
  const isSample = 'document' in globalThis;
  // Those that are made of other ops, such as the updates of optimizers.
  if (isSample && Object.keys(check.primitives).length === 0) return;
  const rows = await checkOp(held.device, check, { isSample });
  expect(rows.filter((row) => !row.ok).map(describeRow), `${rows.length} comparisons`).toEqual([]);
});

function describeRow({ primitive, variant, case: name, shapes, result, error, at, tolerance }: Row): string {
  return `${primitive} (${variant}), ${name}, ${shapes}: ${result} off by ${error.toExponential(1)} > ${tolerance.toExponential(1)} at ${at}`;
}
