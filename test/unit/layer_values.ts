/** The values of a layer in float64, from a trace that is recorded without a device. */
import { wholeBatchState } from '../../src/check/draws.js';
import { checks } from '../../src/check/index.js';
import { Trace } from '../../src/engine/trace.js';
import type { Tensor } from '../../src/engine/tensor.js';
import { type Layer, type LayerContext, isNonEmpty } from '../../src/nn/layers/layer.js';
import type { Array64 } from '../../src/reference/array64.js';
import { Interpreter, referencesOf } from '../../src/reference/interpreter.js';

const references = referencesOf([...checks.values()].map(({ reference }) => reference));

/** Inputs have the batch axis in front; parameters are by name. */
export function layerValues(
  layer: Layer,
  inputs: readonly Array64[],
  {
    parameters = {},
    state = wholeBatchState({ seed: 1, step: 0 }),
    ...context
  }: { parameters?: Readonly<Record<string, Array64>>; state?: Array64 } & Partial<
    Omit<LayerContext, 'state'>
  > = {},
): Array64 {
  const trace = new Trace();
  const given = [...inputs, ...Object.values(parameters), state];
  const tensors = given.map((each) => trace.input(each));
  const operands = tensors.slice(0, inputs.length);
  if (!isNonEmpty(operands)) throw new Error('a layer has an input');
  const own = Object.keys(parameters).map((name, i): [string, Tensor] => [name, tensors[inputs.length + i]!]);
  const y = trace.record(() =>
    layer.call(operands, Object.fromEntries(own), {
      isTraining: false,
      isFrozen: false,
      stream: 0,
      ...context,
      state: tensors.at(-1)!,
    }),
  );
  return new Interpreter(trace, references, [y]).run(given).valueOf(y);
}
