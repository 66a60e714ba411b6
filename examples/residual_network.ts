/**
 * A residual network on handwritten digits: two blocks whose input is added to their output, with batch normalisation, as a graph of
 * layers.
 *
 * Prints the accuracy on test images. About two minutes without a GPU; `--quick`: ten seconds on a part of the images.
 */
import process from 'node:process';
import { callbacks, datasets, input, layers, model, open, optimizers, schedules } from 'shadegrad';

const isQuick = process.argv.includes('--quick');
const filters = isQuick ? 8 : 16;

const device = await open();
const { train, test } = await datasets.digits();
const [fitSet, valSet] = train.take(isQuick ? 2000 : 10_000, { seed: 1 }).split(0.9, { seed: 1 });

const convolution = (strides = 1) =>
  layers.conv2d({ filters, kernelSize: 3, strides, padding: 'same', useBias: false });
/** Short trainings need moving statistics that follow soon. */
const normalization = () => layers.batchNormalization({ momentum: 0.9 });
const x = input({ shape: [28, 28, 1] });
let y = layers.relu().apply(normalization().apply(convolution(2).apply(x)));
for (let block = 0; block < 2; block++) {
  const inner = layers.relu().apply(normalization().apply(convolution().apply(y)));
  const outer = normalization().apply(convolution().apply(inner));
  y = layers.relu().apply(layers.add().apply([y, outer]));
}
const pooled = layers
  .globalAveragePooling2d()
  .apply(layers.conv2d({ filters: 32, kernelSize: 3, strides: 2, activation: 'relu' }).apply(y));
const net = model({ inputs: x, outputs: layers.dense({ units: 10, activation: 'softmax' }).apply(pooled) });

const epochs = isQuick ? 4 : 6;
net.compile({
  optimizer: optimizers.adam({
    learningRate: schedules.cosineDecay({ peak: 0.01 }),
  }),
  loss: 'sparseCategoricalCrossentropy',
});
await net.fit(fitSet, { epochs, batchSize: 32, validationData: valSet, callbacks: [callbacks.progress()] });
const { accuracy } = await net.evaluate(isQuick ? test.take(1000, { seed: 1 }) : test);
console.log(`accuracy ${accuracy!.toFixed(4)}`);
device.destroy();
