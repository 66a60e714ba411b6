/** What each layer of a network computes for one sample, from the costs of the primitives that it records. No device is needed. */
import type { Spec } from '../../engine/primitive.js';
import type { Tensor } from '../../engine/tensor.js';
import { Trace, mapRecord } from '../../engine/trace.js';
import { stateSpec } from '../../kernels/step_state.js';
import type { Network } from './network.js';

/** Of one sample in a forward pass. */
export interface LayerCost {
  /** Multiplications each followed by an addition, of convolutions and matrix products. */
  readonly multiplyAdds: number;
  /** All floating-point operations, of which a multiply-add is two. */
  readonly flops: number;
}

/** The costs of inference by the name of the layer. */
export function layerCosts(network: Network): ReadonlyMap<string, LayerCost> {
  const trace = new Trace();
  const float = (shape: readonly number[]): Tensor => trace.input({ shape, dtype: 'f32' });
  const inputs = new Map(network.inputs.map(({ name, shape }) => [name, float([1, ...shape])]));
  const parameters = new Map(network.parameters.map(({ path, shape }) => [path, float(shape)]));
  const state = trace.input(stateSpec);
  trace.record(() => network.forward(inputs, (path) => parameters.get(path)!, { isTraining: false, state }));
  const costs = new Map<string, LayerCost>(
    network.nodes.map(({ name }) => [name, { multiplyAdds: 0, flops: 0 }]),
  );
  for (const { primitive, attributes, scope, ...operands } of trace.nodes) {
    const before = costs.get(scope?.name ?? '');
    if (!before) continue;
    const specsOf = (values: typeof operands.inputs): Record<string, Spec> =>
      mapRecord(values, ({ spec }) => spec);
    const context = { inputs: specsOf(operands.inputs), outputs: specsOf(operands.outputs), attributes };
    const { flops, multiplyAdds = 0 } = primitive.cost(context);
    costs.set(scope!.name, {
      multiplyAdds: before.multiplyAdds + multiplyAdds,
      flops: before.flops + flops,
    });
  }
  return costs;
}
