/**
 * The file that every system of a comparison loads: the initial weights of the `paper` model and a few batches of synthetic
 * images. It is deterministic, so that all machines compare the same thing.
 */
import { initialValues } from '../../nn/parameters/initializers.js';
import { paperModel } from '../../nn/models.js';
import { type StoredTensor, writeSafetensors } from '../../nn/files/safetensors.js';
import { pcg4d, streams } from '../../random.js';

/** The number of batches in the file; training cycles through them. */
export const fixtureBatches = 4;

/**
 * With this seed, no input of a relu is within rounding of 0 for the first 32 images (the smallest is 2e-8). Such a value
 * would pass the relu in one system and not in another, and RMSprop, whose first step is nearly the gradient's sign,
 * would turn that into 3e-4 of the loss.
 */
const seed = 3;

/**
 * The contents in safetensors format: the parameters with Keras's names and layouts (kernels HWIO and [in,out]), `images`
 * u8 [4·batchSize,28,28,1] and `labels` i32 [4·batchSize].
 *
 * An image is noise with a bright square whose position encodes the label, so that a few steps lower the loss.
 */
export function peerFixture(batchSize: number): Uint8Array {
  const parameters = paperModel().layers.flatMap(({ name, parameters }) =>
    parameters.map((spec) => ({ ...spec, path: `${name}/${spec.name}` })),
  );
  const weights = parameters.map((spec, index): [string, StoredTensor] => [
    spec.path,
    { dtype: 'F32', shape: spec.shape, data: initialValues(spec, 0, index) },
  ]);
  const count = fixtureBatches * batchSize;
  const labels = Int32Array.from({ length: count }, (_, i) => pcg4d(seed, streams.test, 1, i)[0] % 10);
  const images = new Uint8Array(count * 784);
  labels.forEach((label, i) => images.set(syntheticImage(label, i), i * 784));
  return writeSafetensors([
    ...weights,
    ['images', { dtype: 'U8', shape: [count, 28, 28, 1], data: images }],
    ['labels', { dtype: 'I32', shape: [count], data: labels }],
  ]);
}

/** [28,28] bytes: noise below 64, and a square of 8 × 8 pixels with value 255 at one of ten positions. */
function syntheticImage(label: number, index: number): Uint8Array {
  const top = 3 + 14 * Math.floor(label / 5);
  const left = 5 * (label % 5);
  return Uint8Array.from({ length: 784 }, (_, pixel) => {
    const y = Math.floor(pixel / 28);
    const x = pixel % 28;
    const isInside = y >= top && y < top + 8 && x >= left && x < left + 8;
    return isInside ? 255 : pcg4d(seed, streams.test, 2 + index, pixel)[0] % 64;
  });
}
