/** `evaluate`: loss and accuracy of a saved model on the test images. */
import { loadDataset } from '../node/datasets.js';
import { open } from '../node/open.js';
import { loadModel } from '../nn/sequential.js';
import { openOutput, percent } from './output.js';

export interface EvaluateOptions {
  readonly model: string;
  readonly weights?: string;
  readonly dataset: 'digits';
  readonly data?: string;
  readonly batchSize: number;
  readonly limit?: number;
  readonly seed: number;
  readonly device?: string;
  readonly json?: boolean;
}

export async function evaluate(options: EvaluateOptions): Promise<number> {
  const output = openOutput(options);
  await open(options.device === undefined ? {} : { device: options.device });
  const model = await loadModel(
    options.model,
    options.weights === undefined ? {} : { weights: options.weights },
  );
  const { test, source } = await loadDataset(
    options.dataset,
    options.data === undefined ? {} : { folder: options.data },
  );
  const images =
    options.limit !== undefined && options.limit < test.count
      ? test.take(options.limit, { seed: options.seed })
      : test;
  output.say(`Model ${options.model} on ${images.count} test images of ${options.dataset} (${source}).`);
  const result = await model.evaluate(images, {
    batchSize: options.batchSize,
    onStep: (done, total) => {
      if (output.stream.isTTY) output.stream.write(`\r${done}/${total}${done === total ? '\r\u001B[K' : ''}`);
    },
  });
  output.say(`accuracy ${percent(result.accuracy)} - loss ${result.loss.toFixed(4)}`);
  output.result({ accuracy: result.accuracy, loss: result.loss, images: images.count });
  return 0;
}
