/**
 * Cases with NaN and infinity in the operands. WGSL lets an implementation assume that neither occurs, so each device
 * must be checked for results like NumPy's and PyTorch's.
 */
import { type Array64, map64 } from '../reference/array64.js';
import { evaluateAt } from './evaluate.js';
import type { Evaluated, OpCheck } from './op_check.js';

/** A case with NaN or infinity in one of its operands. */
export interface NonFiniteCase {
  /** Such as `NaN in x`. */
  readonly name: string;
  readonly at: Evaluated;
}

type Injection = readonly [name: string, (value: number, index: number, last: number) => number];

/** At the ends, where tiles meet padding; in the middle, before another one; everywhere. */
const injections: readonly Injection[] = [
  ['NaN', (value, index, last) => (index === last >> 1 || index === last ? NaN : value)],
  ['∞', (value, index, last) => (index === last ? Infinity : value)],
  ['−∞', (value, index) => (index === 0 ? -Infinity : value)],
  ['−∞ throughout', () => -Infinity],
];

/** The case once per f32 operand and per output gradient, each time with NaN or infinity in that one. */
export function nonFiniteCases(check: OpCheck, at: Evaluated): NonFiniteCase[] {
  const casesWith = (arrays: Evaluated['inputs'], names: readonly string[], show: (name: string) => string) =>
    names.flatMap((name) =>
      injections.map(([injected, value]) => {
        const array = arrays[name] as Array64;
        const last = array.values.length - 1;
        const nonFinite = map64(array, (old, index) => value(old, index, last));
        return { name: `${injected} in ${show(name)}`, arrays: { ...arrays, [name]: nonFinite } };
      }),
    );
  const operands = Object.keys(at.inputs).filter(
    (name) => ['f32', 'f16'].includes(at.inputs[name]!.dtype) && check.inputs[name]?.isFinite !== true,
  );
  const results = check.reference.backward
    ? check.outputs.filter((name) => check.differentiable?.includes(name) !== false)
    : [];
  return [
    ...casesWith(at.inputs, operands, (name) => name).map(({ name, arrays }) => ({
      name,
      at: evaluateAt(check, { ...at, inputs: arrays }),
    })),
    ...casesWith(at.outputGradients, results, (name) => `d${name}`).map(({ name, arrays }) => ({
      name,
      at: evaluateAt(check, { ...at, outputGradients: arrays }),
    })),
  ];
}

/** The channels that contain NaN or infinity. */
export function channelsAstray({ values }: Array64, channelOf: (index: number) => number): Set<number> {
  const channels = new Set<number>();
  values.forEach((value, index) => {
    if (!Number.isFinite(value)) channels.add(channelOf(index));
  });
  return channels;
}
