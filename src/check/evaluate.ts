/** Makes the numbers of an op's cases: draws the operands, and computes the expected results with the reference. */
import type { Attributes, Shape } from '../engine/primitive.js';
import { tolerance } from '../rounding.js';
import { type Array64, type Arrays, array64, fill64, map64, zeros64 } from '../reference/array64.js';
import { drawSigned, randomFrom } from './draws.js';
import type { Case, Evaluated, Expected, Magnitudes, OpCheck } from './op_check.js';

const seed = 20_220_514;

/** The declared cases, then `count` of random shapes, the same in every run. */
export function casesOf(check: OpCheck, count: number, thorough: boolean): Case[] {
  const declared = check.cases.filter((each) => thorough || !each.isThorough);
  const { random } = check;
  if (!random) return declared;
  const drawn = Array.from({ length: count }, (_, i): Case => {
    return { name: `random ${i}`, ...random(randomFrom(seed, 1000 + i)) };
  });
  return [...declared, ...drawn];
}

/** The op's attributes for these options. */
export function attributesOf(check: OpCheck, inputs: Arrays<string>, options: Attributes): Attributes {
  return check.attributes?.(shapesOf(inputs), options) ?? options;
}

/** Draws the operands of a case and computes everything expected. */
export function evaluate(check: OpCheck, given: Case, draw = 0): Evaluated {
  const random = randomFrom(seed, draw);
  const { options, byHand } = given;
  const inputs: Record<string, Array64> = {};
  for (const [name, { dtype, draw: own }] of Object.entries(check.inputs)) {
    const shape = given.inputs[name] as Shape;
    const byHandValues = byHand?.inputs[name];
    const drawn = byHandValues
      ? array64(shape, byHandValues)
      : (given.draw?.[name] ?? own)(random, shape, given.inputs);
    inputs[name] = { ...drawn, dtype: dtype ?? 'f32' };
  }
  const values = check.reference.forward(inputs, attributesOf(check, inputs, options));
  const outputGradients = mapArrays(values, (y, name) => {
    const drawn = byHand ? fill64(y.shape, () => 1) : drawSigned(random, y.shape);
    return check.differentiable?.includes(name) === false ? zeros64(y.shape) : drawn;
  });
  return evaluateAt(check, { inputs, options, outputGradients }, values);
}

/** The expected results for given operands and output gradients. */
export function evaluateAt(
  check: OpCheck,
  { inputs, options, outputGradients }: Pick<Evaluated, 'inputs' | 'options' | 'outputGradients'>,
  outputs?: Arrays<string>,
): Evaluated {
  const { reference } = check;
  const attributes = attributesOf(check, inputs, options);
  const values = outputs ?? reference.forward(inputs, attributes);
  const gradients = reference.backward?.(inputs, outputGradients, attributes) ?? {};
  const magnitudes = magnitudesOf(check, inputs, outputGradients, options, values);
  const terms = check.terms?.(shapesOf(inputs), options) ?? {};
  const mayBeNaN = check.mayBeNaN?.(inputs, outputGradients) ?? {};
  const expect = (name: string, value: Array64, magnitude: Array64 | undefined): Expected => {
    const isExact = check.roundings?.[name] === 0;
    return {
      value,
      magnitude: magnitude?.values ?? value.values.map(Math.abs),
      tolerance: isExact ? 0 : tolerance(terms[name] ?? 1, check.roundings?.[name]),
      ...(mayBeNaN[name] ? { mayBeNaN: mayBeNaN[name] } : {}),
    };
  };
  return {
    inputs,
    options,
    outputs: Object.fromEntries(
      Object.entries(values).map(([name, y]) => [name, expect(name, y, magnitudes.outputs[name])]),
    ),
    outputGradients,
    gradients: Object.fromEntries(
      Object.entries(gradients).flatMap(([name, dx]) =>
        dx ? [[name, expect(name, dx, magnitudes.gradients[name])]] : [],
      ),
    ),
  };
}

function magnitudesOf(
  check: OpCheck,
  inputs: Arrays<string>,
  dy: Arrays<string>,
  options: Attributes,
  outputs: Arrays<string>,
): Magnitudes<string, string> {
  const { magnitudes, reference } = check;
  if (magnitudes === undefined) return { outputs: {}, gradients: {} };
  if (magnitudes !== 'multilinear') return magnitudes(inputs, dy, options, outputs);
  const absolute = (arrays: Arrays<string>): Arrays<string> => mapArrays(arrays, (x) => map64(x, Math.abs));
  const attributes = attributesOf(check, inputs, options);
  return {
    outputs: reference.forward(absolute(inputs), attributes),
    gradients: reference.backward?.(absolute(inputs), absolute(dy), attributes) ?? {},
  };
}

function mapArrays(
  arrays: Arrays<string>,
  fn: (array: Array64, name: string) => Array64,
): Record<string, Array64> {
  return Object.fromEntries(Object.entries(arrays).map(([name, array]) => [name, fn(array, name)]));
}

function shapesOf(arrays: Arrays<string>): Record<string, Shape> {
  return Object.fromEntries(Object.entries(arrays).map(([name, { shape }]) => [name, shape]));
}
