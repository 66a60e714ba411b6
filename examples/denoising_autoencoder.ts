/**
 * A denoising autoencoder: a network of convolutions learns to return the digit behind heavy noise.
 *
 * Prints the mean squared error of the noisy images and of the cleaned ones, and one digit before and after. About a minute
 * without a GPU; `--quick`: ten seconds.
 */
import process from 'node:process';
import { datasets, layers, open, optimizers, sequential } from 'shadegrad';

const isQuick = process.argv.includes('--quick');
const size = 28 * 28;

/** Numbers with mean 0 and standard deviation 1 (Box–Muller), the same in each run. */
let state = 11;
const random = (): number => (state = (state * 48_271) % 2_147_483_647) / 2_147_483_647;
const normal = (): number => Math.sqrt(-2 * Math.log(random())) * Math.cos(2 * Math.PI * random());

const device = await open();
const { train, test } = await datasets.digits();
const pairs = (bytes: Uint8Array) => {
  const y = Float32Array.from(bytes, (pixel) => pixel / 255);
  return { x: y.map((value) => value + 0.5 * normal()), y };
};
const seen = pairs(train.take(isQuick ? 1000 : 6000, { seed: 2 }).images);
const unseen = pairs(test.take(isQuick ? 200 : 1000, { seed: 2 }).images);

const model = sequential([
  layers.conv2d({ filters: 16, kernelSize: 3, padding: 'same', activation: 'relu', inputShape: [28, 28, 1] }),
  layers.maxPooling2d(),
  layers.conv2d({ filters: 16, kernelSize: 3, padding: 'same', activation: 'relu' }),
  layers.upSampling2d({ size: 2, interpolation: 'bilinear' }),
  layers.conv2d({ filters: 1, kernelSize: 3, padding: 'same', activation: 'sigmoid' }),
]);
model.compile({ optimizer: optimizers.adam({ learningRate: 3e-3 }), loss: 'meanSquaredError' });
await model.fit(seen, { epochs: isQuick ? 4 : 8, batchSize: 50 });

const cleaned = await model.predict(unseen.x);
const errorOf = (images: Float32Array): number =>
  images.reduce((sum, value, i) => sum + (value - unseen.y[i]!) ** 2, 0) / images.length;
console.log(`error with noise ${errorOf(unseen.x).toFixed(4)}`);
console.log(`error cleaned ${errorOf(cleaned).toFixed(4)}`);
const shades = ' .:-=+*#%@';
const draw = (image: Float32Array): string[] =>
  Array.from({ length: 28 }, (_, row) =>
    [...image.subarray(28 * row, 28 * row + 28)]
      .map((value) => shades[Math.max(0, Math.min(9, Math.round(9 * value)))])
      .join(''),
  );
const [before, after] = [draw(unseen.x.subarray(0, size)), draw(cleaned.subarray(0, size))];
for (const [row, line] of before.entries()) console.log(`${line}  ${after[row]}`);
device.destroy();
