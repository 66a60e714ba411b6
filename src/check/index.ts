/** The checks by the names of their ops: tests, gradcheck and the bench are made from them. */
import type { OpCheck } from './op_check.js';
import * as all from './ops/index.js';

export const checks: ReadonlyMap<string, OpCheck> = new Map(
  Object.values(all)
    .flat()
    .map((check) => [check.op.name, check]),
);
