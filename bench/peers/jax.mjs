/**
 * jax-js on its WebGPU backend: one jitted step of loss, gradients and optimizer. It has no layers, dropout or
 * RMSprop: they are written here with its own functions. Channels come first, as its convolution requires.
 */
import { openGpu } from './dawn.mjs';
import { channelsFirst, crossEntropy, recipe, serve, versionOf } from './runner.mjs';

await serve(async () => {
  /** @type {any} */
  let jax;
  /** @type {{ x: any, y: any }[]} */
  let inputs;
  /** Parameters and the mean squares of their gradients. @type {any} */
  let state;
  /** @type {any} */
  let step;
  /** @type {any} */
  let predict;
  let done = 0;

  // A function consumes its array arguments; `.ref` keeps one for further use.

  /** @param {any} x @param {any} p @param {string} name */
  const convolution = (x, p, name) => {
    const { lax, nn } = jax;
    const bias = p[`${name}/bias`].reshape([-1, 1, 1]);
    return nn.relu(lax.convGeneralDilated(x, p[`${name}/kernel`], [1, 1], 'SAME').add(bias));
  };
  /** @param {any} x @param {any} p @param {string} name */
  const dense = (x, p, name) => jax.numpy.dot(x, p[`${name}/kernel`]).add(p[`${name}/bias`]);
  /** @param {any} x */
  const maxPool = (x) => jax.lax.reduceWindow(x, jax.numpy.max, [2, 2], [2, 2]);
  /**
   * Logits; `drop` is called at each dropout layer.
   * @param {any} p @param {any} x @param {(value: any, i: number) => any} drop
   */
  const forward = (p, x, drop) => {
    const first = drop(maxPool(convolution(convolution(x, p, 'conv2d'), p, 'conv2d_1')), 0);
    const second = drop(maxPool(convolution(convolution(first, p, 'conv2d_2'), p, 'conv2d_3')), 1);
    const hidden = jax.nn.relu(dense(second.reshape([second.shape[0], -1]), p, 'dense'));
    return dense(drop(hidden, 2), p, 'dense_1');
  };
  /** Mean cross-entropy; `keep` contains the shares that dropout keeps. @param {any} p @param {any} batch */
  const lossOf = (p, { x, y, keys, keep }) => {
    const { nn, numpy: np, random } = jax;
    const logits = forward(p, x, (value, i) => {
      const mask = random.uniform(keys[i], value.shape).less(keep[i].ref);
      return np.where(mask, value.div(keep[i]), 0);
    });
    return nn
      .logSoftmax(logits)
      .mul(y)
      .sum()
      .mul(-1 / logits.shape[0]);
  };
  /** RMSprop around the gradient: p ← p − lr·g/√(v + ε). @param {any} state @param {any} batch */
  const update = ({ parameters, squares }, batch) => {
    const { numpy: np, tree, valueAndGrad } = jax;
    const [loss, gradients] = valueAndGrad(lossOf)(tree.ref(parameters), batch);
    /** @type {any} */
    const next = { parameters: {}, squares: {} };
    for (const name of Object.keys(parameters)) {
      const g = gradients[name];
      const v = squares[name].mul(recipe.rho).add(np.square(g.ref).mul(1 - recipe.rho));
      next.squares[name] = v.ref;
      next.parameters[name] = parameters[name].sub(
        g.mul(recipe.learningRate).div(np.sqrt(v.add(recipe.epsilon))),
      );
    }
    return { state: next, loss };
  };
  /** One step on the next batch; the loss stays on the device. @param {readonly number[]} rates */
  const train = (rates) => {
    const { numpy: np, random } = jax;
    const { x, y } = inputs[done % inputs.length] ?? {};
    const keys = rates.map((_, i) => random.key(3 * done + i));
    const keep = rates.map((rate) => np.array(1 - rate));
    done++;
    const result = step(state, { x: x.ref, y: y.ref, keys, keep });
    state = result.state;
    return result.loss;
  };
  /** @param {any} array */
  const finish = async (array) => (await array.data())[0];
  const none = [0, 0, 0];

  return {
    prepare: async ({ device, checkSteps }, { weights, batches }) => {
      const adapter = await openGpu(device);
      jax = await import('@jax-js/jax');
      const { numpy: np, tree } = jax;
      if (!(await jax.init('webgpu')).includes('webgpu')) throw new Error('jax-js cannot use WebGPU');
      jax.defaultDevice('webgpu');
      const parameters = Object.fromEntries(
        [...channelsFirst(weights)].map(([name, { shape, data }]) => [name, np.array(data).reshape(shape)]),
      );
      const squares = Object.fromEntries(
        [...weights.keys()].map((name) => [name, np.zerosLike(parameters[name].ref)]),
      );
      state = { parameters, squares };
      await jax.blockUntilReady(state);
      inputs = batches.map(({ images, labels }) => ({
        x: np.array(images).reshape([labels.length, 1, 28, 28]),
        y: jax.nn.oneHot(np.array(labels, { dtype: np.int32 }), 10),
      }));
      step = jax.jit(update);
      predict = jax.jit((/** @type {any} */ p, /** @type {any} */ x) => forward(p, x, (value) => value));
      const logits = await predict(tree.ref(state.parameters), inputs[0]?.x.ref).data();
      const begun = performance.now();
      const trainLosses = [await finish(train(none))];
      const firstStepSeconds = (performance.now() - begun) / 1000;
      while (trainLosses.length < checkSteps) trainLosses.push(await finish(train(none)));
      return {
        version: versionOf('@jax-js/jax'),
        backend: `WebGPU, ${adapter}`,
        inferLoss: crossEntropy(logits, batches[0].labels),
        trainLosses,
        epsilon: 'inside',
        firstStepSeconds,
        notes: ['dropout and RMSprop written with its functions'],
      };
    },
    train: async (steps) => {
      for (let i = 0; i < steps; i++) train(recipe.dropout).dispose();
      await jax.blockUntilReady(state);
    },
    infer: async (count) => {
      /** Keeps all results until the last is computed, because one that is disposed of earlier is never computed. @type {any[]} */
      const logits = [];
      for (let i = 0; i < count; i++)
        logits.push(predict(jax.tree.ref(state.parameters), inputs[i % inputs.length]?.x.ref));
      await jax.blockUntilReady(logits);
      for (const each of logits) each.dispose();
    },
  };
});
