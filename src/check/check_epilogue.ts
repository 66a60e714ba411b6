/** Checks the variants of a primitive with other ops fused as their epilogue. */
import type { Device } from '../engine/device.js';
import { sizeOf } from '../engine/primitive.js';
import { runPrimitive } from '../engine/program.js';
import type { Tensor } from '../engine/tensor.js';
import { assert } from '../errors.js';
import { add } from '../kernels/arithmetic.js';
import { dropout } from '../kernels/dropout.js';
import { relu, reluInputGradient } from '../kernels/relu.js';
import { type Array64, map64 } from '../reference/array64.js';
import { dropoutFactor64 } from '../reference/dropout.js';
import { tolerance } from '../rounding.js';
import { type AnyPrimitive, type AnyVariant, assertVariant, planWith } from './check_primitive.js';
import { compare, shapesOf } from './compare.js';
import { drawSigned, randomFrom, wholeBatchState } from './draws.js';
import { type ReadBack, runGuarded } from './guarded_run.js';
import type { Expected, PrimitiveCase } from './op_check.js';
import { type Row, rowsOrFailure } from './row.js';

const rate = 0.25;
const stream = 5;
const [seed, stepNumber] = [77, 3];

interface Epilogue {
  readonly name: string;
  readonly operands: readonly Array64[];
  apply(value: Tensor, operands: readonly Tensor[]): Tensor;
  expect(result: Expected): Expected;
}

/** Chains that a kernel can fuse: bias, activation and mask; and a gradient that waits for its second operand. */
function epilogues(result: Expected): Epilogue[] {
  const { shape } = result.value;
  const random = randomFrom(11, sizeOf(shape));
  const bias = drawSigned(random, [shape.at(-1) ?? 1]);
  const other = drawSigned(random, shape);
  const channels = bias.values.length;
  const biasAt = (index: number): number => bias.values[index % channels] as number;
  return [
    {
      name: '+ bias, relu, dropout',
      operands: [bias, wholeBatchState({ seed, step: stepNumber })],
      apply: (value, [b, state]) =>
        dropout(relu(add(value, b as Tensor)), { rate, stream, state: state as Tensor }),
      expect: ({ value, magnitude, tolerance: own }) => ({
        value: map64(
          value,
          (y, i) => Math.max(0, y + biasAt(i)) * dropoutFactor64(i, { rate, stream, seed, step: stepNumber }),
        ),
        magnitude: magnitude.map((m, i) => (m + Math.abs(biasAt(i))) / (1 - rate)),
        // The addition, the factor and the product add one rounding each.
        tolerance: own + tolerance(0, 3),
      }),
    },
    {
      name: '+ relu gradient',
      operands: [other],
      apply: (value, [y]) => runPrimitive(reluInputGradient, { y: y as Tensor, dy: value }, {}).y,
      expect: (want) => ({
        ...want,
        value: map64(want.value, (dy, i) => ((other.values[i] as number) > 0 ? dy : 0)),
      }),
    },
  ];
}

export async function checkEpilogue(
  device: Device,
  label: Pick<Row, 'op' | 'case'>,
  primitive: AnyPrimitive,
  primitiveCase: PrimitiveCase,
  variant: AnyVariant | undefined,
  /** How many of the chains to check. */
  most: number,
): Promise<Row[]> {
  const { inputs, attributes, results } = primitiveCase;
  const [result] = primitive.outputs as [string];
  const expected = results[result] as Expected;
  const names = Object.keys(inputs);
  const rows: Row[] = [];
  for (const epilogue of epilogues(expected).slice(0, most)) {
    const values = [...Object.values(inputs), ...epilogue.operands];
    const row = {
      ...label,
      primitive: `${primitive.name.slice(primitive.name.indexOf('/') + 1)} ${epilogue.name}`,
      variant: variant?.name ?? 'map',
      shapes: shapesOf(inputs),
      result,
      tolerance: epilogue.expect(expected).tolerance,
    };
    rows.push(
      ...(await rowsOrFailure(row, async () => {
        const plan = planWith(device, primitive, variant?.name, values, (...tensors) => {
          const operands = Object.fromEntries(names.map((name, i) => [name, tensors[i] as Tensor]));
          const { [result]: value } = runPrimitive(primitive, operands, attributes);
          return [epilogue.apply(value as Tensor, tensors.slice(names.length))];
        });
        assertVariant(plan, primitive, variant);
        assert(
          plan.dispatches.every((dispatch) => dispatch.primitive === primitive.name),
          `${row.primitive} of ${row.variant} runs without dispatches of other primitives`,
        );
        const got = await runGuarded(device, plan, values);
        return [{ ...row, ...compare(got.outputs[0] as ReadBack, epilogue.expect(expected)) }];
      })),
    );
  }
  return rows;
}
