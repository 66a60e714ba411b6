/** Checks the primitives of an op, each variant on its own. */
import type { Device } from '../engine/device.js';
import type { Plan } from '../engine/plan/plan.js';
import { type Attributes, type Primitive, type Variant, canRun, outputSpecs } from '../engine/primitive.js';
import { program, runPrimitive } from '../engine/program.js';
import type { Tensor } from '../engine/tensor.js';
import { withVariant } from '../engine/tune.js';
import { assert } from '../errors.js';
import type { Array64 } from '../reference/array64.js';
import { compare, shapesOf } from './compare.js';
import { asTensors, runGuarded } from './guarded_run.js';
import type { PrimitiveCase } from './op_check.js';
import { type Row, rowsOrFailure, nonFiniteRows } from './row.js';

export type AnyPrimitive = Primitive;
export type AnyVariant = Variant<string, string, Attributes>;

/** Names of the variants that support the case; element-wise primitives run as `map`. */
export function variantsFor(
  device: Device,
  primitive: AnyPrimitive,
  { inputs, attributes }: PrimitiveCase,
): AnyVariant[] {
  const outputs = outputSpecs(primitive, inputs, attributes);
  return primitive.variants.filter((variant) =>
    canRun(variant, { inputs, outputs, attributes, device: device.traits }),
  );
}

/** The plan of `fn` over the inputs, with one variant of a primitive forced. */
export function planWith(
  device: Device,
  primitive: AnyPrimitive,
  variant: string | undefined,
  inputs: readonly Array64[],
  fn: (...inputs: Tensor[]) => Tensor[],
): Plan {
  const make = (): Plan => program(fn, device).plan(...asTensors(inputs));
  return variant === undefined ? make() : withVariant(device, primitive.name, variant, make);
}

export async function checkPrimitive(
  device: Device,
  label: Pick<Row, 'op' | 'case'>,
  primitive: AnyPrimitive,
  primitiveCase: PrimitiveCase,
  variant: AnyVariant | undefined,
  /** The same cases with NaN and infinity in the operands. */
  nonFinite: readonly { readonly name: string; readonly primitiveCase: PrimitiveCase }[],
): Promise<Row[]> {
  const { inputs, attributes, results } = primitiveCase;
  const names = Object.keys(inputs);
  const values = Object.values(inputs);
  const row = {
    ...label,
    primitive: primitive.name.slice(primitive.name.indexOf('/') + 1),
    variant: variant?.name ?? 'map',
    shapes: shapesOf(inputs),
    result: Object.keys(results).join(' '),
    tolerance: 0,
  };
  return rowsOrFailure(row, async () => {
    const plan = planWith(device, primitive, variant?.name, values, (...tensors) => {
      const operands = Object.fromEntries(names.map((name, i) => [name, tensors[i] as Tensor]));
      const outputs = runPrimitive(primitive, operands, attributes);
      return primitive.outputs.map((name) => outputs[name] as Tensor);
    });
    assertVariant(plan, primitive, variant);
    const rowsOf = async (given: PrimitiveCase, base: typeof row): Promise<Row[]> => {
      const got = await runGuarded(device, plan, Object.values(given.inputs));
      return Object.entries(given.results).map(([name, expected]) => {
        const output = primitive.outputs.indexOf(name);
        const value = output < 0 ? got.inputs[names.indexOf(name)] : got.outputs[output];
        assert(value, `${primitive.name} outputs or mutates '${name}'`);
        return { ...base, result: name, tolerance: expected.tolerance, ...compare(value, expected) };
      });
    };
    const rows = await rowsOf(primitiveCase, row);
    for (const { name, primitiveCase: given } of nonFinite)
      rows.push(...nonFiniteRows(await rowsOf(given, { ...row, case: `${row.case}, ${name}` })));
    return rows;
  });
}

export function assertVariant(plan: Plan, primitive: AnyPrimitive, variant: AnyVariant | undefined): void {
  const ran = plan.dispatches.filter((dispatch) => dispatch.primitive === primitive.name);
  assert(
    ran.length > 0 && ran.every((dispatch) => dispatch.variant === (variant?.name ?? 'map')),
    `${primitive.name} runs as ${variant?.name ?? 'map'} when forced`,
  );
}
