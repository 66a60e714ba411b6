/** The device memory of a training, by purpose. */
import type { Training } from '../../src/nn/callbacks/callback.js';
import type { Model } from '../../src/nn/model.js';
import type { MemoryPlan } from '../protocol.js';

/** Bytes of a label, and of an entry of the epoch's permutation. */
const wordBytes = 4;

export function memoryPlanOf(model: Model, training: Training): MemoryPlan {
  const { plans, samples, validationSamples, accumulation = null } = training;
  const { parameters, state, slots, device, inputShape } = model;
  const imageBytes = inputShape.reduce((product, size) => product * size, 1);
  const weights = parameters.flat.storage.byteLength;
  const isAccumulated = plans.length > 1;
  const sum = (values: Iterable<number>): number => [...values].reduce((total, value) => total + value, 0);
  const parts = [
    { name: 'images', bytes: (samples + validationSamples) * (imageBytes + 2 * wordBytes) },
    { name: 'values between kernels', bytes: sum(plans.flatMap(({ buffers }) => buffers)) },
    { name: 'weights', bytes: sum(state.groups.map(({ flat }) => flat.storage.byteLength)) },
    { name: 'gradients', bytes: isAccumulated ? 2 * weights : weights },
    { name: 'optimizer', bytes: sum([...slots.values()].map(({ flat }) => flat.storage.byteLength)) },
  ];
  return {
    dispatches: sum(plans.map(({ dispatches }) => dispatches.length)),
    dispatchesWithoutFusion: sum(plans.map((plan) => plan.dispatchesWithoutFusion)),
    parameters: model.parameterCount,
    parts: parts.filter(({ bytes }) => bytes > 0).sort((a, b) => b.bytes - a.bytes),
    allocatedBytes: device.allocatedBytes,
    peakBytes: device.peakBytes,
    accumulation,
  };
}
