/** The checks by the names of their ops: tests, gradcheck and the bench are made from them. */
import type { Device } from '../engine/device.js';
import type { OpCheck } from './op_check.js';
import * as all from './ops/index.js';

export const checks: ReadonlyMap<string, OpCheck> = new Map(
  Object.values(all)
    .flat()
    .map((check) => [check.op.name, check]),
);

/** Whether the device can compute with the dtypes of a check's operands. */
export function canCheck({ traits }: Device, { inputs }: OpCheck): boolean {
  return (
    traits.features.includes('shader-f16') || Object.values(inputs).every(({ dtype }) => dtype !== 'f16')
  );
}
