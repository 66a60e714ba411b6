/**
 * The derivatives of an interpreted run: gradients with the references' backward, and the same run with another value of one
 * tensor, for finite differences.
 */
import type { Tensor } from '../engine/tensor.js';
import { StateError } from '../errors.js';
import { type Array64, fill64, map64, zeros64 } from './array64.js';
import { Run, type Step, arraysOf, compute } from './interpreter.js';

/** The same run with another value of `tensor`; recomputes only what depends on it. */
export function withValue(run: Run, tensor: Tensor, value: Array64): Run {
  const values = new Map(run.values).set(run.idOf(tensor), value);
  const changed = new Set([run.idOf(tensor)]);
  for (const step of run.steps) {
    if (!Object.values(step.inputs).some((id) => changed.has(id))) continue;
    compute(step, values);
    for (const id of Object.values(step.outputs)) changed.add(id);
  }
  return new Run(run.trace, run.steps, values);
}

/**
 * The gradients of the sum of `loss` with respect to tensors.
 *
 * Throws: StateError if it does not depend on one of them, or depends on them through an output without a gradient.
 */
export function gradients64(run: Run, loss: Tensor, tensors: readonly Tensor[]): Array64[] {
  const gradients = new Map<number, Array64>();
  gradients.set(
    run.idOf(loss),
    fill64(loss.shape, () => 1),
  );
  for (const step of run.steps.toReversed()) backward(run, step, gradients);
  return tensors.map((tensor, i) => {
    const gradient = gradients.get(run.idOf(tensor));
    if (!gradient)
      throw new StateError(
        `interpreter: the loss does not depend on tensor ${i} of shape [${tensor.shape.join(',')}].`,
      );
    return gradient;
  });
}

/** Adds the gradients of a call to those of its inputs. */
function backward({ values }: Run, step: Step, gradients: Map<number, Array64>): void {
  const { reference, attributes, inputs, outputs, nonDifferentiable } = step;
  const reached = Object.entries(outputs).filter(([, id]) => gradients.has(id));
  // Without inputs, as of fill: a constant.
  if (reached.length === 0 || Object.keys(inputs).length === 0) return;
  const refused = reached.find(([name]) => nonDifferentiable.includes(name));
  if (!reference.backward || refused)
    throw new StateError(
      `interpreter: the loss depends on '${(refused ?? reached[0])?.[0]}' of ${reference.op}, which has no gradient.`,
    );
  const dy = Object.fromEntries(
    Object.entries(outputs).flatMap(([name, id]) => {
      const value = values.get(id);
      return value ? [[name, gradients.get(id) ?? zeros64(value.shape)]] : [];
    }),
  );
  const dx = reference.backward(arraysOf(inputs, values), dy, attributes);
  for (const [name, id] of Object.entries(inputs)) {
    const gradient = dx[name];
    if (!gradient) continue;
    const before = gradients.get(id);
    gradients.set(id, before ? map64(before, (sum, i) => sum + (gradient.values[i] as number)) : gradient);
  }
}
