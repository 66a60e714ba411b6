// Plan: which ops `grad` differentiates, as docs/architecture.md lists them: every op of the checks, on its first case. Those
// of first and second order through every operand of floats; the others, the changes in place among them, are refused by name.
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { evaluate } from '../../src/check/evaluate.js';
import { checks } from '../../src/check/index.js';
import type { OpCheck } from '../../src/check/op_check.js';
import type { Spec } from '../../src/engine/primitive.js';
import { runPrimitive } from '../../src/engine/program.js';
import type { Tensor } from '../../src/engine/tensor.js';
import { Trace } from '../../src/engine/trace.js';
import { square } from '../../src/kernels/arithmetic.js';
import { grad } from '../../src/kernels/grad.js';
import { fakeDevice } from './fake_device.js';

type Named = Readonly<Record<string, Tensor>>;

/** Records a function of operands of these specs. */
function recorded<R>(specs: Readonly<Record<string, Spec>>, fn: (operands: Named) => R): R {
  const trace = new Trace(fakeDevice());
  const named = Object.entries(specs).map(([name, spec]) => [name, trace.input(spec)] as const);
  return trace.record(() => fn(Object.fromEntries(named)));
}

const floatsOf = (tensors: Named): Tensor[] =>
  Object.values(tensors).filter(({ dtype }) => dtype.startsWith('f'));

/** What `grad` says of an output by the operands; '' for a gradient that it could record. */
function refusalOf(output: Tensor, operands: readonly Tensor[]): string {
  try {
    grad(output, operands, { unconnected: 'zero' });
    return '';
  } catch (error) {
    return (error as Error).message;
  }
}

/** Records the gradients of the gradients of all differentiable outputs by all float operands. */
function differentiates(check: OpCheck): boolean {
  const { call, reference, outputs, differentiable = outputs, cases } = check;
  // Without operands, such as fill: a constant.
  if (Object.keys(check.inputs).length === 0) return true;
  if (!call || !reference.backward) return false;
  const { inputs, options } = evaluate(check, cases[0]!);
  return recorded(inputs, (operands) => {
    const floats = floatsOf(operands);
    const results = call(operands, options);
    for (const name of differentiable) {
      // Squares, so that the gradients of linear ops depend on the operands.
      const first = grad(square(results[name]!), floats, { unconnected: 'zero' });
      grad(first.map(square), floats, { unconnected: 'zero' });
    }
    return true;
  });
}

const names = [...checks.keys()].toSorted();
const without = names.filter((name) => !differentiates(checks.get(name)!));

const optimizersOfOps = ['sgd', 'sgd_momentum'];

test('the table of the ops and their derivatives is that of docs/architecture.md', () => {
  const text = readFileSync(new URL('../../docs/architecture.md', import.meta.url), 'utf8');
  const row = (title: string): string[] => {
    const found = text.split('\n').find((line) => line.startsWith(`| ${title} |`));
    return [...(found ?? '').matchAll(/`(\w+)`/g)].map(([, name]) => name!);
  };
  expect(row('first, second and higher')).toEqual(names.filter((name) => !without.includes(name)));
  expect(row('none')).toEqual(without);
  for (const name of without) expect(checks.get(name)!.reference.backward, name).toBeUndefined();
});

test.each(without)('%s is refused by name', (name) => {
  const check = checks.get(name)!;
  const at = evaluate(check, check.cases[0]!);
  const { call } = check;
  const refusals = call
    ? recorded(at.inputs, (operands) =>
        Object.values(call(operands, at.options)).map((output) => refusalOf(output, floatsOf(operands))),
      )
    : check.op.primitives.flatMap((primitive) => {
        const { inputs, attributes } = check.primitives[primitive.name]!(at);
        return recorded(inputs, (operands) => {
          const floats = floatsOf(operands);
          const results: Named = runPrimitive(primitive, operands, attributes);
          const changed: Named = Object.fromEntries(
            (primitive.mutates ?? []).map((operand) => [operand, operands[operand]!]),
          );
          const outputs = floats.length === 0 ? [] : floatsOf({ ...results, ...changed });
          return outputs.map((output) => refusalOf(output, floats));
        });
      });
  // An optimizer made of ops changes the parameters through assign.
  const named = optimizersOfOps.includes(name) ? 'assign' : name;
  for (const refusal of refusals) expect(refusal).toMatch(new RegExp(`\\b${named}\\b`));
});

test.each(names.filter((name) => checks.get(name)!.differentiable))(
  'the other outputs of %s are refused by name',
  (name) => {
    const check = checks.get(name)!;
    const { call, cases, outputs, differentiable } = check;
    const { inputs, options } = evaluate(check, cases[0]!);
    recorded(inputs, (operands) => {
      const results = call!(operands, options);
      for (const output of outputs.filter((each) => !differentiable!.includes(each)))
        expect(refusalOf(results[output]!, floatsOf(operands))).toContain(`'${output}' of ${name}`);
    });
  },
);
