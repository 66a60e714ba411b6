/** The plan of a model's training step over a made-up set, without a device. */
import type { Plan } from '../../src/engine/plan.js';
import type { Spec } from '../../src/engine/primitive.js';
import { program } from '../../src/engine/program.js';
import { Tensor } from '../../src/engine/tensor.js';
import { setSpecs } from '../../src/nn/device_set.js';
import type { Model } from '../../src/nn/model.js';
import { StepTensors, stepRecorders } from '../../src/nn/training_step.js';

export function plannedStep(model: Model, { batchSize = 8, fusion = true } = {}): Plan {
  const { device, inputShape } = model;
  const [height, width, channels] = inputShape as [number, number, number];
  const placeholder = (spec: Spec): Tensor => Tensor.placeholder(spec, device);
  const specs = setSpecs({ maxBufferBytes: 2 ** 27 }, { count: 1000, height, width, channels });
  const set = {
    images: specs.images.map(placeholder),
    labels: placeholder(specs.labels),
    permutation: placeholder(specs.permutation),
  };
  const tensors = new StepTensors(model, { stepsPerEpoch: 8, isAccumulated: false }, placeholder);
  const [whole] = stepRecorders(model, set, tensors, { batchSize, microBatchSize: batchSize });
  return program(whole, device, { fusion }).plan();
}
