/**
 * Transfer: a network that has learned the digits 0 to 4 learns 5 to 9 from five images each. Its convolutions are frozen, and only
 * a new last layer is trained.
 *
 * Prints the accuracy on 5 to 9 with frozen layers and from scratch, and whether the frozen weights are unchanged. About ten
 * seconds without a GPU; `--quick`: three.
 */
import process from 'node:process';
import { ImageSet, datasets, layers, networks, open, optimizers, sequential } from 'shadegrad';

const isQuick = process.argv.includes('--quick');

/** The images of five digits, with labels from 0. */
function fiveFrom(set: ImageSet, first: number): ImageSet {
  const places = [...set.labels.keys()].filter((i) => set.labels[i]! >= first && set.labels[i]! < first + 5);
  const { images, labels, height, width, channels } = set.select(places);
  const classNames = [0, 1, 2, 3, 4].map((each) => String(first + each));
  return new ImageSet({
    images,
    labels: labels.map((label) => label - first),
    height,
    width,
    channels,
    classNames,
  });
}

const device = await open();
const { train, test } = await datasets.digits();
const known = fiveFrom(train.take(isQuick ? 3000 : 20_000, { seed: 3 }), 0);
const few = fiveFrom(train, 5).take(25, { seed: 3 });
const unseen = fiveFrom(test, 5).take(isQuick ? 1000 : 4000, { seed: 3 });

const network = (name: string) =>
  sequential(
    [
      layers.conv2d({ filters: 16, kernelSize: 3, activation: 'relu', inputShape: [28, 28, 1] }),
      layers.maxPooling2d(),
      layers.conv2d({ filters: 16, kernelSize: 3, activation: 'relu' }),
      layers.maxPooling2d(),
      layers.flatten(),
      layers.dense({ units: 5, activation: 'softmax' }),
    ],
    { name, seed: 3 },
  );
const compile = {
  optimizer: optimizers.adam({ learningRate: 3e-3 }),
  loss: 'sparseCategoricalCrossentropy',
} as const;

const teacher = network('teacher');
teacher.compile(compile);
await teacher.fit(known, { epochs: isQuick ? 2 : 3, batchSize: 64 });

const head = teacher.network.nodes.at(-1)!.name;
const fresh = networks.insert(
  networks.remove(teacher.network, head),
  layers.dense({ units: 5, activation: 'softmax', name: 'head' }),
  { after: 'flatten' },
);
const convolutions = fresh.nodes.filter(({ name }) => name.startsWith('conv2d')).map(({ name }) => name);
const pupil = teacher.withNetwork(networks.freeze(fresh, ...convolutions));
const scratch = network('scratch');
for (const model of [pupil, scratch]) {
  model.compile({ ...compile, optimizer: optimizers.adam({ learningRate: 3e-3 }) });
  await model.fit(few, { epochs: 40, batchSize: 25 });
}

console.log(`accuracy with frozen layers ${(await pupil.evaluate(unseen))['accuracy']!.toFixed(3)}`);
console.log(`accuracy from scratch ${(await scratch.evaluate(unseen))['accuracy']!.toFixed(3)}`);
const [before, after] = [await teacher.weights(), await pupil.weights()];
const isUnchanged = convolutions.every((name) => {
  const [own, kept] = [before, after].map((weights) => weights.get(`${name}/kernel`)!);
  return own!.every((value, i) => value === kept![i]);
});
console.log(`frozen weights unchanged: ${isUnchanged}`);
device.destroy();
