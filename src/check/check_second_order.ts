/** The device's second derivatives against central differences of the float64 gradients. */
import type { Device } from '../engine/device.js';
import { program } from '../engine/program.js';
import type { Tensor } from '../engine/tensor.js';
import { multiply } from '../kernels/arithmetic.js';
import { grad } from '../kernels/grad.js';
import { roundToHalf } from '../half.js';
import { type Array64, fill64, map64, zeros64 } from '../reference/array64.js';
import { tolerance } from '../rounding.js';
import { shapesOf, short } from './compare.js';
import { drawSigned, randomFrom } from './draws.js';
import { attributesOf } from './evaluate.js';
import { type ReadBack, asTensors, runGuarded } from './guarded_run.js';
import type { Evaluated, OpCheck } from './op_check.js';
import { type Row, rowsOrFailure } from './row.js';

/** Elements of each operand for which the difference is computed, spread evenly. */
const most = 12;

export interface SecondDerivative {
  /** The indices that were tried, and the derivative at each. */
  readonly elements: readonly { readonly index: number; readonly value: number }[];
  /** Root of the mean square over them. */
  readonly rms: number;
}

/**
 * The derivatives of S = Σ_i v_i · dx_i, where dx = backward(x, dy), by `x` and by dy:
 *
 *   dS/dx ≈ (S(x + ε) − S(x − ε)) / 2ε,  ε = 10⁻⁵
 *
 * `x` is changed in place and restored.
 */
export function secondDerivative64(
  check: OpCheck,
  at: Pick<Evaluated, 'inputs' | 'outputGradients' | 'options'>,
  directions: Readonly<Record<string, Array64>>,
  { values }: Array64,
): SecondDerivative {
  const epsilon = 1e-5;
  const attributes = attributesOf(check, at.inputs, at.options);
  const sum = (): number => {
    const gradients = check.reference.backward!(at.inputs, at.outputGradients, attributes);
    return Object.entries(directions).reduce(
      (total, [name, v]) =>
        gradients[name]!.values.reduce((inner, value, i) => inner + value * (v.values[i] as number), total),
      0,
    );
  };
  const step = Math.max(1, Math.floor(values.length / most));
  const elements = [];
  for (let index = 0; index < values.length; index += step) {
    const held = values[index] as number;
    values[index] = held + epsilon;
    const above = sum();
    values[index] = held - epsilon;
    const below = sum();
    values[index] = held;
    elements.push({ index, value: (above - below) / (2 * epsilon) });
  }
  const squares = elements.reduce((total, { value }) => total + value * value, 0);
  return { elements, rms: Math.sqrt(squares / elements.length) };
}

/**
 * Second derivatives through `grad` of `grad`, by every input that has a gradient and by dy.
 *
 * Errors are relative to the element and the root mean square of its neighbours, since Σ|terms| of the chain is unknown.
 */
export async function checkSecondOrder(
  device: Device,
  label: Pick<Row, 'op' | 'case'>,
  check: OpCheck,
  at: Evaluated,
): Promise<Row[]> {
  const { call } = check;
  const wanted = Object.keys(at.gradients);
  if (!call || wanted.length === 0) return [];
  const [first] = check.outputs as [string];
  const names = Object.keys(at.inputs);
  const dy = at.outputGradients[first] as Array64;
  const random = randomFrom(14, 0);
  const directions = Object.fromEntries(
    wanted.map((name) => {
      const { dtype, shape } = at.inputs[name]!;
      const drawn = drawSigned(random, shape);
      return [name, dtype === 'f16' ? { ...map64(drawn, roundToHalf), dtype } : drawn];
    }),
  );
  const values = [...Object.values(at.inputs), dy, ...Object.values(directions)];
  const row = {
    ...label,
    primitive: 'second order',
    variant: 'as chosen',
    shapes: shapesOf(at.inputs),
    result: '',
    tolerance: tolerance(Math.max(1, ...Object.values(termsOf(check, at))), 200),
  };
  return rowsOrFailure(row, async () => {
    const plan = program((...tensors: Tensor[]) => {
      const operands = Object.fromEntries(names.map((name, i) => [name, tensors[i] as Tensor]));
      const [dyTensor, ...v] = tensors.slice(names.length) as [Tensor, ...Tensor[]];
      const loss = multiply(call(operands, at.options)[first] as Tensor, dyTensor);
      const variables = wanted.map((name) => operands[name] as Tensor);
      const weighted = grad(loss, variables).map((gradient, i) => multiply(gradient, v[i] as Tensor));
      // The gradient of an op may be constant along its operands.
      return grad(weighted, [...variables, dyTensor], { unconnected: 'zero' });
    }, device).plan(...asTensors(values));
    const got = await runGuarded(device, plan, values);
    // dy of outputs that the program leaves out is 0.
    const outputGradients = Object.fromEntries(
      Object.entries(at.outputGradients).map(([name, { shape }]) => [
        name,
        name === first ? dy : zeros64(shape),
      ]),
    );
    const copies = Object.fromEntries(
      Object.entries(at.inputs).map(([name, x]) => [name, { ...x, values: x.values.slice() }]),
    );
    const copied = {
      inputs: copies,
      outputGradients: { ...outputGradients, [first]: fill64(dy.shape, (i) => dy.values[i]!) },
      options: at.options,
    };
    return [
      ...wanted.map((name) => [`d²${name}`, copies[name]!] as const),
      ['d²dy', copied.outputGradients[first]!] as const,
    ].map(([result, operand], i): Row => {
      const { elements, rms } = secondDerivative64(check, copied, directions, operand);
      const readBack = got.outputs[i] as ReadBack;
      let worst = { error: 0, at: '' };
      for (const { index, value } of elements) {
        const own = readBack.values[index] as number;
        const size = Math.abs(value) + rms + 1e-9;
        const difference = Math.abs(own - value) / size;
        const error = Number.isNaN(difference) ? Infinity : difference;
        if (error > worst.error) worst = { error, at: `[${index}] ${short(own)} for ${short(value)}` };
      }
      const isWithin = readBack.overrun === undefined;
      return { ...row, result, ...worst, ok: worst.error <= row.tolerance && isWithin };
    });
  });
}

function termsOf(check: OpCheck, at: Evaluated): Readonly<Record<string, number>> {
  const shapes = Object.fromEntries(Object.entries(at.inputs).map(([name, { shape }]) => [name, shape]));
  return (check.terms?.(shapes, at.options) ?? {}) as Readonly<Record<string, number>>;
}
