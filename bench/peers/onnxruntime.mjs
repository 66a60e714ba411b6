/** ONNX Runtime on its CPU provider: inference only. */
import { availableParallelism } from 'node:os';
import { onnxModel } from './onnx_model.mjs';
import { channelsFirst, crossEntropy, serve, versionOf } from './runner.mjs';

await serve(async () => {
  const imported = await import('onnxruntime-node');
  /** @type {any} */
  const runtime = imported.default ?? imported;
  /** @type {any} */
  let session;
  /** @type {any[]} */
  let inputs;
  return {
    prepare: async ({ batchSize }, { weights, batches }) => {
      const threads = availableParallelism();
      session = await runtime.InferenceSession.create(onnxModel(channelsFirst(weights), batchSize), {
        executionProviders: ['cpu'],
        graphOptimizationLevel: 'all',
        intraOpNumThreads: threads,
      });
      // One channel: [N,28,28,1] and [N,1,28,28] are the same numbers in the same order.
      inputs = batches.map(({ images }) => new runtime.Tensor('float32', images, [batchSize, 1, 28, 28]));
      const { logits } = await session.run({ images: inputs[0] });
      return {
        version: versionOf('onnxruntime-node'),
        backend: `CPU, ${threads} threads`,
        inferLoss: crossEntropy(logits.data, batches[0]?.labels ?? new Int32Array()),
        notes: ['inference only'],
      };
    },
    infer: async (count) => {
      for (let i = 0; i < count; i++) await session.run({ images: inputs[i % inputs.length] });
    },
  };
});
