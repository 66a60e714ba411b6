/** `predict`: what a saved model sees in pictures of digits. */
import { digitImage } from '../data/digit_image.js';
import { ModelError } from '../errors.js';
import { readBytes } from '../node/files.js';
import { open } from '../node/open.js';
import { decodePng } from '../node/png.js';
import { loadModel } from '../nn/sequential.js';
import { bold, openOutput } from './output.js';

export interface PredictOptions {
  readonly model: string;
  readonly weights?: string;
  readonly device?: string;
  readonly json?: boolean;
}

export async function predict(files: readonly string[], options: PredictOptions): Promise<number> {
  const output = openOutput(options);
  // Every picture is read before anything is computed, so that a bad one costs nothing.
  const pictures = [];
  for (const file of files) pictures.push({ file, picture: decodePng(await readBytes(file), file) });
  await open(options.device === undefined ? {} : { device: options.device });
  const model = await loadModel(
    options.model,
    options.weights === undefined ? {} : { weights: options.weights },
  );
  const [height, width, channels] = model.inputShape as [number, number, number];
  if (model.inputShape.length !== 3 || channels !== 1) {
    throw new ModelError(
      `predict: the model takes [${model.inputShape.join(',')}], expected grey pictures [height,width,1].`,
    );
  }
  const size = height * width;
  const images = new Uint8Array(pictures.length * size);
  pictures.forEach(({ picture }, i) => images.set(digitImage(picture, { height, width }), i * size));
  const outputs = await model.predict({ images, count: pictures.length, height, width, channels });

  const classes = outputs.length / pictures.length;
  const predictions = pictures.map(({ file }, i) => {
    const probabilities = [...outputs.subarray(i * classes, (i + 1) * classes)];
    return { file, label: probabilities.indexOf(Math.max(...probabilities)), probabilities };
  });
  for (const { file, label, probabilities } of predictions) {
    output.say(`${file}: ${bold(output, String(label))}`);
    probabilities.forEach((probability, digit) => {
      const bar = '█'.repeat(Math.round(probability * 30));
      output.say(`  ${digit} ${`${(probability * 100).toFixed(2)} %`.padStart(8)} ${bar}`.trimEnd());
    });
  }
  output.result({ predictions });
  return 0;
}
