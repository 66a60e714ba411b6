/** Checks the gradients of compositions of ops. */
import type { Device } from '../engine/device.js';
import { grad } from '../kernels/grad.js';
import { program } from '../engine/program.js';
import type { Tensor } from '../engine/tensor.js';
import { type Array64, map64 } from '../reference/array64.js';
import { tolerance } from '../rounding.js';
import { compare, short } from './compare.js';
import type { Composition } from './compositions.js';
import { randomFrom } from './draws.js';
import { type ReadBack, asTensors, runGuarded } from './guarded_run.js';
import { type Row, rowsOrFailure } from './row.js';

/** The gradients of a composition through `grad`, against central differences of its float64 twin. */
export async function checkComposition(device: Device, composition: Composition): Promise<Row[]> {
  const { name, call, float64, constants = [] } = composition;
  const random = randomFrom(13, 0);
  const inputs = composition.inputs.map(({ shape, draw }) => draw(random, shape, {}));
  const values = [...inputs, ...constants];
  const row = {
    op: 'grad',
    primitive: name,
    variant: 'as chosen',
    case: name,
    shapes: inputs.map(({ shape }) => `[${shape.join(',')}]`).join(' '),
    result: '',
    // Chains of up to ten ops, sums of up to 150 terms.
    tolerance: tolerance(150, 60),
  };
  return rowsOrFailure(row, async () => {
    const plan = program((...tensors: Tensor[]) => {
      const operands = tensors.slice(0, inputs.length);
      const loss = call(operands, tensors.slice(inputs.length));
      return [loss, ...grad(loss, operands)];
    }, device).plan(...asTensors(values));
    const got = await runGuarded(device, plan, values);
    const loss = got.outputs[0] as ReadBack;
    const sum = loss.values.reduce((so, value) => so + value, 0);
    const size = loss.values.reduce((so, value) => so + Math.abs(value), 0);
    const want = float64(inputs, constants);
    const error = Math.abs(sum - want) / size;
    const lossRow = {
      ...row,
      result: 'loss',
      error,
      at: `${short(sum)} for ${short(want)}`,
      ok: error <= row.tolerance,
    };
    const gradients = inputs.map((input, i) => {
      const wanted = differences64(() => float64(inputs, constants), input);
      const rms = Math.sqrt(
        wanted.values.reduce((so, value) => so + value * value, 0) / wanted.values.length,
      );
      // Σ|terms| of a whole chain is unknown; |want| plus the root mean square of the gradient approximates it.
      const magnitude = wanted.values.map((value) => Math.abs(value) + rms);
      const expected = { value: wanted, magnitude, tolerance: row.tolerance };
      return { ...row, result: `d${i}`, ...compare(got.outputs[1 + i] as ReadBack, expected) };
    });
    return [lossRow, ...gradients];
  });
}

/** Central differences of `loss` with respect to every element of `x`. */
function differences64(loss: () => number, x: Array64): Array64 {
  const epsilon = 1e-6;
  return map64({ ...x, values: x.values.slice() }, (held, i) => {
    x.values[i] = held + epsilon;
    const above = loss();
    x.values[i] = held - epsilon;
    const below = loss();
    x.values[i] = held;
    return (above - below) / (2 * epsilon);
  });
}
