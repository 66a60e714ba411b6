/** Checks the public function of an op and its gradients in a recorded program. */
import type { Device } from '../engine/device.js';
import { grad } from '../kernels/grad.js';
import { program } from '../engine/program.js';
import type { Tensor } from '../engine/tensor.js';
import { multiply } from '../kernels/arithmetic.js';
import type { Array64 } from '../reference/array64.js';
import { tolerance } from '../rounding.js';
import { compare, shapesOf } from './compare.js';
import { type ReadBack, asTensors, runGuarded } from './guarded_run.js';
import type { NonFiniteCase } from './non_finite.js';
import type { Evaluated, Expected, OpCheck } from './op_check.js';
import { type Row, rowsOrFailure, nonFiniteRows } from './row.js';

/** The outputs and gradients of Σ dy·y, recorded in a program through the op's public function. */
export async function checkCall(
  device: Device,
  label: Pick<Row, 'op' | 'case'>,
  check: OpCheck,
  at: Evaluated,
  nonFinite: readonly NonFiniteCase[],
): Promise<Row[]> {
  const { call } = check;
  if (!call) return [];
  const differentiable = Object.keys(at.gradients);
  const names = Object.keys(at.inputs);
  const [first] = check.outputs as [string];
  const valuesOf = (given: Evaluated): Array64[] => [
    ...Object.values(given.inputs),
    given.outputGradients[first] as Array64,
  ];
  // Multiplying by dy, and adding up where needed, rounds a little more than the kernels alone.
  const widened = (expected: Expected): Expected => ({
    ...expected,
    tolerance: expected.tolerance + tolerance(0, 2),
  });
  const wantedOf = (given: Evaluated) => [
    ...check.outputs.map((name) => ({
      primitive: 'forward',
      name,
      expected: given.outputs[name] as Expected,
    })),
    ...differentiable.map((name) => ({
      primitive: 'gradient',
      name: `d${name}`,
      expected: widened(given.gradients[name] as Expected),
    })),
  ];
  const row = {
    ...label,
    primitive: 'call',
    variant: 'as chosen',
    shapes: shapesOf(at.inputs),
    result: '',
    tolerance: 0,
  };
  return rowsOrFailure(row, async () => {
    const plan = program((...tensors: Tensor[]) => {
      const operands = Object.fromEntries(names.map((name, i) => [name, tensors[i] as Tensor]));
      const outputs = call(operands, at.options);
      const results = check.outputs.map((name) => outputs[name] as Tensor);
      if (differentiable.length === 0) return results;
      const loss = multiply(outputs[first] as Tensor, tensors.at(-1) as Tensor);
      return [
        ...results,
        ...grad(
          loss,
          differentiable.map((name) => operands[name] as Tensor),
        ),
      ];
    }, device).plan(...asTensors(valuesOf(at)));
    const rowsOf = async (given: Evaluated, name: string): Promise<Row[]> => {
      const got = await runGuarded(device, plan, valuesOf(given));
      return wantedOf(given).map(({ primitive, name: result, expected }, i) => ({
        ...row,
        case: name,
        primitive,
        result,
        tolerance: expected.tolerance,
        ...compare(got.outputs[i] as ReadBack, expected),
      }));
    };
    const rows = await rowsOf(at, row.case);
    for (const { name, at: given } of nonFinite)
      rows.push(...nonFiniteRows(await rowsOf(given, `${row.case}, ${name}`)));
    return rows;
  });
}
