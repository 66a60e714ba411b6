/** Losses as they are planned: what a loss takes over from the model before it. */
import { describe, expect, it } from 'vitest';
import type { Spec } from '../../src/engine/primitive.js';
import { program } from '../../src/engine/program.js';
import { Tensor } from '../../src/engine/tensor.js';
import { stateSpec } from '../../src/kernels/step_state.js';
import { mapParts, setSpecs } from '../../src/nn/samples/device_set.js';
import { EvaluationTensors, recordEvaluation, recordPrediction } from '../../src/nn/training/evaluator.js';
import { activation, dense, flatten } from '../../src/nn/layers/index.js';
import type { Layer } from '../../src/nn/layers/layer.js';
import { sgd } from '../../src/nn/optimizers/index.js';
import { sequential } from '../../src/nn/model.js';
import { StepTensors, stepRecorders } from '../../src/nn/training/training_step.js';
import { hollowDevice } from './fake_device.js';

const batchSize = 8;

/** The dispatches of a training step, an evaluation and a prediction of a model that ends in these layers. */
function plansOf(...last: Layer[]): Record<'training' | 'evaluation' | 'prediction', string[]> {
  const device = hollowDevice('gpu');
  const model = sequential([flatten({ inputShape: [4, 4, 1] }), ...last], { device });
  model.compile({ optimizer: sgd(), loss: 'sparseCategoricalCrossentropy' });
  const make = (spec: Spec): Tensor => Tensor.placeholder(spec, device);
  const specs = setSpecs({ maxBufferBytes: 2 ** 27 }, { count: 32, height: 4, width: 4, channels: 1 });
  const set = mapParts(specs, make);
  const tensors = new StepTensors(model, { stepsPerEpoch: 4, batchSize: 8, microBatchSize: 8 }, make);
  const [training] = stepRecorders(model, set, tensors, { batchSize, microBatchSize: batchSize });
  const dispatches = (fn: () => Tensor | Record<string, Tensor>): string[] =>
    program(fn, device)
      .plan()
      .dispatches.map(({ label }) => label);
  return {
    training: dispatches(training),
    evaluation: dispatches(() => recordEvaluation(model, set, new EvaluationTensors(model, make), batchSize)),
    prediction: dispatches(() => recordPrediction(model, set, make(stateSpec), batchSize)),
  };
}

describe('sparseCategoricalCrossentropy', () => {
  const fromLogits = plansOf(dense({ units: 3 }));

  it.each([
    ['in the last layer', [dense({ units: 3, activation: 'softmax' })]],
    ['as the last layer', [dense({ units: 3 }), activation({ activation: 'softmax' })]],
  ])('is fused with a softmax %s, in training and evaluation', (_, last) => {
    const { training, evaluation, prediction } = plansOf(...last);
    expect(training).toContain('softmax_cross_entropy/forward');
    expect(training).toEqual(fromLogits.training);
    expect(evaluation).toEqual(fromLogits.evaluation);
    expect(prediction).toEqual([...fromLogits.prediction, 'softmax/forward']);
  });

  it('takes the output of any other op as logits', () => {
    const { training } = plansOf(dense({ units: 3, activation: 'sigmoid' }));
    expect(training.join()).toContain('sigmoid');
  });
});
