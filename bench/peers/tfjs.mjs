/** TensorFlow.js on its WebGPU backend: fused convolutions and dense layers, its own RMSprop, all inside tidy. */
import { openGpu } from './dawn.mjs';
import { crossEntropy, recipe, serve } from './runner.mjs';

await serve(async () => {
  /** @type {any} */
  let tf;
  /** @type {any[]} */
  let inputs;
  /** @type {any} */
  let variables;
  /** @type {any} */
  let optimizer;
  let done = 0;

  /** @param {any} x @param {string} name */
  const convolution = (x, name) =>
    tf.fused.conv2d({
      x,
      filter: variables[`${name}/kernel`],
      bias: variables[`${name}/bias`],
      strides: 1,
      pad: 'same',
      activation: 'relu',
    });
  /** @param {any} a @param {string} name @param {'relu' | 'linear'} activation */
  const dense = (a, name, activation) =>
    tf.fused.matMul({ a, b: variables[`${name}/kernel`], bias: variables[`${name}/bias`], activation });
  /** @param {any} x @param {readonly number[]} rates */
  const forward = (x, rates) => {
    /** @param {any} value @param {number} i */
    const drop = (value, i) => (rates[i] > 0 ? tf.dropout(value, rates[i]) : value);
    const first = drop(tf.maxPool(convolution(convolution(x, 'conv2d'), 'conv2d_1'), 2, 2, 'valid'), 0);
    const second = drop(
      tf.maxPool(convolution(convolution(first, 'conv2d_2'), 'conv2d_3'), 2, 2, 'valid'),
      1,
    );
    return dense(drop(dense(tf.reshape(second, [x.shape[0], -1]), 'dense', 'relu'), 2), 'dense_1', 'linear');
  };
  const none = [0, 0, 0];
  /** One step on the next batch; the loss stays on the device. @param {readonly number[]} rates */
  const step = (rates) => {
    const { x, y } = inputs[done++ % inputs.length];
    return optimizer.minimize(() => tf.losses.softmaxCrossEntropy(y, forward(x, rates)), true);
  };
  /** Waits for the device by reading one number. @param {any} tensor */
  const finish = async (tensor) => {
    const [value] = await tensor.data();
    tensor.dispose();
    return value;
  };

  return {
    prepare: async ({ device, checkSteps }, { weights, batches }) => {
      const adapter = await openGpu(device);
      tf = await import('@tensorflow/tfjs-core');
      // For its side effect: it registers the gradients, which the core does not include.
      await import('@tensorflow/tfjs-layers');
      await import('@tensorflow/tfjs-backend-webgpu');
      if (!(await tf.setBackend('webgpu'))) throw new Error('tfjs cannot use its WebGPU backend');
      await tf.ready();
      variables = Object.fromEntries(
        [...weights].map(([name, { shape, data }]) => [
          name,
          tf.variable(tf.tensor(data, shape), true, name),
        ]),
      );
      optimizer = tf.train.rmsprop(recipe.learningRate, recipe.rho, 0, recipe.epsilon);
      inputs = batches.map(({ images, labels }) => ({
        x: tf.tensor4d(images, [labels.length, 28, 28, 1]),
        y: tf.tidy(() => tf.cast(tf.oneHot(tf.tensor1d(labels, 'int32'), 10), 'float32')),
      }));
      const logits = tf.tidy(() => forward(inputs[0].x, none));
      const inferLoss = crossEntropy(await logits.data(), batches[0].labels);
      logits.dispose();
      const begun = performance.now();
      const trainLosses = [await finish(step(none))];
      const firstStepSeconds = (performance.now() - begun) / 1000;
      while (trainLosses.length < checkSteps) trainLosses.push(await finish(step(none)));
      return {
        version: tf.version_core,
        backend: `WebGPU, ${adapter}`,
        inferLoss,
        trainLosses,
        epsilon: 'inside',
        firstStepSeconds,
        notes: [],
      };
    },
    train: async (steps) => {
      for (let i = 0; i < steps; i++) {
        const loss = step(recipe.dropout);
        if (i === steps - 1) await finish(loss);
        else loss.dispose();
      }
    },
    infer: async (count) => {
      for (let i = 0; i < count; i++) {
        const logits = tf.tidy(() => forward(inputs[i % inputs.length].x, none));
        if (i === count - 1) await finish(logits);
        else logits.dispose();
      }
    },
  };
});
