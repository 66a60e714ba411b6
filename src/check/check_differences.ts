/** Checks the device's gradients of an op against differences of the device's own forward. */
import type { Device } from '../engine/device.js';
import { grad } from '../kernels/grad.js';
import { program } from '../engine/program.js';
import type { Tensor } from '../engine/tensor.js';
import { multiply } from '../kernels/arithmetic.js';
import { type Array64, map64 } from '../reference/array64.js';
import { shapesOf, short } from './compare.js';
import { randomFrom } from './draws.js';
import { type ReadBack, asTensors, runGuarded } from './guarded_run.js';
import type { Evaluated, Expected, OpCheck } from './op_check.js';
import { type Row, rowsOrFailure } from './row.js';

/**
 * The device's gradients against differences of the device's own forward, along one random direction v of ±1 per input:
 *
 *   Σ dx·(x⁺ − x⁻) ≈ Σ dy·(y(x⁺) − y(x⁻)),  x± = x ± h·v,  h = 2⁻¹⁰
 *
 * The sums are formed in float64. What remains is the rounding of the forward, bounded by its tolerance times
 * Σ|dy|·Σ|terms| on both sides, and the curvature of f, which is at most 10⁻³ of Σ|dx·2h| for the operands drawn here.
 */
export async function checkDifferences(
  device: Device,
  label: Pick<Row, 'op' | 'case'>,
  check: OpCheck,
  at: Evaluated,
): Promise<Row[]> {
  const call = check.call;
  const wanted = Object.keys(at.gradients);
  if (!call || wanted.length === 0) return [];
  const [output] = check.outputs as [string];
  const names = Object.keys(at.inputs);
  const dy = at.outputGradients[output] as Array64;
  const h = 2 ** -10;
  const run = async (inputs: Readonly<Record<string, Array64>>): Promise<ReadBack[]> => {
    const values = [...names.map((name) => inputs[name] as Array64), dy];
    const fn = (...tensors: Tensor[]): Tensor[] => {
      const operands = Object.fromEntries(names.map((name, i) => [name, tensors[i] as Tensor]));
      const y = call(operands, at.options)[output] as Tensor;
      const asked = wanted.map((name) => operands[name] as Tensor);
      return [y, ...grad(multiply(y, tensors.at(-1) as Tensor), asked)];
    };
    const plan = program(fn, device).plan(...asTensors(values));
    return (await runGuarded(device, plan, values)).outputs;
  };
  const rows: Row[] = [];
  for (const [i, name] of wanted.entries()) {
    const row = {
      ...label,
      primitive: 'differences',
      variant: 'as chosen',
      shapes: shapesOf(at.inputs),
      result: `d${name}`,
      tolerance: 1,
    };
    rows.push(
      ...(await rowsOrFailure(row, async () => {
        const random = randomFrom(12, i);
        const x = at.inputs[name] as Array64;
        const direction = x.values.map(() => (random() < 0.5 ? -h : h));
        const above = map64(x, (value, k) => Math.fround(value + (direction[k] as number)));
        const below = map64(x, (value, k) => Math.fround(value - (direction[k] as number)));
        const plus = (await run({ ...at.inputs, [name]: above }))[0] as ReadBack;
        const minus = (await run({ ...at.inputs, [name]: below }))[0] as ReadBack;
        const dx = (await run(at.inputs))[1 + i] as ReadBack;
        const expected = at.outputs[output] as Expected;
        let [numeric, rounding] = [0, 0];
        dy.values.forEach((g, k) => {
          numeric += g * ((plus.values[k] as number) - (minus.values[k] as number));
          rounding += Math.abs(g) * (expected.magnitude[k] as number) * (1 + 2 * h) * 2 * expected.tolerance;
        });
        let [analytic, size] = [0, 0];
        dx.values.forEach((g, k) => {
          const term = g * ((above.values[k] as number) - (below.values[k] as number));
          analytic += term;
          size += Math.abs(term);
        });
        const error = Math.abs(numeric - analytic) / (rounding + 1e-3 * size);
        return [
          {
            ...row,
            error,
            at: `${short(analytic)} for ${short(numeric)}`,
            ok: error <= 1 || numeric === analytic,
          },
        ];
      })),
    );
  }
  return rows;
}
